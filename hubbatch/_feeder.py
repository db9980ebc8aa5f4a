"""The pull on the source: records one by one, no faster than there is room for them.

It knows the two kinds of iterables and how they end or break; what becomes of a record is its owner's business.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any

__all__ = ["Feeder"]

_END = object()


class Feeder:
    """Hands records over while there is room, until the source ends, breaks, or nobody wants more.

    `room` tells how many records may be handed over now; `take` takes one and returns whether it is time to let
    others run; `idle` is called before waiting for room.
    """

    def __init__(
        self,
        source: Iterable[Any] | AsyncIterable[Any],
        *,
        room: Callable[[], int],
        take: Callable[[Any], bool],
        idle: Callable[[], None],
    ) -> None:
        self._source = source
        self._room = room
        self._take = take
        self._idle = idle
        self._waiting: asyncio.Future[None] | None = None
        self._handed_over = 0
        self.exhausted = False
        """Whether the source has been seen through to its end."""
        self.stopped = False
        """Whether nobody wants more."""

    async def run(self) -> None:
        """Feed to the end; raises whatever the source raises."""
        if isinstance(self._source, AsyncIterable):
            await self._run_async(self._source)
        else:
            await self._run_sync(iter(self._source))

    def wake(self) -> None:
        """Look again whether there is room."""
        if self._waiting is not None and not self._waiting.done() and self._room() > 0:
            self._waiting.set_result(None)

    def rest(self) -> Iterator[Any]:
        """Return what has not been handed over, as far as it is at hand: that of a list, not of a stream."""
        if self.exhausted or not isinstance(self._source, Sequence):
            return iter(())
        return itertools.islice(self._source, self._handed_over, None)

    async def _run_sync(self, records: Iterator[Any]) -> None:
        while room := await self._room_for_more():
            before = self._handed_over
            for record in itertools.islice(records, room):
                self._handed_over += 1
                if self._take(record) or self.stopped:
                    break
            else:
                if self._handed_over < before + room:
                    self.exhausted = True
                    return
            await asyncio.sleep(0)  # a batch is a millisecond's work: let the others run

    async def _run_async(self, source: AsyncIterable[Any]) -> None:
        records = aiter(source)
        try:
            while room := await self._room_for_more():
                for _ in range(room):
                    record = await anext(records, _END)
                    if record is _END:
                        self.exhausted = not self.stopped
                        return
                    self._handed_over += 1
                    if self._take(record) or self.stopped:
                        break
                await asyncio.sleep(0)
        finally:
            if (
                records is not source
            ):  # made here, so closed here; the caller's own may be used further
                await _aclose(records)

    async def _room_for_more(self) -> int:
        """Wait until records may be handed over and return how many; 0 once nobody wants more."""
        while not self.stopped:
            if (room := self._room()) > 0:
                return room
            self._idle()
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return 0


async def _aclose(records: AsyncIterator[Any]) -> None:
    aclose = getattr(records, "aclose", None)
    if aclose is not None:
        await aclose()
