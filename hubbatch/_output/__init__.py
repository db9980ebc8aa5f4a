"""Files that are written line by line, for any writer of the package, and values as the text of a cell or of JSON.

What a line holds is not decided here: the formats of records and exports are in `files`. It knows nothing of records,
runs or where rows come from.
"""
