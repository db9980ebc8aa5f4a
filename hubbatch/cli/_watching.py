"""Progress of a run while it lasts: live on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from hubbatch import Progress, Run
from hubbatch.cli._screen import Screen

__all__ = ["describe", "watching"]

Fraction = Callable[[], float | None]

LIVE_PERIOD = 0.2
LINE_PERIOD = 2.0
"""Seconds between lines; in a log, a run of more than a minute says less."""
_LONG = 60.0
_LONG_PERIOD = 10.0


@asynccontextmanager
async def watching(run: Run, screen: Screen, fraction: Fraction) -> AsyncIterator[None]:
    """Show the progress of a run that has started, until the block is left."""
    if screen.quiet:
        yield
        return
    show = _live if screen.err.is_terminal else _lines
    task = asyncio.create_task(show(run, screen.err, fraction))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _live(run: Run, console: Console, fraction: Fraction) -> None:
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(Text(describe(run.progress, fraction())), refresh=True)
            await asyncio.sleep(LIVE_PERIOD)


async def _lines(run: Run, console: Console, fraction: Fraction) -> None:
    while True:
        await asyncio.sleep(_LONG_PERIOD if run.progress.elapsed > _LONG else LINE_PERIOD)
        console.print(describe(run.progress, fraction()), soft_wrap=True)


def describe(progress: Progress, fraction: float | None = None) -> str:
    """Put a snapshot into one line; `fraction` is how much of a file has been read."""
    counts = progress.counts
    total, about = progress.total, ""
    if total is None and fraction:
        total, about = round(counts.total / fraction), "about "
    parts = [
        f"{progress.settled:,}" + (f" of {about}{total:,}" if total else "") + " records",
        f"{progress.records_per_second:,.0f}/s",
        f"quota {progress.quota_used}/{progress.quota} per {progress.quota_period:g} s",
        f"{progress.retries:,} retries",
    ]
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    if progress.in_flight:
        parts.append(f"{progress.in_flight:,} in flight")
    if progress.service_down:
        parts.append("the service is down: probing")
    elif total and progress.settled:
        left = max(0, total - progress.settled) / max(progress.records_per_second, 1e-9)
        parts.append(f"ETA {_duration(left)}")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
