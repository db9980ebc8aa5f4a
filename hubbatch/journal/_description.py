"""What a load is about, as JSON has it, and in plain words how two of them differ.

Pure. Values are shown only of fields that are known to hold none of a record's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hubbatch._printable import printable
from hubbatch.errors import UsageError

__all__ = ["compare", "merged", "parsed", "text_of"]

_TASK = {"verb", "endpoint", "object_type"}
_OF_THE_TASK = {"path", "input"}
"""Fields that are others if the task is another."""
_SHOWN = _TASK | _OF_THE_TASK | {"account", "id_property", "unique_property", "missing", "timezone"}
"""Fields whose values may be shown."""

_LONGEST = 80


def text_of(load: Mapping[str, Any]) -> str:
    """Return a description as JSON. Raises `UsageError` where it cannot be written."""
    try:
        return json.dumps(load, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the description of a load has to be JSON: {error}") from None


def parsed(text: str) -> dict[str, Any] | None:
    """Return a description from JSON; None if it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def merged(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a load, with what is given where that was not known."""
    return {**given, **{name: value for name, value in known.items() if value is not None}}


def compare(path: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise `UsageError` naming what differs, if anything does; what is None in one of the two is not compared."""
    differing = [
        name
        for name in dict.fromkeys([*known, *given])
        if None not in (known.get(name), given.get(name)) and known[name] != given[name]
    ]
    if not differing:
        return
    is_other_task = not _TASK.isdisjoint(differing)
    sentences = [f"it is of {_task(known)}, this is {_task(given)}"] if is_other_task else []
    sentences += [
        _difference(name, known[name], given[name])
        for name in differing
        if not (is_other_task and name in _TASK | _OF_THE_TASK)
    ]
    raise UsageError(
        f"{path} is the journal of another load: {'; '.join(sentences)}. Call what it was begun with, or give a new"
        " journal"
    )


def _task(load: Mapping[str, Any]) -> str:
    words = (load.get("endpoint", load.get("verb")), load.get("object_type"))
    return " ".join(_shown(word) for word in words if word)


def _difference(name: str, known: Any, given: Any) -> str:
    words = name.replace("_", " ")
    if name in _SHOWN:
        return f"its {words} is {_shown(known)}, here it is {_shown(given)}"
    return f"it was begun with other {words}"


def _shown(value: Any) -> str:
    text = printable(value if isinstance(value, str) else json.dumps(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
