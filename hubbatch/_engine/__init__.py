"""Executes a run, which is one call and all its records: pulls records, runs batches, keeps the ledger.

`feeder` pulls, `dispatch` says when a request is due, `carriers` and `runner` take it through its steps, `sender`
makes one exchange, `settler` closes records, `reporter` makes the events of a run (those of the whole client are made
where they happen: breaker, quota, token). The only place with tasks of a run. What a batch does next is decided in
`_batches`.
"""
