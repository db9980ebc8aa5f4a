"""The records of a streamed run that are settled and not taken away yet.

They cause back-pressure only once there is a reader: a run that is entered and merely waited for must come to its
end. It knows nothing of how records are settled.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from hubbatch._states import RecordOutcome

__all__ = ["Reading", "RecordStream"]

_MANY = 100_000
"""Records that no reader has taken, after which `piled_up` is called."""


_Item = TypeVar("_Item")


class Reading(AsyncIterator[_Item], Generic[_Item]):
    """One loop over a run. When the loop is left it is gone, and with it whoever took records away."""

    __slots__ = ("__weakref__", "_take_next")

    def __init__(self, take_next: Callable[[object], Awaitable[_Item]]) -> None:
        self._take_next = take_next

    def __anext__(self) -> Awaitable[_Item]:
        """Return the next settled record, or the next ones."""
        return self._take_next(self)


class RecordStream:
    """A queue from the run to whoever iterates over it.

    `piled_up` is called when many records wait that nobody takes; `let_go` is called when records press back no more.
    """

    def __init__(self, piled_up: Callable[[int], None], let_go: Callable[[], None]) -> None:
        self._piled_up = piled_up
        self._let_go = let_go
        self._records: deque[RecordOutcome[Any]] | None = deque()
        self._reader: asyncio.Task[object] | None = None
        self._reading: weakref.ref[object] | None = None
        """What the last record was taken by; it is gone when its loop was left."""
        self._awaiting = 0
        """How many wait for the end of the run without iterating."""
        self._news = asyncio.Event()

    @property
    def backlog(self) -> int:
        """How many records a reader has not taken yet; none before there is one, or after while others wait."""
        return len(self._records or ()) if self._presses else 0

    @property
    def _presses(self) -> bool:
        reading = self._reading
        return reading is not None and not (self._awaiting and reading() is None)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """While somebody waits for the end, have the run go on also if nobody takes its records away."""
        if not self.read_elsewhere:
            self.drop()
        self._awaiting += 1
        self._let_go()
        try:
            yield
        finally:
            self._awaiting -= 1

    @property
    def read_elsewhere(self) -> bool:
        """Whether another task than this one takes records away."""
        reader = self._reader
        return reader is not None and not reader.done() and reader is not asyncio.current_task()

    def show(self, records: Sequence[RecordOutcome[Any]]) -> None:
        """Add records that are settled."""
        if self._records is None:
            return
        before = len(self._records)
        self._records.extend(records)
        self._news.set()
        if before < _MANY <= len(self._records) and not self._presses:
            self._piled_up(_MANY)

    def drop(self) -> None:
        """Keep nothing any more: there will be no reader."""
        self._records = None
        self._news.set()

    def wake(self) -> None:
        """Wake the reader: the run has ended."""
        self._news.set()

    def take(self, reading: object) -> RecordOutcome[Any] | None:
        """Return the next record, if there is one, by a `Reading` or whatever stands for one."""
        self._note_reader(reading)
        return self._records.popleft() if self._records else None

    def take_all(self, reading: object) -> list[RecordOutcome[Any]]:
        """Return all records that are there."""
        self._note_reader(reading)
        taken = list(self._records or ())
        if self._records:
            self._records.clear()
        return taken

    def _note_reader(self, reading: object) -> None:
        self._reader = asyncio.current_task()
        if self._reading is None or self._reading() is not reading:
            self._reading = weakref.ref(reading, self._note_left)

    def _note_left(self, _: weakref.ref[object]) -> None:
        """Note that a loop was left; it may be the garbage collector, in any thread, that finds it out."""
        if self._awaiting and self._reader is not None:
            self._reader.get_loop().call_soon_threadsafe(self._let_go)

    async def wait(self) -> None:
        """Wait for a record, or for the end of the run."""
        self._news.clear()
        await self._news.wait()
