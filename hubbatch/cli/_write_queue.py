"""Items that are written beside whoever hands them over: in their order, many at once, while a bounded number waits.

It knows nothing of what is written, or where.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["WriteQueue"]

_MOST_WAITING = 1_000
"""Once so many wait, nothing is taken; what is handed over at once is taken whole, so more by one chunk may wait."""

_Item = TypeVar("_Item")


class WriteQueue(Generic[_Item]):
    """Hands items to `write`. `broken` is called with what that raises; nothing is written any more then."""

    def __init__(
        self, write: Callable[[list[_Item]], Awaitable[None]], broken: Callable[[Exception], None]
    ) -> None:
        self._write = write
        self._broken = broken
        self._waiting: list[_Item] = []
        self._ended = False
        self._news, self._room = asyncio.Event(), asyncio.Event()

    async def put(self, *items: _Item) -> None:
        """Hand items over, all at once; wait while `_MOST_WAITING` others, or more, wait."""
        while len(self._waiting) >= _MOST_WAITING:
            self._room.clear()
            await self._room.wait()
        self._waiting.extend(items)
        self._news.set()

    async def work(self) -> None:
        """Write what is handed over, until `end`. What breaks this is raised then, so that nobody waits for ever."""
        error: Exception | None = None
        while self._waiting or not self._ended:
            self._news.clear()
            items, self._waiting = self._waiting, []
            self._room.set()
            if items and error is None:
                try:
                    await self._write(items)
                except Exception as failure:  # a bug, or no more memory
                    error = failure
                    self._broken(failure)
            elif not self._ended:
                await self._news.wait()
        if error is not None:
            raise error

    async def end(self) -> None:
        """Let `work` end once all is written."""
        self._ended = True
        self._news.set()
