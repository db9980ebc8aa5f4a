"""Progress of a run or a reading while it lasts: live on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column
from rich.text import Text

from hubbatch import Progress, RetryPolicy, UsageError
from hubbatch._counted import counted
from hubbatch.cli._screen import Screen

__all__ = [
    "Fraction",
    "Look",
    "Watched",
    "describe",
    "duration",
    "packed",
    "stopping",
    "watching",
]

Fraction = Callable[[], float | None]

LIVE_PERIOD = 0.2
LINE_PERIOD = 10.0
"""Seconds between two lines in a log."""
_LOOK_PERIOD = 0.5
"""Seconds between two looks where no more than a line is written now and then."""
_LONGEST_HOLD = RetryPolicy().max_wait
"""Seconds: when a run stops, what is held for longer is not waited for."""
_GAP = " · "


class Watched(Protocol):
    """What has a progress: a run, or a reading."""

    @property
    def progress(self) -> Progress:
        """How far it is; raises `UsageError` before its start."""


@asynccontextmanager
async def watching(
    run: Watched,
    screen: Screen,
    fraction: Fraction = lambda: None,
    *,
    what: str = "",
) -> AsyncIterator[None]:
    """Show the progress of a run until the block is left.

    `fraction`: how much of the input was read, where the run does not know how many records there are. `what`: what the
    run does, in a word or two.
    """
    if screen.quiet:
        yield
        return
    look = Look(run, fraction)
    show = _live if screen.err.is_terminal else _lines
    task = asyncio.create_task(show(look, screen.err, what))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class Look:
    """Looks at a run again and again, and says what is to be seen."""

    def __init__(self, run: Watched, fraction: Fraction) -> None:
        self._run = run
        self._fraction = fraction
        self.done = 0
        self.total: int | None = None
        """Records that there are: a guess while a file is read."""
        self.parts: Sequence[str] = ()
        """What is to be said, each part of it to be kept on one line."""

    def again(self) -> None:
        """Look now."""
        try:
            progress = self._run.progress
        except UsageError:  # it has not started
            return
        fraction = self._fraction()
        guessed = progress.total is None and bool(fraction)
        self.total = (
            round(progress.counts.total / fraction) if guessed and fraction else progress.total
        )
        self.done = progress.settled
        self.parts = describe(progress, self.total, guessed=guessed)


def describe(progress: Progress, total: int | None, *, guessed: bool = False) -> list[str]:
    """Put a snapshot into words; `total`: how many records there are, perhaps guessed."""
    of = "" if total is None else f" of {'about ' if guessed else ''}{total:,}"
    noun = "record" if (progress.settled if total is None else total) == 1 else "records"
    share = f" ({progress.settled / total:.0%})" if total else ""
    parts = [
        f"{progress.settled:,}{of} {noun}{share}",
        f"{progress.recent_records_per_second:,.0f}/s",
    ]
    if not progress.is_unlimited:
        parts.append(
            f"quota {progress.quota_used} of {progress.quota} per {progress.quota_period:g} s"
        )
    if progress.in_flight:
        parts.append(f"{progress.in_flight:,} in flight")
    if progress.retries:
        parts.append(counted(progress.retries, "retry", "retries"))
    if progress.counts.failed:
        parts.append(f"{progress.counts.failed:,} failed")
    if progress.service_down:
        parts.append("circuit breaker open: HubSpot fails, one request at a time tries it")
    if progress.hold >= 1:
        parts.append(f"all requests held for {duration(progress.hold)}")
    left = None if total is None else progress.seconds_left(total)
    if left is not None and progress.settled:
        parts.append(f"ETA {duration(left)}")
    return parts


def stopping(by: str, progress: Progress) -> str:
    """Say that a run stops, and for how long that may take if what is in flight has to wait for the quota."""
    said = f"stopping: {by} has come, and what is in flight settles"
    if not (progress.in_flight and 1 <= progress.hold <= _LONGEST_HOLD):
        return f"{said}; once more cancels it"
    used_up = progress.quota_used >= progress.quota and progress.hold <= progress.quota_period
    why = "the quota is used up" if used_up else "HubSpot has asked for a pause"
    return (
        f"{said}. That may take {duration(progress.hold)} and more, for {why}; {by} once more cancels it, and what has"
        " no answer by then is left in doubt"
    )


def duration(seconds: float) -> str:
    """Return seconds as people read them: 7 s, 2:05, 1:06:38."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


async def _live(look: Look, console: Console, what: str) -> None:
    bar = _bar(console)
    task = bar.add_task(what, total=None)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            look.again()
            bar.update(task, completed=look.done, total=look.total)
            live.update(_Both(bar, look.parts), refresh=True)
            await asyncio.sleep(LIVE_PERIOD)


async def _lines(look: Look, console: Console, what: str) -> None:
    head = f"{what}: " if what else ""
    due = LINE_PERIOD
    while True:
        await asyncio.sleep(min(_LOOK_PERIOD, LINE_PERIOD))
        look.again()
        due -= _LOOK_PERIOD
        if due <= 0:
            due = LINE_PERIOD
            console.print(head + _GAP.join(look.parts), soft_wrap=True)


def _bar(console: Console) -> Bar:
    return Bar(
        TextColumn("{task.description}", markup=False, table_column=_whole(max_width=30)),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TaskProgressColumn(table_column=_whole()),
        console=console,
        auto_refresh=False,
        expand=True,
    )


def _whole(max_width: int | None = None) -> Column:
    return Column(no_wrap=True, overflow="ellipsis", max_width=max_width)


class _Both:
    """A bar, and below it what is said of it."""

    def __init__(self, bar: RenderableType, parts: Iterable[str]) -> None:
        self._bar = bar
        self._parts = parts

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        yield self._bar
        yield from (Text(line) for line in packed(self._parts, options.max_width))


def packed(parts: Iterable[str], width: int) -> list[str]:
    """Put parts on lines of so many characters; no part is torn, unless it is longer than a line."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(_GAP) + len(part) <= width:
            lines[-1] += _GAP + part
        else:
            lines.append(part)
    return lines
