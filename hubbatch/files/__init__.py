"""Records in files: sources that read records, and sinks that write which succeeded and which did not.

A kind of file is recognized in `_kinds`, opened in `_source`, and read in a module of its own. It knows nothing of
HubSpot, requests or runs.
"""

from hubbatch.files._columns import Columns
from hubbatch.files._entries import (
    OWN,
    BadLine,
    Ended,
    Entry,
    Fingerprint,
    Kind,
    Opened,
    Row,
)
from hubbatch.files._errors import InputError, OutputError
from hubbatch.files._sinks import BAD_LINE, Rejects, Results
from hubbatch.files._source import Notice, Source, read

__all__ = [
    "BAD_LINE",
    "OWN",
    "BadLine",
    "Columns",
    "Ended",
    "Entry",
    "Fingerprint",
    "InputError",
    "Kind",
    "Notice",
    "Opened",
    "OutputError",
    "Rejects",
    "Results",
    "Row",
    "Source",
    "read",
]
