"""Makes an input of a caller's record, which is one item of a request's `inputs`; keeps the queue of inputs.

`values` writes a property's value, `planning_*` an input of each kind. `spelling` says which values HubSpot holds for
equal, such as e-mail addresses. `duplicates` and `locks` say what happens to records of one key. `journal` is only
the form of a journal. It knows nothing of requests, answers or time.
"""
