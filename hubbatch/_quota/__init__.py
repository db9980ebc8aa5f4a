"""How much may be sent: requests in the rolling ten seconds, what other programs use, the daily limit.

`window_count` counts, `limit_probe` finds the limit where HubSpot sends no rate-limit headers. Only `limiter` and
`class_limiter` wait; the other modules compute, and are given the time. It knows nothing of batches.
"""
