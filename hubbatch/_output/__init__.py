"""Files that grow by whole lines, and values as the text of a cell or of JSON.

It knows nothing of records, runs or where rows come from.
"""
