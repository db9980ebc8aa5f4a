"""The gate that all requests of one client pass: so many at once, each with a place in the quota, runs in turn.

Each run has a queue of its own, and the queues are served round-robin: a small run never waits behind a large one.
While the service is broken it lets one request through at a time. It knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from attrs import frozen

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
        self._queues: OrderedDict[Hashable, OrderedDict[_Waiter, None]] = OrderedDict()
        """Who waits, in the order in which they came: one who gives up leaves at no more cost than the first."""
        self._pump: asyncio.Task[None] | None = None
        self._acquiring: asyncio.Timeout | None = None
        """How long the pump waits for the quota, while it does."""
        self._change = asyncio.Event()
        self._without_success_since: float | None = None
        """When the first answer came that was not good, since the last good one."""
        self._crowded_until = -math.inf
        """Until when a waiter waited for a request to end rather than for the quota; infinity: one does now."""
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

    @property
    def held_for(self) -> float:
        """Seconds for which all requests are held from now on; infinity while it is not known."""
        return math.inf if self._breaker.open else self.limiter.held_for

    @property
    def crowded(self) -> bool:
        """Whether one who comes now has to wait: for others, for the quota, or for a broken service."""
        waiting = self._acquiring is not None or self._closed_until() > now()
        return waiting or self.limiter.stalled_for > 0

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
    async def enter(self, queue: Hashable, since: float) -> AsyncIterator[Slot]:
        """Wait for the queue's turn; the request is in flight until the context is left.

        The place in the quota is used once the limiter knows that the request was sent, whatever comes of it;
        until then it is given back.

        `since`: when the caller first asked. Raises `TransportError` once the service has been broken for too long
        since then.
        """
        slot = await self._wait(queue, since)
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
        limited = self._crowded_until >= slot.sent_at
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
        if self._acquiring is not None and not self._acquiring.expired():
            self._acquiring.reschedule(self._next_to_give_up())
        self._change.set()
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
        if self._pump is not None and not self._queues:
            pump, self._pump = self._pump, None
            pump.cancel()
            await asyncio.wait([pump])

    async def _wait(self, queue: Hashable, since: float) -> Slot:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(since, future)
        self._queues.setdefault(queue, OrderedDict())[waiter] = None
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_through())
        try:
            return await future
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                self._withdraw(queue, waiter)
            elif future.exception() is None:
                self.limiter.give_back(future.result())
                self._leave()
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._change.set()

    def _withdraw(self, queue: Hashable, waiter: _Waiter) -> None:
        waiting = self._queues.get(queue)
        if waiting is not None and waiter in waiting:
            del waiting[waiter]
            if not waiting:
                del self._queues[queue]

    async def _let_through(self) -> None:
        """Give places to waiters for as long as there are any."""
        try:
            while self._dismiss_hopeless():
                if self._closed_until() > now():
                    await self._until_changed()
                    continue
                if (slot := await self._acquire()) is None:
                    continue
                waiter = None if self._closed_until() > now() else self._next()
                if waiter is None:
                    self.limiter.give_back(slot)
                    continue
                self._in_flight += 1
                self._passed_at = slot.sent_at
                self._first_at = min(self._first_at, slot.sent_at)
                waiter.admitted.set_result(slot)
        except Exception as error:
            while (waiter := self._next()) is not None:
                # They would wait for ever. Each run gets an error of its own, for it will carry the run's outcome.
                own = copy.copy(error) if isinstance(error, HubbatchError) else error
                waiter.admitted.set_exception(own)

    async def _acquire(self) -> Slot | None:
        """Wait for a place in the quota; None if a waiter's time to give up comes first."""
        try:
            async with asyncio.timeout_at(self._next_to_give_up()) as self._acquiring:
                return await self.limiter.acquire()
        except TimeoutError:
            return None
        finally:
            self._acquiring = None

    def _next_to_give_up(self) -> float | None:
        return min((at for _, _, at in self._giving_up()), default=None)

    def _closed_until(self) -> float:
        """Return when the next request may be let through, as far as the gate is concerned."""
        full = self._in_flight >= (1 if self._breaker.open else self._concurrency.level)
        return math.inf if full else self._breaker.resumes_at

    async def _until_changed(self) -> None:
        """Wait until something has happened, the gate opens by itself, or a waiter gives up."""
        self._change.clear()
        wakes = min([self._closed_until(), *(at for _, _, at in self._giving_up())])
        timer = None
        if math.isfinite(wakes):
            timer = asyncio.get_running_loop().call_at(wakes, self._change.set)
        self._crowded_until = math.inf
        try:
            await self._change.wait()
        finally:
            self._crowded_until = now()
            if timer is not None:
                timer.cancel()

    def _giving_up(self) -> list[tuple[Hashable, _Waiter, float]]:
        """Return who waits, in which queue, and when to give the service up; empty while the service works."""
        if not self._breaker.in_trouble:
            return []
        return [
            (queue, waiter, self._breaker.gives_up_at(waiter.since))
            for queue, waiting in self._queues.items()
            for waiter in waiting
        ]

    def _dismiss_hopeless(self) -> bool:
        """Fail the waiters whose time for a broken service is over; return whether any are left."""
        moment = now()
        for queue, waiter, at in self._giving_up():
            if moment >= at:
                self._withdraw(queue, waiter)
                if not waiter.admitted.done():
                    waiter.admitted.set_exception(self._breaker.give_up(waiter.since, moment))
        return bool(self._queues)

    def _next(self) -> _Waiter | None:
        """Take the first waiter of the queue whose turn it is, and send that queue to the end."""
        while self._queues:
            queue, waiting = next(iter(self._queues.items()))
            waiter, _ = waiting.popitem(last=False)
            if waiting:
                self._queues.move_to_end(queue)
            else:
                del self._queues[queue]
            if not waiter.admitted.done():
                return waiter
        return None
