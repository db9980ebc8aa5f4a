"""HubSpot's bytes to values and back, and which kind of answer one is.

To change how often and after which wait an answer is tried again, edit its row in `symptoms`, the table of all kinds of
answers. `diagnosis` finds the row of an answer. Pure: it knows nothing of batches, or of how anything is sent.
"""
