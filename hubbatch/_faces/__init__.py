"""Calls for what is not a CRM object: associations, lists, custom events, merges. Thin, on top of rows and runs.

It knows nothing of how a run sends its records or of what an answer means.
"""
