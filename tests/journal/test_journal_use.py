"""A journal as a run and a front end use it: what is noted is there for the next process, and for one at a time."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from journal_support import LOAD, begun, seen

from hubbatch import RecordStatus, UsageError
from hubbatch._records.journal import Earlier, RunJournal
from hubbatch.journal import (
    Journal,
    JournalCounts,
    JournalError,
    RecordState,
    Settled,
    delete,
    in_use,
    read,
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "load.journal")


def modes(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


async def test_what_a_process_noted_is_there_for_the_next_one(path: str) -> None:
    journal: RunJournal = await begun(path)
    await journal.before_sending(range(10))
    await journal.before_sending([20, 22, 21])
    journal.settled(range(5), RecordStatus.SUCCEEDED)
    journal.settled([5], RecordStatus.FAILED)
    journal.settled([6], RecordStatus.FAILED, retryable=True)
    journal.settled([7, 30], RecordStatus.UNSENT)
    journal.settled([8], RecordStatus.UNKNOWN)
    journal.settled([9], RecordStatus.UNKNOWN, retryable=True)
    await journal.end(complete=False)

    again = await begun(path)
    left = [again.earlier(position) for position in range(40)]
    assert left[:5] == [Earlier(RecordStatus.SUCCEEDED)] * 5
    assert left[5] == Earlier(RecordStatus.FAILED)
    assert left[6:8] == [None, None]
    assert left[8] == Earlier(RecordStatus.UNKNOWN)
    for position in (9, 20, 21, 22):
        doubt = left[position]
        assert doubt is not None
        assert doubt.status is None
        assert doubt.since > 1e9
    assert [at for at, each in enumerate(left) if each is not None] == [*range(6), 8, 9, 20, 21, 22]
    assert again.counts == JournalCounts(5, 1, 1, 1, in_doubt=4)
    assert list(again.contents.ranges(RecordState.IN_DOUBT)) == [(9, 9), (20, 22)]
    await again.end(complete=True)
    assert (await seen(path)).complete


async def test_a_second_process_is_refused_and_may_look_into_it(path: str) -> None:
    journal = await begun(path)
    await journal.before_sending(range(3))
    with pytest.raises(JournalError, match="in use by another process"):
        await begun(path)
    with pytest.raises(JournalError, match="in use by another process"):
        await asyncio.to_thread(delete, path)
    assert (await seen(path)).counts == JournalCounts(in_doubt=3)
    assert await asyncio.to_thread(in_use, path)
    await journal.end(complete=False)
    assert not await asyncio.to_thread(in_use, path)
    await (await begun(path)).end(complete=False)


async def test_a_journal_is_one_file_of_its_owner_and_leaves_nothing(
    path: str, tmp_path: Path
) -> None:
    journal = await begun(path)
    await journal.before_sending(range(3))
    if sys.platform != "win32":
        assert set(modes(tmp_path).values()) == {0o600}
    await journal.end(complete=False)
    assert list(modes(tmp_path)) == ["load.journal"]
    await asyncio.to_thread(delete, path)
    assert not modes(tmp_path)


async def test_another_load_is_refused_with_what_differs(path: str) -> None:
    journal = await begun(
        path, id_property="email", path="/contacts", fields={"lifecyclestage": "secret"}
    )
    await journal.before_sending([0])
    await journal.end(complete=False)
    with pytest.raises(UsageError, match="it is of create contacts, this is update deals"):
        await begun(path, endpoint="update", object_type="deals", path="/deals")
    with pytest.raises(UsageError, match="its id property is email, here it is phone") as caught:
        await begun(path, id_property="phone", fields={"lifecyclestage": "other"})
    assert "it was begun with other fields" in str(caught.value)
    assert "secret" not in str(caught.value)
    # What is not known is not compared, and kept once it is.
    known = await begun(path, account=7)
    await known.end(complete=False)
    with pytest.raises(UsageError, match="its account is 7, here it is 8"):
        await begun(path, account=8)
    await (await begun(path)).end(complete=False)


async def test_a_journal_of_nothing_may_become_another_loads(path: str) -> None:
    await (await begun(path)).end(complete=False)
    await (await begun(path, endpoint="update")).end(complete=False)
    assert (await seen(path)).description["endpoint"] == "update"


async def test_a_journal_of_nothing_knows_no_source_either(path: str) -> None:
    journal = await begun(path)
    journal.checkpoint(1000, b"first")
    journal.checkpoint(1200, b"last")
    await journal.before_sending(range(100))
    journal.settled(range(100), RecordStatus.UNSENT)
    await journal.end(complete=False)

    again = await begun(path)
    assert again.checkpoints() == {}, "nothing was sent: the source may be mended"
    again.checkpoint(1200, b"mended")
    await again.before_sending(range(100))
    await again.end(complete=False)
    last = await begun(path)
    assert last.checkpoints() == {1200: b"mended"}
    await last.end(complete=False)


async def test_what_is_not_acknowledged_stays_in_doubt(path: str) -> None:
    journal = Journal(path, acknowledged=True, checks_source=False, description={"rejects": "a"})
    assert not journal.checks_source
    assert (await asyncio.to_thread(journal.open)).marks == {}
    await journal.begin(LOAD)
    await journal.before_sending(range(10))
    journal.settled(range(5), RecordStatus.SUCCEEDED)
    journal.settled([5], RecordStatus.FAILED)
    journal.settled([6], RecordStatus.UNSENT)
    journal.settled([7], RecordStatus.FAILED, retryable=True)
    done = [
        Settled([0, 1], RecordStatus.SUCCEEDED),
        Settled([5], RecordStatus.FAILED),
    ]
    await asyncio.to_thread(journal.acknowledge, done, {"results": 120, "tail": "ab12"})
    assert (await seen(path)).marks == {"results": 120, "tail": "ab12"}
    await journal.end(complete=True)
    await asyncio.to_thread(
        journal.acknowledge, [Settled([2], RecordStatus.SUCCEEDED)], {"results": 180}
    )
    await asyncio.to_thread(journal.close)
    found = await seen(path)
    assert found.complete
    assert found.marks == {"results": 180, "tail": "ab12"}
    assert found.description == {**LOAD, "rejects": "a"}
    assert list(found.ranges(RecordState.SUCCEEDED)) == [(0, 2)]
    assert list(found.ranges(RecordState.FAILED)) == [(5, 5)]
    assert next(found.ranges(RecordState.NEVER_SENT)) == (6, 6)
    assert list(found.ranges(RecordState.IN_DOUBT)) == [(3, 4), (8, 9)]
    with pytest.raises(JournalError, match="is closed"):
        journal.acknowledge([])


async def test_digests_of_the_source_are_kept_by_the_thousand_and_the_last(path: str) -> None:
    journal = await begun(path)
    for records in (100, 1000, 1500, 2000, 2300, 2400):
        journal.checkpoint(records, f"digest {records}".encode())
        await journal.before_sending([records])
    await journal.end(complete=False)
    again = await begun(path)
    assert again.checkpoints() == {n: f"digest {n}".encode() for n in (1000, 2000, 2400)}
    again.checkpoint(2500, b"new")
    await again.end(complete=False)
    last = await begun(path)
    assert sorted(last.checkpoints()) == [1000, 2000, 2500]
    await last.end(complete=False)


def test_to_open_and_close_a_journal_changes_nothing_of_it(path: str, tmp_path: Path) -> None:
    async def load() -> None:
        journal = await begun(path)
        await journal.before_sending(range(3))
        journal.settled(range(3), RecordStatus.SUCCEEDED)
        await journal.end(complete=True)

    asyncio.run(load())
    with Journal(path) as journal:
        assert journal.contents.complete
        assert journal.open().counts == journal.contents.counts == JournalCounts(succeeded=3)
    assert read(path).complete
    with Journal(tmp_path / "new") as journal:
        assert journal.counts == JournalCounts()
    journal.close()
    assert list(modes(tmp_path)) == ["load.journal"]


async def test_two_runs_at_a_time_cannot_write_to_one_journal(path: str) -> None:
    journal = await begun(path)
    with pytest.raises(UsageError, match="a run writes to the journal"):
        await journal.begin(LOAD)
    await journal.end(complete=True)
    await journal.begin(LOAD)
    assert not (await seen(path)).complete
    await journal.end(complete=True)


def transactions(path: str) -> int:
    """Return how many transactions a journal's log holds: the last page of each says how large the file is then."""
    log = Path(path + "-wal").read_bytes()
    return sum(log[at + 4 : at + 8] != bytes(4) for at in range(32, len(log), 24 + 4096))


