"""How many places of a quota we claim beside others: back to what we had fast, beyond it slowly, less after a refusal.

Several processes of one app know nothing of each other but what the server counts. Each leaves free the same part of
what the others leave it, so that who has more makes room for who has less, until all have alike. A refusal that was not
expected shows that somebody is new: whoever has more then gives up more.

Pure: every method is given the time. It knows nothing of how what others leave is found out.
"""

from __future__ import annotations

import math

__all__ = ["FairShare"]

_CAUTION, _MOST_CAUTION = 0.06, 0.5
"""The part of what others leave that stays unclaimed: usually, and at the most after refusals."""

_WARINESS = 1.7
"""What a refusal multiplies the caution by at the most: it costs a whole period."""

_FADING = 15.0
"""Periods without a refusal after which the caution has fallen to 1/e of it."""

_SMALL = 0.03
"""The part of the limit that is claimed without leaving anything: who has next to nothing is seen only by using it."""

_KEPT, _KEPT_ALONE = 0.75, 0.5
"""The part of what we had that is claimed at once after a refusal: at the least, and when we thought we were alone."""

_WEIGHT = 2.0
"""How much of a refusal's effect there is for each part of all use that is ours: from half of it on all of it."""

_RISE = 2.0
"""Limits a period by which a claim may rise."""

_STEP = 0.015
"""The part of the limit by which a claim may be above what we had, beside others, until that is answered."""

_LONGEST_STEP = 0.05
"""The part of a period that a claim rises for at the most between two looks: while nobody looks, others may come."""

_REMEMBERED = 4
"""Periods for which it is remembered what we had."""

_MEMORY = 2.0
"""Periods without a look after which a claim says nothing any more; without others, after which we are alone."""


class FairShare:
    """The number of requests of ours that the server may count at a time.

    It rises no faster than by two limits a period. Several clients that were refused together, and held, find the
    quota empty together: had each of them claimed all of that, they would be refused together again, for ever.
    """

    def __init__(self) -> None:
        self._places = math.inf
        self._looked_at = -math.inf
        self._others_at = -math.inf
        self._caution = _CAUTION
        self._refused_at = -math.inf
        self._had = [0.0]
        """The most that were ours when a request was sent that was let through, in each of the last periods."""
        self._period_began = -math.inf

    def alone(self, now: float, period: float) -> bool:
        """Whether nobody else has used the quota of late."""
        return now - self._others_at > _MEMORY * period

    def see_others(self, now: float) -> None:
        """Note that others use the quota."""
        self._others_at = now

    def caution(self, now: float, period: float) -> float:
        """Return the part of what others leave that is to stay unclaimed."""
        fading = math.exp((self._refused_at - now) / (_FADING * period))
        return max(_CAUTION, self._caution * fading)

    def reserve(self, left: float, limit: int, now: float, period: float) -> float:
        """Return how many of the places that others leave are to stay unclaimed."""
        return min(left * self.caution(now, period), max(0.0, left - _SMALL * limit))

    def had(self, places: float) -> None:
        """Note that a request was let through when so many places were ours."""
        self._had[0] = max(self._had[0], places)

    def follow(self, places: float, limit: int, now: float, period: float) -> float:
        """Claim so many places of a limit, or as near to that as may be by now; return how many."""
        age = (now - self._looked_at) / period
        rise = math.inf if age > _MEMORY else _RISE * limit * min(age, _LONGEST_STEP)
        self._places = min(places, self._places + rise)
        self._turn(now, period)
        if not self.alone(now, period):
            self._places = min(self._places, max(self._had) + max(1.0, _STEP * limit))
        self._looked_at = now
        return self._places

    def refused(self, own: float, others: float, now: float, period: float) -> None:
        """Note that we were refused, for the first time since requests were held; more than once a period is once.

        `own`, `others`: what was used, as far as we knew.
        """
        if now - self._refused_at < period:
            return
        own = max(own, *self._had)
        weight = min(1.0, _WEIGHT * own / max(1.0, own + others))
        kept = _KEPT_ALONE if self.alone(now, period) else _KEPT**weight
        self._caution = min(self.caution(now, period) * _WARINESS**weight, _MOST_CAUTION)
        self._had = [each * kept for each in self._had]
        self._refused_at = now

    def _turn(self, now: float, period: float) -> None:
        if now - self._period_began > period:
            # Who was held for a period has used nothing in it, and goes on from where it was.
            held = now - self._looked_at > period / 2
            self._had = [max(self._had) if held else 0.0, *self._had[: _REMEMBERED - 1]]
            self._period_began = now
