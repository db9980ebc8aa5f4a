"""Our own requests, as the server may count them: each in flight, and each answered one for a period more.

Pure: every method is given the time. It knows nothing of limits, or of what others send.
"""

from __future__ import annotations

import attrs

from hubbatch._quota.window_count import Latencies, WindowCount
from hubbatch.policies import LimitClass

__all__ = ["OwnUse", "Slot"]

_MARGIN, _CAREFUL_MARGIN = 0.005, 0.01
"""The part of a period that any request may have taken to the server: where its headers tell what it counts, and where
nothing does."""

_RATE = 0.02
"""How much one request counts in the average of both."""


@attrs.define(eq=False)
class Slot:
    """One request's place in the quota, and what was known when it went out."""

    sent_at: float
    limit_class: LimitClass = LimitClass.INTERVAL
    careful: int = 0
    """Our own count, this request included, if answers are late because requests arrive late."""
    likely: int = 0
    """The same if they are late because the server takes its time."""
    others: float = 0.0
    """What others were expected to use."""
    arrivals: tuple[float, float] | None = None
    """When it arrived under both assumptions; None while it is in flight."""
    sent: bool = False
    """Whether a byte of it may have left: from then on the server may count it, whatever comes of it."""
    void: bool = False
    """Whether it was refused or never sent."""


class OwnUse:
    """Counts our own requests, between two assumptions.

    What answers are late by comes about before the server counts a request, all of it or nothing.
    """

    def __init__(self) -> None:
        self._in_flight: set[Slot] = set()
        self._latencies = Latencies()
        self._careful, self._likely = WindowCount(), WindowCount()
        self._usual_spread = 0.0
        """By how much the careful count is above the likely one, on average."""
        self.on_the_way = 1.0
        """The part of answers' usual lateness that comes about on the way to the server: all, until more is known."""

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return len(self._in_flight)

    def careful(self, now: float, period: float) -> int:
        """Return how many requests the server may still count, whatever the way to it takes."""
        return len(self._in_flight) + self._careful.count(now, period)

    def count(self, now: float, period: float) -> float:
        """Return how many requests the server still counts, by what is known of the way to it."""
        careful, likely = self._careful.count(now, period), self._likely.count(now, period)
        return len(self._in_flight) + likely + (careful - likely) * self.on_the_way

    def beside_others(self, now: float, period: float) -> float:
        """Return the count beside others, where the way is not known: the likely one, and what is more than usual.

        By how much the careful count is usually above the likely one is learned as an error that others explain.
        """
        careful, likely = self._careful.count(now, period), self._likely.count(now, period)
        return len(self._in_flight) + max(likely, careful - self._usual_spread)

    def counted(self, slot: Slot) -> float:
        """Return the count when a request was sent, by what is known of the way now."""
        return slot.likely + (slot.careful - slot.likely) * self.on_the_way

    def next_free(self, now: float, period: float) -> float:
        """Return when the careful count falls next; infinity: not before an answer comes."""
        return self._careful.next_free(now, period)

    def next_change(self, now: float, period: float) -> float:
        """Return when the count falls next; infinity: not before an answer comes."""
        return min(self._careful.next_free(now, period), self._likely.next_free(now, period))

    def take(self, slot: Slot) -> None:
        """Count a request that is sent now."""
        self._in_flight.add(slot)

    def note(self, slot: Slot, now: float, period: float) -> None:
        """Note with a request that goes out what is counted just now."""
        slot.careful = self.careful(now, period)
        slot.likely = len(self._in_flight) + self._likely.count(now, period)

    def give_back(self, slot: Slot) -> bool:
        """Stop counting a request that was not sent after all; return whether it was counted."""
        slot.void = True
        counted = slot in self._in_flight
        self._in_flight.discard(slot)
        return counted

    def ended(self, slot: Slot, now: float, period: float) -> bool:
        """Note that a request was answered, or given up; return whether it was in flight.

        It has arrived by now, and probably long before: how much later than others it was answered, it may have been
        later in arriving; no more than that.
        """
        if slot not in self._in_flight:
            return False
        self._in_flight.remove(slot)
        self._usual_spread += _RATE * (slot.careful - slot.likely - self._usual_spread)
        late = self._latencies.lateness(now - slot.sent_at)
        likely = slot.sent_at + late.unusual
        slot.arrivals = (
            min(now, likely + period * _CAREFUL_MARGIN + late.usual),
            min(now, likely + period * _MARGIN),
        )
        self._careful.add(slot.arrivals[0])
        self._likely.add(slot.arrivals[1])
        return True

    def refused(self, slot: Slot) -> None:
        """Stop counting a request that the server has refused and therefore does not count."""
        slot.void = True
        if slot.arrivals is not None:
            self._careful.remove(slot.arrivals[0])
            self._likely.remove(slot.arrivals[1])
