"""The journal of a load, as a run and a front end use it: what is noted, and when it is durable.

What is noted changes the memory at once. A thread of its own writes all that has come together in one transaction, so
that many who wait at a time wait for one. It knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from hubbatch._records.journal import Earlier
from hubbatch.errors import UsageError
from hubbatch.journal._contents import Contents, JournalCounts, Mark, counts_of
from hubbatch.journal._description import compare, merged, text_of
from hubbatch.journal._errors import JournalError
from hubbatch.journal._memory import Memory
from hubbatch.journal._pending import Pending
from hubbatch.journal._states import RecordEvent, RecordState, Settled, event_of
from hubbatch.journal._store import Store
from hubbatch.models import RecordStatus

__all__ = ["Journal"]

_SOON = 0.1
"""Seconds that what is settled waits for the next request, to be written with what that one notes: half the writes."""

_EARLIER = {
    state: Earlier(status)
    for state, status in (
        (RecordState.SUCCEEDED, RecordStatus.SUCCEEDED),
        (RecordState.FAILED, RecordStatus.FAILED),
        (RecordState.UNKNOWN, RecordStatus.UNKNOWN),
    )
}


class Journal:
    """One SQLite file that says what became of each record of a load, whenever its process has died.

    Give it, or just its path, to a verb as `journal=`. The same call with the same journal again goes on where the load
    was: what is settled is not sent again. One process at a time may have it.

    `acknowledged`: what succeeded, and what failed for its own sake, counts as settled only once `acknowledge` says so.
    For those who write rows of it to a file, and then open and close the journal themselves. `checks_source`: whether a
    run compares the source's records with those of earlier processes; False where that is known otherwise.
    `description`: what else the load is about, as JSON has it; it is kept with what the run says of itself, and
    compared when the load goes on.

    Methods raise `JournalError` for what cannot be read or written, and `UsageError` for another load's journal.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        acknowledged: bool = False,
        checks_source: bool = True,
        description: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
            raise UsageError(f"a journal is the path of a file, as text, not {path!r}")
        self.path: str = os.fspath(path)
        self.checks_source = checks_source
        self._acknowledged = acknowledged
        self._more = dict(description or {})
        self._memory = Memory()
        self._pending = Pending(self._memory)
        self._store: Store | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._writes_soon: asyncio.TimerHandle | None = None
        self._stays_open = False
        self._completed = False
        self._in_run = False
        self._guard = threading.Lock()
        """Held for as long as it takes to note things, or to copy them."""

    def __repr__(self) -> str:
        return f"Journal({self.path!r})"

    # What it holds

    @property
    def contents(self) -> Contents:
        """What it holds now, as far as this process has opened it: a value that never changes afterwards."""
        with self._guard:
            return self._memory.snapshot()

    @property
    def counts(self) -> JournalCounts:
        """How many records are in which state."""
        with self._guard:
            return counts_of(self._memory.states)

    @property
    def marks(self) -> Mapping[str, Mark]:
        """What a front end has kept with what is settled, by name."""
        with self._guard:
            return dict(self._memory.marks)

    def state(self, position: int) -> RecordState:
        """Return what is noted of one record."""
        return self._memory.states.state(position)

    # Opened and closed

    def open(self) -> Contents:
        """Lock it and return what it holds. It stays open until `close`, over any number of runs. It blocks.

        For a front end that wants to know what was done before it begins. A run opens a journal itself otherwise.
        """
        self._stays_open = True
        thread = self._started()
        try:
            thread.submit(self._open).result()
        except BaseException:
            self._stop()
            raise
        return self.contents

    def close(
        self, *, complete: bool | None = None, marks: Mapping[str, Mark] | None = None
    ) -> None:
        """Write what was noted, and close it. Twice is fine. It blocks.

        `complete`: whether the load has come to its end; as the last run says, if it is not given. `marks` are kept in
        the same transaction.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        done = self._completed if complete is None else complete
        with self._guard:
            self._pending.mark(marks or {})
        try:
            thread.submit(self._close, complete=done).result()
        finally:
            thread.shutdown(wait=False)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What a run asks and notes: see `hubbatch._records.journal.Journal`

    async def begin(self, load: Mapping[str, Any]) -> None:
        """Open it for one run. Raises `UsageError` if it is another load's, or if a run has it already."""
        if self._in_run:
            raise UsageError(
                f"a run writes to the journal {self.path} now: each needs one of its own"
            )
        self._in_run, self._completed = True, False
        try:
            await self._in_thread(self._begin, {**self._more, **load})
        except BaseException:
            self._in_run = False
            if not self._stays_open:
                self._stop()
            raise

    def earlier(self, position: int) -> Earlier | None:
        """Return what earlier processes left of a record."""
        state = self.state(position)
        if state is RecordState.IN_DOUBT:
            return Earlier(None, self._memory.first_tried(position))
        return _EARLIER.get(state)

    def checkpoints(self) -> Mapping[int, bytes]:
        """Return the digests of earlier processes, by how many records each is of."""
        return dict(self._memory.checkpoints)

    def checkpoint(self, records: int, digest: bytes) -> None:
        """Note the digest of the source's first records."""
        with self._guard:
            self._pending.checkpoint(records, digest)

    async def before_sending(self, positions: Sequence[int]) -> None:
        """Make it durable that these records may be sent now."""
        with self._guard:
            self._pending.sent(positions, time.time())
            version = self._pending.version
        await self._in_thread(self._write, version)

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        """Note what records ended as; it is durable soon, and not later than what is noted after it."""
        event = event_of(status, retryable=retryable)
        if self._acknowledged and event in {RecordEvent.SUCCEEDED, RecordEvent.FAILED}:
            return
        with self._guard:
            self._pending.note(event, positions)
            version = self._pending.version
        if self._writes_soon is None and self._thread is not None:
            loop = asyncio.get_running_loop()
            self._writes_soon = loop.call_later(_SOON, self._write_soon, version)

    async def end(self, *, complete: bool) -> None:
        """Make what was noted durable, and close it, unless a front end has opened it."""
        self._completed, self._in_run = complete, False
        if self._writes_soon is not None:
            self._writes_soon.cancel()
            self._writes_soon = None
        if self._stays_open:
            await self._in_thread(self._write, None)
            return
        thread, self._thread = self._thread, None
        if thread is None:
            return
        loop = asyncio.get_running_loop()
        try:  # it is closed, even if nobody waits for that any more
            await asyncio.shield(
                loop.run_in_executor(thread, lambda: self._close(complete=complete))
            )
        finally:
            thread.shutdown(wait=False)

    # What a front end notes

    def acknowledge(
        self, settled: Iterable[Settled], marks: Mapping[str, Mark] | None = None
    ) -> None:
        """Note that records are settled, and marks with them: durable, in one transaction, when it returns. It blocks.

        `marks` are kept by name, such as the size that a file of results has with these records; those that are not
        given stay as they are.
        """
        with self._guard:
            for each in settled:
                self._pending.note(each.event, each.positions)
            self._pending.mark(marks or {})
            version = self._pending.version
        thread = self._thread
        if thread is None:
            raise JournalError(f"the journal {self.path} is closed")
        thread.submit(self._write, version).result()

    # The thread

    def _write_soon(self, version: int) -> None:
        """Have what was noted written. If that fails, the next one who waits for it gets the error."""
        self._writes_soon = None
        if self._thread is not None:
            self._thread.submit(self._write, version)

    def _started(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="hubbatch journal")
        return self._thread

    async def _in_thread(self, function: Callable[..., None], *arguments: Any) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._started(), function, *arguments)

    def _stop(self) -> None:
        """Close it once the thread is done with what it is at; nothing is written any more."""
        thread, self._thread = self._thread, None
        self._stays_open = False
        if thread is not None:
            thread.submit(self._abandon)
            thread.shutdown(wait=False)

    def _open(self) -> None:
        if self._store is not None:
            return
        store = Store(self.path)
        try:
            memory = store.load()
        except BaseException:
            store.close(discard=True)
            raise
        with self._guard:
            self._memory, self._pending = memory, Pending(memory)
            self._store, self._completed = store, memory.complete

    def _begin(self, load: Mapping[str, Any]) -> None:
        self._open()
        try:
            self._describe(load)
        except BaseException:
            if not self._stays_open:
                self._abandon()  # by now, not later: the caller may try again at once
            raise

    def _describe(self, load: Mapping[str, Any]) -> None:
        """Compare what a load is about with what the journal has, and keep it."""
        known = self._memory.description
        if self._memory.empty:
            known = {}  # a call, or its source, that was corrected before anything was sent
        compare(self.path, known, load)
        with self._guard:
            self._pending.describe(merged(known, load), text_of(merged(known, load)))
        self._write(None)

    def _write(self, version: int | None) -> None:
        """Write what was noted up to a version, or all, unless another transaction has."""
        if self._store is None:
            raise JournalError(f"the journal {self.path} is closed")
        with self._guard:
            if not self._pending.lacks(version):
                return
            written = self._pending.take()
        try:
            self._store.write(written.changes)
        except BaseException:
            with self._guard:
                self._pending.put_back(written)
            raise

    def _close(self, *, complete: bool) -> None:
        store = self._store
        if store is None:
            return
        try:
            with self._guard:
                self._pending.finish(complete=complete)
            self._write(None)
        finally:
            self._store = None
            store.close(discard=not self._memory.description)

    def _abandon(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close(discard=not self._memory.description)
