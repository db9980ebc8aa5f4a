"""How many places we claim of a quota that others use too: next to all that they leave, and fewer once we were refused.

Pure: every method is given the time. It knows nothing of how what others leave is found out.
"""

from __future__ import annotations

import math

__all__ = ["Claim"]

_CAUTION, _MOST_CAUTION = 0.04, 1 / 3
"""The part of what others leave that stays unclaimed at least: usually, and at the most after refusals."""

_WARINESS = 1.5
"""What a refusal multiplies the caution by: it costs a whole period."""

_FADING = 10.0
"""Periods without a refusal after which the caution has fallen to 1/e of it."""

_BAND = 2.5
"""So many times what stays unclaimed at least may stay so before more is claimed."""

_MOST_UNCLAIMED = 0.45
"""The part of what others leave that stays unclaimed at the most."""


class Claim:
    """How many requests of ours the server may count at a time.

    What others use comes and goes. A claim that followed it closely would rise at every lull, most of all where we only
    took it for one, and each rise is a risk. So it stays as it is while what is left over lies within a band: others
    move freely in there, and each place of ours is used again as soon as it is free.
    """

    def __init__(self) -> None:
        self._places = 0.0
        self._caution = _CAUTION
        self._refused_at = 0.0
        self._period = 1.0

    def follow(self, left: float, now: float) -> float:
        """Return how many places to use of the `left` that others do not, having moved no further than need be."""
        caution = self._caution_at(now)
        least = math.floor(caution * left)
        most = math.floor(min(_BAND * caution, _MOST_UNCLAIMED) * left)
        self._places = min(max(self._places, left - most), left - least)
        return self._places

    def refused(self, now: float, period: float) -> None:
        """Note that we were refused, for the first time since everybody was held."""
        self._caution = min(self._caution_at(now) * _WARINESS, _MOST_CAUTION)
        self._refused_at = now
        self._period = period

    def _caution_at(self, now: float) -> float:
        fading = math.exp((self._refused_at - now) / (_FADING * self._period))
        return max(_CAUTION, self._caution * fading)
