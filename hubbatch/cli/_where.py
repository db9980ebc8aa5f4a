"""Conditions that a shell user types, as filters: `amount>=1000`, `stage IN won,lost`, `email HAS_PROPERTY`. Pure."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable

from hubbatch import Filter, UsageError

__all__ = ["filters_of", "since"]

_SIGNS = {
    "=": "EQ",
    "==": "EQ",
    "!=": "NEQ",
    "<>": "NEQ",
    "<": "LT",
    "<=": "LTE",
    ">": "GT",
    ">=": "GTE",
}
_SIGNED = re.compile(r"\s*([A-Za-z0-9_]+)\s*([=<>!~]+)(.*)\Z", re.DOTALL)
_WORDED = re.compile(r"\s*([A-Za-z0-9_]+)\s+(\w+)(?:\s+(.*))?\Z", re.DOTALL)
_LISTS = {"IN", "NOT_IN"}
_EXAMPLES = "'amount>=1000', 'dealstage IN won,lost' or 'email HAS_PROPERTY'"
_CONTACTS = {"contacts", "contact", "0-1"}


def filters_of(conditions: Iterable[str]) -> list[Filter]:
    """Return the filters that conditions say. Raises `UsageError` for one that HubSpot does not have."""
    return [_filter(condition) for condition in conditions]


def since(text: str, object_type: str) -> Filter:
    """Return the filter for objects that were modified at a moment or later; one without a time zone is in UTC."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"--since {text!r} is no date: write 2026-11-01 or 2026-11-01T08:30+01:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    is_contact = object_type.lower() in _CONTACTS
    return Filter("lastmodifieddate" if is_contact else "hs_lastmodifieddate", "GTE", moment)


def _filter(condition: str) -> Filter:
    if signed := _SIGNED.match(condition):
        name, sign, value = signed.groups()
        if sign not in _SIGNS:
            raise UsageError(
                f"--where {name}: HubSpot has no filter {sign!r}; it has {_those_there_are()}"
            )
        return Filter(name, _SIGNS[sign], value.strip())
    worded = _WORDED.match(condition)
    if worded is None:
        raise UsageError(
            f"--where takes a property, how to compare it, and with what: {_EXAMPLES}; there are"
            f" {_those_there_are()}"
        )
    name, word, value = worded.groups()
    operator, rest = word.upper(), (value or "").strip()
    if operator in _LISTS:
        return Filter(name, operator, _listed(name, rest))
    if operator == "BETWEEN":
        ends = _listed(name, rest)
        if len(ends) != 2:  # noqa: PLR2004 (from the one to the other)
            raise UsageError(f"--where {name} BETWEEN takes two values: {name} BETWEEN 100,200")
        return Filter(name, operator, ends[0], ends[1])
    return Filter(name, operator, rest or None)


def _listed(name: str, text: str) -> list[str]:
    """Return the values between commas; one that holds a comma is quoted as in CSV."""
    try:
        return next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error:
        raise UsageError(
            f"--where {name}: the list cannot be read; put a value that holds a comma, a quote or a line end into"
            ' quotes: "Washington, D.C.",Paris'
        ) from None


def _those_there_are() -> str:
    words = ("BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN")
    return f"= != < <= > >= {' '.join(words)} NOT_CONTAINS_TOKEN"
