"""Property values as HubSpot's wire wants them: text, or nothing.

One table from Python's types to text, and what a call says of missing values and of times without a zone. It knows
nothing of records, keys or batches.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from hubbatch._records.native import MISSING, native
from hubbatch.policies import Missing

__all__ = ["InvalidRecordError", "ValueEncoder", "encode_value"]

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


class ValueEncoder:
    """Turns property values into text.

    `missing`: what becomes of None, NaN, NaT and NA; None: None is left out, and the others are refused.
    `timezone`: the zone of datetimes that have none; None: they are refused.
    """

    def __init__(self, missing: Missing | None = None, timezone: dt.tzinfo | None = None) -> None:
        self._missing = missing
        self._timezone = timezone
        self._encoders: dict[type, Callable[[Any], str | None]] = {
            str: _text,
            type(None): self._none if missing else lambda _: None,
            bool: lambda value: "true" if value else "false",
            int: _int,
            float: self._float,
            Decimal: self._decimal,
            dt.datetime: self._datetime,
            dt.date: dt.date.isoformat,
            UUID: str,
            list: self._items,
            tuple: self._items,
            set: self._items,
            frozenset: self._items,
            type(MISSING): self._none,
        }
        encoders = {**self._encoders, Enum: self._enum, str: str.__str__}
        self._ancestors = tuple((kind, encoders[kind]) for kind in _ANCESTORS)

    def encode(self, value: Any) -> str | None:
        """Return a property value's text, or None for a value that is left out."""
        encode = self._encoders.get(type(value)) or self._by_ancestor(value)
        return encode(value)

    def _by_ancestor(self, value: Any) -> Callable[[Any], str | None]:
        for kind, encode in self._ancestors:
            if isinstance(value, kind):
                return encode
        plain = native(value)
        if plain is not value:
            return lambda _: self.encode(plain)
        raise InvalidRecordError(
            f"a value of type {type(value).__name__} cannot be sent; give text, a number, a bool, a date,"
            " an aware datetime, a UUID, an Enum, or a list of these"
        )

    def _none(self, value: object) -> str | None:
        """Return what a missing value becomes."""
        if self._missing is Missing.OMIT:
            return None
        if self._missing is Missing.CLEAR:
            return ""
        shown = value if isinstance(value, float | Decimal | None) else "NaT or NA"
        what = f"a missing value ({shown}) is refused"
        if isinstance(value, float | Decimal):
            what = f"{value} is not a number that can be sent"
        raise InvalidRecordError(
            f"{what}; leave the property out, or give missing='omit', or missing='clear' to empty it"
        )

    def _decimal(self, value: Decimal) -> str | None:
        if not value.is_finite():
            return self._none(value) if value.is_nan() else _endless(value)
        if abs(value.adjusted()) > _MAX_EXPONENT:
            raise InvalidRecordError("a number with more than 400 digits cannot be sent")
        return format(value, "f")

    def _float(self, value: float) -> str | None:
        if not math.isfinite(value):
            return self._none(value) if math.isnan(value) else _endless(value)
        return format(Decimal(repr(float(value))), "f")

    def _datetime(self, value: dt.datetime) -> str | None:
        if type(value) is not dt.datetime and value != value:  # noqa: PLR0124 (pandas' NaT is one)
            return self._none(MISSING)
        if value.utcoffset() is None:
            if self._timezone is None:
                raise InvalidRecordError(
                    "a datetime without a time zone is ambiguous; attach one (tzinfo), or give the call one, such as"
                    " timezone='Europe/Berlin'"
                )
            value = _in_zone(value, self._timezone)
        try:
            moment = value.astimezone(dt.UTC)
        except OverflowError:
            raise InvalidRecordError(
                "a datetime that is out of range in UTC cannot be sent"
            ) from None
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _enum(self, value: Enum) -> str | None:
        return self.encode(value.value)

    def _items(self, value: Any) -> str:
        texts = [text for item in value if (text := self._item(item)) is not None]
        return ";".join(sorted(texts) if isinstance(value, set | frozenset) else texts)

    def _item(self, item: Any) -> str | None:
        """Return the text of an element of a list; None for one that is missing, and is left out."""
        if isinstance(item, list | tuple | set | frozenset):
            raise InvalidRecordError("a list within a list cannot be sent")
        text = self.encode(item)
        if text is None:
            if self._missing is None:
                raise InvalidRecordError(
                    "a list that holds None cannot be sent; leave the element out, or give missing='omit'"
                )
            return None
        if ";" in text:
            raise InvalidRecordError(
                "an element of a list must not hold a ';': it separates elements"
            )
        return text or None if self._missing is Missing.CLEAR else text


def _text(value: str) -> str:
    return value


def _int(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:
        raise InvalidRecordError("a number with thousands of digits cannot be sent") from None


def _endless(value: float | Decimal) -> str:
    raise InvalidRecordError(f"{value} is not a number that can be sent; leave the property out")


def _in_zone(value: dt.datetime, timezone: dt.tzinfo) -> dt.datetime:
    """Return the time at which a clock in a zone has shown a naive one.

    Of two such times it is the earlier one, unless `fold` says otherwise.
    """
    plain = dt.datetime(*value.timetuple()[:6], value.microsecond, fold=value.fold)  # noqa: DTZ001 (it gets its zone)
    localize = getattr(
        timezone, "localize", None
    )  # the way of pytz, whose zones are no ordinary ones
    aware: dt.datetime = plain.replace(tzinfo=timezone) if localize is None else localize(plain)
    return aware


_ANCESTORS = (
    *(Enum, str, int, float, Decimal, dt.datetime, dt.date),
    *(UUID, list, tuple, set, frozenset),
)
"""For subclasses, the most telling ancestor first: a StrEnum is an Enum before it is text."""

encode_value = ValueEncoder().encode
"""Return a property value's text, or None for a value that is left out; for calls that say nothing of values."""
