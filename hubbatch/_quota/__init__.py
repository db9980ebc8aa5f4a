"""How much may be sent: requests in the rolling ten seconds, what other programs use, the daily limit.

`window_count` counts, `limit_probe` finds a limit that no header tells, `limiter` and `class_limiter` wait; all but
these two is arithmetic that is given the time. It knows nothing of batches.
"""
