"""Whenever a process dies: what may have been sent is known, what was durable stays, nothing is made up."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_support import begun, copied, made, seen

from hubbatch import RecordStatus
from hubbatch.journal import (
    Contents,
    Journal,
    JournalCounts,
    JournalError,
    RecordState,
    in_use,
    read,
)

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
ENDS = {
    (RecordStatus.SUCCEEDED, False): RecordState.SUCCEEDED,
    (RecordStatus.FAILED, False): RecordState.FAILED,
    (RecordStatus.FAILED, True): RecordState.RETRYABLE,
    (RecordStatus.UNKNOWN, False): RecordState.UNKNOWN,
    (RecordStatus.UNKNOWN, True): RecordState.IN_DOUBT,
    (RecordStatus.UNSENT, True): RecordState.NEVER_SENT,
}


class NotedSoFar:
    """What was noted of each record, and what of it was durable."""

    def __init__(self) -> None:
        self.noted: dict[int, RecordState] = {}
        self.durable: dict[int, RecordState] = {}

    def allowed(self, position: int) -> set[RecordState]:
        """Return what a journal may have of a record after its process has died."""
        never = RecordState.NEVER_SENT
        return {self.noted.get(position, never), self.durable.get(position, never)}

    def check(self, contents: Contents) -> None:
        last = max(self.noted, default=0) + 5
        for position in range(last):
            assert contents.state(position) in self.allowed(position)
        held = [first for first, _ in contents.ranges(*set(RecordState) - {RecordState.NEVER_SENT})]
        assert max(held, default=0) < last
        self.noted = {at: contents.state(at) for at in self.noted}
        self.durable = dict(self.noted)


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 30), st.integers(1, 3)),
    st.tuples(st.just("settle"), st.integers(0, 60), st.sampled_from(sorted(ENDS, key=str))),
    st.tuples(st.just("kill"), st.just(0), st.just(0)),
    st.tuples(st.just("end"), st.just(0), st.just(0)),
)


class Process:
    """A load that is killed, ended and begun again, and what is known of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = str(folder / "load.journal")
        self.noted_so_far = NotedSoFar()
        self.following = 0
        self.own: set[int] = set()
        """What only the process of now has sent."""
        self.deaths = 0

    async def begin(self) -> None:
        self.journal = await begun(self.path)
        self.noted_so_far.check(self.journal.contents)
        for first, last in self.journal.contents.ranges(RecordState.IN_DOUBT):
            for position in range(first, last + 1):
                earlier = self.journal.earlier(position)
                assert earlier is not None
                assert earlier.since > 1e9
        self.own.clear()

    async def send(self, number: int, gap: int) -> None:
        positions = range(self.following, self.following + number * gap, gap)
        self.following += number * gap
        await self.journal.before_sending(positions)
        self.noted_so_far.noted.update(dict.fromkeys(positions, RecordState.IN_DOUBT))
        self.noted_so_far.durable = dict(self.noted_so_far.noted)
        self.own.update(positions)

    async def settle(self, number: int, end: tuple[RecordStatus, bool]) -> None:
        state = ENDS[end]
        changed = [
            position
            for position in range(max(self.following - number, 0), self.following)
            if self.noted_so_far.noted.get(position) is RecordState.IN_DOUBT
            and (position in self.own or not end[1])
        ]
        self.journal.settled(changed, end[0], retryable=end[1])
        self.noted_so_far.noted.update(dict.fromkeys(changed, state))
        self.own.difference_update(changed)

    async def kill(self, *_: object) -> None:
        self.deaths += 1
        killed = await asyncio.to_thread(copied, self.path, self.folder / str(self.deaths))
        await self.journal.end(complete=False)
        self.noted_so_far.check(await seen(killed))
        self.path = killed
        await self.begin()

    async def end(self, *_: object) -> None:
        await self.journal.end(complete=False)
        self.noted_so_far.durable = dict(self.noted_so_far.noted)
        self.noted_so_far.check(await seen(self.path))
        await self.begin()


@settings(max_examples=400 if THOROUGH else 12, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_after_a_kill_every_record_is_what_was_durable_of_it(steps: list[Any]) -> None:
    async def main(folder: Path) -> None:
        process = Process(folder)
        await process.begin()
        for name, *arguments in steps:
            await getattr(process, name)(*arguments)
        await process.kill()
        await process.journal.end(complete=False)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))


def states(contents: Contents) -> list[RecordState]:
    return [contents.state(position) for position in range(400)]


def cuts(first: int, last: int, step: int) -> Iterable[int]:
    return range(first, last) if THOROUGH else [*range(first, last, step), last - 1]


@frozen
class Killed:
    """A journal whose process was killed."""

    path: str
    before: list[RecordState]
    """What it held before its last transaction."""
    size: int
    """Of its log before that."""


@pytest.fixture
def killed(tmp_path: Path) -> Killed:
    async def main() -> Killed:
        path = str(tmp_path / "load.journal")
        journal = await begun(path)
        await journal.before_sending(range(100))
        before = await asyncio.to_thread(copied, path, tmp_path / "before")
        journal.settled(range(50), RecordStatus.SUCCEEDED)
        await journal.before_sending([101, 103, 300])
        killed = await asyncio.to_thread(copied, path, tmp_path / "killed")
        await journal.end(complete=False)
        size = await asyncio.to_thread(os.path.getsize, before + "-wal")
        return Killed(killed, states(await seen(before)), size)

    return asyncio.run(main())


