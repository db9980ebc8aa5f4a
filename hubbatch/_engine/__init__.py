"""Carries a run out, which is one call and all its records: pulls records, runs batches, keeps the ledger.

`dispatch` says when a request is due, full or not; `reporter` makes the events of a run. The only place with tasks of
a run. What an answer means is decided in `_batches`.
"""
