"""A caller's record to an input: values, keys, chunks, and the pull on a source that blocks.

It knows nothing of requests, answers or time.
"""
