"""The rejects and the results of a load, written beside the event loop, in the order in which records are settled.

Lines are written as soon as they are there; a slow disk slows the run and blocks nothing. Where there is a journal,
what is written is made durable first and noted then, in one transaction with the sizes of the files: a later process
cuts off what a kill has left behind these. It knows nothing of how a line looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from attrs import define, evolve, field

from hubbatch import HubbatchError, RecordOutcome, RecordStatus
from hubbatch.cli._account import SettledAccount
from hubbatch.cli._bad_lines import KeptBadLines
from hubbatch.cli._faults import CommandError
from hubbatch.cli._load_journal import HELD, LoadJournal, settled_of
from hubbatch.cli._load_sinks import FileNames, Written, open_sinks
from hubbatch.cli._outputs import Identity
from hubbatch.cli._spool import Spool
from hubbatch.cli._threads import call_in_thread
from hubbatch.cli._write_queue import WriteQueue
from hubbatch.files import BadLine, Opened, OutputError, Rejects
from hubbatch.journal import JournalError

__all__ = ["Item", "LoadFiles", "opened"]

Item = RecordOutcome | BadLine


@define
class LoadFiles:
    """Both files of a load. `failed` is called with the reason when something cannot be written any more."""

    rejects: Written
    results: Written
    journal: LoadJournal | None = None
    failed: Callable[[str], object] = lambda _: None
    begun: bool = False
    """Whether what an earlier run has left in files that are to be replaced is gone at the end."""
    final: bool = False
    """Whether the load has come to its end."""
    held: int = 0
    """How many rows were not sent because they may be there already."""
    _failure: HubbatchError | None = None
    """Why the journal cannot be written any more."""
    _spool: Spool | None = None
    _bad_lines: KeptBadLines = field(factory=KeptBadLines)
    _account: SettledAccount = field(factory=SettledAccount)
    _queue: WriteQueue[Item] = field(init=False)
    _marked: bool = False

    def __attrs_post_init__(self) -> None:
        """Take over how far an earlier process came."""
        self._queue = WriteQueue(self._write_in_thread, self._break)
        if self.journal is not None:
            self._bad_lines = KeptBadLines.of(self.journal.marks)
            self._account = SettledAccount.of(self.journal.marks)
            if isinstance(self.rejects.sink, Rejects):
                self._spool = Spool(self.rejects.sink)

    @property
    def failures(self) -> list[HubbatchError]:
        """Why something cannot be written any more."""
        found = (self.rejects.failure, self.results.failure, self._failure)
        return [failure for failure in found if failure is not None]

    async def check(self, origin: Opened) -> None:
        """Find out before anything is sent whether rows of this input can be appended to the files."""
        for each in (self.rejects, self.results):
            if each.sink is not None:
                try:
                    await call_in_thread(each.sink.check, origin)
                except OutputError as error:
                    raise CommandError(str(error)) from None

    def is_written(self, bad: BadLine) -> bool:
        """Say whether an earlier process has written the next bad line.

        Raises `SourceChangedError` if it has written others.
        """
        return self._bad_lines.is_known(bad)

    async def note(self, *items: Item) -> None:
        """Hand over records that are settled, or lines that are none; wait while many others wait."""
        if wanted := self._wanted(items):
            await self._queue.put(*wanted)

    def _wanted(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return what is to be written somewhere."""
        if self.journal is not None or self.results.sink is not None:
            return items
        if self.rejects.sink is None:
            return ()
        succeeded = RecordStatus.SUCCEEDED  # looked up once: it takes a call of Python in 3.11
        return [
            item
            for item in items
            if not isinstance(item, RecordOutcome) or item.status is not succeeded
        ]

    async def work(self) -> None:
        """Write what is handed over, until `end`."""
        await self._queue.work()

    async def _write_in_thread(self, items: Sequence[Item]) -> None:
        before = len(self.failures)
        done = await call_in_thread(self._write, items)
        if self.journal is not None:
            self.journal.release(record.index for record in done)
        if len(self.failures) > before:
            self._fail(self.failures[-1])

    def _break(self, error: Exception) -> None:
        self._fail(HubbatchError(f"the rows cannot be written: {type(error).__name__}"))

    def _fail(self, failure: HubbatchError) -> None:
        """Have nothing sent any more."""
        if self.journal is not None:
            self.journal.fail(failure)
        self.failed(str(failure))

    async def end(self) -> None:
        """Let `work` end once all is written."""
        await self._queue.end()

    def close(self, *, nothing_wrong: bool, final: bool) -> None:
        """Close all. Files that are to be replaced are empty then, if nothing was written to them.

        `nothing_wrong` is false where something went wrong before the first record: then they are as before. `final`:
        whether the load has come to its end; then what was kept back is written.
        """
        complete = final and not self.failures
        if self.journal is not None:
            self._close_journal(self.journal, complete=complete)
        for each in (self.rejects, self.results):
            each.close(nothing_wrong=nothing_wrong)

    def _close_journal(self, journal: LoadJournal, *, complete: bool) -> None:
        try:
            if self._spool is not None and complete:
                self._spool.pour()
                self.rejects.sync()
            complete = complete and not self.failures
            is_known = complete or (self._marked and not self.failures)
            journal.close(complete=complete, marks=self._marks(closed=True) if is_known else None)
        except OutputError as error:
            self.rejects.failure = error
            journal.close(complete=False)
        except JournalError as error:
            self._failure = self._failure or error
        finally:
            if self._spool is not None:
                self._spool.close()

    def _write(self, items: Sequence[Item]) -> list[RecordOutcome]:
        """Write some items and have them noted; return the records of which that is so."""
        done, rest, later = self._sorted(items)
        if self.journal is not None and not self._marked:
            # Where the files began: a kill may come at once. What is there before that is noted would be in the way.
            self._marked = self._acknowledge(self.journal, [])
            if not self._marked:
                return []
        written = done if self.results.write(done) else []
        if self.rejects.write(rest):
            written = written + [item for item in rest if isinstance(item, RecordOutcome)]
            for bad in (item for item in rest if isinstance(item, BadLine)):
                self._bad_lines.add(bad)
        self._keep(later)
        if self.journal is None:
            return []
        if not (self.results.sync() and self.rejects.sync()):
            return []
        return written if self._acknowledge(self.journal, written) else []

    def _sorted(
        self, items: Sequence[Item]
    ) -> tuple[list[RecordOutcome], list[Item], list[RecordOutcome]]:
        """Tell apart what succeeded, what is a reject by now, and what may become something else yet."""
        done: list[RecordOutcome] = []
        rest: list[Item] = []
        later: list[RecordOutcome] = []
        for item in items:
            if not isinstance(item, RecordOutcome):
                rest.append(item)
            elif item.status is RecordStatus.SUCCEEDED:
                done.append(item)
            elif self.journal is not None and item.retryable:
                later.append(item)
            else:
                rest.append(item)
        return done, rest, later

    def _keep(self, later: list[RecordOutcome]) -> None:
        if self._spool is not None and self.rejects.failure is None:
            try:
                self._spool.keep(later)
            except OutputError as error:
                self.rejects.failure = error

    def _acknowledge(self, journal: LoadJournal, records: Sequence[RecordOutcome]) -> bool:
        """Have the journal note records with the sizes of the files; return whether it has."""
        if self._failure is not None:
            return False
        self._account.add(records)
        try:
            journal.acknowledge(settled_of(records), self._marks())
        except JournalError as error:
            self._failure = error
            return False
        return True

    def _marks(self, *, closed: bool = False) -> Mapping[str, int | str]:
        found = [each.marks(closed=closed) for each in (self.rejects, self.results)]
        noted = {**self._bad_lines.marks(), **self._account.marks()}
        return {**noted, HELD: self.held, **found[0], **found[1]}


@asynccontextmanager
async def opened(
    names: FileNames,
    taken: set[Identity],
    journal: LoadJournal | None,
    say: Callable[[str], object],
) -> AsyncIterator[LoadFiles]:
    """Give the files with these names, which are written to while the block lasts; all is written after it.

    Files that an earlier process has written are appended to, named or not.

    `taken`: files that the command reads or writes already. Raises `CommandError`, and then no file is another than
    before.
    """
    marks = {} if journal is None else journal.marks
    if journal is not None:
        names = evolve(
            names,
            rejects=names.rejects or journal.file("rejects"),
            results=names.results or journal.file("results"),
        )
    rejects, results = await open_sinks(names, marks, taken, say, lasting=journal is not None)
    files = LoadFiles(rejects, results, journal)
    task = asyncio.create_task(files.work())
    try:
        yield files
    finally:
        await files.end()
        try:
            await task
        except BaseException:
            files.final = False
            raise
        finally:
            close = partial(files.close, nothing_wrong=files.begun, final=files.final)
            await call_in_thread(close)
