"""Property values as HubSpot's wire wants them: text, or nothing.

One table from Python's types to text; it knows nothing of records, keys or batches.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

__all__ = ["InvalidRecordError", "encode_value"]

_MAX_EXPONENT = 400
"""Beyond this a Decimal's plain text would be a way to fill the memory: 1E+9999999 is ten megabytes."""


class InvalidRecordError(ValueError):
    """A record cannot be sent; the message becomes that record's `LOCAL_VALIDATION` error.

    `transient`: whether that is not its own fault, so that it may well be sent later.
    """

    transient = False


class NotNowError(InvalidRecordError):
    """A record cannot be sent now, and it is not its own fault."""

    transient = True


def encode_value(value: Any) -> str | None:
    """Return a property value's text, or None for a value that is left out."""
    encode = _ENCODERS.get(type(value)) or _by_ancestor(value)
    return encode(value)


def _by_ancestor(value: Any) -> Callable[[Any], str | None]:
    for kind, encode in _ANCESTORS:
        if isinstance(value, kind):
            return encode
    raise InvalidRecordError(
        f"a value of type {type(value).__name__} cannot be sent; give text, a number, a bool, a date,"
        " an aware datetime, an Enum, or a list of these"
    )


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise InvalidRecordError(
            f"{value} is not a number that can be sent; leave the property out"
        )
    if abs(value.adjusted()) > _MAX_EXPONENT:
        raise InvalidRecordError("a number with more than 400 digits cannot be sent")
    return format(value, "f")


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise InvalidRecordError(
            f"{value} is not a number that can be sent; leave the property out"
        )
    return format(Decimal(repr(float(value))), "f")


def _int(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:
        raise InvalidRecordError("a number with thousands of digits cannot be sent") from None


def _datetime(value: dt.datetime) -> str:
    if value.utcoffset() is None:
        raise InvalidRecordError("a datetime without a time zone is ambiguous; attach one (tzinfo)")
    try:
        moment = value.astimezone(dt.UTC)
    except OverflowError:
        raise InvalidRecordError("a datetime that is out of range in UTC cannot be sent") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _items(value: Any) -> str:
    texts = [_item(item) for item in value]
    return ";".join(sorted(texts) if isinstance(value, set | frozenset) else texts)


def _item(item: Any) -> str:
    if isinstance(item, list | tuple | set | frozenset):
        raise InvalidRecordError("a list within a list cannot be sent")
    text = encode_value(item)
    if text is None:
        raise InvalidRecordError("a list that holds None cannot be sent; leave the element out")
    if ";" in text:
        raise InvalidRecordError("an element of a list must not hold a ';': it separates elements")
    return text


_ENCODERS: dict[type, Callable[[Any], str | None]] = {
    str: lambda value: value,
    type(None): lambda _: None,
    bool: lambda value: "true" if value else "false",
    int: _int,
    float: _float,
    Decimal: _decimal,
    dt.datetime: _datetime,
    dt.date: dt.date.isoformat,
    list: _items,
    tuple: _items,
    set: _items,
    frozenset: _items,
}

_ANCESTORS: tuple[tuple[type, Callable[[Any], str | None]], ...] = (
    (Enum, lambda value: encode_value(value.value)),
    (str, str.__str__),
    (int, _int),
    (float, _float),
    (Decimal, _decimal),
    (dt.datetime, _datetime),
    (dt.date, dt.date.isoformat),
    (list, _items),
    (tuple, _items),
    (set, _items),
    (frozenset, _items),
)
"""For subclasses, the most telling ancestor first: a StrEnum is an Enum before it is text."""
