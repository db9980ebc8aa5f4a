"""The file of a journal: how large it is, what it says of what cannot be read, and that a full disk loses nothing."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from journal_support import LOAD, begun, copied, failure, made, seen

from hubbatch import HubbatchError, RecordStatus, UsageError
from hubbatch.journal import Journal, JournalCounts, JournalError, RecordState, delete, read
from hubbatch.journal._errors import plain
from hubbatch.journal._lock import Lock, is_locked
from hubbatch.journal._pending import Pending
from hubbatch.journal._states import RecordEvent
from hubbatch.journal._store import Store
from hubbatch.journal._tries import Try


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "load.journal")


def names(path: str) -> list[str]:
    """Return the names of all files beside a journal."""
    return sorted(each.name for each in Path(path).parent.iterdir())


async def few(journal: Journal) -> None:
    """Send 300 records, of which 200 succeed."""
    for first in (0, 100, 200):
        await journal.before_sending(range(first, first + 100))
    journal.settled(range(200), RecordStatus.SUCCEEDED)


@pytest.mark.parametrize("failing", [0, 10, 50])
def test_a_settled_record_takes_less_than_40_bytes(path: str, failing: int) -> None:
    """200,000 records in batches of 100, settled in any order; written in few transactions, to be cheap."""
    draw = random.Random(failing)
    store = Store(path)
    pending = Pending(store.load())
    pending.describe(LOAD, "{}")
    batches = [range(first, first + 100) for first in range(0, 200_000, 100)]
    for batch in batches:
        pending.sent(batch, 1.7e9)
    draw.shuffle(batches)
    for at, batch in enumerate(batches):
        bad = set(draw.sample(batch, failing))
        pending.note(RecordEvent.FAILED, sorted(bad))
        pending.note(RecordEvent.SUCCEEDED, [each for each in batch if each not in bad])
        if at % 100 == 0:
            store.write(pending.take().changes)
    store.write(pending.take().changes)
    largest = sum(each.stat().st_size for each in Path(path).parent.iterdir())
    store.close()
    assert largest / 200_000 < 40
    assert Path(path).stat().st_size / 200_000 < 2
    assert read(path).counts == JournalCounts(200_000 - 2_000 * failing, 2_000 * failing)


def test_two_million_records_are_a_few_bytes_in_memory_once_they_are_alike(path: str) -> None:
    store = Store(path)
    pending = Pending(store.load())
    pending.sent(range(2_000_000), 1.0)
    store.write(pending.take().changes)
    store.close()
    assert read(path).counts == JournalCounts(in_doubt=2_000_000)
    store = Store(path)
    memory = store.load()
    store.close()
    assert memory.tries == [Try(0, 1_999_999, 1.0)]
    assert Path(path).stat().st_size < 100_000


FOREIGN = {
    "a text": b"email,firstname\na@x.com,Ada\n" * 20,
    "a short text": b"hello",
    "zeros": bytes(8192),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_of_another_kind_is_refused_and_stays(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)
    assert "give the journal a name of its own" in str(failure(path))
    with pytest.raises(JournalError):
        delete(path)
    assert Path(path).read_bytes() == content
    assert names(path) == ["load.journal"]


def test_another_programs_database_is_refused_and_stays(path: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE pages (page)")
    database.close()
    before = Path(path).read_bytes()
    assert "another program's SQLite database" in str(failure(path))
    with pytest.raises(JournalError):
        delete(path)
    assert Path(path).read_bytes() == before


def change(path: str, statement: str) -> None:
    database = sqlite3.connect(path)
    with database:
        database.execute(statement)
    database.close()


def test_a_journal_of_a_newer_version_is_refused_and_can_be_deleted(path: str) -> None:
    made(path, few)
    change(path, "PRAGMA user_version=2")
    assert "update hubbatch" in str(failure(path))
    delete(path)
    assert not Path(path).exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pages SET states = zeroblob(1000) WHERE page = 0",
        "UPDATE pages SET page = 7 WHERE page = 0",
        "UPDATE pages SET states = 'x'",
        "UPDATE tries SET at = 'x'",
        "UPDATE facts SET value = '[' WHERE name = 'description'",
        "INSERT INTO marks VALUES ('size', '[1]')",
        "INSERT INTO marks VALUES ('size', '1.5')",
        "INSERT INTO checkpoints VALUES (5, 'x')",
        "DROP TABLE tries",
        "PRAGMA user_version=0",
    ],
)
def test_what_no_journal_holds_is_damage(path: str, statement: str) -> None:
    made(path, few)
    change(path, statement)
    assert "is damaged" in str(failure(path))


def test_a_closed_journal_cut_anywhere_is_damage(path: str, tmp_path: Path) -> None:
    made(path, few)
    whole = Path(path).read_bytes()
    cut = copied(path, tmp_path / "cut")
    for size in {*range(1, 101, 9), *range(101, len(whole), 1021), 4096, len(whole) - 1}:
        Path(cut).write_bytes(whole[:size])
        assert "is damaged" in str(failure(cut))
    Path(cut).write_bytes(whole)
    assert read(cut).counts == JournalCounts(200, in_doubt=100)


def test_overwritten_pages_are_damage_or_change_nothing(path: str, tmp_path: Path) -> None:
    made(path, few)
    whole = Path(path).read_bytes()
    cut = copied(path, tmp_path / "cut")
    for start in range(0, len(whole), 512):
        Path(cut).write_bytes(whole[:start] + bytes(512) + whole[start + 512 :])
        try:
            assert read(cut).counts == JournalCounts(200, in_doubt=100)
        except JournalError:
            continue


def test_an_empty_file_becomes_a_journal(path: str) -> None:
    Path(path).touch()
    made(path, few)
    assert read(path).counts == JournalCounts(200, in_doubt=100)


def test_a_path_that_can_be_no_journal_is_the_callers_slip(tmp_path: Path) -> None:
    made(str(tmp_path / "real"), few)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="is a folder"):
        Journal(tmp_path).open()
    with pytest.raises(UsageError, match="is a symbolic link"):
        Journal(tmp_path / "link").open()
    for look in (read, delete):
        with pytest.raises(UsageError, match="is a symbolic link"):
            look(tmp_path / "link")
        with pytest.raises(UsageError, match="there is no journal"):
            look(tmp_path / "nothing")
    with pytest.raises(UsageError, match="path of a file"):
        Journal(7)  # type: ignore[arg-type]
    with pytest.raises(JournalError, match="needs a folder that exists"):
        Journal(tmp_path / "no" / "load.journal").open()
    (tmp_path / "new-wal").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="is a symbolic link"):
        Journal(tmp_path / "new").open()
    assert names(str(tmp_path / "x")) == ["link", "new-wal", "real"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that nobody may write to")
def test_a_folder_that_may_not_be_written_to_is_said_so() -> None:
    with pytest.raises(JournalError, match="may be written to"):
        Journal("/proc/load.journal").open()


def test_where_no_log_can_be_written_ahead_a_journal_works_too(path: str) -> None:
    """As on a network drive, where processes cannot share memory."""

    async def main() -> None:
        await asyncio.to_thread(os.mkdir, path + "-shm")
        journal = await begun(path)
        await few(journal)
        assert not await asyncio.to_thread(Path(path + "-wal").exists)
        await journal.before_sending([300])
        assert (await seen(path)).counts == JournalCounts(200, in_doubt=101)
        await journal.end(complete=False)
        again = await begun(path)
        assert list(again.contents.ranges(RecordState.IN_DOUBT)) == [(200, 300)]
        await again.end(complete=True)

    asyncio.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit to the size of files")
def test_a_full_disk_is_said_and_loses_nothing(path: str) -> None:
    import resource  # noqa: PLC0415 (not everywhere)

    async def main() -> int:
        journal = await begun(path)
        noted = 0
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            with pytest.raises(JournalError, match="disk"):
                for first in range(0, 100_000, 100):
                    await journal.before_sending(range(first, first + 100))
                    noted = first + 100
                    journal.settled(range(first, first + 50), RecordStatus.SUCCEEDED)
            journal.settled(range(noted, noted + 100), RecordStatus.UNSENT)
            with pytest.raises(JournalError, match="the disk"):
                await journal.end(complete=False)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return noted

    noted = asyncio.run(main())
    assert noted >= 100
    contents = read(path)
    assert all(
        contents.state(position) in {RecordState.IN_DOUBT, RecordState.SUCCEEDED}
        for position in range(noted)
    )
    assert contents.counts.succeeded >= noted / 2 - 50
    made(path, few)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit to the size of files")
def test_after_room_was_made_what_could_not_be_written_is(path: str) -> None:
    import resource  # noqa: PLC0415 (not everywhere)

    async def main() -> None:
        journal = await begun(path)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            journal.checkpoint(300, b"digest")
            with pytest.raises(JournalError, match="disk"):
                await few(journal)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        journal.settled(range(50), RecordStatus.UNSENT)
        await journal.before_sending([1000])
        assert (await seen(path)).counts == JournalCounts(in_doubt=51)
        await journal.end(complete=False)

    asyncio.run(main())
    assert list(read(path).ranges(RecordState.IN_DOUBT)) == [(50, 99), (1000, 1000)]
    with Journal(path) as journal:
        earlier = journal.earlier(50)
        assert earlier is not None
        assert earlier.since > 1e9
        assert journal.checkpoints() == {300: b"digest"}


def test_a_disk_that_is_full_at_once_leaves_no_rubbish(path: str) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(JournalError, match="disk"):
            Journal(path).open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(path) == []


def test_whatever_sqlite_says_is_an_error_of_ours_that_names_the_file() -> None:
    codes = [getattr(sqlite3, name) for name in dir(sqlite3) if name.startswith("SQLITE_")]
    for code in [*codes, None]:
        error = sqlite3.OperationalError("words")
        if isinstance(code, int):
            error.sqlite_errorcode = code
        made_of_it = plain(error, "my.journal")
        assert isinstance(made_of_it, HubbatchError)
        assert "my.journal" in str(made_of_it)


def test_a_lock_that_is_given_back_twice_leaves_that_of_the_next_process_alone(path: str) -> None:
    first = Lock(path)
    first.release()
    second = Lock(path)
    first.release()
    assert is_locked(path)
    with pytest.raises(JournalError, match="in use by another process"):
        Lock(path)
    second.release()
    assert not is_locked(path)


HAS_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x4000_0002)
    except OSError:
        sys.exit(7)
"""
"""Tries to lock, in another process, the bytes of a file that SQLite locks when it reads."""


def test_one_who_looks_in_the_process_that_writes_takes_no_lock_from_it(path: str) -> None:
    pytest.importorskip("fcntl")
    command = [sys.executable, "-IS", "-c", HAS_LOCK, path]
    store = Store(path)
    assert subprocess.run(command, check=False).returncode == 7

    assert read(path) is not None

    assert subprocess.run(command, check=False).returncode == 7
    store.close()
    assert subprocess.run(command, check=False).returncode == 0
    assert not read(path).description
