"""The end of a run on the screen: how it ended, a table of its records, the reasons, the files, what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table

from hubbatch._counted import counted
from hubbatch._printable import printable
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._following import Ending
from hubbatch.cli._reasons import Aside, Reasons
from hubbatch.cli._repeats import Places
from hubbatch.cli._screen import Screen, harmless, put
from hubbatch.cli._summary import Report, document, head, steps
from hubbatch.cli._typed_command import quoted

__all__ = ["aside_rows", "show", "table_of"]

_REASONS = 10
_MOST = 300
"""Characters of a reason; more is noise."""

_MEANING = {
    "succeeded": "the service said so for each of them",
    "failed": "refused; nothing was written",
    "unknown": "sent, and no trustworthy answer came",
    "unsent": "taken in and never sent",
}
_ASIDE = {
    "bad": ("bad lines", "no records"),
    "held": ("held back", "UNKNOWN in an earlier load, not sent again"),
    "end": ("bad line", "the end of the input, by --bad-lines stop"),
    "blank": ("blank rows", "passed over"),
    "skipped": ("skipped", "before the first record that was wanted"),
}


def show(screen: Screen, report: Report) -> None:
    """Show how a run has ended, and write it as JSON if that is wanted."""
    ending, console = report.ending, screen.report
    if ending.code is ExitCode.READER_GONE:  # it has had enough, and knows that
        return
    is_shown = not (screen.quiet and ending.code is ExitCode.OK)
    if is_shown:
        put(console, f"{head(report)}: {harmless(report.what)}")
        if not report.has_no_account:
            _show_account(console, report)
    screen.document(document(report))
    if is_shown and screen.report_failure is not None:
        screen.complain(f"cannot write the outcome: {screen.report_failure.strerror}")
    for note in ending.notes:
        screen.say(note)
    if ending.message:
        screen.complain(ending.message)
    for step in steps(report):
        put(console, f"next: {harmless(step.why)}{':' if step.command else ''}")
        if step.command is not None:
            _show_command(console, step.command.groups())


def _show_account(console: Console, report: Report) -> None:
    console.print(_table(report.ending))
    for line in _reasons(report.ending.reasons):
        put(console, line)
    for name, (path, rows) in report.written.items():
        lost = report.lost.get(name, 0)
        missing = f"; {counted(lost, 'row')} could not be written" if lost else ""
        put(console, f"{name}: {harmless(path)} ({counted(rows, 'row')}{missing})")


def _table(ending: Ending) -> Table:
    counts = ending.outcome.counts
    states = [
        (state, getattr(counts, state), (state == "succeeded" and _new(ending)) or meaning)
        for state, meaning in _MEANING.items()
    ]
    repeated = ending.repeated or Places()
    # Keys that earlier processes have seen are kept nowhere.
    whose = " of this process" if ending.progress.settled_earlier else ""
    beside = [("repeated keys", repeated, f"the key of an earlier one{whose} ({repeated.shown})")]
    return table_of([*states, *aside_rows(ending.aside)], ending.read, _cost(ending), beside)


def aside_rows(aside: Aside) -> Iterator[tuple[str, int, str]]:
    """Give the rows of a table that stand for what of the input never gets to the run."""
    for name, (what, meaning) in _ASIDE.items():
        if number := getattr(aside, name):
            yield what, number, meaning


def table_of(
    parts: Iterable[tuple[str, int, str]],
    read: int,
    cost: str,
    of_these: Iterable[tuple[str, Places, str]],
) -> Table:
    """Return a table whose first rows sum up to what was read; below are numbers that count records once more."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("input", no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("meaning", style="dim")
    for what, number, meaning in parts:
        table.add_row(what, f"{number:,}", meaning)
    table.add_section()
    table.add_row("read", f"{read:,}", cost)
    table.add_section()
    for what, places, meaning in of_these:
        if places.count:
            table.add_row(what, f"{places.count:,}", meaning)
    return table


def _new(ending: Ending) -> str:
    parts = [
        f"{number:,} {what}"
        for number, what in ((ending.created, "created"), (ending.updated, "updated"))
        if number
    ]
    if parts and ending.created + ending.updated < ending.outcome.counts.succeeded:
        parts.append(
            "of the others it is not known"
        )  # sent by an earlier process, or by a lost request
    return ", ".join(parts)


def _cost(ending: Ending) -> str:
    progress = ending.progress
    counts = ending.outcome.counts
    # Only what this process has done: its seconds and requests are no others' either.
    settled = max(0, counts.total - counts.unsent - progress.settled_earlier)
    rate = settled / max(progress.elapsed, 1e-9)
    return (
        f"{progress.elapsed:.1f} s, {rate:,.0f} records/s,"
        f" {counted(progress.requests, 'request')},"
        f" {counted(progress.retries, 'retry', 'retries')}"
    )


def _reasons(reasons: Reasons) -> Iterator[str]:
    for count, reason, examples in reasons.top(_REASONS):
        said = (
            f"{reason.category}: {reason.message or 'various'}"
            if reason.category
            else "the run had ended"
        )
        yield f"{count:,} × {reason.status.lower()}: {printable(said, _MOST)} (e.g. {examples})"
    if len(reasons) > _REASONS:
        yield f"and {len(reasons) - _REASONS} more reasons"


def _show_command(console: Console, groups: Iterable[tuple[str, ...]]) -> None:
    """Write a command as it can be typed or copied: on a narrow terminal it goes on in further lines."""
    lines = ["  "]
    for group in map(quoted, groups):
        fits = len(lines[-1]) + len(group) + len(" \\") <= console.width
        if not fits and lines[-1].strip() and console.is_terminal:
            lines[-1] += "\\"
            lines.append("    ")
        lines[-1] += f"{printable(group)} "
    for line in lines:
        console.print(line.rstrip(), soft_wrap=True)
