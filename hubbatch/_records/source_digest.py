"""A running digest of a source's records, by which a source is recognized that gives others than last time.

It is as good as what records have in common from process to process: JSON, dates, numbers, sets, values of numpy and
pandas, and mappings, attrs and dataclass instances or pydantic models of these. Anything else counts by its type alone,
for what it shows of itself may be another thing each time. It knows nothing of what becomes of records.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from decimal import Decimal
from typing import Any

import orjson

from hubbatch._records.mapping import as_mapping
from hubbatch._records.native import MISSING, native

__all__ = ["EVERY", "SourceDigest"]

EVERY = 1_000
"""Records of the source after which their digest is noted, and kept."""

_SIZE = 16
"""Bytes of a digest."""

_SINGLE = 2
"""Bytes of a record's own checksum."""

_PLAIN: tuple[type[Any], ...] = (str, int, float, list, tuple, dict)
"""What a value of a derived type counts as."""

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS


class SourceDigest:
    """The digest of so many records, from the first one on.

    With it go two bytes of a checksum for each record since the last multiple of 1,000, the last one's thousand
    included. They prove nothing, and show which record is another one: of 65,536 others one is missed.
    """

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=_SIZE)
        self.records = 0
        self._single = bytearray()

    def add(self, record: Any) -> None:
        """Add the next record."""
        text = _text(record)
        self._hash.update(b"%d:%b" % (len(text), text))
        if self.records % EVERY == 0:
            self._single.clear()
        self._single += zlib.crc32(text).to_bytes(4)[-_SINGLE:]
        self.records += 1

    @property
    def value(self) -> bytes:
        """The digest of the records so far, to be noted."""
        return self._hash.digest() + self._single

    def is_of(self, value: bytes) -> bool:
        """Say whether a value is of the same records."""
        return self._hash.digest() == value[:_SIZE]

    def first_other(self, value: bytes, records: int) -> int | None:
        """Return the index of the first record that is another one in the value of so many records, if that shows.

        It does not where their last records are of another thousand, nor where the value has no checksums.
        """
        begin, other_begin = ((last - 1) // EVERY * EVERY for last in (self.records, records))
        size = _SIZE + _SINGLE * (records - begin)
        if begin != other_begin or len(value) != size:
            return None
        mine, other = self._single, value[_SIZE:]
        for at in range(0, min(len(mine), len(other)), _SINGLE):
            if mine[at : at + _SINGLE] != other[at : at + _SINGLE]:
                return begin + at // _SINGLE
        return None


def _text(record: Any) -> bytes:
    try:
        return orjson.dumps(record, _plain, _OPTIONS)
    except Exception:  # a record's own code may raise anything; and text need not be valid Unicode
        return _name(record).encode()


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a value."""
    if (own := native(value)) is not value:
        return None if own is MISSING else own
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, set | frozenset):  # their order is another one in each process
        return sorted(_text(item).decode() for item in value)
    for plain in _PLAIN:
        if isinstance(value, plain):
            return plain(value)
    mapping = as_mapping(value)
    return _name(value) if mapping is None else dict(mapping)


def _name(value: Any) -> str:
    return f"<{type(value).__qualname__}>"
