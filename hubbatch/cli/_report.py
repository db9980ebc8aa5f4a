"""The outcome of a run as a table, and below it the reasons why records did not succeed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hubbatch import Outcome, Progress
from hubbatch._printable import printable
from hubbatch.cli._reasons import Aside, Reasons

__all__ = ["show_outcome"]

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
    "bad": "bad lines, which are no records",
    "held": "UNKNOWN records of an earlier load, not sent again",
    "blank": "blank rows passed over",
    "skipped": "records skipped",
}


def show_outcome(
    console: Console, outcome: Outcome, progress: Progress, reasons: Reasons, aside: Aside
) -> None:
    """Write what became of every record, and at what cost."""
    table = Table(title=f"{outcome.status}", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("records")
    table.add_column("count", justify="right")
    table.add_column("meaning", style="dim")
    for state, meaning in _MEANING.items():
        table.add_row(state, f"{getattr(outcome.counts, state):,}", meaning)
    table.add_section()
    table.add_row("total", f"{outcome.counts.total:,}", _cost(progress))
    console.print(table)
    for name, what in _ASIDE.items():
        if count := getattr(aside, name):
            console.print(f"besides: {count:,} {what}", soft_wrap=True)
    _show_reasons(console, reasons)


def _cost(progress: Progress) -> str:
    return (
        f"{progress.elapsed:.1f} s, {progress.records_per_second:,.0f} records/s,"
        f" {progress.requests:,} requests, {progress.retries:,} retries"
    )


def _show_reasons(console: Console, reasons: Reasons) -> None:
    for count, reason, examples in reasons.top(_REASONS):
        said = (
            f"{reason.category}: {reason.message or 'various'}"
            if reason.category
            else "the run had ended"
        )
        text = Text(
            f"{count:,} × {reason.status.lower()}: {printable(said, _MOST)} (e.g. {examples})"
        )
        console.print(text, soft_wrap=True)
    if len(reasons) > _REASONS:
        console.print(f"and {len(reasons) - _REASONS} more reasons", soft_wrap=True)
