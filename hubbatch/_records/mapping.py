"""What a caller's record may be, seen as a mapping.

It knows the kinds of objects, and nothing of properties, keys or what a record is wanted for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["as_mapping"]


def as_mapping(record: Any) -> Mapping[str, Any] | None:
    """Return a mapping, attrs or dataclass instance or pydantic model as a mapping; None for anything else."""
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
    return None
