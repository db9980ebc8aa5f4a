"""Typed calls for what is not a CRM object: associations, lists, custom events, campaigns, preferences, merges.

Each is thin: it takes a row of `endpoints` and makes a run. An endpoint needs none, `Client.batch` runs any row. It
knows nothing of how a run sends its records.
"""
