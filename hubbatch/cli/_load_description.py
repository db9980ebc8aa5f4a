"""What a load is about, as JSON, so that another process can go on with it; and how two of them differ.

What decides which records there are, and what becomes of them, is compared. How they are sent is kept for `resume`
only: it may be another each time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cattrs import Converter

from hubbatch import RateLimit, UsageError
from hubbatch.cli._faults import CommandError
from hubbatch.cli._job import Job, Layout
from hubbatch.cli._settings import LoadSettings
from hubbatch.cli._typed_command import Typed, resuming
from hubbatch.policies import Duplicates

__all__ = ["KEPT_AS_BEGUN", "check_same", "described", "restored", "typed_of"]

_KEPT = (
    *("batch_size", "linger", "max_failures", "deadline", "api_version", "base_url"),
    *("append", "force", "check"),
)
"""Settings that `resume` takes over."""
KEPT_AS_BEGUN = ("settings", "typed")
"""What is kept of the process that has begun a load, whatever later ones are given."""
_WORDS = {"holds_unknown": "--retry-unknown", "columns": "choice or mapping of columns"}
"""What the user knows parts of the layout as."""
_STDIN = "-"
_SHOWN = 5
"""Names of files that a message has room for."""
_CONVERTER = Converter()


def described(
    job: Job, settings: LoadSettings, paths: tuple[str, ...], typed: Typed | None
) -> dict[str, Any]:
    """Return what a load is about; `paths`: its files, patterns made out; `typed`: the command that begins it."""
    rate = settings.rate
    return _as_json(
        {
            "verb": job.verb,
            "object": job.object_type,
            "files": [path if path == _STDIN else _absolute(path) for path in paths],
            "layout": _CONVERTER.unstructure(job.layout),
            "options": dict(job.options),
            "validate": job.validate,
            "properties": _absolute(
                None if settings.properties is None else str(settings.properties)
            ),
            "duplicates": settings.duplicates.value,
            "rejects": _absolute(settings.rejects),
            "results": _absolute(settings.results),
            "settings": {name: getattr(settings, name) for name in _KEPT}
            | {"rate": None if rate is None else [rate.max_requests, rate.period]},
            "typed": _CONVERTER.unstructure(typed),
        }
    )


def check_same(journal: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise `CommandError` that names how a load differs from the one that a journal is of, if it does."""
    for name in ("verb", "object", "duplicates", "rejects", "results"):
        # Files that are not named again are appended to; one that is named late would lack the rows before.
        if name in known and given[name] is not None and known[name] != given[name]:
            before = known[name] or "no file"
            raise _other(journal, f"its {name} is {before}, here it is {given[name]}")
    names = [load.get("files", []) for load in (known, given)]
    if names[0] != names[1]:
        before, now = (", ".join(found[:_SHOWN]) for found in names)
        raise _other(journal, f"its input is {before}, here it is {now}")
    for name in ("layout", "options"):
        before, now = known.get(name, {}), given[name]
        differing = [key for key in now if key in before and before[key] != now[key]]
        if differing:
            words = ", ".join(_WORDS.get(key, key).replace("_", " ") for key in differing)
            raise _other(journal, f"it was begun with another {words}")


def restored(path: str, description: Mapping[str, Any]) -> tuple[Job, LoadSettings]:
    """Return the command that a journal's load was begun with. Raises `CommandError` if it was begun in Python."""
    if not description:
        raise CommandError(
            f"{path} holds nothing yet: its process was ended before anything was sent. Call again the command that was"
            " to begin the load"
        )
    try:
        kept = dict(description["settings"])
        rate = kept.pop("rate")
        job = Job(
            description["verb"],
            description["object"],
            description["files"],
            _CONVERTER.structure(description["layout"], Layout),
            description["options"],
            validate=description["validate"],
        )
        schema = description["properties"]
        settings = LoadSettings(
            **kept,
            rate=None if rate is None else RateLimit(*rate),
            duplicates=Duplicates(description["duplicates"]),
            rejects=description["rejects"],
            results=description["results"],
            journal=path,
            properties=None if schema is None else Path(schema),
        )
    except (KeyError, TypeError, ValueError, UsageError):
        raise CommandError(
            f"the load of {path} was not begun by this command line: go on with it where it was begun"
        ) from None
    return job, settings


def typed_of(description: Mapping[str, Any]) -> Typed | None:
    """Return the command that has begun a load, if it is known."""
    try:
        return _CONVERTER.structure(description["typed"], Typed)
    except Exception:  # of another version: then there is no command to show
        return None


def _absolute(path: str | None) -> str | None:
    return path if path is None else os.path.abspath(path)  # noqa: PTH100 (as above)


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(value))
    return plain


def _other(journal: str, how: str) -> CommandError:
    return CommandError(
        f"{journal} is the journal of another load: {how}. Call what it was begun with, or"
        f" `{resuming(journal)}`, or give a new journal"
    )
