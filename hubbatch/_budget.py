"""The arithmetic of a rolling-window quota: how many requests may go now, and when the next one may.

Pure: every method is given the time. Our own requests are counted as the server may count them; with headers a forecast
of the server's whole count decides, without them what has been refused.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import attrs

from hubbatch._claim import Claim
from hubbatch._daily import Daily, Today
from hubbatch._exchange import DAILY_REMAINING, INTERVAL, MAX, REMAINING, whole_number
from hubbatch._forecast import Forecaster, Nobody, Observation, Others
from hubbatch._limit_probe import LimitProbe
from hubbatch._reckoning import Assumption, Latencies, Reckoning
from hubbatch.models import RateLimit

__all__ = ["Budget", "Slot"]

_ASSUMPTIONS = (Assumption(0.01, 1.0), Assumption(0.005, 0.5), Assumption(0.005, 0.0))
_CAREFUL = 0
"""The assumption that holds whatever the way to the server takes. The forecaster that makes it and reckons with others
is the first one; the rest have to prove themselves."""

_PROOF = 0.5
"""The part of a window's answers, at a nearly full quota, after which a forecaster may decide."""

_NEARLY_FULL = 0.8
"""The part of the limit from which on the server's count is a test of the forecasts."""

_MOST_RESERVE = 1 / 3
"""The part of what is left that is kept in reserve at the most: who sends nothing learns nothing."""

_EXTRA, _LEAST_RESERVE = 1.1, 1 / 90
"""What a forecast's reserve is multiplied by, and the part of the limit that is kept at least, while nobody else uses
the quota: who is alone has no excuse for a 429."""

_BUSY_FROM, _IDLE_UNTIL = 0.5, 0.25
"""Sends are paced once this part of the budget is used, and until so little of it is."""

_RECHECK = 0.01
"""The part of a period after which a forecast that forbids sending is looked at again."""

_FEW = 0.03
"""The part of the limit up to which others use next to nothing of it."""

_STRETCH, _MOST_STRETCH = 0.005, 0.05
"""By so much the server's period is taken to be longer for each 429 while others use next to nothing."""


_LONGEST_PERIOD = 86_400.0
"""Seconds of the longest period that a header is believed in any case: a day."""


@attrs.define(eq=False)
class Slot:
    """One request's place in the quota, and what was known when it went out."""

    sent_at: float
    own: tuple[int, ...] = ()
    """Our own count by each reckoning, this request included."""
    others: tuple[float, ...] = ()
    """What each forecaster expected others to use."""
    arrivals: tuple[float, ...] = ()
    """When it arrived by each reckoning; empty while it is in flight."""
    void: bool = False
    """Whether it was refused or never sent."""


