"""How a run is getting on: a snapshot for people and programs that watch it."""

from __future__ import annotations

from attrs import frozen

from hubbatch._states import Counts

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
    """Requests that the quota's current period counts as ours."""
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

    @property
    def records_per_second(self) -> float:
        """Records settled per second so far, by this process."""
        return (self.settled - self.settled_earlier) / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds until the end at this rate; None where the total or the rate is not known yet."""
        rate = self.records_per_second
        if self.total is None or rate == 0:
            return None
        return max(0.0, (self.total - self.settled) / rate)
