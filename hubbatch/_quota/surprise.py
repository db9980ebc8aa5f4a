"""How many places to leave for what cannot be foreseen: learned from how far the server's count was above ours.

Pure: every method is given the time.
"""

from __future__ import annotations

import math

__all__ = ["Surprise"]

_DEVIATIONS = 4.0
"""Standard deviations of its error that a count keeps in reserve: a 429 costs a whole window."""

_RATE = 0.005
"""How much one answer counts in the variance of the error: it remembers about a window."""

_FIRST_DEVIATION = 0.007
"""The standard deviation that is assumed before anything is known, as a part of the limit."""

_EXTRA, _FADING = 1.1, 4.0
"""What a surprise is multiplied by to be kept in reserve, and the periods in which that falls to 1/e of it."""


class Surprise:
    """What the server counted beyond what was expected."""

    def __init__(self) -> None:
        self._variance: float | None = None
        self._peak = 0.0
        self._peak_at = 0.0

    def reserve(self, now: float, period: float) -> float:
        """Return how many places to leave."""
        peak = self._peak * math.exp((self._peak_at - now) / (_FADING * period))
        return max(peak * _EXTRA, _DEVIATIONS * math.sqrt(self._variance or 0.0))

    def note(self, surprise: float, limit: int, now: float, period: float) -> None:
        """Note by how much a count was above what was expected; negative: below it.

        What was below it costs nothing, so only what was above tells the variance: half of the cases.
        """
        if self._variance is None:
            self._variance = (_FIRST_DEVIATION * limit) ** 2
        if surprise * _EXTRA > self.reserve(now, period):
            self._peak, self._peak_at = surprise, now
        self._variance += _RATE * (2 * max(0.0, surprise) ** 2 - self._variance)
