"""One process's part of a load: what becomes of records that are settled, of bad lines, and of rows that are not sent.

It hands rows to the files, counts what never gets to the run, and stops the run where the user's bounds say so. It
knows nothing of files and screens.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import pairwise

from attrs import define, field

from hubbatch import BatchError, RecordOutcome, RecordStatus, Run, SourceChangedError
from hubbatch.cli._account import SettledAccount
from hubbatch.cli._load_files import LoadFiles
from hubbatch.cli._load_journal import LoadJournal
from hubbatch.cli._option_names import as_typed
from hubbatch.cli._reasons import Aside
from hubbatch.cli._source import LoadSource
from hubbatch.files import BadLine, Ended, Opened, Row

__all__ = ["NOT_SENT_AGAIN", "Load"]

NO_ANSWER = "NO_ANSWER"
NOT_SENT_AGAIN = "NOT_SENT_AGAIN"
"""The category of a row that a create leaves alone, because an earlier load does not know whether it was written."""
_MAY_EXIST = (
    "an earlier load may have created it: look for it in the account, then remove the row, or load it with"
    " --retry-unknown"
)
_BEFORE = "an earlier process of this load may have created it: look for it in the account before you create it again"
_MOST_EARLY = 10_000
"""Bad lines that a process leaves unwritten when it is killed are fewer by far."""


@define
class Load:
    """What a command does with all that comes out of its input, and out of its run."""

    files: LoadFiles
    say: Callable[[str], object]
    max_failures: int | None = None
    account: SettledAccount = field(factory=SettledAccount)
    aside: Aside = field(factory=Aside)
    why: str = ""
    """Why this has stopped the run; empty if it has not."""
    run: Run | None = None
    _failures: int = 0
    """Bad lines and records that failed in this process."""
    _repeated: int = 0
    """How many records earlier processes have taken from the input."""
    _taken: int = 0
    """How many the run has taken, and compared with those."""
    _early: deque[BadLine] = field(factory=deque)
    """Bad lines that no earlier process has written, before the input is known to be the same."""
    _stops: set[asyncio.Task[None]] = field(factory=set)

    async def blocks(
        self, source: LoadSource, journal: LoadJournal | None
    ) -> AsyncGenerator[list[Row], None]:
        """Give the records of the input, as many at once as have arrived.

        Of those that stay UNKNOWN after an earlier process, it makes rejects. A block ends where something is to be
        done before the next record is taken.
        """
        self._repeated = 0 if journal is None else max(journal.checkpoints(), default=0)
        unknown = None if journal is None or not journal.counts.unknown else journal.was_unknown
        async with aclosing(source.blocks(self.aside, self.put_aside)) as blocks:
            async for block in blocks:
                for rows in self._parts(block, unknown):
                    if unknown is not None and unknown(self._taken):
                        await self._hold(rows[0], NO_ANSWER, _BEFORE, self._taken)
                    yield rows
                    self._taken += len(rows)
                    if self._early and self._is_the_same:
                        await self._note_early()

    def _parts(
        self, block: list[Row], unknown: Callable[[int], bool] | None
    ) -> Iterator[list[Row]]:
        """Cut a block before each record that stays UNKNOWN, and where the earlier processes' input ends."""
        first, last = self._taken, self._taken + len(block)
        cuts = {self._repeated} if first < self._repeated < last else set()
        if unknown is not None:
            cuts.update(filter(unknown, range(first + 1, last)))
        for begin, end in pairwise([first, *sorted(cuts), last]):
            if begin < end:
                yield block[begin - first : end - first]

    async def note(self, records: Sequence[RecordOutcome]) -> None:
        """Take records that are settled."""
        await self.files.note(*map(as_typed, records))
        failed = RecordStatus.FAILED  # looked up once: it takes a call of Python in 3.11
        self._count_failures(sum(record.status is failed for record in records))

    async def put_aside(self, entry: Opened | BadLine | Ended | Row) -> None:
        """Take what is no record to be sent, in the order of the input. Raises `CommandError` for unfit files."""
        if isinstance(entry, Opened):
            if not entry.is_plain:
                self.say(str(entry))
            await self.files.check(entry)
        elif isinstance(entry, BadLine):
            self.aside.bad += 1
            self.account.reasons.add_bad_line(entry)
            if not self.files.is_written(entry):
                self._early.append(entry)
                await self._note_early()
        elif isinstance(entry, Row):
            self.aside.held += 1
            await self._hold(entry, NOT_SENT_AGAIN, _MAY_EXIST, entry.position)

    def stop(self, why: str) -> None:
        """Stop the run; what is in flight settles."""
        if self.run is not None and not self.why:
            self.why = why
            self._stops.add(asyncio.create_task(self.run.stop()))

    async def _hold(self, row: Row, category: str, why: str, position: int) -> None:
        """Make a reject of a row that is not sent."""
        error = BatchError(category, why)
        record = RecordOutcome(position, row, RecordStatus.UNKNOWN, error=error)
        self.account.reasons.add(record)
        await self.files.note(record)

    @property
    def _is_the_same(self) -> bool:
        """Whether the input is known by now to be that of earlier processes."""
        return self._taken >= self._repeated

    async def _note_early(self) -> None:
        """Make rejects of bad lines, once it is known that they are lines of this load's input."""
        if not self._is_the_same:
            if len(self._early) > _MOST_EARLY:
                raise SourceChangedError("more lines than before are no records")
            return
        while self._early:
            await self.files.note(self._early.popleft())
            self._count_failures(1)

    def _count_failures(self, number: int) -> None:
        """Stop the run once bad lines and failed records are too many; those of records alone it counts itself."""
        self._failures += number
        most = self.max_failures
        if most is not None and self.aside.bad and self._failures >= most:
            self.stop("stopped by --max-failures before all the input was seen through")