class Budget:
    """Counts the requests of the last period against a limit that headers and refusals correct."""

    def __init__(
        self,
        limit: RateLimit,
        *,
        learns: bool,
        daily_reserve: int = 0,
        max_hold: float = float("inf"),
    ) -> None:
        self._limit = limit
        self._learns = learns
        self._max_hold = max_hold
        self.daily = Daily(daily_reserve)
        self._probe = LimitProbe(limit.budget, None if learns else limit.budget)
        self._in_flight: set[Slot] = set()
        self._recent: deque[Slot] = deque()
        self._latencies = Latencies()
        self._held_until = float("-inf")
        self._busy = False
        self._stretch = 0.0
        self._reckonings = [Reckoning(assumption) for assumption in _ASSUMPTIONS]
        self._forecasters = [
            Forecaster(number, model())
            for number in range(len(_ASSUMPTIONS))
            for model in (Others, Nobody)
        ]
        self._best = self._forecasters[0]
        self._claim = Claim()
        self._server_limit: int | None = None
        self._told_at = float("-inf")
        self._newest = float("-inf")

    @property
    def limit(self) -> RateLimit:
        """The limit in force: pinned, told by headers, or found by what was refused."""
        if self._learns and self._server_limit is None:
            return attrs.evolve(self._limit, max_requests=self._probe.requests)
        return self._limit

    @property
    def _most_of_ours(self) -> int:
        if self._server_limit is None:
            return self._probe.requests
        return self._limit.budget

    def used(self, now: float) -> int:
        """Return how many of our requests the server may still count."""
        return self._own(now, _CAREFUL)

    def free(self, now: float) -> int:
        """Return how many requests may be sent at once. To ask moves the claim on, once for each moment."""
        self._probe.look(now)
        told = self._free_as_told(now)
        if told is not None and self._limit.budget >= (self._server_limit or 0):
            return max(0, told)
        ours = self._most_of_ours - self.used(now)
        return max(0, ours if told is None else min(ours, told))

    def ready_at(self, now: float) -> float:
        """Return when to look whether a request may be sent: now if one may; infinity: not before an answer comes."""
        if now < self._held_until:
            return self._held_until
        if self.today(now) is not Today.OPEN:
            return float("inf")
        if self.free(now) > 0:
            return now
        if self._server_limit is None:
            self._probe.reached(now, self._limit.period)
            if self.free(now) > 0:
                return now
            return self._reckonings[_CAREFUL].next_free(now, self._period)
        until = now + self._limit.period * _RECHECK
        return min(until, *(each.next_free(now, self._period) for each in self._reckonings))

    def today(self, now: float) -> Today:
        """Tell whether one more request may be sent today."""
        return self.daily.state(len(self._in_flight), now)

    def paced(self, now: float) -> bool:
        """Whether sends should be spread: an idle quota may be used at once, a busy one must not clump."""
        budget = self._most_of_ours
        used = budget - self.free(now)
        self._busy = used >= budget * (_IDLE_UNTIL if self._busy else _BUSY_FROM)
        return self._busy

    def take(self, now: float) -> Slot:
        """Count a request that is sent now."""
        slot = Slot(now)
        self._in_flight.add(slot)
        self._note(slot, now)
        while self._recent and self._recent[0].sent_at < now - 2 * self._limit.period:
            self._recent.popleft()
        if self._server_limit is None:
            self._recent.append(slot)
        return slot

    def give_back(self, slot: Slot) -> None:
        """Stop counting a request that was not sent after all."""
        slot.void = True
        self._in_flight.discard(slot)

    def sent(self, slot: Slot, now: float) -> None:
        """Correct when a request went out: opening a connection takes time."""
        if now != slot.sent_at:
            self._note(slot, now)

    def ended(self, slot: Slot, now: float) -> None:
        """Note that a request was answered, or given up: it has arrived by now, and probably long before.

        How much later than others it was answered, it may have been later in arriving; no more than that.
        """
        if slot not in self._in_flight:
            return
        self._in_flight.remove(slot)
        late = self._latencies.lateness(now - slot.sent_at)
        slot.arrivals = tuple(
            each.add(slot.sent_at, late, now, self._limit.period) for each in self._reckonings
        )

    def learn(
        self, headers: Mapping[str, str], slot: Slot, now: float, *, refused: bool = False
    ) -> None:
        """Learn from the answer to a request that has ended: from its headers, or from its refusal (429)."""
        left_today = whole_number(headers.get(DAILY_REMAINING), least=0, most=999_999_999)
        if left_today is not None:
            self.daily.learn(left_today, slot.sent_at, now)
        most = whole_number(headers.get(MAX), most=1_000_000)
        interval = whole_number(headers.get(INTERVAL), most=self._longest_interval)
        remaining = whole_number(headers.get(REMAINING), least=0, most=most or 0)
        refused = refused and not remaining  # or it was another limit, such as the one per second
        if refused:
            self._void(slot)
        newest = slot.sent_at >= self._newest
        if most is not None and interval is not None:
            self._newest = max(self._newest, slot.sent_at)
            period = interval / 1000
            if newest and self._learns:
                self._limit = RateLimit(most, period, self._limit.share)
            if period == self._limit.period:
                if newest:
                    self._server_limit = most
                if remaining is not None:
                    self._learn_count(slot, most, most - remaining, now, refused=refused)
                return
        if self._server_limit is None:
            if refused:
                through = [other.sent_at for other in self._recent if not other.void]
                self._probe.refuse(slot.sent_at, through, now, self._limit.period)
            else:
                self._probe.went_through()

    def hold(self, wait: float, now: float) -> float:
        """Hold everybody for so long, `max_hold` at the most; return for how long that is.

        The server counts more than we do, or does not serve at all.
        """
        wait = min(wait, self._max_hold) if wait > 0 else 0.0  # so not a number is no wait
        self._held_until = max(self._held_until, now + wait)
        return wait

    def held_for(self, now: float) -> float:
        """Return how many seconds everybody is held from now on."""
        return max(0.0, self._held_until - now)

    def stalled_for(self, now: float) -> float:
        """Return for how many seconds nobody may send: held, or with our own part of the quota used up."""
        held, places = self.held_for(now), self._places_of_ours
        if self.used(now) < places:
            return held
        opens_at = self._reckonings[_CAREFUL].next_free(now, self._period)
        return held if math.isinf(opens_at) else max(held, opens_at - now)

    @property
    def _places_of_ours(self) -> int:
        return min(self._most_of_ours, self._server_limit or self._most_of_ours)

    @property
    def _longest_interval(self) -> int:
        """The longest period, in milliseconds, that a header is believed.

        A longer one would keep the next request waiting for more than `max_hold`; to shorten it would be to invent a
        quota, so that such headers tell nothing: the limit known so far holds, and the server may still refuse.
        """
        most = self._max_hold / (1 + _MOST_STRETCH)
        return int(min(most, _LONGEST_PERIOD) * 1000)

    @property
    def _period(self) -> float:
        return self._limit.period * (1 + self._stretch)

    def _own(self, now: float, reckoning: int) -> int:
        return len(self._in_flight) + self._reckonings[reckoning].count(now, self._period)

    def _own_by_reckoning(self, now: float) -> tuple[int, ...]:
        in_flight, period = len(self._in_flight), self._period
        return tuple([in_flight + each.count(now, period) for each in self._reckonings])

    def _note(self, slot: Slot, now: float) -> None:
        slot.sent_at = now
        slot.own = self._own_by_reckoning(now)
        slot.others = tuple([each.model.used(now) for each in self._forecasters])

    def _void(self, slot: Slot) -> None:
        """Stop counting a request that the server has refused and therefore does not count."""
        slot.void = True
        for reckoning, arrival in zip(self._reckonings, slot.arrivals, strict=False):
            reckoning.remove(arrival)

    def _free_as_told(self, now: float) -> int | None:
        """Return how many places the server has free, by the best forecast; None if headers have told nothing."""
        most, best, period = self._server_limit, self._best, self._limit.period
        if most is None:
            return None
        age = now - self._told_at
        others = best.model.used(now) if age < 2 * period else 0.0
        left = most - others
        if others < _FEW * most:
            reserve = min(best.reserve(now, period) * _EXTRA, left * _MOST_RESERVE)
            reserve = max(reserve, int(most * _LEAST_RESERVE))
        else:
            reserve = left * self._claim.caution(now, period)
        places = self._claim.follow(left - reserve, most, now, period)
        ours: float = self.used(now)
        if ours > _BUSY_FROM * left:  # else the careful count will do
            ours = self._ours_as_forecast(now)
        free = int(places - ours)
        return max(free, 1) if age >= period and not self._in_flight else free

    def _ours_as_forecast(self, now: float) -> float:
        """Return our own count as the best forecaster has it, or as others of its belief make it if that is more."""
        best = self._best
        return max(
            self._own(now, each.reckoning) - max(0.0, each.waste - best.waste)
            for each in self._forecasters
            if type(each.model) is type(best.model)
        )

    def _learn_count(
        self, slot: Slot, most: int, counted: int, now: float, *, refused: bool
    ) -> None:
        period = self._limit.period
        newest = slot.sent_at >= self._newest
        if refused and now >= self._held_until:
            if self._best.model.used(now) < _FEW * most:
                self._stretch = min(self._stretch + _STRETCH, _MOST_STRETCH)
            self._claim.refused(now, period)
        own_answered = self._own_by_reckoning(now)
        for each, others in zip(self._forecasters, slot.others, strict=False):
            own, answered = slot.own[each.reckoning], own_answered[each.reckoning]
            seen = Observation(slot.sent_at, counted, own, answered, others, refused)
            if counted >= _NEARLY_FULL * most:
                each.judge(seen, now, period, most)
            if newest:
                each.model.observe(seen, period)
        self._told_at = now
        self._best = min(
            (
                each
                for each in self._forecasters
                if each is self._forecasters[0] or each.trials >= _PROOF * most
            ),
            key=lambda each: each.cost(now, period),
        )
