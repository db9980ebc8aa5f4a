"""Typed calls for what is no object: associations, lists, events, merges. Thin, on top of rows and runs.

It knows nothing of how a run sends its records or of what an answer means.
"""
