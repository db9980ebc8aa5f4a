"""Who may send now: the runs of a client one after the other, the circuit breaker, how many requests at once.

It knows nothing of what is sent.
"""
