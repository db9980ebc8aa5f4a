"""How often requests that are not full may leave, so that they do not use a quota up that full ones could use.

Pure: every method is given the time and the limit. It knows nothing of requests.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from hubbatch.policies import RateLimit

__all__ = ["Spacing"]

_AT_ONCE = 20
"""A twentieth of the budget may leave at once."""


class Spacing:
    """Lets them leave at the quota's average rate, and as many as have not left before at once, up to a bound.

    A small quota that were spent at once on requests of a few records would have all others wait for its next period.
    It is counted in requests and not in seconds, for the limit may be learned meanwhile. Who asks first goes first.
    """

    def __init__(self) -> None:
        self._left = 0.0
        """How many have left beyond what the average rate allows."""
        self._at = -math.inf
        """When that was so."""
        self._line: dict[Hashable, None] = {}
        """Who would like to make one, in the order in which they asked."""

    def ready_at(self, who: Hashable, limit: RateLimit, passed_at: float) -> float:
        """Return from when on someone may make one, or look again: those who have asked before go first.

        `passed_at`: when the last request left, full or not; that counts as one.
        """
        self._line.setdefault(who)
        at_once = max(1.0, limit.budget / _AT_ONCE)
        before = 0  # no more than may leave together: with so many before it is not soon
        for other in self._line:
            if other == who or before > at_once:
                break
            before += 1
        ahead = before + 1.0 - at_once
        ready_at = self._at + max(0.0, self._left + ahead) * _interval(limit)
        return max(ready_at, passed_at + max(0.0, 1.0 + ahead) * _interval(limit))

    def partial(self, who: Hashable, now: float, limit: RateLimit) -> None:
        """Note that someone makes one now."""
        self.leave(who)
        self._left = max(0.0, self._left - (now - self._at) / _interval(limit)) + 1.0
        self._at = now

    def leave(self, who: Hashable) -> None:
        """Note that someone does not want to make one any more."""
        self._line.pop(who, None)


def _interval(limit: RateLimit) -> float:
    return limit.period / limit.budget
