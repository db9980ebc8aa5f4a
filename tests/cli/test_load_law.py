"""Rejects, results and blank rows are the input, each row as it was and in one of them, though a load is stopped.

Loads with a journal are stopped at a random moment, by each of the ways in which that happens, and gone on with.
"""

from __future__ import annotations

import csv
import errno
import io
import itertools
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partialmethod
from pathlib import Path

import pytest
from attrs import field, frozen, mutable
from cli_driver import Finished, hubbatch
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch._output.file import OutputFile
from hubbatch.journal import JournalError
from hubbatch.journal._store import Changes, Store
from hubbatch.sandbox import Sandbox

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
ROWS = {
    "good": "p{0}@b.cz,x{0}",
    "quoted": '"p{0}@b.cz","two\nlines, ""quoted"" {0}"',
    "refused": "no{0},x",
    "ragged": "ragged {0}",
    "blank": ",",
}
WRITE, NOTE = OutputFile.write, Store.write


class How(StrEnum):
    """How a load is stopped."""

    SIGNAL = "by one signal"
    CANCEL = "by two signals"
    KILL = "dead, between two writes"
    TORN = "dead, within a write"
    FULL = "as the disk of the files is full"
    JOURNAL_FULL = "as the disk of the journal is full"


@frozen
class Stop:
    """How a load is stopped, and at which of its writes to files and journal."""

    how: How
    at: int


def a_loop_has_signals() -> bool:
    handler = signal.getsignal(signal.SIGINT)
    return getattr(handler, "__module__", "") == "asyncio.unix_events"


@mutable
class Stopping:
    """Stops a load in `folder`; `dead` is what a process that dies leaves behind."""

    folder: Path
    stop: Stop
    dead: Path = field()
    _writes: Iterator[int] = field(factory=itertools.count)
    _due: bool = False

    def write(self, file: OutputFile, data: bytes) -> None:
        """Write to a file in place of `OutputFile.write`."""
        if self._is_due(How.FULL):
            raise file._failed(OSError(errno.ENOSPC, "No space left on device"))
        if self._is_due(How.TORN):
            WRITE(file, data[: len(data) // 2])
            self._die()
            data = data[len(data) // 2 :]
        WRITE(file, data)

    def note(self, store: Store, changes: Changes) -> None:
        """Write to a journal in place of `Store.write`."""
        if self._is_due(How.JOURNAL_FULL):
            raise JournalError("the disk is full")
        NOTE(store, changes)

    def _is_due(self, how: How) -> bool:
        """Count a write; do what can be done at any; say whether this one is to fail in this way."""
        if next(self._writes) >= self.stop.at:
            self._due, was_due = True, self._due
            if not was_due:
                self._begin()
        return self._due and self.stop.how is how and not self.dead.exists()

    def _begin(self) -> None:
        signals = {How.SIGNAL: 1, How.CANCEL: 2}.get(self.stop.how, 0)
        # Before and after the run a signal ends the process at once, which would be this one.
        for _ in range(signals if a_loop_has_signals() else 0):
            os.kill(os.getpid(), signal.SIGINT)
        if self.stop.how is How.KILL:
            self._die()

    def _die(self) -> None:
        shutil.copytree(self.folder, self.dead)


def _write(file: OutputFile, stopping: Stopping, data: bytes) -> None:
    stopping.write(file, data)


def _note(store: Store, stopping: Stopping, changes: Changes) -> None:
    stopping.note(store, changes)


@contextmanager
def stopped(folder: Path, stop: Stop) -> Iterator[None]:
    """Have a load stopped, and leave of it what there is then."""
    stopping = Stopping(folder, stop, folder.with_name("dead"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OutputFile, "write", partialmethod(_write, stopping))
        patch.setattr(Store, "write", partialmethod(_note, stopping))
        yield
    if stopping.dead.exists():
        shutil.rmtree(folder)
        stopping.dead.rename(folder)


def cells_of(path: Path) -> list[list[str]]:
    text = path.read_text("utf-8-sig") if path.exists() else ""
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def check(folder: Path, rows: list[str]) -> None:
    """Fail unless each row of the input stands in one of the files, once and as it was."""
    wanted = [row for row in rows if row != ","]
    paths = [folder / name for name in ("bad.csv", "done.csv")]
    texts = "".join(path.read_text("utf-8-sig") for path in paths if path.exists())
    for row in wanted:
        assert texts.count(f",{row}\n") == 1, row
    rejected, done = map(cells_of, paths)
    assert len(rejected) + len(done) == len(wanted)
    assert {cells[5][:2] for cells in rejected} <= {"no", "ra"}
    assert {cells[2][:1] for cells in done} <= {"p"}


def check_account(found: dict[str, object], folder: Path, *, exact: bool) -> None:
    """Fail unless the account is of the whole load, or a little short of what cannot be known after a kill."""
    counts, reasons = found["counts"], found["reasons"]
    assert isinstance(counts, dict)
    assert isinstance(reasons, list)
    assert counts["succeeded"] == len(cells_of(folder / "done.csv"))
    assert sum(each["count"] for each in reasons) == len(cells_of(folder / "bad.csv"))
    known = int(str(found["created"])) + int(str(found["updated"]))
    assert known <= counts["succeeded"]
    assert known == counts["succeeded"] or not exact


def test_stopped_in_any_way_and_gone_on_with_a_load_puts_each_row_into_one_file_once() -> None:
    with Sandbox(rate_limit=None, strict=True).in_thread() as sandbox:

        def load(folder: Path, *options: str) -> Finished:
            return hubbatch(
                *("upsert", "contacts", folder / "in.csv", "--id-property", "email", "--json"),
                *("--map", "n=city", "--base-url", sandbox.base_url, "--no-check"),
                *("--journal", folder / "load.journal", "--rejects", folder / "bad.csv"),
                *("--results", folder / "done.csv", "--rate", "10000/1", *options),
            )

        @settings(max_examples=150 if THOROUGH else 8, deadline=None)
        @given(
            kinds=st.lists(st.sampled_from(sorted(ROWS)), min_size=1, max_size=60),
            stops=st.lists(st.builds(Stop, st.sampled_from(How), st.integers(0, 12)), max_size=4),
            size=st.integers(1, 10),
        )
        def law(kinds: list[str], stops: list[Stop], size: int) -> None:
            rows = [ROWS[kind].format(number) for number, kind in enumerate(["good", *kinds])]
            with tempfile.TemporaryDirectory() as parent:
                folder = Path(parent) / "load"
                folder.mkdir()
                (folder / "in.csv").write_text("".join(f"{row}\n" for row in ["email,n", *rows]))
                for stop in stops:
                    with stopped(folder, stop):
                        load(folder, "--batch-size", str(size))
                last = load(folder, "--batch-size", str(size))
                assert last.code in {0, 1}, last.err
                check(folder, rows)
                if "counts" in (found := json.loads(last.out)):
                    exact = {stop.how for stop in stops} <= {How.SIGNAL}
                    check_account(found, folder, exact=exact)

        law()
