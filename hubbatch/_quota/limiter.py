"""The live quota that runs and clients share: waits until the budget and the pacing let a request go.

The counting is the budget's, the pacing aiolimiter's; this module only waits. It knows nothing of HTTP or batches.
"""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import Mapping

from aiolimiter import AsyncLimiter

from hubbatch._checks import check_seconds, shown
from hubbatch._clock import now
from hubbatch._observers import Notify
from hubbatch._quota.budget import Budget, Slot
from hubbatch._quota.daily_budget import DailyState
from hubbatch.errors import DailyLimitError, UsageError
from hubbatch.events import LimitLearned, QuotaHold
from hubbatch.policies import RateLimit

__all__ = ["MAX_HOLD", "RateLimiter"]

MAX_HOLD = 3600.0
"""Seconds for which everybody is held at the most, whatever the service asks for, unless the caller says otherwise."""

_SAME_HOLD, _LONGEST_SAME = 0.2, 30.0
"""A hold that makes the one before longer by no more than this part of itself, and so many seconds, is the same one."""

_FIRST_GUESS = RateLimit(100, 10.0)
"""The lowest limit HubSpot gives to a private app (documentation, "API usage guidelines")."""

_CLUMP = 20
"""A twentieth of the budget may go out at once: late wake-ups are caught up, otherwise rounding costs throughput."""

_HASTE = 4.0
"""Paced sends go out this much faster than the quota's average, so that places that become free late are all used."""


class RateLimiter:
    """One quota, live: give the same one to several clients of an account and they share it.

    With a `RateLimit` the quota is pinned to it; without one it is learned from the response headers, starting from
    100 requests per 10 seconds; where there are no such headers, from what HubSpot refuses.

    `daily_reserve`: requests of the day that are left to others. Once the headers tell that no more than these remain,
    runs stop with `DailyLimitError`.

    `max_hold`: seconds for which a 429, a 477 or what the headers tell may hold everybody at the most. A period in the
    headers that would take longer is not believed. A period of your own `RateLimit` is as long as you say.

    Raises `UsageError` for an option that is wrong.
    """

    def __init__(
        self,
        rate_limit: RateLimit | None = None,
        *,
        daily_reserve: int = 0,
        max_hold: float = MAX_HOLD,
    ) -> None:
        if rate_limit is not None and not isinstance(rate_limit, RateLimit):
            raise UsageError(f"a RateLimiter takes a RateLimit or nothing, not {shown(rate_limit)}")
        if type(daily_reserve) is not int or daily_reserve < 0:
            raise UsageError(
                f"daily_reserve must be a whole number of at least 0, not {shown(daily_reserve)}"
            )
        self._max_hold = check_seconds("max_hold", max_hold)
        self._budget = Budget(
            rate_limit or _FIRST_GUESS,
            learns=rate_limit is None,
            daily_reserve=daily_reserve,
            max_hold=self._max_hold,
        )
        self.known = rate_limit is not None
        """Whether the limit is more than a guess: it is pinned, or an answer has come since."""
        self._told_until = -math.inf
        self._listeners: weakref.WeakSet[Notify] = weakref.WeakSet()
        self._turn = asyncio.Lock()
        self._alarm: asyncio.Future[None] | None = None
        self._pacer: AsyncLimiter | None = None
        self._pacer_limit: RateLimit | None = None

    def __repr__(self) -> str:
        return f"RateLimiter({self.rate_limit!r})"

    @property
    def rate_limit(self) -> RateLimit:
        """The limit in force: pinned, or as learned so far."""
        return self._budget.limit

    @property
    def used(self) -> int:
        """How many requests of the current period are used, as far as we know."""
        return self._budget.used(now())

    def listen(self, notify: Notify) -> None:
        """Have one more client told of holds and learned limits, for as long as there is `notify`."""
        self._listeners.add(notify)

    async def acquire(self) -> Slot:
        """Wait for a place in the quota and take it.

        Raises `DailyLimitError` when the day's requests are used up, but for the reserve.
        """
        async with self._turn:
            while True:
                moment = now()
                if self._budget.today(moment) is DailyState.OVER:
                    raise DailyLimitError(self._no_more_today())
                ready_at = self._budget.ready_at(moment)
                if ready_at > moment:
                    await self._sleep_until(ready_at)
                    continue
                if self._budget.paced(moment):
                    await self._pace()
                    moment = now()
                    if self._budget.ready_at(moment) > moment:
                        continue
                return self._budget.take(moment)

    def give_back(self, slot: Slot) -> None:
        """Return a place that was not used."""
        self._budget.give_back(slot)
        self._wake()

    def sent(self, slot: Slot) -> None:
        """Note that the request goes out just now: a byte of it may leave."""
        self._budget.sent(slot, now())

    def learn(self, headers: Mapping[str, str], slot: Slot, *, refused: bool = False) -> None:
        """Learn from the answer to a request: its headers (lower-case names), and whether it was one too many."""
        before = self._budget.limit
        self.known = True
        self._budget.learn(headers, slot, now(), refused=refused)
        self._wake()
        if (limit := self._budget.limit) != before:
            for notify in list(self._listeners):
                notify(LimitLearned, limit, before)

    def ended(self, slot: Slot) -> None:
        """Note that a request that was sent was answered, or given up."""
        self._budget.ended(slot, now())
        self._wake()

    def hold(self, wait: float, why: str = "the service answered 429 or 477") -> float:
        """Hold everybody for `wait` seconds, `max_hold` at the most; return for how many.

        `why`: what observers and the log are told. It must hold nothing of a record or a token.
        """
        moment = now()
        held = self._budget.hold(wait, moment)
        # What one flight of requests is told together is one hold.
        same = min(held * _SAME_HOLD, _LONGEST_SAME)
        if moment + held > max(moment, self._told_until) + same:
            self._told_until = moment + held
            for notify in list(self._listeners):
                notify(QuotaHold, held, why)
        return held

    @property
    def max_hold(self) -> float:
        """Seconds for which everybody is held at the most."""
        return self._max_hold

    @property
    def held_for(self) -> float:
        """Seconds for which everybody is held from now on, as the service asked; `max_hold` at the most."""
        return self._budget.held_for(now())

    @property
    def stalled_for(self) -> float:
        """Seconds until the quota lets the next request go: held, or with our part of the period used up."""
        return self._budget.stalled_for(now())

    def _no_more_today(self) -> str:
        daily = self._budget.daily
        kept = f", and {daily.reserve} are reserved for others" if daily.reserve else ""
        return (
            f"{daily.remaining} of the account's requests are left for today{kept}; the count starts again at"
            " midnight in the account's time zone: send `outcome.retryable` again then"
        )

    async def _pace(self) -> None:
        limit = self._budget.limit
        if self._pacer is None or self._pacer_limit != limit:
            clump = max(1.0, limit.budget / _CLUMP)
            self._pacer = AsyncLimiter(clump, limit.period * clump / limit.budget / _HASTE)
            self._pacer_limit = limit
        await self._pacer.acquire()

    async def _sleep_until(self, when: float) -> None:
        """Sleep until then, or until an answer may have changed what there is to wait for."""
        loop = asyncio.get_running_loop()
        self._alarm = loop.create_future()
        timer = None if math.isinf(when) else loop.call_at(when, self._wake)
        try:
            await self._alarm
        finally:
            if timer is not None:
                timer.cancel()
            self._alarm = None

    def _wake(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)
