"""The live quota of one class of limits: waits until the budget and the pacing let a request go.

The counting is the budget's, the pacing aiolimiter's; this module only waits. It knows nothing of HTTP or batches.
"""

from __future__ import annotations

import asyncio
import math

from aiolimiter import AsyncLimiter

from hubbatch._clock import now
from hubbatch._quota.budget import Budget, Slot
from hubbatch._quota.daily_budget import DailyState
from hubbatch.errors import DailyLimitError
from hubbatch.policies import RateLimit

__all__ = ["ClassLimiter"]

_CLUMP = 20
"""A twentieth of the budget may go out at once: late wake-ups are caught up, otherwise rounding costs throughput."""

_HASTE = 4.0
"""Paced sends go out this much faster than the quota's average, so that places that become free late are all used."""


class ClassLimiter:
    """Lets the requests of one class go, in the order in which they ask."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._turn = asyncio.Lock()
        self._alarm: asyncio.Future[None] | None = None
        self._pacer: AsyncLimiter | None = None
        self._pacer_limit: RateLimit | None = None

    async def acquire(self) -> Slot:
        """Wait for a place and take it; raise `DailyLimitError` when the day's requests are used up."""
        async with self._turn:
            while True:
                moment = now()
                if self.budget.today(moment) is DailyState.OVER:
                    raise DailyLimitError(self.budget.daily.no_more)
                ready_at = self.budget.ready_at(moment)
                if ready_at > moment:
                    await self._sleep_until(ready_at)
                    continue
                if self.budget.paced(moment):
                    await self._pace()
                    moment = now()
                    if self.budget.ready_at(moment) > moment:
                        continue
                return self.budget.take(moment)

    def wake(self) -> None:
        """Let who waits look again: an answer may have changed what there is to wait for."""
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    async def _pace(self) -> None:
        limit = self.budget.limit
        if self._pacer is None or self._pacer_limit != limit:
            clump = max(1.0, limit.budget / _CLUMP)
            self._pacer = AsyncLimiter(clump, limit.period * clump / limit.budget / _HASTE)
            self._pacer_limit = limit
        await self._pacer.acquire()

    async def _sleep_until(self, when: float) -> None:
        loop = asyncio.get_running_loop()
        self._alarm = loop.create_future()
        timer = None if math.isinf(when) else loop.call_at(when, self.wake)
        try:
            await self._alarm
        finally:
            if timer is not None:
                timer.cancel()
            self._alarm = None
