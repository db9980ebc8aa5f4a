"""A caller's record to an input, which is what a request holds of it; the queue of inputs that wait to be sent.

`values` writes a property's value, `planning_*` an input of each kind. It knows nothing of requests, answers or time.
"""
