"""A caller's value as JSON can hold it, to be shown and stored. It knows nothing of what is sent."""

from __future__ import annotations

import math
from datetime import date
from enum import Enum
from typing import Any

from hubbatch._records.mapping import as_mapping

__all__ = ["json_value"]


def json_value(value: Any, depth: int = 0) -> Any:
    """Return what JSON can hold of a caller's value: text stands for everything that it has no word for."""
    if value is None or type(value) in {str, int, bool}:
        return value
    if isinstance(value, Enum):
        return json_value(value.value, depth + 1)
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if depth < _DEEPEST:
        if isinstance(value, list | tuple | set | frozenset):
            return [json_value(item, depth + 1) for item in value]
        try:
            mapping = as_mapping(value)
        except Exception:  # a record's own code may raise anything
            mapping = None
        if mapping is not None:
            return {_text(name): json_value(item, depth + 1) for name, item in mapping.items()}
        return _text(value)
    return f"<{type(value).__name__}>"


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # as above
        return f"<{type(value).__name__}>"


_DEEPEST = 20
"""How deep a record is written: real ones are flat, and one that holds itself has no bottom."""
