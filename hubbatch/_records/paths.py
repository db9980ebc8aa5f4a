"""Fields within fields of a JSON value, such as `from.id`. It knows nothing of what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

__all__ = ["Steps", "steps_of", "text_of", "texts_at", "value_at"]

Steps = tuple[str, ...]
"""The names on the way to a field; none: the value itself."""


def steps_of(path: str) -> Steps:
    """Return the steps of a path that is written with dots; `""` is the value itself."""
    return tuple(path.split(".")) if path else ()


def value_at(value: Any, steps: Steps) -> Any:
    """Return what a value holds at a path; None if it has no such field."""
    for step in steps:
        if type(value) is dict or isinstance(value, Mapping):
            value = value.get(step)
        elif type(value) is list and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text_of(value: Any) -> str:
    """Return a value's text, the same for all that are equal; `""` for none."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()
    except (TypeError, ValueError):
        return str(value)


def texts_at(value: Any, paths: tuple[Steps, ...]) -> tuple[str, ...]:
    """Return the texts at several paths."""
    return tuple([text_of(value_at(value, steps)) for steps in paths])
