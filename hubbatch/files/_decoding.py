"""One JSON text to one record: numbers keep their digits, and what is no record says why. Pure."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

__all__ = ["NoRecordError", "decoded", "record_of"]

_MOST_DEPTH = 50
"""Brackets within brackets; what lies deeper is no record, and brings every parser to its limits."""
_BRACKET_OR_TEXT = re.compile(r'[][{}]|"(?:[^"\\]|\\.)*+"?')
_DEPTH_OF = {"[": 1, "{": 1, "]": -1, "}": -1}
_MOST_DIGITS_SHOWN = 30
_TOO_DEEP = "the JSON is nested too deeply: a record is one object of plain values"


class NoRecordError(ValueError):
    """A text is no record; the message says why and what to do."""


class _NumberError(ValueError):
    """A number of a JSON text cannot be had as it is."""


def decoded(text: str) -> Any:
    """Return the value of a JSON text. Raises `NoRecordError`."""
    if text.count("[") + text.count("{") > _MOST_DEPTH and _is_deep(text):
        raise NoRecordError(_TOO_DEEP)
    try:
        return _DECODER.decode(text)
    except _NumberError as error:
        raise NoRecordError(f"{error}: write it as text, in quotes") from None
    except json.JSONDecodeError as error:
        raise NoRecordError(
            f"not JSON ({error.msg}: character {error.pos + 1}): put each record on a line of its own (jq -c .)"
        ) from None


def record_of(value: Any, bare: str | None) -> dict[str, Any]:
    """Return a value as a record; a bare text or whole number is the property `bare`. Raises `NoRecordError`."""
    if isinstance(value, dict):
        if is_deep_value(value):
            raise NoRecordError(_TOO_DEEP)
        return value
    if bare is None:
        raise NoRecordError(f"a record must be a JSON object, not {_kind(value)}")
    if isinstance(value, str | int) and not isinstance(value, bool):
        return {bare: value}
    raise NoRecordError(
        f"an id must be text, a whole number, or an object that has it, not {_kind(value)}"
    )


def is_deep_value(value: Any) -> bool:
    """Say whether a value has too many levels."""
    level = [value]
    for _ in range(_MOST_DEPTH):
        level = [
            item
            for container in level
            if isinstance(container, dict | list)
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return True


def _is_deep(text: str) -> bool:
    """Say whether brackets stand within brackets too often; those within text do not count."""
    depth = 0
    for found in _BRACKET_OR_TEXT.finditer(text):
        depth += _DEPTH_OF.get(found.group(), 0)
        if depth > _MOST_DEPTH:
            return True
    return False


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list (write its elements one a line: jq -c '.[]')"
    return {dict: "an object", str: "text", bool: "true or false", type(None): "null"}.get(
        type(value), "a number"
    )


def _shown(number: str) -> str:
    return number if len(number) <= _MOST_DIGITS_SHOWN else f"{number[:_MOST_DIGITS_SHOWN]}…"


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _NumberError(f"the number {_shown(text)} has too many digits") from None


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise _NumberError(f"the number {_shown(text)} is out of range") from None


def _no_constant(name: str) -> NoReturn:
    raise _NumberError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_decimal, parse_constant=_no_constant)
"""Numbers keep all their digits."""
