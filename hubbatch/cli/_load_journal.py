"""The journal of a load that writes rows to files: a record is settled once its row is on the disk.

It knows nothing of rows and files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from hubbatch import HubbatchError, RecordOutcome, RecordStatus
from hubbatch._counted import counted
from hubbatch.cli._bad_lines import BAD_LINES
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._load_description import KEPT_AS_BEGUN, check_same
from hubbatch.cli._outputs import Identity
from hubbatch.cli._screen import Screen, refusal
from hubbatch.cli._threads import call_in_thread
from hubbatch.cli._typed_command import as_argument, quoted, resuming
from hubbatch.journal import Contents, Journal, JournalError, RecordState, Settled

__all__ = [
    "HELD",
    "LoadJournal",
    "finished",
    "keep_input",
    "opened_journal",
    "settled_of",
]

HELD = "held rows"
"""The mark that says how many rows a create has left alone, when the load has come to its end."""
_MOST_OPEN = 800
"""Records that a kill may leave in doubt where nobody can find out what became of them."""


class LoadJournal(Journal):
    """A journal whose front end acknowledges what is settled.

    `bounded`: whether no more than 800 records may have been sent and not be acknowledged.
    """

    def __init__(self, path: str, *, bounded: bool) -> None:
        super().__init__(path, acknowledged=True)
        self._bounded = bounded
        self.before = Contents()
        """What earlier processes have left."""
        self._described: Mapping[str, Any] = {}
        self._under_way = set[int]()
        self._room = asyncio.Event()
        self._failure: HubbatchError | None = None

    def open(self) -> Contents:
        """Lock it, and return what earlier processes have left in it."""
        self.before = super().open()
        return self.before

    def describe(self, description: Mapping[str, Any]) -> None:
        """Compare what the load is about with what the journal holds. Raises `CommandError`.

        It is kept when the run begins.
        """
        known = {} if self.before.empty else self.before.description
        if known:
            check_same(self.path, known, description)
        self._described = {
            name: value
            for name, value in description.items()
            if not (known and name in KEPT_AS_BEGUN)
        }

    def file(self, name: str) -> str | None:
        """Return the path of the rejects, or of the results, as an earlier process has named it."""
        path = self.marks.get(name, self.before.description.get(name))
        return path if isinstance(path, str) else None

    async def begin(self, load: Mapping[str, Any]) -> None:
        """Open it for one run."""
        await super().begin({**self._described, **load})

    async def before_sending(self, positions: Sequence[int]) -> None:
        """Make it durable that these records may be sent now, as soon as not too many others may be in doubt."""
        if self._bounded:
            while self._under_way and len(self._under_way) + len(positions) > _MOST_OPEN:
                if self._failure is not None:
                    raise self._failure
                self._room.clear()
                await self._room.wait()
            self._under_way.update(positions)
        await super().before_sending(positions)

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        """Note what records ended as; what has a row in a file is noted with it."""
        super().settled(positions, status, retryable=retryable)
        if retryable or status not in {RecordStatus.SUCCEEDED, RecordStatus.FAILED}:
            self.release(positions)

    def release(self, positions: Iterable[int]) -> None:
        """Note that it is known what became of records."""
        self._under_way.difference_update(positions)
        self._room.set()

    def fail(self, failure: HubbatchError) -> None:
        """Have nothing sent any more: what is settled cannot be noted."""
        self._failure = failure
        self._room.set()

    @property
    def identities(self) -> set[Identity]:
        """Which files it is."""
        found = set[Identity]()
        for suffix in ("", "-wal", "-shm", "-journal", "-lock"):
            with suppress(OSError):
                status = Path(self.path + suffix).stat()
                found.add((status.st_dev, status.st_ino))
        return found

    def was_unknown(self, position: int) -> bool:
        """Say whether an earlier process could not find out what became of a record."""
        return self.before.state(position) is RecordState.UNKNOWN


def settled_of(records: Iterable[RecordOutcome]) -> list[Settled]:
    """Return records that have a row in a file as a journal notes them."""
    positions: dict[RecordStatus, list[int]] = {}
    for record in records:
        positions.setdefault(record.status, []).append(record.index)
    return [Settled(sorted(found), status) for status, found in positions.items()]


def keep_input(path: str) -> str:
    """Return what to say of an input that is read once."""
    return (
        "standard input cannot be read again: keep what is piped here, for"
        f" `{resuming(path)}` wants the same bytes, from the first one on"
    )


def finished(journal: LoadJournal, screen: Screen) -> ExitCode:
    """Say of a load that has come to its end how it ended; nothing is sent any more."""
    counts, marks = journal.counts, journal.marks
    rest = counts.failed + counts.retryable + counts.unknown + counts.in_doubt
    rest += sum(int(marks.get(name, 0)) for name in (BAD_LINES, HELD))
    code = ExitCode.SOME_FAILED if rest else ExitCode.OK
    delete = quoted(("hubbatch", "journal", "delete", as_argument(journal.path)))
    message = (
        f"the load of {journal.path} is finished: {counted(counts.succeeded, 'record')} succeeded, {rest:,} did not."
        f" Nothing was sent. For another load give a new journal, or `{delete}`"
    )
    screen.say(message)
    screen.document(refusal(message, code))
    return code


@asynccontextmanager
async def opened_journal(path: str | None, *, bounded: bool) -> AsyncIterator[LoadJournal | None]:
    """Give a journal that is open, or None where none is wanted; it is closed after the block.

    Raises `CommandError` for what cannot be a journal.
    """
    if path is None:
        yield None
        return
    journal = LoadJournal(path, bounded=bounded)
    try:
        await call_in_thread(journal.open)
    except JournalError as error:
        raise CommandError(str(error)) from None
    try:
        yield journal
    finally:
        await call_in_thread(partial(journal.close, complete=journal.before.complete))
