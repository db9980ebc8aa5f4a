"""How many places of a quota we claim beside others: more only little by little, and half of it for a newcomer.

Several processes of one app know nothing of each other but what the server counts. Whoever finds that it is not alone
gives up half of what it has once in a while, and claims little more than it uses, so that all rise together. Shares
become alike that way (additive increase, multiplicative decrease).

Pure: every method is given the time. It knows nothing of how what others leave is found out.
"""

from __future__ import annotations

import math

__all__ = ["FairShare"]

_CAUTION = 0.06
"""The part of what others leave that stays unclaimed."""

_RISE = 2.0
"""Limits a period by which the claim of one who is alone may rise."""

_SHARED_RISE, _STEP = 1.0, 0.03
"""The same beside others, and the part of the limit by which a claim rises at the most until an answer tells what they
have done meanwhile: who was held with others finds the quota empty together with them."""

_SLACK = 0.05
"""The part of the limit that such a claim may be above what is used."""

_LONGEST_STEP = 0.05
"""The part of a period that a claim rises for at the most between two looks: while nobody looks, others may come."""

_MEMORY = 2.0
"""Periods without a look after which a claim says nothing any more; without others, after which we are alone."""

_BETWEEN = 1.5
"""Periods between two times that a part is given up."""

_KEPT, _ALL_USED = 0.5, 0.95
"""The part of our own use that is claimed on; and of the claim, that must be used for it to be in others' way."""


class FairShare:
    """The number of requests of ours that the server may count at a time."""

    def __init__(self) -> None:
        self._places = math.inf
        self._looked_at = -math.inf
        self._others_at = -math.inf
        self._halved_at = -math.inf

    def alone(self, now: float, period: float) -> bool:
        """Whether nobody else has used the quota of late."""
        return now - self._others_at > _MEMORY * period

    def caution(self, left: float, now: float, period: float) -> float:
        """Return how many of the places that others leave are to stay unclaimed."""
        return 0.0 if self.alone(now, period) else left * _CAUTION

    def follow(
        self, places: float, used: float, limit: int, now: float, period: float, *, delay: float
    ) -> float:
        """Claim so many places of a limit, or as near to that as may be by now; return how many.

        `used`: what is ours now. `delay`: seconds until an answer tells what the others do.
        """
        age = (now - self._looked_at) / period
        step, base = limit * min(age, _LONGEST_STEP), self._places
        alone = self.alone(now, period)
        rise = _RISE * step
        if not alone:
            rise = min(_SHARED_RISE, _STEP * period / max(delay, 1e-3)) * step
            if used > base:
                rise = 0.0  # first what was given up has to leave the window
            else:
                base = min(base, used + _SLACK * limit)
        if age > _MEMORY:
            base = math.inf if alone else used
        claim = min(places, base + rise)
        due = now - self._halved_at > _BETWEEN * period and used >= _ALL_USED * places
        if due and not alone:
            self._halved_at = now
            claim = min(claim, _KEPT * used)
        self._places, self._looked_at = claim, now
        return claim

    def see_others(self, now: float) -> None:
        """Note that others use the quota."""
        self._others_at = now
