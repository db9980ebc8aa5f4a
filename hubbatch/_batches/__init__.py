"""What a batch does next, and what its records end as.

`machine` has the states and transitions. `decision` applies the table `_protocol/symptoms`, which holds the numbers of
the retry rules, and the caller's `RetryPolicy` to one answer. `correlation` finds the record of each result (`names_*`
by what answers name, `match_*` by values), `doubt` settles a lost answer by looking, `poison_search` finds the record
that makes its whole batch fail. Pure: it knows nothing of tasks, waiting or HTTP.
"""
