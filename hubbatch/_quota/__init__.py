"""How much may be sent: the rolling window, what others use, the limit where nobody tells it, the day.

All but `limiter` is pure arithmetic that is given the time. It knows nothing of batches.
"""
