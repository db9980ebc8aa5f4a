"""What is settled in any order, put back into the order of the input, within a bounded window.

While the oldest record is not settled, no more than a window of records is taken in after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from hubbatch import RecordOutcome

__all__ = ["WINDOW", "InOrder"]

WINDOW = 10_000
"""Records: a hundred requests. While one request is tried again, the others go on so far."""

_Record = TypeVar("_Record")


class InOrder:
    """Gives settled records in the order in which they were taken in."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._held: dict[int, RecordOutcome] = {}
        self._taken = 0
        self._next = 0
        """The index of the record that is to be given next."""
        self._room = asyncio.Event()

    async def bounded(
        self, blocks: AsyncGenerator[list[_Record], None]
    ) -> AsyncGenerator[list[_Record], None]:
        """Take records in, as long as there is room for them: a block is cut where that ends."""
        async with aclosing(blocks):
            async for block in blocks:
                rest = block
                while rest:
                    while (room := self._window - (self._taken - self._next)) <= 0:
                        self._room.clear()
                        await self._room.wait()
                    part, rest = rest[:room], rest[room:]
                    self._taken += len(part)
                    yield part

    def put(self, record: RecordOutcome) -> list[RecordOutcome]:
        """Take a settled record; return those whose turn has come."""
        self._held[record.index] = record
        ready = []
        while self._next in self._held:
            ready.append(self._held.pop(self._next))
            self._next += 1
        if ready:
            self._room.set()
        return ready

    def rest(self) -> list[RecordOutcome]:
        """Return what is held at the end; records that never settled are passed over."""
        ready = [self._held[index] for index in sorted(self._held)]
        self._held.clear()
        return ready
