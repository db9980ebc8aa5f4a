"""Where a reading is, as a value, and as the text by which a later one goes on from there.

A text is bound to what was read by a fingerprint. It knows nothing of what HubSpot is asked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import orjson
from attrs import frozen

from hubbatch.errors import UsageError

__all__ = ["Position", "decode", "encode", "fingerprint"]

_FORM = 1
"""Changes when the text means something else."""
_LONGEST = 100_000
_PARTS = 4


@frozen
class Position:
    """Where to go on."""

    after: str = ""
    """Where a page begins, as its kind of reading counts; empty: at the beginning."""
    given: tuple[str, ...] = ()
    """The ids of records that may stand on that page and have been given."""


def fingerprint(*parts: Any) -> str:
    """Return a short text that is another one for another reading."""
    return hashlib.blake2b(orjson.dumps(parts), digest_size=6).hexdigest()


def encode(position: Position, mark: str) -> str:
    """Return a position of the reading with that fingerprint as text."""
    value = orjson.dumps([_FORM, mark, position.after, position.given])
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: object, mark: str) -> Position:
    """Return the position that a text tells; raise `UsageError` if it is none of the reading with that fingerprint."""
    value: Any = None
    if isinstance(text, str) and text.isascii() and len(text) <= _LONGEST:
        try:
            value = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, ValueError):
            value = None
    if type(value) is not list or len(value) != _PARTS or value[0] != _FORM:
        raise UsageError("after must be the `cursor` of an earlier scan or search")
    _, found, after, given = value
    if found != mark:
        raise UsageError(
            "after is the cursor of another reading: object type, archived, filters, query and sorts must be the same"
        )
    if type(after) is not str or type(given) is not list or {*map(type, given)} - {str}:
        raise UsageError("after must be the `cursor` of an earlier scan or search")
    return Position(after, tuple(given))
