"""What becomes of a batch: its state machine, correlation, the search for poison records, look-ups.

`machine` has the states and transitions, `decision` the retry rules, `correlation` tells which record a result is for,
`doubt` what is done about a lost answer. Pure: it knows nothing of tasks, waiting or HTTP.
"""
