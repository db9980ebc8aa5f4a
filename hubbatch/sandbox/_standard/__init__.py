"""HubSpot's own properties of its object types, as tables of text: names, labels, types, options, what is read-only.

A type that has no table here may have any property; nothing is known of accounts or records.
"""

from hubbatch.sandbox._standard.reading import standard_properties

__all__ = ["standard_properties"]
