"""aiohttp and credentials: the only I/O. `auth` keeps the token and renews it.

It knows nothing of batches, retries or what an answer means.
"""
