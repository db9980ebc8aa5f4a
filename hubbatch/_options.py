"""What a caller may ask of one run, checked before anything is sent.

Every check names the option and what is allowed. It knows nothing of how a run goes about it.
"""

from __future__ import annotations

import datetime as dt
import inspect
import os
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict, TypeVar

from hubbatch._checks import check_count, check_seconds, check_unicode, shown
from hubbatch._records.call import DEFAULT_BATCH_BYTES, DEFAULT_LINGER
from hubbatch._records.frames import rows_of
from hubbatch._records.journal import RunJournal
from hubbatch.endpoints import Endpoint
from hubbatch.errors import UsageError
from hubbatch.policies import Duplicates, Keep, Missing
from hubbatch.progress import Progress
from hubbatch.schema import Property, Schema

__all__ = ["RunOptions", "check_names", "check_options", "check_source", "check_unique_name"]

_LEAST_BATCH_BYTES = 1024

_Word = TypeVar("_Word", bound=StrEnum)


class RunOptions(TypedDict):
    """The options that every verb takes."""

    batch_size: NotRequired[int | None]
    """Records a request, from 1 to the verb's limit (100; None: the limit)."""
    max_batch_bytes: NotRequired[int]
    """Bytes of JSON a request; default 3 MiB."""
    linger: NotRequired[float | None]
    """Seconds that a batch which is not full waits for more records; None: 0.05, 0: at once."""
    prefetch: NotRequired[int | None]
    """Records that the run holds at once, taken in and not settled; None: what can be sent in about ten seconds."""
    max_failures: NotRequired[int | None]
    """Stop the run once so many records have failed."""
    deadline: NotRequired[float | None]
    """Seconds after which nothing more is taken in; what is in flight settles."""
    on_progress: NotRequired[Callable[[Progress], None] | None]
    """Called with a `Progress` whenever a batch is settled, or has to be sent again."""
    duplicates: NotRequired[Literal["serial", "merge", "refuse"]]
    """What happens to a key that occurs twice; default `"serial"`."""
    validate: NotRequired[bool | Schema | Iterable[Property]]
    """Refuse records that the account would refuse, before they are sent: True, or a schema of one's own."""
    missing: NotRequired[Literal["omit", "clear", "refuse"] | None]
    """What becomes of None, NaN, NaT and NA: left out, sent as "" or refused; None: only None is left out."""
    timezone: NotRequired[str | dt.tzinfo | None]
    """The zone of datetimes that have none, such as `"Europe/Berlin"`; None: they are refused."""
    keep: NotRequired[Literal["all", "errors", "none"] | None]
    """Which records the outcome retains; None: `"all"` when awaited, `"errors"` when streamed."""
    journal: NotRequired[str | os.PathLike[str] | RunJournal | None]
    """A file, or a `hubbatch.journal.Journal`, by which the same call goes on where its process died."""


def check_options(name: str, options: Mapping[str, Any], most_inputs: int) -> dict[str, Any]:
    """Check the options of a run of an endpoint; return them as the fields of its `Call`.

    Raises `UsageError` for the first that is wrong. `most_inputs`: how many records a request may have.
    """
    unknown = options.keys() - RunOptions.__annotations__.keys()
    if unknown:
        raise UsageError(
            f"{name}() has no option {min(unknown)!r}; it takes"
            f" {', '.join(RunOptions.__annotations__)}"
        )
    batch_size = options.get("batch_size")
    prefetch = options.get("prefetch")
    max_failures = options.get("max_failures")
    deadline = options.get("deadline")
    on_progress = options.get("on_progress")
    keep = options.get("keep")
    missing = options.get("missing")
    if on_progress is not None and (
        not callable(on_progress) or inspect.iscoroutinefunction(on_progress)
    ):
        raise UsageError(
            f"on_progress must be a function of one Progress, and no coroutine, not {on_progress!r}"
        )
    return {
        "batch_size": most_inputs
        if batch_size is None
        else check_count("batch_size", batch_size, most=most_inputs),
        "max_batch_bytes": check_count(
            "max_batch_bytes",
            options.get("max_batch_bytes", DEFAULT_BATCH_BYTES),
            least=_LEAST_BATCH_BYTES,
        ),
        "linger": _linger(options.get("linger")),
        "prefetch": None if prefetch is None else check_count("prefetch", prefetch),
        "max_failures": None if max_failures is None else check_count("max_failures", max_failures),
        "deadline": None if deadline is None else check_seconds("deadline", deadline),
        "on_progress": on_progress,
        "duplicates": _word("duplicates", options.get("duplicates", Duplicates.SERIAL), Duplicates),
        "keep": None if keep is None else _word("keep", keep, Keep),
        "missing": None if missing is None else _word("missing", missing, Missing),
        "timezone": _timezone(options.get("timezone")),
        "journal": _journal(options.get("journal")),
    }


