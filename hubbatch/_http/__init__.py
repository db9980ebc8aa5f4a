"""aiohttp and credentials: the only I/O.

It knows nothing of batches, retries or what an answer means.
"""
