"""Who may send now: turns of runs, the circuit breaker, how many requests at once.

It knows nothing of what is sent.
"""
