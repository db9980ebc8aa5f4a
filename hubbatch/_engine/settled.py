"""The records of a streamed run that are settled and not taken away yet.

They press back on the run only once somebody takes them: a run that is entered and merely waited for, or watched, must
come to its end. It knows nothing of how records are settled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from hubbatch._states import RecordOutcome

__all__ = ["SettledRecords"]

_MANY = 100_000
"""Records that nobody takes away, after which that is told."""


class SettledRecords:
    """A queue from the run to whoever iterates over it. `piled_up` is told of many records that nobody takes."""

    def __init__(self, piled_up: Callable[[int], None]) -> None:
        self._piled_up = piled_up
        self._records: deque[RecordOutcome[Any]] | None = deque()
        self._reader: asyncio.Task[object] | None = None
        self._news = asyncio.Event()

    @property
    def backlog(self) -> int:
        """How many records a reader has not taken yet; none before there is one."""
        return 0 if self._reader is None else len(self._records or ())

    @property
    def read_elsewhere(self) -> bool:
        """Whether another task than this one takes records away."""
        reader = self._reader
        return reader is not None and not reader.done() and reader is not asyncio.current_task()

    def show(self, record: RecordOutcome[Any]) -> None:
        """Add a record that is settled."""
        if self._records is None:
            return
        self._records.append(record)
        self._news.set()
        if self._reader is None and len(self._records) == _MANY:
            self._piled_up(_MANY)

    def drop(self) -> None:
        """Keep nothing any more: nobody iterates."""
        self._records = None
        self._news.set()

    def wake(self) -> None:
        """Have whoever waits look again: the run has ended."""
        self._news.set()

    def take(self) -> RecordOutcome[Any] | None:
        """Return the next record, if there is one."""
        self._reader = asyncio.current_task()
        return self._records.popleft() if self._records else None

    async def wait(self) -> None:
        """Wait for news."""
        self._news.clear()
        await self._news.wait()
