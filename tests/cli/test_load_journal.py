"""The journal of a load that writes rows: what is in doubt at a kill has a bound, and a failure lets nobody wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbatch import RecordStatus
from hubbatch.cli._load_journal import LoadJournal
from hubbatch.journal import JournalError, RecordState, Settled, read


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[LoadJournal]:
    journal = LoadJournal(str(tmp_path / "load.journal"), bounded=True)
    await asyncio.to_thread(journal.open)
    await journal.begin({"endpoint": "create"})
    yield journal
    await asyncio.to_thread(journal.close)


ROUNDS = 20
"""More rounds of the event loop than anything takes that is let through: to be noted, it needs one."""


async def is_waiting(journal: LoadJournal, position: int) -> bool:
    """Say whether what is to be noted as sent is not even noted in memory, however long one waits."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)
    return journal.state(position) is RecordState.NEVER_SENT


async def test_no_more_than_800_records_may_be_in_doubt(journal: LoadJournal) -> None:
    for first in range(0, 800, 100):
        await journal.before_sending(range(first, first + 100))
    ninth = asyncio.create_task(journal.before_sending(range(800, 900)))
    assert await is_waiting(journal, 800)

    journal.settled(range(100), RecordStatus.SUCCEEDED)
    assert await is_waiting(journal, 800), "it succeeded, and its row is not on the disk yet"
    await asyncio.to_thread(
        journal.acknowledge, [Settled(range(100), RecordStatus.SUCCEEDED)], {"size": 7}
    )
    journal.release(range(100))
    await ninth
    assert journal.counts.in_doubt == 800

    tenth = asyncio.create_task(journal.before_sending(range(900, 1_000)))
    assert await is_waiting(journal, 900)
    journal.settled(range(100, 200), RecordStatus.UNKNOWN)
    await tenth
    assert (journal.counts.in_doubt, journal.counts.unknown) == (800, 100)


async def test_who_waits_hears_that_nothing_can_be_noted_any_more(journal: LoadJournal) -> None:
    await journal.before_sending(range(800))
    waiting = asyncio.create_task(journal.before_sending(range(800, 900)))
    assert await is_waiting(journal, 800)

    journal.fail(JournalError("the disk is full"))

    with pytest.raises(JournalError, match="the disk is full"):
        await waiting


async def test_the_last_marks_and_the_end_are_one_transaction(
    journal: LoadJournal, tmp_path: Path
) -> None:
    await journal.before_sending([0])
    await asyncio.to_thread(
        journal.acknowledge, [Settled([0], RecordStatus.FAILED)], {"rejects size": 5}
    )
    await asyncio.to_thread(lambda: journal.close(complete=True, marks={"rejects size": 9}))

    found = await asyncio.to_thread(read, tmp_path / "load.journal")
    assert found.complete
    assert found.marks["rejects size"] == 9
    assert found.state(0) is RecordState.FAILED
