"""The arithmetic of a rolling-window quota: how many requests may go now, and when the next one may.

Pure: every method is given the time. Our own requests are counted as the server may count them; with headers what
the server counts decides, without them what has been refused.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import attrs

from hubbatch._protocol.exchange import DAILY_REMAINING, INTERVAL, MAX, REMAINING, whole_number
from hubbatch._quota.daily_budget import DailyBudget, DailyState
from hubbatch._quota.limit_probe import LimitProbe
from hubbatch._quota.own_use import OwnUse, Slot
from hubbatch._quota.server_use import MOST_STRETCH, ServerUse
from hubbatch.policies import RateLimit

__all__ = ["Budget", "Slot"]

_BUSY_FROM, _IDLE_UNTIL = 0.5, 0.25
"""Sends are paced once this part of the budget is used, and until so little of it is."""

_FIRST = 20
"""Requests that go before anything is known of the quota: others may use all of it."""

_RECHECK = 0.01
"""The part of a period after which a forecast that forbids sending is looked at again."""

_NONE_LEFT = 0.1
"""The part of the limit that a refusal by it may say is left."""

_LONGEST_PERIOD = 86_400.0
"""Seconds of the longest period that a header is believed in any case: a day."""


class Budget:
    """Counts the requests of the last period against a limit that headers and refusals correct."""

    def __init__(
        self,
        limit: RateLimit,
        *,
        learns: bool,
        daily: DailyBudget | None = None,
        max_hold: float = math.inf,
    ) -> None:
        self._limit = limit
        self._learns = learns
        self._max_hold = max_hold
        self.daily = daily or DailyBudget()
        self._own = OwnUse()
        self._server = ServerUse(self._own)
        self._probe = LimitProbe(limit.budget, None if learns else limit.budget)
        self._recent: deque[Slot] = deque()
        """What was sent of late, for the probe."""
        self._held_until = -math.inf
        self._busy = False
        self._answered = False
        self._newest = -math.inf

    @property
    def limit(self) -> RateLimit:
        """The limit in force: pinned, read in headers, or found by what was refused."""
        if self._learns and self._server.limit is None:
            return attrs.evolve(self._limit, max_requests=self._probe.requests)
        return self._limit

    def used(self, now: float) -> int:
        """Return how many of our requests the server may still count."""
        return self._own.careful(now, self._period)

    def free(self, now: float) -> int:
        """Return how many requests may be sent at once. To ask moves our share on, once for each moment."""
        self._probe.look(now)
        if self._learns and not self._answered:
            return max(0, min(self._most_of_ours, _FIRST) - self.used(now))
        counted = self._server.free(now, self._limit.period, part=self._limit.budget)
        if counted is not None and self._limit.budget >= (self._server.limit or 0):
            return max(0, counted)
        ours = self._most_of_ours - self.used(now)
        return max(0, ours if counted is None else min(ours, counted))

    def ready_at(self, now: float) -> float:
        """Return when to look whether a request may be sent: now if one may; infinity: not before an answer comes."""
        if now < self._held_until:
            return self._held_until
        if self.today(now) is not DailyState.OPEN:
            return math.inf
        if self.free(now) > 0:
            return now
        if self._server.limit is None:
            self._probe.reached(now, self._limit.period)
            if self.free(now) > 0:
                return now
            return self._own.next_free(now, self._period)
        return min(now + self._limit.period * _RECHECK, self._own.next_change(now, self._period))

    def today(self, now: float) -> DailyState:
        """Tell whether one more request may be sent today."""
        return self.daily.state(now)

    def paced(self, now: float) -> bool:
        """Whether sends should be spread: an idle quota may be used at once, a busy one must not clump."""
        budget = self._most_of_ours
        used = budget - self.free(now) if self._answered else self.used(now)
        self._busy = used >= budget * (_IDLE_UNTIL if self._busy else _BUSY_FROM)
        return self._busy

    def take(self, now: float) -> Slot:
        """Count a request that is sent now."""
        slot = Slot(now)
        self._own.take(slot)
        self.daily.in_flight += 1
        self._server.note(slot, now, self._limit.period)
        while self._recent and self._recent[0].sent_at < now - 2 * self._limit.period:
            self._recent.popleft()
        if self._server.limit is None:
            self._recent.append(slot)
        return slot

    def give_back(self, slot: Slot) -> None:
        """Stop counting a request that was not sent after all."""
        self.daily.in_flight -= self._own.give_back(slot)

    def sent(self, slot: Slot, now: float) -> None:
        """Note that a request goes out, and correct when: opening a connection takes time."""
        slot.sent = True
        if now != slot.sent_at:
            slot.sent_at = now
            self._server.note(slot, now, self._limit.period)

    def ended(self, slot: Slot, now: float) -> None:
        """Note that a request was answered, or given up: it has arrived by now."""
        self.daily.in_flight -= self._own.ended(slot, now, self._limit.period)

    def learn(
        self, headers: Mapping[str, str], slot: Slot, now: float, *, refused: bool = False
    ) -> None:
        """Learn from the answer to a request that has ended: from its headers, or from its refusal (429)."""
        self._answered = True
        left_today = whole_number(headers.get(DAILY_REMAINING), least=0, most=999_999_999)
        if left_today is not None:
            self.daily.learn(left_today, slot.sent_at, now)
        most = whole_number(headers.get(MAX), most=1_000_000)
        interval = whole_number(headers.get(INTERVAL), most=self._longest_interval)
        remaining = whole_number(headers.get(REMAINING), least=0, most=most or 0)
        # Else it was another limit, such as the one per second; places may become free until the answer is built.
        refused = refused and (remaining or 0) <= _NONE_LEFT * (most or 0)
        if refused:
            self._own.refused(slot)
        newest = slot.sent_at >= self._newest
        learned = False
        if most is not None and interval is not None:
            learned = self._learn_limit(most, interval / 1000, slot, newest=newest)
        self._learn_refusal(slot, now, refused=refused)
        if learned and most is not None and remaining is not None:
            period, counted = self._limit.period, most - remaining
            self._server.learn(slot, counted, now, period, refused=refused, newest=newest)

    def hold(self, wait: float, now: float) -> float:
        """Hold all requests for so long, `max_hold` at the most; return for how long that is.

        The server counts more than we do, or does not serve at all.
        """
        wait = min(wait, self._max_hold) if wait > 0 else 0.0  # so not a number is no wait
        self._held_until = max(self._held_until, now + wait)
        return wait

    def held_for(self, now: float) -> float:
        """Return how many seconds all requests are held from now on."""
        return max(0.0, self._held_until - now)

    def stalled_for(self, now: float) -> float:
        """Return for how many seconds nobody may send: held, or with our own part of the quota used up."""
        held = self.held_for(now)
        if self.used(now) < min(self._most_of_ours, self._server.limit or self._most_of_ours):
            return held
        opens_at = self._own.next_free(now, self._period)
        return held if math.isinf(opens_at) else max(held, opens_at - now)

    @property
    def _most_of_ours(self) -> int:
        if self._server.limit is None:
            return self._probe.requests
        return self._limit.budget

    @property
    def _period(self) -> float:
        return self._server.stretched(self._limit.period)

    @property
    def _longest_interval(self) -> int:
        """The longest period, in milliseconds, that a header is believed.

        A longer one would keep the next request waiting for more than `max_hold`; to shorten it would be to invent a
        quota, so that such headers tell nothing: the limit known so far holds, and the server may still refuse.
        """
        most = self._max_hold / (1 + MOST_STRETCH)
        return int(min(most, _LONGEST_PERIOD) * 1000)

    def _learn_limit(self, most: int, period: float, slot: Slot, *, newest: bool) -> bool:
        """Learn the limit from headers; return whether they speak of the period that is counted here."""
        self._newest = max(self._newest, slot.sent_at)
        if newest and self._learns:
            self._limit = RateLimit(most, period, self._limit.share)
        if period != self._limit.period:
            return False
        if newest:
            self._server.limit = most
        return True

    def _learn_refusal(self, slot: Slot, now: float, *, refused: bool) -> None:
        """Learn from whether a request was refused, with headers or without."""
        if self._server.limit is not None:
            if refused:
                held = now < self._held_until
                self._server.refused(slot, now, self._limit.period, held=held)
        elif refused:
            through = [other.sent_at for other in self._recent if not other.void]
            self._probe.refuse(slot.sent_at, through, now, self._limit.period)
        else:
            self._probe.went_through()
