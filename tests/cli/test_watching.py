"""What is shown of a run while it lasts: its words, a bar on a terminal, lines in a log."""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hubbatch import Counts, Progress, UsageError
from hubbatch.cli._screen import Screen
from hubbatch.cli._watching import describe, duration, packed, stopping, watching
from hubbatch.testing import virtual_time

HALFWAY = Progress(
    counts=Counts(2_000, 990, 10, 100, 900),
    total=4_000,
    settled=1_000,
    in_flight=100,
    requests=11,
    retries=1,
    elapsed=2.0,
    quota_used=11,
    quota=190,
    quota_period=10.0,
)


def said(progress: Progress, total: int | None, *, guessed: bool = False) -> str:
    return " · ".join(describe(progress, total, guessed=guessed))


@pytest.mark.parametrize(
    ("changes", "total", "guessed", "line"),
    [
        (
            {"in_flight": 0},
            4_000,
            False,
            "1,000 of 4,000 records (25%) · 500/s · quota 11 of 190 per 10 s · 1 retry · 10 failed · ETA 6 s",
        ),
        (
            {"in_flight": 0, "quota": 1_000_000, "quota_period": 1.0, "retries": 0},
            4_000,
            False,
            "1,000 of 4,000 records (25%) · 500/s · 10 failed · ETA 6 s",
        ),
        (
            {"retries": 2, "counts": Counts(2_000, 2_000)},
            2_000_000,
            True,
            (
                "1,000 of about 2,000,000 records (0%) · 500/s · quota 11 of 190 per 10 s · 100 in flight"
                " · 2 retries · ETA 1:03:28"
            ),
        ),
        (
            {"settled": 0, "elapsed": 0.0, "counts": Counts(), "requests": 0, "retries": 0},
            None,
            False,
            "0 records · 0/s · quota 11 of 190 per 10 s · 100 in flight",
        ),
        (
            {"hold": 75.2, "in_flight": 0, "retries": 0, "counts": Counts()},
            4_000,
            False,
            "1,000 of 4,000 records (25%) · 500/s · quota 11 of 190 per 10 s · all requests held for 1:15 · ETA 1:21",
        ),
        (
            {"service_down": True, "in_flight": 1, "retries": 0, "counts": Counts()},
            4_000,
            False,
            (
                "1,000 of 4,000 records (25%) · 500/s · quota 11 of 190 per 10 s · 1 in flight"
                " · circuit breaker open: HubSpot fails, one request at a time tries it"
            ),
        ),
    ],
)
def test_progress_in_words(
    changes: dict[str, Any], total: int | None, guessed: bool, line: str
) -> None:
    assert said(attrs.evolve(HALFWAY, **changes), total, guessed=guessed) == line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "settles; once more cancels it"),
        ({"hold": 0.4}, "settles; once more cancels it"),
        ({"hold": 26.0, "in_flight": 0}, "settles; once more cancels it"),
        ({"hold": 46.0}, "settles; once more cancels it"),  # what is held so long is left at once
        ({"hold": 26.0}, "That may take 26 s and more, for HubSpot has asked for a pause"),
        ({"hold": 8.0, "quota_used": 190}, "That may take 8 s and more, for the quota is used up"),
        ({"hold": 26.0, "quota_used": 190}, "26 s and more, for HubSpot has asked for a pause"),
    ],
)
def test_a_stop_says_how_long_it_may_take_where_all_requests_are_held(
    changes: dict[str, Any], said: str
) -> None:
    assert said in stopping("Ctrl-C", attrs.evolve(HALFWAY, **changes))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1:00"), (3_600, "1:00:00"), (100_000, "27:46:40")],
)
def test_seconds_as_people_read_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(
    st.lists(st.text("ab ,", min_size=1, max_size=30), max_size=12),
    st.integers(1, 120),
)
def test_no_part_is_torn_and_no_line_too_long(parts: list[str], width: int) -> None:
    lines = packed(parts, width)

    assert " · ".join(lines) == " · ".join(parts)
    for line in lines:
        assert len(line) <= width or line in parts


class FakeRun:
    """A run that has started, or not."""

    def __init__(self, progress: Progress | None = HALFWAY) -> None:
        self._progress = progress

    @property
    def progress(self) -> Progress:
        if self._progress is None:
            raise UsageError("not started")
        return self._progress


def screen(*, terminal: bool, width: int = 80) -> tuple[Screen, io.StringIO]:
    made, shown = Screen(), io.StringIO()
    made.err = Console(
        file=shown, force_terminal=terminal, width=width, highlight=False, color_system=None
    )
    return made, shown


@virtual_time
async def test_without_a_terminal_there_is_one_whole_line_every_ten_seconds() -> None:
    made, shown = screen(terminal=False)

    async with watching(FakeRun(), made, what="upsert contacts"):
        await asyncio.sleep(35)

    lines = shown.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("upsert contacts: 1,000 of 4,000 records (25%) · ")
    assert "ETA" in lines[0]


@pytest.mark.parametrize("width", [40, 80, 120])
@virtual_time
async def test_on_a_terminal_a_bar_fits_the_width_and_is_gone_at_the_end(width: int) -> None:
    made, shown = screen(terminal=True, width=width)

    async with watching(FakeRun(), made, lambda: 0.5, what="upsert contacts"):
        await asyncio.sleep(1)

    last = shown.getvalue().split("upsert contacts")[-1]
    lines = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", last).replace("\r", "\n").splitlines()
    assert "━" in lines[0]
    assert lines[0].rstrip().endswith("25%")
    assert len("upsert contacts" + lines[0]) == width
    assert any("1,000 of 4,000 records (25%)" in line for line in lines)
    assert all(len(line) <= width for line in lines)
    assert last.rstrip().endswith("\x1b[2K")  # erased


@pytest.mark.parametrize("terminal", [True, False])
@virtual_time
async def test_a_run_that_has_not_started_has_nothing_to_show(terminal: bool) -> None:
    made, shown = screen(terminal=terminal)

    async with watching(FakeRun(None), made):
        await asyncio.sleep(11)

    assert "records" not in shown.getvalue()


@virtual_time
async def test_nothing_is_shown_if_it_is_to_be_quiet() -> None:
    made, shown = screen(terminal=True)
    made.quiet = True

    async with watching(FakeRun(), made):
        await asyncio.sleep(11)

    assert shown.getvalue() == ""
