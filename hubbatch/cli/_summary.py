"""What the end of a run is in words and in JSON: its head, its numbers, and what to type next.

Of the disk it asks for free names only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import attrs
from attrs import frozen

from hubbatch import endpoints
from hubbatch._counted import counted
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._following import Ending
from hubbatch.cli._outputs import free_name, free_names
from hubbatch.cli._reasons import Aside
from hubbatch.cli._screen import ENDED, refusal
from hubbatch.cli._typed_command import Typed, resuming

__all__ = [
    "Report",
    "Step",
    "aside_in_words",
    "document",
    "head",
    "input_numbers",
    "steps",
]

_MAY_BE_REPEATED = {verb for verb, row in endpoints.OBJECT_VERBS.items() if row.idempotent}
"""Verbs that do no harm to a record that was written already."""
_UNREAD = "no answer tells of what is UNKNOWN: its id may be no number, or of an object that was merged into another"
_ANEW = "or load the changed input with another --journal, --rejects and --results: "
_HARMLESS = "what is written already is sent again then, which does no harm"
_TWICE = "take what is written already out of it first, for it would be created twice"
_REASONS = 100
"""Reasons that a document holds."""


@frozen
class Report:
    """A run that has ended."""

    what: str
    """Verb and object type."""
    ending: Ending
    files: Mapping[str, str | None] = {}
    """Where `rejects`, `results` and the `output` of a read were to go."""
    rows: Mapping[str, int] = {}
    """How many rows of the load stand in each of them."""
    lost: Mapping[str, int] = {}
    """How many rows could not be written to each of them."""
    warnings: tuple[str, ...] = ()
    """What was said before the first record already."""
    proofs: tuple[str, ...] = ()
    """Files with rows of earlier processes that alone say what became of some records that are UNKNOWN."""
    journal: str | None = None
    typed: Typed | None = None

    @property
    def has_no_account(self) -> bool:
        """Whether nothing can be said of records: none was read, or they are others and none was sent."""
        nothing = self.ending.input_changed or self.ending.read == self.ending.aside.end
        return nothing and self.ending.code is ExitCode.USAGE

    @property
    def rejected(self) -> int:
        """How many rows and lines did not succeed."""
        counts, aside = self.ending.outcome.counts, self.ending.aside
        return counts.total - counts.succeeded + aside.bad + aside.held

    @property
    def written(self) -> dict[str, tuple[str, int]]:
        """The files that hold something, or should: path and number of rows."""
        return {
            name: (path, self.rows.get(name, 0))
            for name, path in self.files.items()
            if path is not None and (self.rows.get(name) or self.lost.get(name))
        }


@frozen
class Step:
    """What to do next, and the command for it, if there is one."""

    why: str
    command: Typed | None = None


def head(report: Report) -> str:
    """Return how it has ended, in a few words."""
    ending, counts = report.ending, report.ending.outcome.counts
    by = f" ({ending.by})" if ending.by else ""
    if ending.code is ExitCode.SOME_FAILED:
        numbers = {"FAILED": counts.failed, "UNKNOWN": counts.unknown, "UNSENT": counts.unsent}
        some = [f"{number:,} {name}" for name, number in numbers.items() if number]
        return f"DONE WITH {', '.join([*some, *aside_in_words(ending.aside)])}"
    if ending.code is ExitCode.STOPPED:
        return f"STOPPED{by}"
    if ending.code in {ExitCode.USAGE, ExitCode.INPUT_BROKE}:
        nothing = ", nothing was sent" if ending.code is ExitCode.USAGE else ""
        nothing += " by this process" if nothing and ending.input_changed else ""
        return f"INPUT ERROR{by}{nothing}" if by else f"USAGE ERROR{nothing}"
    return "DONE"


def aside_in_words(aside: Aside) -> list[str]:
    """Return, for a head, what of the input is no record, or was not sent."""
    bad = [counted(aside.bad, "BAD LINE", "BAD LINES")] if aside.bad else []
    return bad + ([f"{aside.held:,} HELD BACK"] if aside.held else [])


def input_numbers(aside: Aside, read: int) -> dict[str, int]:
    """Return, for a document, how much was read of the input, and what of it never got to the run."""
    numbers = attrs.asdict(aside)
    end = numbers.pop("end")
    return {"read": read, **numbers, "bad": aside.bad + end}


def steps(report: Report) -> list[Step]:
    """Return what to do next."""
    return [] if report.ending.code is ExitCode.OK else list(_steps(report))


def _steps(report: Report) -> Iterator[Step]:
    ending, counts = report.ending, report.ending.outcome.counts
    stopped = ending.code in {ExitCode.STOPPED, ExitCode.INPUT_BROKE}
    if report.journal is not None and ending.input_changed:
        yield Step("put the input back as it was, and go on", resuming(report.journal))
        yield Step(_ANEW + (_HARMLESS if _may_be_repeated(report) else _TWICE))
        return
    if report.journal is not None and ending.code is not ExitCode.SOME_FAILED:
        # What did not succeed is in no file yet. A call that is wrong says itself what to do.
        if stopped or (ending.by and ending.taken):
            yield Step(_before_going_on(ending, "go on"), resuming(report.journal))
        return
    if stopped and ending.taken:
        yield _go_on(report)
    if report.rejected and not (report.lost.get("rejects") and _may_be_repeated(report)):
        yield _rejects(report, later=2 if stopped else 1)
    if counts.unknown + ending.aside.held:
        yield Step(_UNREAD if report.what.startswith("read ") else _in_doubt(report))


def _in_doubt(report: Report) -> str:
    if _may_be_repeated(report):
        return "what is UNKNOWN may have been written: to load it once more does no harm"
    places = " and ".join(report.proofs)
    first = f"in {places}, where the rows of some may stand, and then " if places else ""
    return f"what is UNKNOWN may have been written: look for it {first}in the account before it is created again"


def _go_on(report: Report) -> Step:
    """Return how the rest is loaded: what was never taken in, and what is open and stands in no file."""
    ending, begin = report.ending, report.ending.taken
    if lost := report.lost.get("rejects"):
        rows = f"{counted(lost, 'row')} that did not succeed could not be written to the rejects"
        if not _may_be_repeated(report):
            return Step(
                f"{rows}: find out which of the first {counted(ending.taken, 'record')} are neither there nor in the"
                " account. Another time give --journal FILE to go on"
            )
        return Step(f"{rows}: load the whole input again", _the_rest(report, ending.aside.skipped))
    if ending.first_open is not None and report.files.get("rejects") is None:
        begin = ending.aside.skipped + ending.first_open
        if not _may_be_repeated(report):
            return Step(
                f"of the first {counted(ending.taken, 'record')}, those from record {begin + 1:,} on were written in"
                " part, and what was not is in no file: find out which. Another time give --rejects FILE, or"
                " --journal FILE to go on"
            )
    rest = _the_rest(report, begin)
    then = (
        "load the rest" if rest else f"load what comes after the first {counted(begin, 'record')}"
    )
    return Step(_before_going_on(ending, then), rest)


def _may_be_repeated(report: Report) -> bool:
    return report.what.partition(" ")[0] in _MAY_BE_REPEATED


def _before_going_on(ending: Ending, then: str) -> str:
    if ending.code in {ExitCode.INPUT_BROKE, ExitCode.USAGE} and ending.by:
        return f"mend {ending.by}, and {then}"
    return then


def _the_rest(report: Report, begin: int) -> Typed | None:
    """Return the command for the records after so many of the input, where they can be read again."""
    typed = report.typed
    if typed is None or "-" in typed.arguments:
        return None
    rest = _with_new_files(typed, report, later=1).without("--skip")
    rest = rest.having("--skip", str(begin)) if begin else rest
    limit = typed.value("--limit")
    if limit is None:
        return rest
    left = int(limit) - begin + report.ending.aside.skipped
    return rest.having("--limit", str(left)) if left > 0 else None


def _rejects(report: Report, *, later: int) -> Step:
    path, typed = report.files.get("rejects"), report.typed
    if path is None:
        return Step("to have the rows that did not succeed in a file, give --rejects FILE")
    is_wrong = report.ending.outcome.counts.failed + report.ending.aside.bad
    why = f"mend the rows in {path}, and load them" if is_wrong else f"load the rows in {path}"
    if typed is None or path == "-":
        return Step(why)
    again = _with_new_files(
        typed.without("--skip", "--limit", "--format", "--encoding"), report, later=later
    )
    return Step(why, again.reading(path))


def _with_new_files(typed: Typed, report: Report, *, later: int) -> Typed:
    """Have rejects and results go to files of other names, so many further on: nothing is written over, or lost."""
    typed, used = typed.without("--force", "--append"), set[str]()
    for name in ("rejects", "results", "output"):
        path = report.files.get(name)
        if path is None or path == "-" or typed.value(f"--{name}") is None:
            continue
        free = (other for other in free_names(path) if other not in used)
        path = next(islice(free, later - 1, None))
        used.add(path)
        typed = typed.having(f"--{name}", path)
    if report.journal is not None and typed.value("--journal") is not None:
        typed = typed.having("--journal", free_name(report.journal))  # that one is finished
    return typed


def _lost(report: Report, name: str) -> dict[str, int]:
    lost = report.lost.get(name)
    return {"lost": lost} if lost else {}


def document(report: Report) -> dict[str, Any]:
    """Return what `--json` writes."""
    ending, progress = report.ending, report.ending.progress
    if report.has_no_account:
        return {
            **refusal(ending.message, ending.code),
            "by": ending.by,
            "command": report.what,
            "next": _next(report),
        }
    return {
        "ended": ENDED[ending.code],
        "exitCode": int(ending.code),
        "by": ending.by,
        "message": ending.message,
        "notes": [*report.warnings, *ending.notes],
        "command": report.what,
        "counts": attrs.asdict(ending.outcome.counts),
        "created": ending.created,
        "updated": ending.updated,
        "input": input_numbers(ending.aside, ending.read),
        "repeatedKeys": ending.repeated and attrs.asdict(ending.repeated),
        "reasons": [
            {
                "count": count,
                "status": str(reason.status),
                "category": reason.category,
                "message": reason.message,
                "examples": examples,
            }
            for count, reason, examples in ending.reasons.top(_REASONS)
        ],
        "files": {
            name: {"path": path, "rows": rows, **_lost(report, name)}
            for name, (path, rows) in report.written.items()
        },
        "requests": progress.requests,
        "retries": progress.retries,
        "seconds": round(progress.elapsed, 3),
        "next": _next(report),
    }


def _next(report: Report) -> list[dict[str, str | None]]:
    return [
        {"why": step.why, "command": None if step.command is None else str(step.command)}
        for step in steps(report)
    ]
