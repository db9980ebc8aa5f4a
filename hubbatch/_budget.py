"""The arithmetic of a rolling-window quota: how many requests may go now, and when the next one may.

Pure: every method is given the time. It counts at the server: a request arrives there some time between being sent
and being answered, so it is counted until a whole period after the latest moment at which it can have arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import attrs

from hubbatch._exchange import INTERVAL, MAX, REMAINING, whole_number
from hubbatch.models import RateLimit

__all__ = ["Budget", "Slot"]

_MARGIN = 0.02
"""The part of a period by which arrivals may lag behind sends before the answer proves otherwise."""

_BUSY_FROM, _IDLE_UNTIL = 0.5, 0.25
"""Sends are paced once this part of the budget is used, and until so little of it is."""


@attrs.define(eq=False)
class Slot:
    """One request's place in the quota."""

    sent_at: float
    arrived_by: float
    """The latest moment at which the request can have reached the server."""


class Budget:
    """Counts the requests of the last period against a limit that headers and refusals correct."""

    def __init__(self, limit: RateLimit, *, learns: bool) -> None:
        self.limit = limit
        self._learns = learns
        self._slots: deque[Slot] = deque()
        self._held_until = float("-inf")
        self._held_since = float("-inf")
        self._others = 0
        self._others_until = float("-inf")
        self._busy = False

    def used(self, now: float) -> int:
        """Return how many of our requests the server may still count."""
        self._forget(now)
        return len(self._slots)

    def free(self, now: float) -> int:
        """Return how many requests may be sent at once."""
        others = self._others if now < self._others_until else 0
        used = self.used(now)
        return max(0, min(self.limit.budget - used, self.limit.max_requests - used - others))

    def ready_at(self, now: float) -> float:
        """Return when the next request may be sent: `now` or later."""
        if now < self._held_until:
            return self._held_until
        if self.free(now) > 0:
            return now
        until = [self._slots[0].arrived_by + self.limit.period] if self._slots else []
        if now < self._others_until:
            until.append(self._others_until)
        return max(now, min(until, default=now))

    def paced(self, now: float) -> bool:
        """Whether sends should be spread: an idle quota may be used at once, a busy one must not clump."""
        used = self.limit.budget - self.free(now)
        self._busy = used >= self.limit.budget * (_IDLE_UNTIL if self._busy else _BUSY_FROM)
        return self._busy

    def take(self, now: float) -> Slot:
        """Count a request that is sent now."""
        slot = Slot(now, now + self._margin)
        self._slots.append(slot)
        return slot

    def give_back(self, slot: Slot) -> None:
        """Stop counting a request that was not sent after all."""
        if slot in self._slots:
            self._slots.remove(slot)

    def sent(self, slot: Slot, now: float) -> None:
        """Correct when a request went out: opening a connection takes time."""
        slot.sent_at, slot.arrived_by = now, now + self._margin

    def answered(self, slot: Slot, headers: Mapping[str, str], now: float) -> bool:
        """Learn from an answer; return whether there may be more room than before."""
        slot.arrived_by = min(slot.arrived_by, now)
        most = whole_number(headers.get(MAX), most=1_000_000)
        interval = whole_number(headers.get(INTERVAL), most=86_400_000)
        if most is None or interval is None:
            return False
        changed = False
        if self._learns and (most, interval / 1000) != (self.limit.max_requests, self.limit.period):
            self.limit = RateLimit(most, interval / 1000, self.limit.share)
            changed = True
        remaining = whole_number(headers.get(REMAINING), least=0, most=most)
        if remaining is not None and self.limit.period == interval / 1000:
            before = self._others
            self._others = max(0, most - remaining - self.used(now))
            self._others_until = now + self.limit.period
            changed = changed or self._others < before
        return changed

    def refused(self, slot: Slot, wait: float, now: float) -> None:
        """Hold everybody: the server counts more than we do. One hold for all refusals of one flight."""
        if slot.sent_at >= self._held_since:
            self._held_since = now
            self._held_until = max(self._held_until, now + wait)

    @property
    def _margin(self) -> float:
        return self.limit.period * _MARGIN

    def _forget(self, now: float) -> None:
        # The very sum that `ready_at` returns: with another one, rounding would let one too many through.
        while self._slots and self._slots[0].arrived_by + self.limit.period <= now:
            self._slots.popleft()
