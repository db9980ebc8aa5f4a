"""How long a run will still take, from what was seen of its progress. Pure; it knows nothing of runs or screens.

The quota is a rolling window: a request may go once the one that stands a whole quota before it is a period old. When
each went follows from samples of its progress, bursts or not, and so does when the last one may go. Where something
else than the quota sets the pace, as slow answers or a slow input do, the rate of the last periods goes on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence

from attrs import define, evolve, field, frozen

__all__ = ["Forecast", "History", "Sample"]

_PERIODS = 3.0
"""Periods of the quota that are looked back on."""
_SHORTEST = 30.0
"""Seconds that are looked back on at least."""
_SAMPLES = 60
"""Samples that are kept of these."""
_MOST_SAMPLES = 64
"""Samples that are kept where holds make these longer."""
_BUSY = 0.9
"""The part of the quota from which on it is what all requests wait for."""


@frozen
class Sample:
    """What a run had done at one moment."""

    at: float = 0.0
    """Seconds since its begin."""
    requests: int = 0
    settled: int = 0
    """Records that it has settled itself."""
    in_flight: int = 0
    use: float = 0.0
    """The part of the quota that was used."""
    hold: float = 0.0
    """Seconds for which nothing may be sent from then on."""
    held: float = 0.0
    """Seconds since its begin in which nothing might be sent though the quota had room: no part of its pace."""

    @property
    def done(self) -> float:
        """Settled records, and half of those in flight: some of them have just left, others are nearly answered."""
        return self.settled + self.in_flight / 2

    @property
    def at_work(self) -> float:
        """Seconds since its begin, without those in which it was held."""
        return self.at - self.held

    def after(self, before: Sample) -> Sample:
        """Return this sample as the next one after another."""
        is_held = before.use < _BUSY
        more = min(before.hold, max(0.0, self.at - before.at)) if is_held else 0.0
        return evolve(self, held=before.held + more)

    def is_still(self, before: Sample) -> bool:
        """Say whether nothing has been done since another sample."""
        return (self.requests, self.done) == (before.requests, before.done)


@define
class History:
    """The samples of a run that a forecast looks back on: its begin, and those of the last periods."""

    _samples: deque[Sample] = field(factory=lambda: deque([Sample()]))

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What was seen so far, in the order of time; a copy."""
        return tuple(self._samples)

    def note(self, sample: Sample, period: float) -> None:
        """Add a sample, and forget what is older than a few periods of the quota."""
        span, samples = _span(period), self._samples
        last = samples[-1]
        sample = sample.after(last)
        if len(samples) > 1:
            before = samples[-2]
            if sample.at - before.at < span / _SAMPLES or (
                sample.is_still(last) and last.is_still(before)
            ):
                sample = evolve(sample, use=max(sample.use, samples.pop().use))
        samples.append(sample)
        # Around the edge of what is looked back on stand two samples.
        while len(samples) > _MOST_SAMPLES or (
            len(samples) > 2 and samples[1].at_work <= sample.at_work - span  # noqa: PLR2004 (these two)
        ):
            samples.popleft()


def _span(period: float) -> float:
    return max(_SHORTEST, _PERIODS * period)


@frozen
class Forecast:
    """What follows from the samples of a run, of which the last is the present."""

    samples: Sequence[Sample]
    quota: int
    """Requests in a period."""
    period: float
    hold: float
    """Seconds for which nothing may be sent."""
    batch_size: int
    """Records that a full request holds."""

    @property
    def records_per_second(self) -> float:
        """Records settled per second of late, holds included."""
        last = self.samples[-1]
        edge = last.at - _span(self.period)
        place = bisect_right(self.samples, edge, key=lambda sample: sample.at)
        first = self.samples[max(0, place - 1)]
        return (last.settled - first.settled) / max(last.at - first.at, 1e-9)

    def seconds_left(self, total: int) -> float | None:
        """Return the seconds until the run has settled so many records; None: that cannot be said now."""
        first, last = self.samples[0], self.samples[-1]
        if total <= last.settled:
            return 0.0
        if not last.requests:
            return None
        records = total - last.settled - last.in_flight
        if records <= 0:
            return self.hold
        requests = records / self._records_per_request
        at_the_quota = self._at_the_quota(requests)
        if max(sample.use for sample in self.samples) >= _BUSY:
            return max(self.hold, at_the_quota)
        rate = (last.done - first.done) / max(last.at_work - first.at_work, 1e-9)
        at_this_rate = (total - last.done) / rate if rate > 0 else 0.0
        return self.hold + max(at_this_rate, at_the_quota)

    @property
    def _records_per_request(self) -> float:
        """What requests have held so far."""
        last = self.samples[-1]
        return min(
            float(self.batch_size), max(1.0, (last.settled + last.in_flight) / last.requests)
        )

    def _at_the_quota(self, requests: float) -> float:
        """Return when the last of so many requests may go: as many periods after one that went as lie between them."""
        last, quota = self.samples[-1], max(1, self.quota)
        periods = -(-requests // quota)
        before = last.requests + requests - periods * quota
        if before <= 0:  # the first of these periods has room now
            return (periods - 1) * self.period
        return max(0.0, self._sent_at(before) + periods * self.period - last.at)

    def _sent_at(self, request: float) -> float:
        """Return when a request was sent, by its number: between two samples, evenly."""
        samples = self.samples
        place = bisect_left(samples, request, key=lambda sample: sample.requests)
        if place == 0:
            return samples[0].at
        later, earlier = samples[min(place, len(samples) - 1)], samples[place - 1]
        part = (request - earlier.requests) / max(1, later.requests - earlier.requests)
        return earlier.at + part * (later.at - earlier.at)
