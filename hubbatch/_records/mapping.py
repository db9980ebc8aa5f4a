"""What a caller's record may be, seen as a mapping.

It knows the kinds of objects, and nothing of properties, keys or what a record is wanted for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import attrs

__all__ = ["as_mapping", "is_plain_dict"]

_KINDS = 256
_READ_BY = (
    "__contains__",
    "__getitem__",
    "__iter__",
    "__len__",
    "get",
    "items",
    "keys",
    "values",
)
"""How a dict is read."""


def _is_plain_dict(kind: type) -> bool:
    return issubclass(kind, dict) and all(
        getattr(kind, name) is getattr(dict, name) for name in _READ_BY
    )


is_plain_dict: Callable[[type], bool] = lru_cache(_KINDS)(_is_plain_dict)
"""Whether objects of a type are read as a dict is: a subclass may give something else than it holds."""


def as_mapping(record: Any) -> Mapping[str, Any] | None:
    """Return a record as a mapping of its names and values; None for what is no record.

    A record is a mapping, an attrs or dataclass instance, a pydantic model, a named tuple, a row of SQLAlchemy's, or
    what `dict()` makes a mapping of: it has `keys` and is read by them, such as rows of sqlite3 and asyncpg.
    """
    if isinstance(record, Mapping):
        return record
    if isinstance(record, type):
        return None
    if attrs.has(type(record)):
        return {field.name: getattr(record, field.name) for field in attrs.fields(type(record))}
    if dataclasses.is_dataclass(record):
        return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    if callable(dump := getattr(record, "model_dump", None)):
        dumped = dump(by_alias=True)
        return dumped if isinstance(dumped, Mapping) else None
    return _row(record)


def _row(record: Any) -> Mapping[str, Any] | None:
    """Return a named tuple or a row of a database as a mapping."""
    if isinstance(record, str | bytes | list | set | frozenset | int | float):
        return None
    if isinstance(row := getattr(record, "_mapping", None), Mapping):  # of SQLAlchemy's
        return row
    if isinstance(record, tuple):
        names = getattr(record, "_fields", None)
        return None if names is None else dict(zip(names, record, strict=True))
    if callable(getattr(record, "keys", None)) and hasattr(record, "__getitem__"):
        return dict(record)
    return None
