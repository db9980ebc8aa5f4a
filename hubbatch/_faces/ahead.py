"""A caller's source, pulled ahead into chunks, for each of which something is asked before its records are handed over.

It knows nothing of what is asked. What it has pulled and not handed over, it still has.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from hubbatch._records.prepared import AskingError, PreparedSource, is_at_hand
from hubbatch.errors import HubbatchError

__all__ = ["ChunkedSource"]

CHUNK = 1_000
"""Records that are asked about together: ten full requests for each end of a pair."""

_LINGER = 0.05
"""Seconds that a chunk which is not full waits for more records."""

_TURN = 0.005
"""Seconds of pulling after which the event loop gets its turn."""

_END = object()


class ChunkedSource(PreparedSource):
    """Hands a source's records over once `prepare` has been awaited for their chunk.

    What `prepare` raises of ours ends the run as its own; what the source raises comes after the records before it.
    """

    def __init__(
        self,
        source: Iterable[Any] | AsyncIterable[Any],
        prepare: Callable[[list[Any]], Awaitable[None]],
    ) -> None:
        self._source = source
        self._prepare = prepare
        self._rest: Iterator[Any] = iter(source) if is_at_hand(source) else iter(())
        """Of a list: what has not been pulled."""
        self._pulled: deque[Any] = deque()
        self._ready: deque[Any] = deque()
        self._ended = False
        self._error: BaseException | None = None
        self._closing = False
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many records the source has; raise `TypeError` where it cannot tell."""
        return len(self._source)  # type: ignore[arg-type]

    def rest(self) -> Iterator[Any]:
        """Return what has not been handed over: what has been pulled, and the rest of a list."""
        return chain(self._ready, self._pulled, self._rest)

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Hand records over as the caller gave them, in their order."""
        pulling = asyncio.create_task(self._pull())
        try:
            while await self._chunk():
                await self._ask()
                while self._ready:
                    yield self._ready.popleft()
        finally:
            self._closing = True
            pulling.cancel()
            await asyncio.wait([pulling])
            if self._error is not None:
                raise self._error

    async def _ask(self) -> None:
        try:
            await self._prepare(list(self._ready))
        except HubbatchError as error:
            raise AskingError(error) from error

    async def _chunk(self) -> bool:
        """Wait for the next records and make them ready to be asked about; return whether there are any."""
        while not (self._pulled or self._ended):
            await self._next_change()
        loop = asyncio.get_running_loop()
        until = loop.time() + _LINGER
        while len(self._pulled) < CHUNK and not self._ended and loop.time() < until:
            try:
                async with asyncio.timeout_at(until):
                    await self._next_change()
            except TimeoutError:
                break
        while self._pulled and len(self._ready) < CHUNK:
            self._ready.append(self._pulled.popleft())
        self._changed.set()  # there is room
        return bool(self._ready)

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _pull(self) -> None:
        """Pull the source to its end, no further ahead than a chunk; keep what it raises."""
        try:
            if isinstance(self._source, AsyncIterable):
                await self._pull_async(self._source)
            else:
                await self._pull_sync(self._rest if is_at_hand(self._source) else self._source)
        except BaseException as error:  # the source's own, whatever it is: raised where it is read
            if not (self._closing and isinstance(error, asyncio.CancelledError)):
                self._error = error
        finally:
            self._ended = True
            self._changed.set()

    async def _pull_sync(self, source: Iterable[Any]) -> None:
        clock = asyncio.get_running_loop().time
        turn_ends = clock() + _TURN
        for record in source:
            self._pulled.append(record)
            if len(self._pulled) >= CHUNK:
                await self._room()
                turn_ends = clock() + _TURN
            elif clock() >= turn_ends:
                self._changed.set()
                await asyncio.sleep(0)
                turn_ends = clock() + _TURN

    async def _pull_async(self, source: AsyncIterable[Any]) -> None:
        records = aiter(source)
        try:
            while (record := await anext(records, _END)) is not _END:
                self._pulled.append(record)
                await self._room()
        finally:
            # What was made here is closed here; the caller's own may be used further.
            if records is not source and (close := getattr(records, "aclose", None)) is not None:
                await close()

    async def _room(self) -> None:
        self._changed.set()
        while len(self._pulled) >= CHUNK:
            await self._next_change()
