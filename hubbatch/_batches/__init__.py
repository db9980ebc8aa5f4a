"""What becomes of a batch: its state machine, correlation, the search for poison records, look-ups.

Pure. It knows nothing of tasks, waiting or HTTP. Start with `machine`.
"""
