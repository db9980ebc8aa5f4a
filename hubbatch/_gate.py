"""The door all requests of one client go through: so many at once, each with a place in the quota, runs in turn.

A place is given to whoever is next at the moment it becomes free, one run after the other, so that a small run never
waits behind a large one. While the service is broken it lets one request through at a time. It knows nothing of what
is sent.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

from hubbatch._budget import Slot
from hubbatch._concurrency import Concurrency
from hubbatch._diagnosis import Diagnosis
from hubbatch._health import Health
from hubbatch._quota import RateLimiter

__all__ = ["Gate", "Lane"]


@frozen(eq=False)
class Lane:
    """One run's queue; `since`: when the run began, for it has a time of its own to wait for a broken service."""

    since: float


class Gate:
    """Lets requests through: as many at once as the service can bear, within the quota, lanes in turn."""

    def __init__(self, limiter: RateLimiter, concurrency: Concurrency, health: Health) -> None:
        self.limiter = limiter
        self._concurrency = concurrency
        self._health = health
        self._in_flight = 0
        self._lanes: OrderedDict[Lane, deque[asyncio.Future[Slot]]] = OrderedDict()
        self._pump: asyncio.Task[None] | None = None
        self._change = asyncio.Event()
        self._crowded_at = -math.inf
        """When somebody last waited for a request to end rather than for the quota."""

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight while all is well."""
        return self._concurrency.level

    @property
    def broken(self) -> bool:
        """Whether the service is held to be broken, so that requests only probe."""
        return self._health.broken

    @property
    def held_for(self) -> float:
        """Seconds for which everybody is held from now on; infinity while nobody can tell."""
        return math.inf if self._health.broken else self.limiter.held_for

    @asynccontextmanager
    async def enter(self, lane: Lane) -> AsyncIterator[Slot]:
        """Wait for the lane's turn; the request is in flight until the context is left.

        Raises `TransportError` once the service has been broken for too long.
        """
        slot = await self._wait(lane)
        try:
            yield slot
        finally:
            self.limiter.ended(slot)
            self._leave()

    def note(self, told: Diagnosis, slot: Slot, chance: float) -> None:
        """Note what came of a request that was let through."""
        broken, now = self._health.broken, _now()
        limited = self._crowded_at >= slot.sent_at
        self._health.note(told, sent_at=slot.sent_at, now=now, chance=chance)
        self._concurrency.note(told.symptom, sent_at=slot.sent_at, now=now, limited=limited)
        if broken and not self._health.broken:
            self._concurrency.begin_anew()
        self._change.set()

    async def settle(self) -> None:
        """End what works for waiters that are gone; nothing is left behind when a run ends."""
        if self._pump is not None and not self._lanes:
            pump, self._pump = self._pump, None
            pump.cancel()
            await asyncio.wait([pump])

    async def _wait(self, lane: Lane) -> Slot:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(lane, deque()).append(future)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_through())
        try:
            return await future
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                self._withdraw(lane, future)
            elif future.exception() is None:
                self.limiter.give_back(future.result())
                self._leave()
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._change.set()

    def _withdraw(self, lane: Lane, future: asyncio.Future[Slot]) -> None:
        waiting = self._lanes.get(lane)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._lanes[lane]

    async def _let_through(self) -> None:
        """Give places to waiters for as long as there are any."""
        try:
            while self._lanes:
                self._send_away()
                if self._closed_until() > _now():
                    self._crowded_at = _now()
                    await self._until_changed()
                    continue
                slot = await self.limiter.acquire()
                future = None if self._closed_until() > _now() else self._next()
                if future is None:
                    self.limiter.give_back(slot)
                    continue
                self._in_flight += 1
                future.set_result(slot)
        except Exception as error:
            while (waiter := self._next()) is not None:
                waiter.set_exception(error)  # they would wait for ever
        finally:
            if self._pump is asyncio.current_task():
                self._pump = None

    def _closed_until(self) -> float:
        """Return when the next request may be let through, as far as the gate is concerned."""
        full = self._in_flight >= (1 if self._health.broken else self._concurrency.level)
        return math.inf if full else self._health.resumes_at

    async def _until_changed(self) -> None:
        """Wait until something has happened, or the gate opens by itself."""
        self._change.clear()
        opens = self._closed_until()
        timer = None
        if math.isfinite(opens):
            timer = asyncio.get_running_loop().call_at(opens, self._change.set)
        try:
            await self._change.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _send_away(self) -> None:
        """Let those know for whom there is no hope that the service recovers in time."""
        now = _now()
        for lane in list(self._lanes):
            while lane in self._lanes and (despair := self._health.despair(lane.since, now)):
                waiter = self._next_of(lane)
                if waiter is not None:
                    waiter.set_exception(despair)

    def _next(self) -> asyncio.Future[Slot] | None:
        """Take the first waiter of the lane whose turn it is, and send that lane to the end."""
        while self._lanes:
            future = self._next_of(next(iter(self._lanes)))
            if future is not None:
                return future
        return None

    def _next_of(self, lane: Lane) -> asyncio.Future[Slot] | None:
        """Take the first waiter of a lane, and send the lane to the end; None for one who is gone."""
        waiting = self._lanes[lane]
        future = waiting.popleft()
        if waiting:
            self._lanes.move_to_end(lane)
        else:
            del self._lanes[lane]
        return None if future.done() else future


def _now() -> float:
    return asyncio.get_running_loop().time()
