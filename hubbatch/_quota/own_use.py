"""Our own requests, as the server may count them: each in flight, and each answered one for a period more.

When a request arrived is not known, so that it is counted under several assumptions at a time. Pure: every method is
given the time. It knows nothing of limits, or of what others send.
"""

from __future__ import annotations

import attrs

from hubbatch._quota.window_count import Assumption, Latencies, WindowCount

__all__ = ["ASSUMPTIONS", "CAREFUL", "OwnUse", "Slot"]

ASSUMPTIONS = (Assumption(0.01, 1.0), Assumption(0.005, 0.5), Assumption(0.005, 0.0))
CAREFUL = 0
"""The assumption that holds whatever the way to the server takes."""


@attrs.define(eq=False)
class Slot:
    """One request's place in the quota, and what was known when it went out."""

    sent_at: float
    own: tuple[int, ...] = ()
    """Our own count under each assumption, this request included."""
    others: tuple[float, ...] = ()
    """What each forecaster expected others to use."""
    arrivals: tuple[float, ...] = ()
    """When it arrived under each assumption; empty while it is in flight."""
    sent: bool = False
    """Whether a byte of it may have left: from then on the server may count it, whatever comes of it."""
    void: bool = False
    """Whether it was refused or never sent."""


class OwnUse:
    """Counts our own requests, under each assumption."""

    def __init__(self) -> None:
        self._in_flight: set[Slot] = set()
        self._latencies = Latencies()
        self._windows = [WindowCount(assumption) for assumption in ASSUMPTIONS]

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return len(self._in_flight)

    def count(self, now: float, period: float, assumption: int = CAREFUL) -> int:
        """Return how many requests the server may still count, under one assumption."""
        return len(self._in_flight) + self._windows[assumption].count(now, period)

    def counts(self, now: float, period: float) -> tuple[int, ...]:
        """Return how many requests the server may still count, under each assumption."""
        in_flight = len(self._in_flight)
        return tuple([in_flight + each.count(now, period) for each in self._windows])

    def next_free(self, now: float, period: float) -> float:
        """Return when the careful count falls next; infinity: not before an answer comes."""
        return self._windows[CAREFUL].next_free(now, period)

    def next_change(self, now: float, period: float) -> float:
        """Return when any of the counts falls next; infinity: not before an answer comes."""
        return min(each.next_free(now, period) for each in self._windows)

    def take(self, slot: Slot) -> None:
        """Count a request that is sent now."""
        self._in_flight.add(slot)

    def give_back(self, slot: Slot) -> None:
        """Stop counting a request that was not sent after all."""
        slot.void = True
        self._in_flight.discard(slot)

    def ended(self, slot: Slot, now: float, period: float) -> None:
        """Note that a request was answered, or given up: it has arrived by now, and probably long before.

        How much later than others it was answered, it may have been later in arriving; no more than that.
        """
        if slot not in self._in_flight:
            return
        self._in_flight.remove(slot)
        late = self._latencies.lateness(now - slot.sent_at)
        slot.arrivals = tuple(each.add(slot.sent_at, late, now, period) for each in self._windows)

    def refused(self, slot: Slot) -> None:
        """Stop counting a request that the server has refused and therefore does not count."""
        slot.void = True
        for window, arrival in zip(self._windows, slot.arrivals, strict=False):
            window.remove(arrival)
