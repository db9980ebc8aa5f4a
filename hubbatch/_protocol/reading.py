"""How single JSON values are read, tolerantly: one of a wrong kind becomes a harmless one, one that is too much none.

It knows kinds of values only, and nothing of the fields that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hubbatch.models import BatchStatus

__all__ = [
    "TEXT_OR_NULL",
    "read_as_is",
    "read_context",
    "read_count",
    "read_indexes",
    "read_list",
    "read_mapping",
    "read_properties",
    "read_status",
    "read_text",
    "read_text_or_none",
    "read_time",
    "read_word",
    "shallow",
]

TEXT_OR_NULL = frozenset({str, type(None)})
"""The kinds of values that a property may have."""

_LONGEST_WORD = 200
"""Characters of a category."""

_DEEPEST = 32
"""How deep a value may be nested that is kept as it is: real ones are nearly flat."""

_WIDEST = 100_000
"""How many values of one depth it may hold."""


def read_time(value: Any, _: object = None) -> datetime | None:
    """Read a timestamp as an aware datetime, perhaps one that UTC cannot hold; one that cannot be read is None."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def read_text(value: Any, _: object = None) -> str:
    """Take text as it is; anything else becomes text, and null none."""
    return value if type(value) is str else "" if value is None else str(shallow(value))


def read_text_or_none(value: Any, _: object = None) -> str | None:
    """Take text or null as it is; anything else becomes text."""
    return value if type(value) is str or value is None else str(shallow(value))


def read_word(value: Any, _: object = None) -> str:
    """Read text of which no more than a word's length is kept."""
    return read_text(value)[:_LONGEST_WORD]


def shallow(value: Any, widest: int = _WIDEST) -> Any:
    """Return a JSON value as it is, or None if it is too much to be kept. `widest`: values of one depth.

    It is nested so deep that reading it would take a recursion too many, or so wide that no reply needs it.
    """
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        outers = [item for item in level if isinstance(item, dict | list)]
        if not outers:
            return value
        if sum(map(len, outers)) > widest:
            return None
        level = [
            item
            for outer in outers
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return None


def read_properties(value: Any, _: object = None) -> dict[str, str | None]:
    """Take property values as they are: HubSpot sends text or null, and anything else becomes text."""
    if type(value) is not dict:
        return {}
    if TEXT_OR_NULL.issuperset(map(type, value.values())):
        return value
    return {name: read_text_or_none(item) for name, item in value.items()}


def read_mapping(value: Any, _: object = None) -> Mapping[str, Any]:
    """Read an object that is not too much to be kept, else none."""
    kept = shallow(value)
    return kept if isinstance(kept, dict) else {}


def read_context(value: Any, _: object = None) -> Mapping[str, Any] | str | None:
    """Read an object or text."""
    kept = shallow(value)
    return kept if isinstance(kept, dict | str) else None


def read_status(value: Any, _: object = None) -> BatchStatus:
    """Read the status; a word we do not know does not say that all is done."""
    known = isinstance(value, str) and value in BatchStatus.__members__
    return BatchStatus(value) if known else BatchStatus.PROCESSING


def read_count(value: Any, _: object = None) -> int:
    """Read a whole number, else 0."""
    return value if type(value) is int else 0


def read_list(value: Any, _: object = None) -> list[Any]:
    """Read a list, else an empty one."""
    return value if isinstance(value, list) else []


def read_indexes(value: Any, _: object = None) -> tuple[int, ...]:
    """Read whole numbers."""
    return tuple(item for item in read_list(value) if type(item) is int)


def read_as_is(value: Any, _: object = None) -> Any:
    """Take any value that is not too much to be kept."""
    return shallow(value)
