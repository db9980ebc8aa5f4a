"""How many places of a quota we claim: a part of what others leave, more only little by little, less at once.

Pure: every method is given the time. It knows nothing of how what others leave is found out.
"""

from __future__ import annotations

import math

__all__ = ["FairShare"]

_CAUTION, _MOST_CAUTION = 0.06, 0.5
"""The part of what others leave that stays unclaimed: usually, and at the most after refusals."""

_WARINESS = 1.7
"""What a refusal multiplies the caution by: it costs a whole period."""

_FADING = 15.0
"""Periods without a refusal after which the caution has fallen to 1/e of it."""

_RISE = 2.0
"""Limits a period by which a claim may rise."""

_LONGEST_STEP = 0.05
"""The part of a period that a claim rises for at the most between two looks: while nobody looks, others may come."""

_MEMORY = 2.0
"""Periods without a look after which a claim says nothing any more."""


class FairShare:
    """The number of requests of ours that the server may count at a time.

    It rises no faster than by two limits a period. Several clients that were refused together, and held, find the
    quota empty together: had each of them claimed all of that, they would be refused together again, for ever.
    """

    def __init__(self) -> None:
        self._places = math.inf
        self._looked_at = -math.inf
        self._caution = _CAUTION
        self._refused_at = 0.0

    def caution(self, now: float, period: float) -> float:
        """Return the part of what others leave that is to stay unclaimed."""
        fading = math.exp((self._refused_at - now) / (_FADING * period))
        return max(_CAUTION, self._caution * fading)

    def follow(self, places: float, limit: int, now: float, period: float) -> float:
        """FairShare so many places of a limit, or as near to that as may be by now; return how many."""
        age = (now - self._looked_at) / period
        rise = math.inf if age > _MEMORY else _RISE * limit * min(age, _LONGEST_STEP)
        self._places = min(places, self._places + rise)
        self._looked_at = now
        return self._places

    def refused(self, now: float, period: float) -> None:
        """Note that we were refused, for the first time since everybody was held."""
        self._caution = min(self.caution(now, period) * _WARINESS, _MOST_CAUTION)
        self._refused_at = now
