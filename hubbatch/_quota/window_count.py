"""How many of our own answered requests the server still counts, under one assumption about when they arrived.

That is known only to lie between sending and answer. Pure: every method is given the time, which must not go back.
"""

from __future__ import annotations

import heapq
from collections import deque

from attrs import frozen

__all__ = ["Assumption", "Latencies", "Lateness", "WindowCount"]

_LATENCIES = 64
"""Answers over which latencies are compared."""

_USUAL = 2.0
"""So many times the median's lateness is usual: the most there is if latencies are spread evenly."""


@frozen
class Assumption:
    """When a request arrived, counted from when it was sent."""

    margin: float
    """The part of a period that any request may have taken to the server."""
    lateness: float
    """The part, from 0 to 1, of the usual lateness of its answer that the request itself was late by."""


@frozen
class Lateness:
    """By how many seconds an answer was later than the quickest of its time."""

    usual: float
    """Up to what is usual: it may have come about anywhere."""
    unusual: float
    """What is beyond: something stood still, perhaps before the request was counted."""


class Latencies:
    """The latencies of the last answers."""

    def __init__(self) -> None:
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)

    def lateness(self, latency: float) -> Lateness:
        """Note one more, and tell how late it was."""
        self._latencies.append(latency)
        ordered = sorted(self._latencies)
        late = latency - ordered[0]
        usual = min(late, _USUAL * (ordered[len(ordered) // 2] - ordered[0]))
        return Lateness(usual, late - usual)


class WindowCount:
    """Counts answered requests for a whole period from when they are assumed to have arrived."""

    def __init__(self, assumption: Assumption) -> None:
        self._assumption = assumption
        self._arrivals: list[float] = []  # a heap

    def add(self, sent_at: float, late: Lateness, now: float, period: float) -> float:
        """Count a request that was answered now; return its arrival."""
        assumed = self._assumption
        delay = period * assumed.margin + late.usual * assumed.lateness + late.unusual
        arrival = min(now, sent_at + delay)
        heapq.heappush(self._arrivals, arrival)
        return arrival

    def remove(self, arrival: float) -> None:
        """Stop counting a request after all."""
        if arrival in self._arrivals:
            self._arrivals.remove(arrival)
            heapq.heapify(self._arrivals)

    def count(self, now: float, period: float) -> int:
        """Return how many requests still count."""
        # The very sum that `next_free` returns: with another one, rounding would let one too many through.
        while self._arrivals and self._arrivals[0] + period <= now:
            heapq.heappop(self._arrivals)
        return len(self._arrivals)

    def next_free(self, now: float, period: float) -> float:
        """Return when the count falls next, later than now; infinity if nothing is counted."""
        return self._arrivals[0] + period if self.count(now, period) else float("inf")
