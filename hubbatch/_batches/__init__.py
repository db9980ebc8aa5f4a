"""What becomes of a batch: its state machine, correlation, the search for records at fault, look-ups.

Pure. It knows nothing of tasks, waiting or HTTP. Start with `machine`.
"""
