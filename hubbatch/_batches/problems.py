"""What exactly an error finds wrong: codes and the properties they are about, wherever the error says so.

Pure. HubSpot has them in an error's details, or in a JSON list within its message. Which record is meant, it does not
know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from attrs import frozen

from hubbatch._batches.error_contexts import texts
from hubbatch.models import CONFLICT, OBJECT_NOT_FOUND, BatchError

__all__ = [
    "MISSING_PROPERTY",
    "PROPERTY_PROBLEMS",
    "ReportedProblem",
    "general",
    "is_about_an_object",
    "is_about_duplicate_ids",
    "is_conflict",
    "is_systemic",
    "problems_in",
    "property_problems",
]

UNKNOWN_PROPERTY = "PROPERTY_DOESNT_EXIST"
MISSING_PROPERTY = "REQUIRED_PROPERTIES_MISSING"

PROPERTY_PROBLEMS = frozenset({UNKNOWN_PROPERTY, "READ_ONLY_VALUE", "PROPERTY_IS_READ_ONLY"})
"""Codes that are about a property as such, whatever its value: a whole column is wrong."""

_MOST_PROBLEMS = 200
"""Items of a message's list that are read."""

_CONFLICTS = frozenset({CONFLICT, "OBJECT_ALREADY_EXISTS", "CONFLICTING_UNIQUE_VALUE"})
"""Categories, and codes, of an object that is there already."""

_ID_PROPERTY = re.compile(r"\bidProperty\b")
_QUOTED = re.compile(r"[\[{\"'`]")
"""Where a message begins to quote."""


_NO_OBJECT = re.compile(r"[\w -]{1,100}=\S{1,100} is not valid")
"""What an association says of an end that is not there: `CONTACT=1234 is not valid`."""


@frozen
class ReportedProblem:
    """One thing that is wrong."""

    code: str | None
    properties: tuple[str, ...] = ()


def problems_in(error: BatchError) -> list[ReportedProblem]:
    """Return what an error finds wrong, as far as it says so by codes or names of properties."""
    problems = [
        ReportedProblem(detail.code, tuple(_names(detail.context)))
        for detail in error.errors
        if detail.code or isinstance(detail.context, Mapping)
    ]
    return problems + [
        ReportedProblem(_text(item.get("error")), tuple(texts(item.get("name"))))
        for item in _list_in(error.message)
        if isinstance(item, dict)
    ]


def property_problems(error: BatchError) -> tuple[tuple[str, str], ...]:
    """Return the codes and the properties if an error is about properties as such and about nothing else."""
    problems = problems_in(error)
    if any(problem.code not in PROPERTY_PROBLEMS for problem in problems):
        return ()
    return tuple(
        sorted({(problem.code or "", name) for problem in problems for name in problem.properties})
    )


def is_conflict(error: BatchError) -> bool:
    """Whether an error says that an object with one of the unique values is there already."""
    if error.category in _CONFLICTS or error.category.endswith("_EXISTS"):
        return True
    words = error.message.lower()
    return (
        "already exists" in words
        or "existing id" in words
        or any(problem.code in _CONFLICTS for problem in problems_in(error))
    )


def is_about_an_object(error: BatchError) -> bool:
    """Whether an error is about an object as such: it is not there, so nothing can be done with it."""
    return error.category == OBJECT_NOT_FOUND or _NO_OBJECT.fullmatch(error.message) is not None


def is_about_duplicate_ids(error: BatchError) -> bool:
    """Whether a batch is rejected for naming one object twice: neither input is at fault alone."""
    return error.message.lower().startswith("duplicate ids")


def is_systemic(error: BatchError) -> bool:
    """Whether an error is the call's and no record's: it names a property that cannot name objects.

    Only HubSpot's own words count, and not what a message quotes of a record.
    """
    if error.category == OBJECT_NOT_FOUND or problems_in(error):
        return False
    words = _QUOTED.split(error.message.lower(), maxsplit=1)[0]
    if words.startswith("unable to ") and "non-unique" in words:
        return True
    start = words.find("by property ")
    if start >= 0 and "does not exist" in error.message.lower()[start:]:
        return True
    return _ID_PROPERTY.search(error.message) is not None


def general(message: str, values: Iterable[str] = ()) -> str:
    """Return a message without the values that it quotes: the same for all records with the same error."""
    for value in sorted(values, key=len, reverse=True):
        if len(value) > 1 and value in message:
            message = message.replace(value, "…")
    return " ".join(
        "…" if "@" in word or any(map(str.isdigit, word)) else word for word in message.split()
    )


def _names(context: Any) -> Iterable[str]:
    if isinstance(context, Mapping):
        for field in ("propertyName", "properties"):
            yield from texts(context.get(field))


def _list_in(message: str) -> list[Any]:
    """Return the JSON list that a message ends with, if it does."""
    start = message.find("[{")
    if start < 0 or not message.endswith("]"):
        return []
    try:
        value = orjson.loads(message[start:])
    except orjson.JSONDecodeError:
        return []
    return value[:_MOST_PROBLEMS] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