async def test_many_who_wait_share_a_transaction(path: str) -> None:
    journal = await begun(path)
    before = await asyncio.to_thread(transactions, path)
    await asyncio.gather(*(journal.before_sending([position]) for position in range(100)))
    assert 1 <= await asyncio.to_thread(transactions, path) - before <= 10
    assert (await seen(path)).counts.in_doubt == 100
    await journal.end(complete=False)


async def test_one_who_waits_no_more_harms_nobody(path: str) -> None:
    journal = await begun(path)
    waiting = [asyncio.ensure_future(journal.before_sending([at])) for at in range(20)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[1::2] == [None] * 10
    journal.settled([*range(0, 20, 2)], RecordStatus.UNSENT)
    await journal.end(complete=False)
    found = await seen(path)
    in_doubt = [(at, at) for at in range(1, 20, 2)]
    assert list(found.ranges(RecordState.IN_DOUBT)) == in_doubt


async def test_a_run_that_is_cancelled_while_it_begins_leaves_the_journal_free(path: str) -> None:
    for turns in range(4):
        journal = Journal(path)
        task = asyncio.ensure_future(journal.begin(LOAD))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while await asyncio.to_thread(in_use, path):
            pass
    await (await begun(path)).end(complete=False)


@pytest.mark.parametrize("name", ["a ?b#c%41.journal", "ä\udce4.journal", "-wal"])
def test_a_journal_may_have_any_name_and_the_program_may_go_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        Path(name).touch()
    except (OSError, UnicodeError):
        pytest.skip("no file can have this name here")
    journal = Journal(name)
    journal.open()
    assert in_use(name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    journal.acknowledge([Settled([1], RecordStatus.SUCCEEDED)], {"size": 1})
    journal.close(complete=True)
    monkeypatch.chdir(tmp_path)
    assert read(name).complete
    assert sorted(modes(tmp_path)) == sorted([name, "elsewhere"])
    delete(name)
    assert list(modes(tmp_path)) == ["elsewhere"]


async def test_what_a_journal_held_once_never_changes(path: str) -> None:
    journal = await begun(path)
    await journal.before_sending(range(5))
    before = journal.contents
    journal.settled(range(3), RecordStatus.SUCCEEDED)
    journal.settled([3], RecordStatus.UNKNOWN)
    await journal.before_sending(range(3_000, 5_000))
    after = journal.contents
    await journal.end(complete=True)

    assert before.counts == JournalCounts(in_doubt=5)
    assert list(before.ranges(RecordState.IN_DOUBT)) == [(0, 4)]
    assert before.state(0) is before.state(3) is RecordState.IN_DOUBT
    assert before.state(4_000) is RecordState.NEVER_SENT
    assert after.counts == JournalCounts(succeeded=3, unknown=1, in_doubt=2_001)
    assert not after.complete
    assert (await seen(path)).complete


async def test_what_is_done_to_a_value_of_a_journal_is_not_done_to_the_journal(path: str) -> None:
    journal = await begun(path, query={"a": "1"})
    found: Any = journal.contents
    for part in (found.description, found.marks):
        with pytest.raises(TypeError):
            part["verb"] = "archive"
    with pytest.raises(AttributeError):
        found.complete = True
    found.description["query"]["a"] = "2"

    assert journal.contents.description["query"] == {"a": "1"}
    await journal.end(complete=False)
    assert {name for name in dir(found) if not name.startswith("_")} == {
        *("complete", "counts", "description", "empty", "marks", "ranges", "state")
    }
