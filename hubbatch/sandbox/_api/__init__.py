"""The endpoints of the sandbox, a module for each family: rows of paths, and what each answers.

They know nothing of admission, limits, connections or how a fault spoils an answer.
"""
