"""The gate that all requests of one client pass: so many at once, each with a place in the quota, runs in turn.

Each class of limits has queues of its own, so that a class that is held holds no other. In it each run has a queue,
and these are served round-robin: a small run never waits behind a large one.
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
class _Queues:
    """What waits for the limits of one class: a queue for each run."""

    limit_class: LimitClass
    by_run: OrderedDict[Hashable, OrderedDict[_Waiter, None]] = field(factory=OrderedDict)
    """Who waits, the one that first asked longest ago first: one who gives up leaves at no more cost than the first."""
    pump: asyncio.Task[None] | None = None
    acquiring: asyncio.Timeout | None = None
    """How long the pump waits for the quota, while it does."""
    changed: asyncio.Event = field(factory=asyncio.Event)
    crowded_until: float = -math.inf
    """Until when a waiter waited for a request to end rather than for the quota; infinity: one does now."""

    def join(self, queue: Hashable, waiter: _Waiter) -> None:
        """Add a waiter to a queue: behind those that came before, and before those that first asked later."""
        waiting = self.by_run.setdefault(queue, OrderedDict())
        behind = waiting and next(reversed(waiting)).since > waiter.since
        younger = [other for other in waiting if other.since > waiter.since] if behind else ()
        waiting[waiter] = None
        for other in younger:
            waiting.move_to_end(other)

    def withdraw(self, queue: Hashable, waiter: _Waiter) -> None:
        """Forget a waiter that waits no longer."""
        waiting = self.by_run.get(queue)
        if waiting is not None and waiter in waiting:
            del waiting[waiter]
            if not waiting:
                del self.by_run[queue]

    def next(self) -> _Waiter | None:
        """Take the first waiter of the queue whose turn it is, and send that queue to the end."""
        while self.by_run:
            queue, waiting = next(iter(self.by_run.items()))
            waiter, _ = waiting.popitem(last=False)
            if waiting:
                self.by_run.move_to_end(queue)
            else:
                del self.by_run[queue]
            if not waiter.admitted.done():
                return waiter
        return None


class Gate:
    """Lets requests through: as many at once as the service can bear, within the quota, queues round-robin.

    `notify` is given what becomes of the circuit breaker.
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
        self._classes = OrderedDict((each, _Queues(each)) for each in LimitClass)
        """Whose turn it is comes first, should they wait for the same request to end."""
        self._without_success_since: float | None = None
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
    def without_success_for(self) -> float:
        """For so many seconds the service has not given one good answer; 0 while its last one was good."""
        return 0.0 if self._without_success_since is None else now() - self._without_success_since

    def held_for(self, limit_class: LimitClass) -> float:
        """Return for how many seconds a class is held from now on; infinity while it is not known."""
        return math.inf if self._breaker.open else self.limiter.held_for(limit_class)

    def crowded(self, limit_class: LimitClass) -> bool:
        """Whether one who comes now has to wait: for others of its class, its quota, or a broken service."""
        acquiring = self._classes[limit_class].acquiring is not None
        return (
            acquiring or self._closed_until() > now() or self.limiter.stalled_for(limit_class) > 0
        )

    def partial_at(self, who: Hashable) -> float:
        """Return from when on a request may be made that is not full, where there would be a place for it.

        The first answer shows a quota that is not known: until then one is enough.
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
        self, queue: Hashable, since: float, limit_class: LimitClass = LimitClass.INTERVAL
    ) -> AsyncIterator[Slot]:
        """Wait for the queue's turn among its class; the request is in flight until the context is left.

        The place in the quota is used once the limiter knows that the request was sent, whatever comes of it;
        until then it is given back.

        `since`: when the caller first asked. Raises `TransportError` once the service has been broken for too long
        since then.
        """
        slot = await self._wait(self._classes[limit_class], queue, since)
        try:
            yield slot
        finally:
            if slot.sent:
                self.limiter.ended(slot)
            else:
                self.limiter.give_back(slot)
            self._leave()

    def note(
        self, diagnosis: Diagnosis, slot: Slot, chance: float, *, in_poison_search: bool = False
    ) -> None:
        """Note what came of a request. `in_poison_search`: a failure would be the request's own."""
        broken, resumes_at, moment = self._breaker.open, self._breaker.resumes_at, now()
        limited = any(each.crowded_until >= slot.sent_at for each in self._classes.values())
        self._breaker.note(
            diagnosis,
            sent_at=slot.sent_at,
            now=moment,
            chance=chance,
            in_poison_search=in_poison_search,
        )
        if SYMPTOMS[diagnosis.symptom].sign is Sign.GOOD:
            self._without_success_since = None
        elif self._without_success_since is None:
            self._without_success_since = moment
        if not (in_poison_search and SYMPTOMS[diagnosis.symptom].overload):
            self._concurrency.note(
                diagnosis.symptom, sent_at=slot.sent_at, now=moment, limited=limited
            )
        if broken and not self._breaker.open:
            self._concurrency.begin_anew()
        for queues in self._classes.values():
            if queues.acquiring is not None and not queues.acquiring.expired():
                queues.acquiring.reschedule(self._next_to_give_up(queues))
        self._wake()
        if broken or self._breaker.open:
            self._report(
                diagnosis.symptom, broken=broken, probed=self._breaker.resumes_at != resumes_at
            )

    def _report(self, symptom: Symptom, *, broken: bool, probed: bool) -> None:
        """Report how an answer has changed the circuit breaker. `broken`: it was open before."""
        wait = self._breaker.resumes_at - now()
        if not self._breaker.open:
            self._notify(BreakerClosed)
        elif not broken:
            self._notify(BreakerOpened, symptom.name.lower(), wait)
        elif probed:
            self._notify(BreakerProbed, symptom.name.lower(), wait)

    async def settle(self) -> None:
        """End what works for waiters that are gone; nothing is left behind when a run ends."""
        idle = [
            each for each in self._classes.values() if each.pump is not None and not each.by_run
        ]
        pumps = [each.pump for each in idle if each.pump is not None]
        for queues, pump in zip(idle, pumps, strict=True):
            queues.pump = None
            pump.cancel()
        if pumps:
            await asyncio.wait(pumps)

    async def _wait(self, queues: _Queues, queue: Hashable, since: float) -> Slot:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(since, future)
        queues.join(queue, waiter)
        if queues.pump is None or queues.pump.done():
            queues.pump = asyncio.create_task(self._let_through(queues))
        try:
            return await future
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                queues.withdraw(queue, waiter)
            elif future.exception() is None:
                self.limiter.give_back(future.result())
                self._leave()
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        """Let all classes look again; the one whose turn it is looks first."""
        for queues in self._classes.values():
            queues.changed.set()

    async def _let_through(self, queues: _Queues) -> None:
        """Give places to waiters for as long as there are any."""
        try:
            while self._dismiss_hopeless(queues):
                if self._closed_until() > now():
                    await self._until_changed(queues)
                    continue
                if (slot := await self._acquire(queues)) is None:
                    continue
                waiter = None if self._closed_until() > now() else queues.next()
                if waiter is None:
                    self.limiter.give_back(slot)
                    continue
                self._in_flight += 1
                self._classes.move_to_end(queues.limit_class)
                self._passed_at = slot.sent_at
                self._first_at = min(self._first_at, slot.sent_at)
                waiter.admitted.set_result(slot)
        except Exception as error:
            while (waiter := queues.next()) is not None:
                # They would wait for ever. Each run gets an error of its own, for it will carry the run's outcome.
                own = copy.copy(error) if isinstance(error, HubbatchError) else error
                waiter.admitted.set_exception(own)

    async def _acquire(self, queues: _Queues) -> Slot | None:
        """Wait for a place in the quota; None if a waiter's time to give up comes first."""
        try:
            async with asyncio.timeout_at(self._next_to_give_up(queues)) as queues.acquiring:
                return await self.limiter.acquire(queues.limit_class)
        except TimeoutError:
            return None
        finally:
            queues.acquiring = None

    def _next_to_give_up(self, queues: _Queues) -> float | None:
        return min((at for _, _, at in self._giving_up(queues)), default=None)

    def _closed_until(self) -> float:
        """Return when the next request may be let through, as far as the gate is concerned."""
        full = self._in_flight >= (1 if self._breaker.open else self._concurrency.level)
        return math.inf if full else self._breaker.resumes_at

    async def _until_changed(self, queues: _Queues) -> None:
        """Wait until something has happened, the gate opens by itself, or a waiter gives up."""
        queues.changed.clear()
        wakes = min([self._closed_until(), *(at for _, _, at in self._giving_up(queues))])
        timer = None
        if math.isfinite(wakes):
            timer = asyncio.get_running_loop().call_at(wakes, queues.changed.set)
        queues.crowded_until = math.inf
        try:
            await queues.changed.wait()
        finally:
            queues.crowded_until = now()
            if timer is not None:
                timer.cancel()

    def _giving_up(self, queues: _Queues) -> list[tuple[Hashable, _Waiter, float]]:
        """Return who waits, in which queue, and when to give the service up; empty while the service works."""
        if not self._breaker.in_trouble:
            return []
        return [
            (queue, waiter, self._breaker.gives_up_at(waiter.since))
            for queue, waiting in queues.by_run.items()
            for waiter in waiting
        ]

    def _dismiss_hopeless(self, queues: _Queues) -> bool:
        """Fail the waiters whose time for a broken service is over; return whether any are left."""
        moment = now()
        for queue, waiter, at in self._giving_up(queues):
            if moment >= at:
                queues.withdraw(queue, waiter)
                if not waiter.admitted.done():
                    waiter.admitted.set_exception(self._breaker.give_up(waiter.since, moment))
        return bool(queues.by_run)
