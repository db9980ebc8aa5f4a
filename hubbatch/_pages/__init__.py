"""Reading everything out, page after page: what is asked for each page, and what its answer means for the next.

For `Client.scan` and `Client.search`; results of one input over several pages are in `_batches/paging`. Pure. It knows
nothing of how a page is sent, tried again or read ahead.
"""
