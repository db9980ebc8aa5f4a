"""Carries a run out: pulls records, runs batches, keeps the ledger.

The only place with tasks of a run. What an answer means is decided below it.
"""
