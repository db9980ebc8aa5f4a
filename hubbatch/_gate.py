"""The door all requests of one client go through: so many at once, each with a place in the quota, runs in turn.

A place is given to whoever is next at the moment it becomes free, one run after the other, so that a small run never
waits behind a large one. It knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
import copy
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from hubbatch._budget import Slot
from hubbatch._quota import RateLimiter
from hubbatch.errors import HubbatchError

__all__ = ["Gate"]


class Gate:
    """Lets requests through: at most `max_concurrency` in flight, within the limiter's quota, lanes in turn."""

    def __init__(self, limiter: RateLimiter, max_concurrency: int) -> None:
        self.limiter = limiter
        self.max_concurrency = max_concurrency
        self._in_flight = 0
        self._lanes: OrderedDict[Hashable, deque[asyncio.Future[Slot]]] = OrderedDict()
        self._pump: asyncio.Task[None] | None = None
        self._room = asyncio.Event()

    @asynccontextmanager
    async def enter(self, lane: Hashable) -> AsyncIterator[Slot]:
        """Wait for the lane's turn; the request is in flight until the context is left."""
        slot = await self._wait(lane)
        try:
            yield slot
        finally:
            self.limiter.ended(slot)
            self._leave()

    async def settle(self) -> None:
        """End what works for waiters that are gone; nothing is left behind when a run ends."""
        if self._pump is not None and not self._lanes:
            pump, self._pump = self._pump, None
            pump.cancel()
            await asyncio.wait([pump])

    async def _wait(self, lane: Hashable) -> Slot:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(lane, deque()).append(future)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_through())
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.limiter.give_back(future.result())
                self._leave()
            else:
                self._withdraw(lane, future)
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._room.set()

    def _withdraw(self, lane: Hashable, future: asyncio.Future[Slot]) -> None:
        waiting = self._lanes.get(lane)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._lanes[lane]

    async def _let_through(self) -> None:
        """Give places to waiters for as long as there are any."""
        try:
            while self._lanes:
                if self._in_flight >= self.max_concurrency:
                    self._room.clear()
                    await self._room.wait()
                    continue
                slot = await self.limiter.acquire()
                future = self._next()
                if future is None:
                    self.limiter.give_back(slot)
                    return
                self._in_flight += 1
                future.set_result(slot)
        except Exception as error:
            while (waiter := self._next()) is not None:
                # They would wait for ever. Each run gets an error of its own, for it will carry the run's outcome.
                own = copy.copy(error) if isinstance(error, HubbatchError) else error
                waiter.set_exception(own)
        finally:
            if self._pump is asyncio.current_task():
                self._pump = None

    def _next(self) -> asyncio.Future[Slot] | None:
        """Take the first waiter of the lane whose turn it is, and send that lane to the end."""
        while self._lanes:
            lane, waiting = next(iter(self._lanes.items()))
            future = waiting.popleft()
            if waiting:
                self._lanes.move_to_end(lane)
            else:
                del self._lanes[lane]
            if not future.done():
                return future
        return None
