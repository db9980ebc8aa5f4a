"""The arithmetic of a rolling-window quota: how many requests may go now, and when the next one may.

Pure: every method is given the time. It counts at the server: a request in flight counts as arriving only now, and an
answered one for a whole period from the latest moment at which it can have arrived.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping

import attrs

from hubbatch._exchange import INTERVAL, MAX, REMAINING, whole_number
from hubbatch.models import RateLimit

__all__ = ["Budget", "Slot"]

_MARGIN = 0.01
"""The part of a period that a request may take to the server, besides what its answer is late by."""

_LATENCIES = 64
"""Answers over which the least latency is remembered."""

_BUSY_FROM, _IDLE_UNTIL = 0.5, 0.25
"""Sends are paced once this part of the budget is used, and until so little of it is."""


@attrs.define(eq=False)
class Slot:
    """One request's place in the quota."""

    sent_at: float


class Budget:
    """Counts the requests of the last period against a limit that headers and refusals correct."""

    def __init__(self, limit: RateLimit, *, learns: bool) -> None:
        self.limit = limit
        self._learns = learns
        self._in_flight: set[Slot] = set()
        self._arrivals: list[float] = []  # a heap
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._held_until = float("-inf")
        self._others = 0
        self._others_until = float("-inf")
        self._busy = False

    def used(self, now: float) -> int:
        """Return how many of our requests the server may still count."""
        # The very sum that `ready_at` returns: with another one, rounding would let one too many through.
        while self._arrivals and self._arrivals[0] + self.limit.period <= now:
            heapq.heappop(self._arrivals)
        return len(self._in_flight) + len(self._arrivals)

    def free(self, now: float) -> int:
        """Return how many requests may be sent at once."""
        others = self._others if now < self._others_until else 0
        used = self.used(now)
        return max(0, min(self.limit.budget - used, self.limit.max_requests - used - others))

    def ready_at(self, now: float) -> float:
        """Return when the next request may be sent: `now` or later; infinity: not before an answer comes."""
        if now < self._held_until:
            return self._held_until
        if self.free(now) > 0:
            return now
        until = [self._arrivals[0] + self.limit.period] if self._arrivals else []
        if now < self._others_until:
            until.append(self._others_until)
        return min(until, default=float("inf"))

    def paced(self, now: float) -> bool:
        """Whether sends should be spread: an idle quota may be used at once, a busy one must not clump."""
        used = self.limit.budget - self.free(now)
        self._busy = used >= self.limit.budget * (_IDLE_UNTIL if self._busy else _BUSY_FROM)
        return self._busy

    def take(self, now: float) -> Slot:
        """Count a request that is sent now."""
        slot = Slot(now)
        self._in_flight.add(slot)
        return slot

    def give_back(self, slot: Slot) -> None:
        """Stop counting a request that was not sent after all."""
        self._in_flight.discard(slot)

    def sent(self, slot: Slot, now: float) -> None:
        """Correct when a request went out: opening a connection takes time."""
        slot.sent_at = now

    def ended(self, slot: Slot, now: float) -> None:
        """Note that a request was answered, or given up: it has arrived by now, and probably long before.

        How much later than others it was answered, it may have been later in arriving; no more than that.
        """
        if slot not in self._in_flight:
            return
        self._in_flight.remove(slot)
        latency = now - slot.sent_at
        self._latencies.append(latency)
        late = latency - min(self._latencies)
        heapq.heappush(self._arrivals, min(now, slot.sent_at + self.limit.period * _MARGIN + late))

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Learn the limit, and what others use of it, from an answer's headers."""
        most = whole_number(headers.get(MAX), most=1_000_000)
        interval = whole_number(headers.get(INTERVAL), most=86_400_000)
        if most is None or interval is None:
            return
        if self._learns and (most, interval / 1000) != (self.limit.max_requests, self.limit.period):
            self.limit = RateLimit(most, interval / 1000, self.limit.share)
        remaining = whole_number(headers.get(REMAINING), least=0, most=most)
        if remaining is not None and self.limit.period == interval / 1000:
            self._others = max(0, most - remaining - self.used(now))
            self._others_until = now + self.limit.period

    def hold(self, wait: float, now: float) -> None:
        """Hold everybody: the server counts more than we do, or does not serve at all."""
        self._held_until = max(self._held_until, now + wait)

    def held_for(self, now: float) -> float:
        """Return how many seconds everybody is held from now on."""
        return max(0.0, self._held_until - now)