def check_source(endpoint: Endpoint, source: object) -> Iterable[Any] | AsyncIterable[Any]:
    """Return the records' source if it can be iterated; one record alone is a slip, not a source.

    Of a frame it is the rows.
    """
    if (rows := rows_of(source)) is not None:
        return rows
    single = isinstance(source, str | bytes | bytearray | Mapping)
    if not single and isinstance(source, Iterable | AsyncIterable):
        return source
    advice = "put a single record into a list"
    if isinstance(source, Mapping) and "inputs" in source:
        advice = "pass its 'inputs'"
    elif callable(getattr(source, "collect", None)):
        advice = "collect() it, and pass the frame"
    elif callable(source):
        advice = "call it, and pass what it returns"
    raise UsageError(
        f"{endpoint.name}() takes an iterable or async iterable of records, not"
        f" {type(source).__name__}; {advice}"
    )


def _linger(value: float | None) -> float:
    """Return the seconds of a linger: 0 is allowed."""
    if value is None:
        return DEFAULT_LINGER
    return 0.0 if type(value) in {int, float} and value == 0 else check_seconds("linger", value)


def _timezone(value: object) -> dt.tzinfo | None:
    """Return the zone that an option names."""
    if value is None or isinstance(value, dt.tzinfo):
        return value
    if not isinstance(value, str):
        raise UsageError(
            f"timezone must be a zone's name such as 'Europe/Berlin' or a tzinfo, not {shown(value)}"
        )
    import zoneinfo  # noqa: PLC0415 (needed seldom)

    try:
        return zoneinfo.ZoneInfo(value)
    except (ValueError, LookupError, OSError):
        raise UsageError(
            f"timezone: no zone {shown(value)} is known here; names are as in 'Europe/Berlin' or 'UTC', and a"
            " system that has none needs the package tzdata"
        ) from None


def _journal(value: object) -> RunJournal | None:
    """Return a journal, of which nothing has been opened yet."""
    if value is None or isinstance(value, RunJournal):
        return value
    if isinstance(value, str | os.PathLike):
        from hubbatch.journal import Journal  # noqa: PLC0415 (SQLite is seldom wanted)

        return Journal(value)
    raise UsageError(
        f"journal must be a path or a hubbatch.journal.Journal, not {type(value).__name__}"
    )


def _word(name: str, value: object, words: type[_Word]) -> _Word:
    try:
        return words(value)  # type: ignore[arg-type]
    except ValueError:
        allowed = ", ".join(repr(str(word)) for word in words)
        raise UsageError(f"{name} must be one of {allowed}, not {value!r}") from None


def check_names(option: str, names: Sequence[str]) -> list[str]:
    """Return a list of property names, each once."""
    listed = None if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    if listed is None or not all(isinstance(name, str) and name for name in listed):
        raise UsageError(f"{option} must be a list of property names, not {names!r}")
    return [check_unicode(option, name) for name in dict.fromkeys(listed)]


def check_unique_name(name: str, value: object) -> str | None:
    """Return the name of a unique property; None for none."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{name} must be a property's name, not {value!r}")
    if value == "hs_object_id":
        raise UsageError(
            f"{name} cannot be 'hs_object_id'; leave {name} out and give the record id as 'id'"
        )
    return value
