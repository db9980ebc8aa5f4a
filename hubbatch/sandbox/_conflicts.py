"""The shapes in which HubSpot says that a unique value is taken.

A table; who holds the value, and whether it is said at all, is decided elsewhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import frozen

from hubbatch.sandbox._habits import ConflictShape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Taken", "conflict"]


@frozen
class Taken:
    """A value that another record holds."""

    label: str
    """What one record of the type is called."""
    name: str
    value: str
    holder: str | None
    """The other record's id; None if it is not to be named."""

    @property
    def existing(self) -> str:
        """The words that name the other record, or none."""
        return "" if self.holder is None else f" Existing ID: {self.holder}"


def conflict(shape: ConflictShape, taken: Taken) -> tuple[int, str, str]:
    """Return status, category and message."""
    status, category, message = _SHAPES[shape]
    return status, category, message(taken)


def _already_exists(taken: Taken) -> str:
    return f"{taken.label} already exists.{taken.existing}"


def _with_that_value(taken: Taken) -> str:
    return f"A {taken.label.lower()} with that {taken.name} already exists.{taken.existing}"


def _unique_value(taken: Taken) -> str:
    holder = taken.holder or "Another object"
    words = f"Cannot set propertyName={taken.name}, value={taken.value}. {holder} already has that value."
    item = {
        "isValid": False,
        "message": words,
        "error": "CONFLICTING_UNIQUE_VALUE",
        "name": taken.name,
    }
    return f"Property values were not valid: {json.dumps([item], separators=(',', ':'))}"


_SHAPES: Mapping[ConflictShape, tuple[int, str, Callable[[Taken], str]]] = {
    ConflictShape.CONFLICT: (409, "CONFLICT", _already_exists),
    ConflictShape.ALREADY_EXISTS: (409, "OBJECT_ALREADY_EXISTS", _with_that_value),
    ConflictShape.ALREADY_EXISTS_400: (400, "OBJECT_ALREADY_EXISTS", _with_that_value),
    ConflictShape.UNIQUE_VALUE: (400, "VALIDATION_ERROR", _unique_value),
}