def test_a_log_cut_at_any_byte_of_its_last_transaction_is_that_before(killed: Killed) -> None:
    path, before = killed.path, killed.before
    log = Path(path + "-wal")
    whole = log.read_bytes()
    after = states(read(path))
    assert after[:50] == [RecordState.SUCCEEDED] * 50
    assert after[103] is RecordState.IN_DOUBT
    assert before[:100] == [RecordState.IN_DOUBT] * 100
    found = []
    for cut in cuts(killed.size, len(whole), 61):
        for torn in (whole[:cut], whole[:cut] + bytes([whole[cut] ^ 0xFF]) + whole[cut + 1 :]):
            log.write_bytes(torn)
            Path(path + "-shm").unlink(missing_ok=True)
            found.append(states(read(path)))
            assert found[-1] in (before, after)
    assert before in found
    journal = Journal(path)
    assert states(journal.open()) in (before, after)
    journal.close()


def test_a_kill_while_the_log_is_folded_in_changes_nothing(killed: Killed, tmp_path: Path) -> None:
    path = killed.path
    after = states(read(path))
    old, log = Path(path).read_bytes(), Path(path + "-wal").read_bytes()
    other = copied(path, tmp_path / "other")
    journal = Journal(other)
    journal.open()
    journal.close()
    new = Path(other).read_bytes()
    assert states(read(other)) == after
    for cut in cuts(0, len(new), 509):
        torn = bytearray(new[:cut] + old[cut:])
        torn[18:20] = old[18:20]  # that there is a log is noted before it is written to
        Path(path).write_bytes(torn)
        Path(path + "-wal").write_bytes(log)
        Path(path + "-shm").unlink(missing_ok=True)
        assert states(read(path)) == after


def test_a_kill_in_a_transaction_without_a_log_is_put_back(path_without_log: str) -> None:
    """SQLite writes the pages of the file before the transaction ends, once its memory for them is small."""
    before = states(read(path_without_log))
    database = sqlite3.connect(path_without_log, isolation_level=None)
    database.execute("PRAGMA cache_size=1")
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE pages SET states = zeroblob(1000)")
    database.execute("UPDATE tries SET at = 5.0")
    database.execute("UPDATE facts SET value = zeroblob(9000)")
    folder = Path(path_without_log).parent
    torn = [copied(path_without_log, folder / name) for name in ("a", "b")]
    database.close()
    assert Path(torn[0]).read_bytes() != Path(path_without_log).read_bytes()
    assert states(read(torn[0])) == before
    journal = Journal(torn[1])
    assert states(journal.open()) == before
    journal.close()


def test_a_journal_whose_process_died_while_it_was_made_holds_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "load.journal")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA cache_size=1")
    database.execute("BEGIN IMMEDIATE")
    for number in range(20):
        database.execute(f"CREATE TABLE t{number} (x)")
    torn = [copied(path, tmp_path / name) for name in ("a", "b")]
    database.close()
    assert Path(torn[0] + "-journal").exists()
    assert not read(torn[0]).description
    assert not Path(torn[0] + "-journal").exists()
    journal = Journal(torn[1])
    assert journal.open().counts == JournalCounts()
    journal.close()


@pytest.fixture
def path_without_log(tmp_path: Path) -> str:
    path = str(tmp_path / "load.journal")

    async def steps(journal: Journal) -> None:
        for first in range(0, 300, 100):
            await journal.before_sending(range(first, first + 100))
        journal.settled(range(150), RecordStatus.SUCCEEDED)

    made(path, steps)
    return path


def test_one_who_looks_while_it_is_closed_does_no_harm(path_without_log: str) -> None:
    path = path_without_log

    async def main() -> None:
        journal = await begun(path)
        await journal.before_sending([350])
        found = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
        assert found.execute("SELECT count(*) FROM pages").fetchall() == [(1,)]
        await journal.end(complete=True)
        await asyncio.to_thread(found.close)

    asyncio.run(main())
    assert read(path).complete
    assert read(path).counts == JournalCounts(150, in_doubt=151)
    journal = Journal(path)
    assert journal.open().counts == JournalCounts(150, in_doubt=151)
    journal.close()
    assert [each.name for each in Path(path).parent.iterdir()] == ["load.journal"]


CHILD = """
import asyncio, sys
from hubbatch import RecordStatus
from hubbatch.journal import Journal

async def main():
    journal = Journal(sys.argv[1])
    await journal.begin({"verb": "create"})
    first = int(sys.argv[2])
    while True:
        await asyncio.gather(*(
            journal.before_sending(range(at, at + 100)) for at in range(first, first + 400, 100)
        ))
        print(first + 400, flush=True)
        journal.settled(range(first, first + 200), RecordStatus.SUCCEEDED)
        journal.settled([first + 210], RecordStatus.FAILED)
        first += 400

asyncio.run(main())
"""


def test_after_sigkill_the_next_process_has_the_journal_and_all_that_was_durable(
    tmp_path: Path,
) -> None:
    path, first = str(tmp_path / "load.journal"), 0
    for lines in (3, 40):
        command = [sys.executable, "-c", CHILD, path, str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(lines):
                durable = int(child.stdout.readline())
            assert in_use(path)
            with pytest.raises(JournalError, match="in use by another process"):
                Journal(path).open()
            child.kill()
            durable = max([durable, *map(int, child.stdout.read().split())])
        assert not in_use(path)
        contents = read(path)
        in_doubt = contents.counts.in_doubt
        for at in range(first, durable - 400, 400):
            found = [contents.state(position) for position in range(at, at + 400)]
            assert found[:200] == [RecordState.SUCCEEDED] * 200
            assert found[210] is RecordState.FAILED
            assert found[211:] == [RecordState.IN_DOUBT] * 189
        assert contents.state(durable - 1) is RecordState.IN_DOUBT
        assert contents.state(durable + 400) is RecordState.NEVER_SENT
        journal = Journal(path)
        assert journal.open().counts.in_doubt == in_doubt
        journal.close()
        first = durable + 400
