"""How a run is getting on: a snapshot for people and programs that watch it."""

from __future__ import annotations

from attrs import field, frozen

from hubbatch._forecast import Forecast, Sample
from hubbatch._states import Counts
from hubbatch.policies import UNLIMITED

__all__ = ["Progress"]


@frozen
class Progress:
    """A run at one moment. Times are seconds."""

    counts: Counts
    """The records taken in so far; what is in flight counts as unknown, what waits as unsent."""
    total: int | None
    """How many records the source has, where it can tell."""
    settled: int
    """Records whose state is final."""
    in_flight: int
    """Records that have been sent and are not settled."""
    requests: int
    """Requests sent, retries included."""
    retries: int
    elapsed: float
    quota_used: int
    """Requests that the quota's current period counts as ours. It is the quota of the run's own `LimitClass`."""
    quota: int
    """Requests that we may send in a period."""
    quota_period: float
    service_down: bool = False
    """Whether the service is held to be broken: one request at a time probes it, and everything else waits."""
    hold: float = 0.0
    """Seconds for which all requests are still held by the quota: as the service asked (429, 477), or until the period
    that is used up ends."""
    waiting_for_key: int = 0
    """Records that wait for an earlier one with the same key, or share its request; see `duplicates`.

    Up to 10,000 of them, and 64 MiB, keep no others from being taken in. `duplicates="merge"` makes one input of them.
    """
    settled_earlier: int = 0
    """Of the settled records, those that earlier processes of a journaled load have settled."""

    batch_size: int = 100
    """Records that a full request holds."""
    earlier: tuple[Sample, ...] = field(default=(Sample(),), repr=False, eq=False)
    """What was seen of the run before, for the forecast: no more than its last periods."""

    @property
    def is_unlimited(self) -> bool:
        """Whether there is no quota for what the run sends but the day's."""
        return (self.quota, self.quota_period) == (UNLIMITED.budget, UNLIMITED.period)

    @property
    def records_per_second(self) -> float:
        """Records settled per second so far, by this process."""
        return (self.settled - self.settled_earlier) / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def recent_records_per_second(self) -> float:
        """Records settled per second of late: in the last 30 s, or the last three periods of a longer quota."""
        return self._forecast.records_per_second

    @property
    def eta(self) -> float | None:
        """Seconds until the end; None where the total is not known or nothing can be said. See `seconds_left`."""
        return None if self.total is None else self.seconds_left(self.total)

    def seconds_left(self, total: int) -> float | None:
        """Return the seconds until `total` records are settled: for a source that cannot tell how many it has.

        Where the quota sets the pace, they follow from the requests left and when the quota lets them go; elsewhere
        from the rate of late. Holds count. The more often a run's progress is looked at, the better the forecast of
        its next ones. None: nothing has been sent yet, or the service is held to be broken.
        """
        if self.service_down:
            return None
        return self._forecast.seconds_left(total - self.settled_earlier)

    @property
    def sample(self) -> Sample:
        """What forecasts of later ones have to know of this one."""
        return Sample(
            self.elapsed,
            self.requests,
            self.settled - self.settled_earlier,
            self.in_flight,
            self.quota_used / max(1, self.quota),
            self.hold,
        ).after(self.earlier[-1])

    @property
    def _forecast(self) -> Forecast:
        samples = (*self.earlier, self.sample)
        return Forecast(samples, self.quota, self.quota_period, self.hold, self.batch_size)
