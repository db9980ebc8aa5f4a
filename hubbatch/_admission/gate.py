"""The door all requests of one client go through: so many at once, each with a place in the quota, runs in turn.

A place is given to whoever is next at the moment it becomes free, one run after the other, so that a small run never
waits behind a large one. Each class of limits has a queue of its own, so that a class that is held holds no other.
While the service is broken it lets one request through at a time. It knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from attrs import define, field, frozen

from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.spacing import Spacing
from hubbatch._clock import now
from hubbatch._observers import Notify, silent
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import SYMPTOMS, Sign, Symptom
from hubbatch._quota.budget import Slot
from hubbatch._quota.limiter import RateLimiter
from hubbatch.errors import HubbatchError
from hubbatch.events import BreakerClosed, BreakerOpened, BreakerProbed
from hubbatch.policies import LimitClass

__all__ = ["DeclinedError", "Gate"]


_FIRST = 1.0
"""Seconds for which the first answer is waited for."""


class DeclinedError(Exception):
    """Raised within `Gate.enter` by one who was let through and sends nothing after all."""


@frozen(eq=False)
class _Waiter:
    since: float
    """When its batch first asked: it has a time of its own to wait for a broken service."""
    admitted: asyncio.Future[Slot]


@define(eq=False)
class _Queue:
    """Who waits for the limits of one class."""

    limit_class: LimitClass
    lanes: OrderedDict[Hashable, OrderedDict[_Waiter, None]] = field(factory=OrderedDict)
    """Who waits, the one who first asked longest ago first: one who gives up leaves at no more cost than the first."""
    pump: asyncio.Task[None] | None = None
    acquiring: asyncio.Timeout | None = None
    """How long the pump waits for the quota, while it does."""
    changed: asyncio.Event = field(factory=asyncio.Event)
    crowded_until: float = -math.inf
    """Until when somebody waited for a request to end rather than for the quota; infinity: does now."""

    def join(self, lane: Hashable, waiter: _Waiter) -> None:
        """Have one wait in a lane: behind those that came before, and before those that first asked later."""
        waiting = self.lanes.setdefault(lane, OrderedDict())
        behind = waiting and next(reversed(waiting)).since > waiter.since
        younger = [other for other in waiting if other.since > waiter.since] if behind else ()
        waiting[waiter] = None
        for other in younger:
            waiting.move_to_end(other)

    def withdraw(self, lane: Hashable, waiter: _Waiter) -> None:
        """Forget one who waits no longer."""
        waiting = self.lanes.get(lane)
        if waiting is not None and waiter in waiting:
            del waiting[waiter]
            if not waiting:
                del self.lanes[lane]

    def next(self) -> _Waiter | None:
        """Take the first waiter of the lane whose turn it is, and send that lane to the end."""
        while self.lanes:
            lane, waiting = next(iter(self.lanes.items()))
            waiter, _ = waiting.popitem(last=False)
            if waiting:
                self.lanes.move_to_end(lane)
            else:
                del self.lanes[lane]
            if not waiter.admitted.done():
                return waiter
        return None


class Gate:
    """Lets requests through: as many at once as the service can bear, within the quota, lanes in turn.

    `notify` is told what becomes of the circuit breaker.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        concurrency: Concurrency,
        breaker: CircuitBreaker,
        notify: Notify = silent,
    ) -> None:
        self.limiter = limiter
        self._concurrency = concurrency
        self._breaker = breaker
        self._notify = notify
        self._in_flight = 0
        self._queues = OrderedDict((each, _Queue(each)) for each in LimitClass)
        """Whose turn it is comes first, should they wait for the same request to end."""
        self._vain_since: float | None = None
        """When the first answer came that was not good, since the last good one."""
        self._partial = Spacing()
        self._first_at, self._passed_at = math.inf, -math.inf
        """When the first request was let through, and the last one."""

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight while all is well."""
        return self._concurrency.level

    @property
    def broken(self) -> bool:
        """Whether the service is held to be broken, so that requests only probe."""
        return self._breaker.open

    @property
    def in_vain(self) -> float:
        """For so many seconds the service has not given one good answer; 0 while its last one was good."""
        return 0.0 if self._vain_since is None else now() - self._vain_since

    def held_for(self, limit_class: LimitClass) -> float:
        """Return for how many seconds a class is held from now on; infinity while nobody can tell."""
        return math.inf if self._breaker.open else self.limiter.held_for(limit_class)

    def crowded(self, limit_class: LimitClass) -> bool:
        """Whether one who comes now has to wait: for others of its class, its quota, or a broken service."""
        acquiring = self._queues[limit_class].acquiring is not None
        return (
            acquiring or self._closed_until() > now() or self.limiter.stalled_for(limit_class) > 0
        )

    def partial_at(self, who: Hashable) -> float:
        """Return from when on a request may be made that is not full, where there would be a place for it.

        The first answer tells a quota that is not known: until then one is enough.
        """
        ready_at = self._partial.ready_at(who, self.limiter.rate_limit, self._passed_at)
        if self._in_flight and not self.limiter.known:
            return max(ready_at, self._first_at + _FIRST)
        return ready_at

    def note_partial(self, who: Hashable) -> None:
        """Note that such a request is made."""
        self._partial.partial(who, now(), self.limiter.rate_limit)

    def leave_partial(self, who: Hashable) -> None:
        """Note that someone who has asked makes no such request."""
        self._partial.leave(who)

    @asynccontextmanager
    async def enter(
        self, lane: Hashable, since: float, limit_class: LimitClass = LimitClass.INTERVAL
    ) -> AsyncIterator[Slot]:
        """Wait for the lane's turn among its class; the request is in flight until the context is left.

        The place in the quota is used once the limiter has been told that the request was sent, whatever comes of it;
        until then it is given back.

        `since`: when the caller first asked. Raises `TransportError` once the service has been broken for too long
        since then.
        """
        slot = await self._wait(self._queues[limit_class], lane, since)
        try:
            yield slot
        finally:
            if slot.sent:
                self.limiter.ended(slot)
            else:
                self.limiter.give_back(slot)
            self._leave()

    def note(self, told: Diagnosis, slot: Slot, chance: float, *, suspect: bool = False) -> None:
        """Note what came of a request that was let through; `suspect`: a failure would be the request's own."""
        broken, resumes_at, moment = self._breaker.open, self._breaker.resumes_at, now()
        limited = any(each.crowded_until >= slot.sent_at for each in self._queues.values())
        self._breaker.note(told, sent_at=slot.sent_at, now=moment, chance=chance, suspect=suspect)
        if SYMPTOMS[told.symptom].sign is Sign.GOOD:
            self._vain_since = None
        elif self._vain_since is None:
            self._vain_since = moment
        if not (suspect and SYMPTOMS[told.symptom].overload):
            self._concurrency.note(told.symptom, sent_at=slot.sent_at, now=moment, limited=limited)
        if broken and not self._breaker.open:
            self._concurrency.begin_anew()
        for queue in self._queues.values():
            if queue.acquiring is not None and not queue.acquiring.expired():
                queue.acquiring.reschedule(self._next_to_give_up(queue))
        self._wake()
        if broken or self._breaker.open:
            self._tell(told.symptom, broken=broken, probed=self._breaker.resumes_at != resumes_at)

    def _tell(self, symptom: Symptom, *, broken: bool, probed: bool) -> None:
        """Tell what an answer has made of the circuit breaker, which was open before if it was `broken`."""
        wait = self._breaker.resumes_at - now()
        if not self._breaker.open:
            self._notify(BreakerClosed)
        elif not broken:
            self._notify(BreakerOpened, symptom.name.lower(), wait)
        elif probed:
            self._notify(BreakerProbed, symptom.name.lower(), wait)

    async def settle(self) -> None:
        """End what works for waiters that are gone; nothing is left behind when a run ends."""
        idle = [each for each in self._queues.values() if each.pump is not None and not each.lanes]
        pumps = [each.pump for each in idle if each.pump is not None]
        for queue, pump in zip(idle, pumps, strict=True):
            queue.pump = None
            pump.cancel()
        if pumps:
            await asyncio.wait(pumps)

    async def _wait(self, queue: _Queue, lane: Hashable, since: float) -> Slot:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(since, future)
        queue.join(lane, waiter)
        if queue.pump is None or queue.pump.done():
            queue.pump = asyncio.create_task(self._let_through(queue))
        try:
            return await future
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                queue.withdraw(lane, waiter)
            elif future.exception() is None:
                self.limiter.give_back(future.result())
                self._leave()
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        """Let all queues look again; the one whose turn it is looks first."""
        for queue in self._queues.values():
            queue.changed.set()

    async def _let_through(self, queue: _Queue) -> None:
        """Give places to waiters for as long as there are any."""
        try:
            while self._send_away(queue):
                if self._closed_until() > now():
                    await self._until_changed(queue)
                    continue
                if (slot := await self._acquire(queue)) is None:
                    continue
                waiter = None if self._closed_until() > now() else queue.next()
                if waiter is None:
                    self.limiter.give_back(slot)
                    continue
                self._in_flight += 1
                self._queues.move_to_end(queue.limit_class)
                self._passed_at = slot.sent_at
                self._first_at = min(self._first_at, slot.sent_at)
                waiter.admitted.set_result(slot)
        except Exception as error:
            while (waiter := queue.next()) is not None:
                # They would wait for ever. Each run gets an error of its own, for it will carry the run's outcome.
                own = copy.copy(error) if isinstance(error, HubbatchError) else error
                waiter.admitted.set_exception(own)

    async def _acquire(self, queue: _Queue) -> Slot | None:
        """Wait for a place in the quota; None if somebody's time to give up comes before."""
        try:
            async with asyncio.timeout_at(self._next_to_give_up(queue)) as queue.acquiring:
                return await self.limiter.acquire(queue.limit_class)
        except TimeoutError:
            return None
        finally:
            queue.acquiring = None

    def _next_to_give_up(self, queue: _Queue) -> float | None:
        return min((at for _, _, at in self._giving_up(queue)), default=None)

    def _closed_until(self) -> float:
        """Return when the next request may be let through, as far as the gate is concerned."""
        full = self._in_flight >= (1 if self._breaker.open else self._concurrency.level)
        return math.inf if full else self._breaker.resumes_at

    async def _until_changed(self, queue: _Queue) -> None:
        """Wait until something has happened, the gate opens by itself, or somebody gives up."""
        queue.changed.clear()
        wakes = min([self._closed_until(), *(at for _, _, at in self._giving_up(queue))])
        timer = None
        if math.isfinite(wakes):
            timer = asyncio.get_running_loop().call_at(wakes, queue.changed.set)
        queue.crowded_until = math.inf
        try:
            await queue.changed.wait()
        finally:
            queue.crowded_until = now()
            if timer is not None:
                timer.cancel()

    def _giving_up(self, queue: _Queue) -> list[tuple[Hashable, _Waiter, float]]:
        """Return who waits, in which lane, and when to give the service up; nobody while it is well."""
        if not self._breaker.in_trouble:
            return []
        return [
            (lane, waiter, self._breaker.gives_up_at(waiter.since))
            for lane, waiting in queue.lanes.items()
            for waiter in waiting
        ]

    def _send_away(self, queue: _Queue) -> bool:
        """Let those know for whom there is no hope that the service recovers in time; return whether any are left."""
        moment = now()
        for lane, waiter, at in self._giving_up(queue):
            if moment >= at:
                queue.withdraw(lane, waiter)
                if not waiter.admitted.done():
                    waiter.admitted.set_exception(self._breaker.give_up(waiter.since, moment))
        return bool(queue.lanes)
