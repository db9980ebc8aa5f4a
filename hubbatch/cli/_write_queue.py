"""Items that are written beside whoever hands them over: in their order, many at once, while no more than some wait.

It knows nothing of what is written, or where.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["WriteQueue"]

_MOST_WAITING = 1_000

_Item = TypeVar("_Item")


class WriteQueue(Generic[_Item]):
    """Hands items to `write`. `broken` is called with what that raises; nothing is written any more then."""

    def __init__(
        self, write: Callable[[list[_Item]], Awaitable[None]], broken: Callable[[Exception], None]
    ) -> None:
        self._write = write
        self._broken = broken
        self._waiting: asyncio.Queue[_Item | None] = asyncio.Queue(_MOST_WAITING)

    async def put(self, item: _Item) -> None:
        """Hand an item over; wait while many others wait."""
        await self._waiting.put(item)

    async def work(self) -> None:
        """Write what is handed over, until `end`. What breaks this is raised then, so that nobody waits for ever."""
        error: Exception | None = None
        going_on = True
        while going_on:
            items = [await self._waiting.get()]
            while not self._waiting.empty():
                items.append(self._waiting.get_nowait())
            going_on = items[-1] is not None
            if error is not None:
                continue
            try:
                await self._write([item for item in items if item is not None])
            except Exception as failure:  # a bug, or no more memory
                error = failure
                self._broken(failure)
        if error is not None:
            raise error

    async def end(self) -> None:
        """Let `work` end once all is written."""
        await self._waiting.put(None)
