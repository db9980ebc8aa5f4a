"""How many of our own answered requests the server still counts: each for a period from when it arrived.

When that was is known only to lie between sending and answer. Pure: every method is given the time, which must not go
back.
"""

from __future__ import annotations

import heapq
from collections import deque

from attrs import frozen

__all__ = ["Latencies", "Lateness", "WindowCount"]

_LATENCIES = 64
"""Answers over which latencies are compared."""

_USUAL = 2.0
"""So many times the median's lateness is usual: the most there is if latencies are spread evenly."""


@frozen
class Lateness:
    """By how many seconds an answer was later than the quickest of its time."""

    usual: float
    """Up to what is usual: most of it comes about after the request was counted."""
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

    def __init__(self) -> None:
        self._arrivals: list[float] = []  # a heap

    def add(self, arrival: float) -> None:
        """Count a request."""
        heapq.heappush(self._arrivals, arrival)

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
