"""How many places the server has free, where its headers tell its count: by the forecast that was least wrong of late.

What a refusal says is believed with care: a 429 need not come from the quota. Pure: every method is given the time. It
knows nothing of headers, or of what we may send at the most.
"""

from __future__ import annotations

from hubbatch._quota.fair_share import FairShare
from hubbatch._quota.forecast import Forecaster, Nobody, Observation, Others
from hubbatch._quota.own_use import ASSUMPTIONS, OwnUse, Slot

__all__ = ["MOST_STRETCH", "ServerUse"]

_PROOF = 0.5
"""The part of a window's answers, at a nearly full quota, after which a forecaster may decide."""

_NEARLY_FULL = 0.8
"""The part of the limit from which on the server's count is a test of the forecasts."""

_MOST_RESERVE = 0.15
"""The part of what is left that is kept in reserve at the most: less than is missing from a nearly full quota, for with
more no forecast would ever be put to the test again."""

_EXTRA, _LEAST_RESERVE = 1.1, 1 / 90
"""What a forecast's reserve is multiplied by, and the part of the limit that is kept at least, while nobody else uses
the quota: who is alone has no excuse for a 429."""

_BUSY_FROM = 0.5
"""The part of what is left from which on the best forecast counts our own requests, instead of the careful one."""

_FEW = 0.03
"""The part of the limit up to which others use next to nothing of it."""

_STRETCH, MOST_STRETCH = 0.005, 0.05
"""By so much the server's period is taken to be longer for each 429 while others use next to nothing."""

_EXPLAINED = 0.5
"""The part of the limit that must have been used, as far as we know, for a refusal to be the quota's."""

_BELIEVED = 3
"""So many refusals in a row are believed in what they tell of others: among stray ones there are answers."""


class ServerUse:
    """Forecasts the server's whole count, once its headers have told its limit."""

    def __init__(self, own: OwnUse) -> None:
        self.limit: int | None = None
        """The server's limit; None until it was told."""
        self._own = own
        self._stretch = 0.0
        # The first one is careful and reckons with others; the rest have to prove themselves.
        self._forecasters = [
            Forecaster(number, model())
            for number in range(len(ASSUMPTIONS))
            for model in (Others, Nobody)
        ]
        self._best = self._forecasters[0]
        self._share = FairShare()
        self._told_at = float("-inf")
        self._refused_in_a_row = 0

    def stretched(self, period: float) -> float:
        """Return how long the server's period is by our clock, as refusals have shown."""
        return period * (1 + self._stretch)

    def note(self, slot: Slot, now: float, period: float) -> None:
        """Note with a request that goes out what is known just now."""
        slot.own = self._own.counts(now, self.stretched(period))
        slot.others = tuple([each.model.used(now) for each in self._forecasters])

    def free(self, now: float, period: float) -> int | None:
        """Return how many places are free, by the best forecast; None if no headers have told the limit."""
        most, best = self.limit, self._best
        if most is None:
            return None
        age = now - self._told_at
        others = best.model.used(now) if age < 2 * period else 0.0
        left = most - others
        if others < _FEW * most:
            reserve = min(best.reserve(now, period) * _EXTRA, left * _MOST_RESERVE)
            reserve = max(reserve, int(most * _LEAST_RESERVE))
        else:
            reserve = left * self._share.caution(now, period)
        places = self._share.follow(left - reserve, most, now, period)
        ours: float = self._own.count(now, self.stretched(period))
        if ours > _BUSY_FROM * left:  # else the careful count will do
            ours = self._ours_as_forecast(now, period)
        free = int(places - ours)
        return max(free, 1) if age >= period and not self._own.in_flight else free

    def refused(self, slot: Slot, now: float, period: float, *, held: bool) -> None:
        """Be more careful after a refusal; not when everybody is `held` already, or our forecasts do not explain it."""
        most = self.limit
        if most is None or held or not self._explains(slot, most):
            return
        if self._best.model.used(now) < _FEW * most:
            self._stretch = min(self._stretch + _STRETCH, MOST_STRETCH)
        self._share.refused(now, period)

    def learn(
        self, slot: Slot, counted: int, now: float, period: float, *, refused: bool, newest: bool
    ) -> None:
        """Learn from what the server counted as a request came in; `newest`: of those known it was sent last."""
        if (most := self.limit) is None:
            return
        self._refused_in_a_row = self._refused_in_a_row + 1 if refused else 0
        believed = not refused or self._refused_in_a_row >= _BELIEVED
        own_answered = self._own.counts(now, self.stretched(period))
        for each, others in zip(self._forecasters, slot.others, strict=False):
            own, answered = slot.own[each.assumption], own_answered[each.assumption]
            seen = Observation(slot.sent_at, counted, own, answered, others, refused)
            # A refusal that was not expected is no test: it may have another reason.
            if (own + others if refused else counted) >= _NEARLY_FULL * most:
                each.judge(seen, now, period, most)
            if newest and believed:
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

    def _explains(self, slot: Slot, most: int) -> bool:
        return any(
            slot.own[each.assumption] + others >= _EXPLAINED * most
            for each, others in zip(self._forecasters, slot.others, strict=False)
        )

    def _ours_as_forecast(self, now: float, period: float) -> float:
        """Return our own count as the best forecaster has it, or as others of its belief make it if that is more."""
        best, stretched = self._best, self.stretched(period)
        return max(
            self._own.count(now, stretched, each.assumption) - max(0.0, each.waste - best.waste)
            for each in self._forecasters
            if type(each.model) is type(best.model)
        )
