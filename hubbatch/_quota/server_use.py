"""How many places the server has free, where its headers tell its count: what is not ours is others'.

What a refusal says is believed with care: a 429 need not come from the quota. Pure: every method is given the time. It
knows nothing of headers, or of what we may send at the most.
"""

from __future__ import annotations

import math

from hubbatch._quota.fair_share import FairShare
from hubbatch._quota.others import Others
from hubbatch._quota.own_use import OwnUse, Slot
from hubbatch._quota.surprise import Surprise

__all__ = ["MOST_STRETCH", "ServerUse"]

_LEAST_RESERVE, _MOST_RESERVE = 1 / 90, 0.15
"""The part of the limit that is kept free at least: who is alone has no excuse for a 429; and the part of what is left
that surprises may cost at the most: with more, a nearly full quota would never put them to the test again."""

_NEARLY_FULL = 0.8
"""The part of the limit from which on the server's count is a test of ours."""

_FEW = 0.02
"""The part of the limit up to which others use next to nothing of it."""

_LATER, _SOONER = 0.3, 0.02
"""How much one answer counts for requests to arrive later than was thought, and for them to arrive sooner."""

_TELLING = 2
"""Requests by which both assumptions of our own count must differ for the server's to tell between them."""

_LONG_AGO = 2.0
"""Periods after which what was seen of others says nothing any more."""

_STRETCH, MOST_STRETCH = 0.005, 0.05
"""By so much the server's period is taken to be longer for each 429 while others use next to nothing."""

_EXPLAINED = 0.5
"""The part of the limit that must have been used, as far as we know, for a refusal to be the quota's."""

_BELIEVED = 3
"""So many refusals in a row are believed in what they tell of others: among stray ones there are answers."""


class ServerUse:
    """Follows the server's whole count, once its headers have named its limit."""

    def __init__(self, own: OwnUse) -> None:
        self.limit: int | None = None
        """The server's limit; None until a header has named it."""
        self._own = own
        self._stretch = 0.0
        self._others = Others()
        self._surprise = Surprise()
        self._share = FairShare()
        self._first_seen_at = math.inf
        self._seen_at = -math.inf
        self._refused_in_a_row = 0

    def stretched(self, period: float) -> float:
        """Return how long the server's period is by our clock, as refusals have shown."""
        return period * (1 + self._stretch)

    def note(self, slot: Slot, now: float, period: float) -> None:
        """Note with a request that goes out what is known just now."""
        self._own.note(slot, now, self.stretched(period))
        slot.others = self._others.used(now)

    def free(self, now: float, period: float, *, part: int) -> int | None:
        """Return how many places are free; None if no headers have named the limit.

        `part`: the most that may be ours; one that is smaller than the limit is agreed, and not contended for.
        """
        most = self.limit
        if most is None:
            return None
        age = now - self._seen_at
        others = self._others.used(now) if age < _LONG_AGO * period else 0.0
        left, stretched = most - others, self.stretched(period)
        if part < most:
            return int(left - self._own.beside_others(now, stretched))
        if self._share.alone(now, period):
            ours = self._own.count(now, stretched)
            surprise = min(self._surprise.reserve(now, period), left * _MOST_RESERVE)
            reserve = max(int(most * _LEAST_RESERVE), surprise)
        else:
            ours = self._own.beside_others(now, stretched)
            reserve = self._share.reserve(left, most, now, period)
        places = self._share.follow(left - reserve, most, now, period)
        free = int(places - ours)
        return max(free, 1) if age >= period and not self._own.in_flight else free

    def refused(self, slot: Slot, now: float, period: float, *, held: bool) -> None:
        """Be more careful after a refusal; not when requests are `held` already, or our counts do not explain it."""
        most = self.limit
        if most is None or held or slot.careful + slot.others < _EXPLAINED * most:
            return
        if self._share.alone(now, period):
            self._stretch = min(self._stretch + _STRETCH, MOST_STRETCH)
        self._share.refused(slot.likely, slot.others, now, period)

    def learn(
        self, slot: Slot, counted: int, now: float, period: float, *, refused: bool, newest: bool
    ) -> None:
        """Learn from what the server counted as a request came in; `newest`: of those known it was sent last.

        It may have counted at any time until it answered: while nobody else is there, what our own count was at both
        ends, and all between, explains what it says.
        """
        limit = self.limit
        if not refused:
            self._share.had(slot.likely)
        self._refused_in_a_row = self._refused_in_a_row + 1 if refused else 0
        if limit is None or not newest or 0 < self._refused_in_a_row < _BELIEVED:
            return
        counted += refused  # it is itself not counted
        alone = self._share.alone(now, period)
        nearly_full = counted >= _NEARLY_FULL * limit
        if nearly_full and alone:
            self._learn_way(slot, counted)
        own = self._own.counted(slot) if alone else slot.likely
        least, most = sorted((own, self._own.count(now, self.stretched(period))))
        if nearly_full:
            self._surprise.note(counted - most - slot.others, limit, now, period)
        if counted - most >= _FEW * limit:
            self._share.see_others(now)
        self._first_seen_at = min(self._first_seen_at, now)
        if refused:  # of ours some were refused too by then, nobody knows which
            level = min(max(self._others.used(slot.sent_at), counted - most), counted - least)
        elif alone and now - self._first_seen_at > period:
            level = counted - most
        else:  # in the first period our own count rises fast, which would explain anything
            level = counted - own
        self._others.note(level, slot.sent_at, period)
        self._seen_at = now

    def _learn_way(self, slot: Slot, counted: int) -> None:
        """Learn how much of their lateness comes about before requests are counted."""
        spread = slot.careful - slot.likely
        if spread < _TELLING:
            return
        measured = min(max((counted - slot.likely) / spread, 0.0), 1.0)
        change = measured - self._own.on_the_way
        self._own.on_the_way += change * (_LATER if change > 0 else _SOONER)
