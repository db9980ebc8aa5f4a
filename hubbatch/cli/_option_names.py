"""Messages of the library with the options of the command line in place of Python's parameters. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import evolve

from hubbatch import RecordOutcome
from hubbatch.models import LOCAL_VALIDATION, NO_ANSWER

__all__ = ["OPTIONS", "PHRASES", "as_typed", "in_options"]

OPTIONS: Mapping[str, str] = {
    "append=True": "--append",
    "force=True": "--force",
    "base_url": "--base-url",
    "api_version": "--api-version",
    "bad_lines": "--bad-lines",
    "id_property": "--id-property",
    "unique_property": "--unique-property",
    "validate=True": "--validate",
    "validate=Schema(…)": "--properties FILE",
    "duplicates='serial' or 'refuse'": "--duplicates serial or refuse",
    "'map' names": "--map names",
    "'only' names": "--columns names",
    "'drop' names": "--drop names",
}
"""What is a parameter in Python, and how it is typed."""

PHRASES: Mapping[str, str] = {
    " or, in Python, with allow_insecure=True": "",
    ", or give missing='omit', or missing='clear' to empty it": "",
    ", or give missing='omit'": "",
    "attach one (tzinfo), or give the call one, such as timezone='Europe/Berlin'": (
        "write it with one, such as 2026-11-01T08:30+01:00"
    ),
    " or raise max_batch_bytes": "",
    "; `cursor` tells where to go on, as after=": "",
}
"""Advice that only a program can follow, and what takes its place. Longer ones stand before their parts."""

_PARAMETER = re.compile(rf"(?<![\w./\\'-])({'|'.join(map(re.escape, OPTIONS))})(?![\w./\\'-])")
"""One of these by itself, and not as a part of a file's or a column's name."""

_OURS = frozenset({LOCAL_VALIDATION, NO_ANSWER})
"""Categories of what the library says of a record; all others are HubSpot's."""


def in_options(message: str) -> str:
    """Return a message in which each parameter is the option that it is typed as."""
    for words, others in PHRASES.items():
        message = message.replace(words, others)
    return _PARAMETER.sub(lambda found: OPTIONS[found.group()], message)


def as_typed(record: RecordOutcome) -> RecordOutcome:
    """Return a record whose reason, if it is the library's, names options."""
    error = record.error
    if error is None or error.category not in _OURS:
        return record
    message = in_options(error.message)
    return (
        record if message == error.message else evolve(record, error=evolve(error, message=message))
    )
