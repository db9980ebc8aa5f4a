"""Values as the text of a cell or of JSON, such that reading it gives the same property values. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

__all__ = ["cell_text", "defused", "json_text"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell that a spreadsheet runs as a formula begins with."""


def defused(text: str) -> str:
    """Return the text of a cell that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def cell_text(value: Any) -> str:
    """Return a value as the text of a cell."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping | list | tuple):
        return json_text(value)
    return str(value)


def json_text(value: Any) -> str:
    """Return a value as JSON; numbers keep all their digits."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):  # huge numbers, halves of characters
        return orjson.dumps(_in_fragments(value), option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _in_fragments(value: Any) -> Any:
    """Return a value whose parts the encoder takes, whatever they are."""
    if isinstance(value, Mapping):
        return orjson.Fragment(
            "{"
            + ",".join(f"{json.dumps(str(key))}:{json_text(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list | tuple):
        return orjson.Fragment("[" + ",".join(json_text(item) for item in value) + "]")
    if isinstance(value, int) and not isinstance(value, bool):
        return orjson.Fragment(str(value))
    if isinstance(value, str):
        return orjson.Fragment(json.dumps(value))
    return _plain(value)
