"""A caller's record to an input: values, keys, the queue of what waits, and the pull on a source that blocks.

It knows nothing of requests, answers or time.
"""
