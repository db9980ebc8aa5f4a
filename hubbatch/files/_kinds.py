"""What kind of file something is, by its first bytes, and by its name only where these say nothing. Pure."""

from __future__ import annotations

import re
from pathlib import PurePath

from attrs import frozen

from hubbatch.files._entries import Kind
from hubbatch.files._errors import BrokenInputError
from hubbatch.files._packing import GZIP, ZIP, ZSTD

__all__ = ["binary_kind", "text_kind", "undecided"]


@frozen
class _Foreign:
    """A kind that is not read, and what to do instead."""

    name: str
    advice: str


_BINARY = {
    b"PAR1": Kind.PARQUET,
    b"ARROW1": Kind.ARROW,
    b"\xff\xff\xff\xff": Kind.ARROW,  # a stream without the file's frame
    ZIP: Kind.EXCEL,  # another zip would have been unpacked by now
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Kind.EXCEL,
}
_FOREIGN = {
    GZIP: _Foreign("packed twice", "unpack it first: gunzip FILE"),
    ZSTD: _Foreign("packed twice", "unpack it first: unzstd FILE"),
    b"BZh": _Foreign("packed with bzip2", "unpack it first: bunzip2 -k FILE"),
    b"\xfd7zXZ": _Foreign("packed with xz", "unpack it first: unxz -k FILE"),
    b"7z\xbc\xaf": _Foreign("a 7z archive", "unpack it first: 7z x FILE"),
    b"Rar!": _Foreign("a RAR archive", "unpack it first: unrar x FILE"),
    b"%PDF": _Foreign("a PDF", "export the table as CSV"),
    b"SQLite format 3": _Foreign(
        "an SQLite database", "sqlite3 -csv -header FILE 'SELECT …' > FILE.csv"
    ),
    b"Obj\x01": _Foreign("Avro", "export it as Parquet or NDJSON"),
    b"ORC": _Foreign("ORC", "export it as Parquet or NDJSON"),
    b"FEA1": _Foreign(
        "Feather, version 1", "write it again as version 2: pyarrow.feather.write_feather"
    ),
    b"<": _Foreign("XML or HTML", "open it in a spreadsheet and save it as CSV"),
}
_BY_SUFFIX = {".json": Kind.NDJSON, ".jsonl": Kind.NDJSON, ".ndjson": Kind.NDJSON}

_OBJECT = re.compile(r'\s*\{\s*["}]')
_ARRAY = re.compile(r'\s*\[\s*(?:[]{["\d-]|true|false|null)')
_MAY_BECOME_JSON = re.compile(r"\s*(?:[{[]\s*)?\Z")


def binary_kind(head: bytes) -> Kind | None:
    """Return the kind of a file that is no text; None for text. Raises `BrokenInputError` for one that is not read."""
    for magic, kind in _BINARY.items():
        if head.startswith(magic):
            return kind
    for magic, foreign in _FOREIGN.items():
        if head.removeprefix(b"\xef\xbb\xbf").startswith(magic):
            raise BrokenInputError(
                f"this is {foreign.name}, which is not read here; {foreign.advice}"
            )
    return None


def undecided(head: bytes | str) -> bool:
    """Say whether more has to be seen of a file before its kind is known."""
    if isinstance(head, str):
        return _MAY_BECOME_JSON.match(head) is not None
    return any(magic.startswith(head) and head != magic for magic in (*_BINARY, *_FOREIGN))


def text_kind(head: str, name: str) -> Kind:
    """Return the kind of a text by its beginning; its name decides where this may be several."""
    if _OBJECT.match(head):
        return Kind.NDJSON
    if _ARRAY.match(head):
        return Kind.JSON
    return _BY_SUFFIX.get(PurePath(name).suffix.lower(), Kind.CSV)
