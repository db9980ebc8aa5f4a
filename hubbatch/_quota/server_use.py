"""How many places the server has free, where its headers tell its count: what is not ours is others'.

What a refusal says is believed with care: a 429 need not come from the quota. Pure: every method is given the time. It
knows nothing of headers, or of what we may send at the most.
"""

from __future__ import annotations

import math

from hubbatch._quota.fair_share import FairShare
from hubbatch._quota.own_use import OwnUse, Slot
from hubbatch._quota.surprise import Surprise

__all__ = ["MOST_STRETCH", "ServerUse"]

_LEAST_RESERVE, _MOST_RESERVE = 1 / 90, 0.15
"""The part of the limit that is kept free at least: who is alone has no excuse for a 429; and the part of what is left
that surprises may cost at the most: with more, a nearly full quota would never put them to the test again."""

_NEARLY_FULL = 0.8
"""The part of the limit from which on the server's count is a test of ours."""

_FEW = 0.03
"""The part of the limit up to which others use next to nothing of it."""

_LATER, _SOONER = 0.3, 0.02
"""How much one answer counts for requests to arrive later than was thought, and for them to arrive sooner."""

_TELLING = 2
"""Requests by which both assumptions of our own count must differ for the server's to tell between them."""

_STALE, _ASK = 0.9, 0.03
"""Periods after which what is known of others is worth one request, to find out; and after which one is sent though our
claim is used up, if there seems to be room."""

_ROOM, _LITTLE = 3, 0.06
"""Places that must be free for that; one will do for who has no more than a little part of the limit."""

_DELAY_RATE = 0.1

_STRETCH, MOST_STRETCH = 0.005, 0.05
"""By so much the server's period is taken to be longer for each 429 while others use next to nothing."""

_EXPLAINED = 0.5
"""The part of the limit that must have been used, as far as we know, for a refusal to be the quota's."""

_BELIEVED = 3
"""So many refusals in a row are believed in what they tell of others: among stray ones there are answers."""


class ServerUse:
    """Follows the server's whole count, once its headers have told its limit."""

    def __init__(self, own: OwnUse) -> None:
        self.limit: int | None = None
        """The server's limit; None until it was told."""
        self._own = own
        self._stretch = 0.0
        self._others = 0.0
        """How many requests of others it counted when we were told last."""
        self._surprise = Surprise()
        self._share = FairShare()
        self._delay = 0.0
        self._told_at = -math.inf
        self._refused_in_a_row = 0

    def stretched(self, period: float) -> float:
        """Return how long the server's period is by our clock, as refusals have shown."""
        return period * (1 + self._stretch)

    def note(self, slot: Slot, now: float, period: float) -> None:
        """Note with a request that goes out what is counted just now."""
        self._own.note(slot, now, self.stretched(period))

    def free(self, now: float, period: float, *, part: int) -> int | None:
        """Return how many places are free; None if no headers have told the limit.

        `part`: the most that may be ours; one that is smaller than the limit is agreed, and not contended for.
        """
        most = self.limit
        if most is None:
            return None
        age = (now - self._told_at) / period
        left = most - (self._others if age < 2 else 0.0)  # noqa: PLR2004 (it is long ago)
        reserve = min(self._surprise.reserve(now, period), left * _MOST_RESERVE)
        caution = self._share.caution(left, now, period)
        reserve = max(reserve, caution, int(most * _LEAST_RESERVE))
        ours = self._own.count(now, self.stretched(period))
        if part < most:
            return int(left - int(most * _LEAST_RESERVE) - ours)
        places = self._share.follow(left - reserve, ours, most, now, period, delay=self._delay)
        under_way = bool(self._own.in_flight)
        if age >= _STALE and not self._share.alone(now, period):
            return 0 if under_way else 1
        room = 1 if ours < _LITTLE * most else _ROOM
        asks = age >= 1 or (age >= _ASK and left - ours >= room)
        free = int(places - ours)
        return max(free, 1) if asks and not under_way else free

    def refused(self, slot: Slot, now: float, period: float, *, held: bool) -> None:
        """Be more careful after a refusal; not when requests are `held` already, or our counts do not explain it."""
        most = self.limit
        if most is None or held or slot.careful + self._others < _EXPLAINED * most:
            return
        if self._share.alone(now, period):
            self._stretch = min(self._stretch + _STRETCH, MOST_STRETCH)
        else:
            self._share.see_others(now)

    def learn(
        self, slot: Slot, counted: int, now: float, period: float, *, refused: bool, newest: bool
    ) -> None:
        """Learn from what the server counted as a request came in; `newest`: of those known it was sent last.

        It may have counted at any time until it answered: while nobody else is there, what our own count was at both
        ends, and all between, explains what it says.
        """
        limit = self.limit
        self._refused_in_a_row = self._refused_in_a_row + 1 if refused else 0
        if limit is None or not newest or 0 < self._refused_in_a_row < _BELIEVED:
            return
        counted += refused  # it is itself not counted
        self._delay += _DELAY_RATE * (now - slot.sent_at - self._delay)
        nearly_full = counted >= _NEARLY_FULL * limit
        if nearly_full:
            self._learn_way(slot, counted, now, period)
        least, most = sorted(
            (self._own.counted(slot), self._own.count(now, self.stretched(period)))
        )
        if nearly_full:
            self._surprise.note(counted - most - self._others, limit, now, period)
        if refused or self._share.alone(now, period):
            self._others = max(0.0, min(max(self._others, counted - most), counted - least))
        else:
            self._others = max(0.0, counted - self._own.counted(slot))
        self._told_at = now
        if self._others >= _FEW * limit:
            self._share.see_others(now)

    def _learn_way(self, slot: Slot, counted: int, now: float, period: float) -> None:
        """Learn how much of their lateness comes about before requests are counted; beside others that is not seen."""
        spread = slot.careful - slot.likely
        if spread < _TELLING:
            return
        told = min(max((counted - slot.likely) / spread, 0.0), 1.0)
        if not self._share.alone(now, period):
            told = 0.0
        change = told - self._own.on_the_way
        self._own.on_the_way += change * (_LATER if change > 0 else _SOONER)
