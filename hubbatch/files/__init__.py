"""Records in files: sources that read them, sinks for what became of them, and a sink for objects that were read out.

A kind of input is recognized in `_kinds`, opened in `_source`, and read in a module of its own (`_csv`, `_json`,
`_tables`). Rejects and results are `_sinks` in the forms of `_rendering`; a format of exports is in `_objects`. It
knows nothing of HubSpot, requests or runs.
"""

from hubbatch._output.descriptors import descriptor_of
from hubbatch.files._column_texts import typed_name
from hubbatch.files._columns import Columns
from hubbatch.files._entries import (
    BAD_BYTES,
    BAD_LINE,
    OWN,
    BadLine,
    Ended,
    Entry,
    Fingerprint,
    Kind,
    Opened,
    Row,
)
from hubbatch.files._errors import (
    ChangedFileError,
    InputError,
    OutputError,
    ReaderGoneError,
)
from hubbatch.files._intake import JudgeHeader
from hubbatch.files._map_file import MapFile, read_map_file
from hubbatch.files._objects import OUTPUT_KINDS, ObjectsFile, output_delimiter, output_kind, save
from hubbatch.files._sinks import Rejects, Results
from hubbatch.files._source import Notice, Source, read

__all__ = [
    "BAD_BYTES",
    "BAD_LINE",
    "OUTPUT_KINDS",
    "OWN",
    "BadLine",
    "ChangedFileError",
    "Columns",
    "Ended",
    "Entry",
    "Fingerprint",
    "InputError",
    "JudgeHeader",
    "Kind",
    "MapFile",
    "Notice",
    "ObjectsFile",
    "Opened",
    "OutputError",
    "ReaderGoneError",
    "Rejects",
    "Results",
    "Row",
    "Source",
    "descriptor_of",
    "output_delimiter",
    "output_kind",
    "read",
    "read_map_file",
    "save",
    "typed_name",
]
