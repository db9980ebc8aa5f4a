"""How HubSpot spells a property's value: one spelling for all that it takes as equal.

Pure functions of a property's name, type and value; a record is not known here.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import zlib
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING

from hubbatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PropertyType", "comparable", "is_midnight", "is_valid", "property_type", "respelled"]

_MOST_DIGITS = 400
_FEWEST_DIGITS_OF_A_PHONE = 7
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)\.\d+", re.ASCII)
_MILLISECONDS = re.compile(r"-?\d{9,15}", re.ASCII)
_PHONE = re.compile(r"\+?[\d\s().\-/]+", re.ASCII)
_BOOLS = ("true", "false")


class PropertyType(StrEnum):
    """What a property's values are; for an undeclared one each value's looks decide."""

    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOL = "bool"
    ENUMERATION = "enumeration"
    PHONE = "phone_number"
    EMAIL = "email"
    DOMAIN = "domain"


def property_type(name: str) -> PropertyType:
    """Return the type of that name; raise `UsageError` when there is none."""
    try:
        return PropertyType(name)
    except ValueError:
        raise UsageError(
            f"A property's type is one of {', '.join(PropertyType)}, not {name!r}."
        ) from None


def respelled(name: str, value: str, kind: PropertyType | None = None) -> str:
    """Return a value as HubSpot shows it; what cannot be read as its type is only trimmed."""
    text = unicodedata.normalize("NFC", value.strip())
    spell = _SPELLINGS[kind]
    return (spell(text, name) or text) if text else text


def is_valid(value: str, kind: PropertyType) -> bool:
    """Tell whether a value can be read as one of its type."""
    return kind not in _CHECKED or _SPELLINGS[kind](value.strip(), "") is not None


def is_midnight(value: str) -> bool:
    """Tell whether a value that names a moment names the beginning of a day in UTC."""
    moment = _moment(value.strip())
    return moment is None or moment.time() == dt.time()


def comparable(value: str, kind: PropertyType | None) -> tuple[int, Decimal | str]:
    """Return what stands for a value where values are compared: numbers and times by size, texts by their letters."""
    text = value.strip()
    if kind in (PropertyType.DATE, PropertyType.DATETIME):
        moment = _moment(text)
        if moment is not None:
            return (0, Decimal(round(moment.timestamp() * 1000)))
    if kind in (None, PropertyType.NUMBER):
        try:
            number = Decimal(text)
        except InvalidOperation:
            return (1, text.lower())
        if number.is_finite():
            return (0, number)
    return (1, text.lower())


def _lower(text: str, _: str) -> str:
    return text.lower()


def _bool(text: str, _: str) -> str | None:
    return text.lower() if text.lower() in _BOOLS else None


def _number(text: str, _: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return None
    plain = format(number, "f")
    whole = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if whole in ("-0", "") else whole


def _moment(text: str) -> dt.datetime | None:
    try:
        if _MILLISECONDS.fullmatch(text):
            return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=int(text))
        moment = dt.datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _datetime(text: str, name: str) -> str | None:
    moment = _moment(text)
    return None if moment is None else _iso(moment, name)


def _iso(moment: dt.datetime, name: str) -> str:
    # Each property keeps to one form: half of them show milliseconds always, half only where there are any.
    short = zlib.crc32(name.encode()) % 2 == 0 and not moment.microsecond
    text = moment.isoformat(timespec="seconds" if short else "milliseconds")
    return text.replace("+00:00", "Z")


def _date(text: str, _: str) -> str | None:
    moment = _moment(text)
    return None if moment is None else f"{moment:%Y-%m-%d}".zfill(10)


def _phone(text: str, _: str) -> str | None:
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if len(digits) < _FEWEST_DIGITS_OF_A_PHONE or not _PHONE.fullmatch(text):
        return None
    plus = "+" if text.startswith("+") else ""
    return f"{plus}{digits[:-7]} {digits[-7:-4]}-{digits[-4:]}".strip()


def _by_looks(text: str, name: str) -> str | None:
    if _NUMBER.fullmatch(text):
        return _number(text, name)
    return _datetime(text, name) if "T" in text and _has_zone(text) else None


def _has_zone(text: str) -> bool:
    try:
        return dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _as_it_is(text: str, _: str) -> str:
    return text


_SPELLINGS: Mapping[PropertyType | None, Callable[[str, str], str | None]] = {
    None: _by_looks,
    PropertyType.STRING: _as_it_is,
    PropertyType.ENUMERATION: _as_it_is,
    PropertyType.NUMBER: _number,
    PropertyType.DATE: _date,
    PropertyType.DATETIME: _datetime,
    PropertyType.BOOL: _bool,
    PropertyType.PHONE: _phone,
    PropertyType.EMAIL: _lower,
    PropertyType.DOMAIN: _lower,
}
_CHECKED = frozenset(
    {PropertyType.NUMBER, PropertyType.DATE, PropertyType.DATETIME, PropertyType.BOOL}
)
