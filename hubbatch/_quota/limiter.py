"""The live quota that runs and clients share: one limiter for each class of limits, and one day for all of them.

It knows nothing of HTTP or batches.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping

from hubbatch._checks import check_seconds, shown
from hubbatch._clock import now
from hubbatch._observers import Notify
from hubbatch._quota.budget import Budget, Slot
from hubbatch._quota.class_limiter import ClassLimiter
from hubbatch._quota.daily_budget import DailyBudget
from hubbatch.errors import UsageError
from hubbatch.events import LimitLearned, QuotaHold
from hubbatch.policies import UNLIMITED, LimitClass, RateLimit

__all__ = ["MAX_HOLD", "RateLimiter"]

MAX_HOLD = 3600.0
"""Seconds for which requests are held at the most, whatever the service asks for, unless the caller says otherwise."""

_SAME_HOLD, _LONGEST_SAME = 0.2, 30.0
"""A hold that makes the one before longer by no more than this part of itself, and so many seconds, is the same one."""

_FIRST_GUESS = RateLimit(100, 10.0)
"""The lowest limit HubSpot gives to a private app (documentation, "API usage guidelines")."""

_FIXED = {
    LimitClass.SEARCH: RateLimit(5, 1.0),  # for the account (documentation, "CRM search")
    LimitClass.EXEMPT: UNLIMITED,
}
"""The limits that no header tells."""


class RateLimiter:
    """One quota, live: give the same one to several clients of an account and they share it.

    With a `RateLimit` the quota is pinned to it; without one it is learned from the response headers, starting from
    100 requests per 10 seconds; where there are no such headers, from what HubSpot refuses. Searches have a limit of
    their own, five a second; requests that are exempt have none. A 429 holds only requests of its own class, and all
    count for the day.

    `daily_reserve`: requests of the day that are left to others. Once the headers tell that no more than these remain,
    runs stop with `DailyLimitError`.

    `max_hold`: seconds for which a 429, a 477 or what the headers tell may hold requests at the most. A period in the
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
        self._daily = DailyBudget(daily_reserve)
        limits = {LimitClass.INTERVAL: rate_limit, **_FIXED}
        self._classes = {
            each: ClassLimiter(
                Budget(
                    limit or _FIRST_GUESS,
                    learns=limit is None,
                    daily=self._daily,
                    max_hold=self._max_hold,
                )
            )
            for each, limit in limits.items()
        }
        self.known = rate_limit is not None
        """Whether the limit is more than a guess: it is pinned, or an answer has come since."""
        self._reported_until = dict.fromkeys(LimitClass, -math.inf)
        self._listeners: weakref.WeakSet[Notify] = weakref.WeakSet()

    def __repr__(self) -> str:
        return f"RateLimiter({self.rate_limit!r})"

    @property
    def rate_limit(self) -> RateLimit:
        """The limit in force: pinned, or as learned so far."""
        return self._interval.limit

    @property
    def used(self) -> int:
        """How many requests of the current period are used, as far as we know."""
        return self._interval.used(now())

    def use_of(self, limit_class: LimitClass) -> tuple[int, RateLimit]:
        """Return how many requests of a class's current period are used, and the limit that it has."""
        budget = self._classes[limit_class].budget
        return budget.used(now()), budget.limit

    @property
    def daily_remaining(self) -> int | None:
        """How many requests the account has left today, by the last answer that said so; None: none has."""
        return self._daily.remaining

    def listen(self, notify: Notify) -> None:
        """Notify one more client of holds and learned limits, for as long as there is `notify`."""
        self._listeners.add(notify)

    async def acquire(self, limit_class: LimitClass = LimitClass.INTERVAL) -> Slot:
        """Wait for a place in the quota of a class and take it.

        Raises `DailyLimitError` when the day's requests are used up, but for the reserve.
        """
        slot = await self._classes[limit_class].acquire()
        slot.limit_class = limit_class
        return slot

    def give_back(self, slot: Slot) -> None:
        """Return a place that was not used."""
        self._of(slot).give_back(slot)
        self._wake()

    def sent(self, slot: Slot) -> None:
        """Note that the request goes out just now: a byte of it may leave."""
        self._of(slot).sent(slot, now())

    def learn(self, headers: Mapping[str, str], slot: Slot, *, refused: bool = False) -> None:
        """Learn from the answer to a request: its headers (lower-case names), and whether it was one too many."""
        budget = self._of(slot)
        before = budget.limit
        self.known = self.known or slot.limit_class is LimitClass.INTERVAL
        budget.learn(headers, slot, now(), refused=refused)
        self._wake()
        if (limit := budget.limit) != before:
            for notify in list(self._listeners):
                notify(LimitLearned, limit, before)

    def ended(self, slot: Slot) -> None:
        """Note that a request that was sent was answered, or given up."""
        self._of(slot).ended(slot, now())
        self._wake()

    def hold(
        self,
        wait: float,
        why: str = "the service answered 429 or 477",
        *,
        limit_class: LimitClass | None = None,
    ) -> float:
        """Hold a class (None: every request) for `wait` seconds, `max_hold` at the most; return for how many.

        `why`: what observers and the log receive. It must hold nothing of a record or a token.
        """
        moment = now()
        classes = list(LimitClass) if limit_class is None else [limit_class]
        held = max(self._classes[each].budget.hold(wait, moment) for each in classes)
        # What the requests of one moment are answered together is one hold.
        same, reported = min(held * _SAME_HOLD, _LONGEST_SAME), self._reported_until
        if any(moment + held > max(moment, reported[each]) + same for each in classes):
            reported.update(dict.fromkeys(classes, moment + held))
            for notify in list(self._listeners):
                notify(QuotaHold, held, why)
        return held

    @property
    def max_hold(self) -> float:
        """Seconds for which requests are held at the most."""
        return self._max_hold

    def held_for(self, limit_class: LimitClass = LimitClass.INTERVAL) -> float:
        """Return for how many seconds a class is held from now on, as the service asked; `max_hold` at the most."""
        return self._classes[limit_class].budget.held_for(now())

    def stalled_for(self, limit_class: LimitClass = LimitClass.INTERVAL) -> float:
        """Return for how many seconds the quota lets no request of a class go: held, or with our part used up."""
        return self._classes[limit_class].budget.stalled_for(now())

    @property
    def _interval(self) -> Budget:
        return self._classes[LimitClass.INTERVAL].budget

    def _of(self, slot: Slot) -> Budget:
        return self._classes[slot.limit_class].budget

    def _wake(self) -> None:
        for each in self._classes.values():
            each.wake()
