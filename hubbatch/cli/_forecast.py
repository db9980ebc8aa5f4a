"""How long a run will still take, from what was seen of its progress. Pure; it knows nothing of screens.

The quota is a rolling window: a request may go once the one that stands a whole quota before it is a period old. When
each went is known from snapshots, so that the last one's moment follows, bursts or not. Where something else than the
quota sets the pace, as slow answers or a slow input do, the rate of the last periods goes on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from attrs import define, field, frozen

from hubbatch import Progress

__all__ = ["Forecast"]

_PERIODS = 3.0
"""Periods of the quota that are looked back on."""
_SHORTEST = 30.0
"""Seconds that are looked back on at least."""
_SAMPLES = 300
"""Snapshots that are kept of these."""
_BUSY = 0.9
"""The part of the quota from which on it is what everybody waits for."""


@frozen
class _Sample:
    at: float = 0.0
    requests: int = 0
    settled: int = 0
    done: float = 0.0
    """Settled records, and half of those in flight: some of them have just left, others are almost there."""
    use: float = 0.0
    """The part of the quota that was used."""


@define
class Forecast:
    """Looks at snapshots of a run as they come. `batch_size`: records that a full request holds."""

    batch_size: int = 100
    _samples: deque[_Sample] = field(factory=lambda: deque([_Sample()]))

    def note(self, progress: Progress) -> None:
        """Look at a snapshot."""
        span = max(_SHORTEST, _PERIODS * progress.quota_period)
        samples = self._samples
        use = progress.quota_used / max(1, progress.quota)
        if len(samples) > 1 and progress.elapsed - samples[-2].at < span / _SAMPLES:
            use = max(use, samples.pop().use)
        samples.append(
            _Sample(progress.elapsed, progress.requests, progress.settled, _done(progress), use)
        )
        while len(samples) > 2 and samples[1].at <= progress.elapsed - span:  # noqa: PLR2004 (the two around it)
            samples.popleft()

    @property
    def records_per_second(self) -> float:
        """Records settled per second of late."""
        first, last = self._samples[0], self._samples[-1]
        return (last.settled - first.settled) / max(last.at - first.at, 1e-9)

    def seconds_left(self, progress: Progress, total: int | None) -> float | None:
        """Return the seconds until so many records are settled; None: nobody can say now."""
        if total is None or progress.service_down or not progress.requests:
            return None
        records = total - progress.settled - progress.in_flight
        if records <= 0:
            return progress.hold
        requests = records / self._records_per_request(progress)
        if max(sample.use for sample in self._samples) >= _BUSY:
            return max(progress.hold, self._at_the_quota(progress, requests))
        first, last = self._samples[0], self._samples[-1]
        rate = (last.done - first.done) / max(last.at - first.at, 1e-9)
        slowly = (total - _done(progress)) / rate if rate > 0 else 0.0
        return progress.hold + max(slowly, self._at_the_quota(progress, requests))

    def _records_per_request(self, progress: Progress) -> float:
        """Return what requests have held so far. Records that an earlier process settled came without any."""
        seen = (progress.settled + progress.in_flight) / progress.requests
        return min(float(self.batch_size), max(1.0, seen))

    def _at_the_quota(self, progress: Progress, requests: float) -> float:
        """Return when the last of so many requests may go: as many periods after one that went as lie between them."""
        quota = max(1, progress.quota)
        periods = -(-requests // quota)
        before = progress.requests + requests - periods * quota
        if before <= 0:  # the first of these periods has room now
            return (periods - 1) * progress.quota_period
        return max(0.0, self._sent_at(before) + periods * progress.quota_period - progress.elapsed)

    def _sent_at(self, request: float) -> float:
        """Return when a request was sent, by its number: between two snapshots, evenly."""
        samples = self._samples
        place = bisect_left(samples, request, key=lambda sample: sample.requests)
        if place == 0:
            return samples[0].at
        later, earlier = samples[min(place, len(samples) - 1)], samples[place - 1]
        part = (request - earlier.requests) / max(1, later.requests - earlier.requests)
        return earlier.at + part * (later.at - earlier.at)


def _done(progress: Progress) -> float:
    return progress.settled + progress.in_flight / 2
