"""How well a rolling window was used, from nothing but the times at which requests arrived at the server.

Pure arithmetic over lists of seconds, each in rising order; an arrival exactly a period old no longer counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from statistics import mean

from hubbatch import RateLimit

__all__ = ["count_in_window", "holds_per_period", "most_in_window", "reuse", "share_of_rest"]

_SAMPLES_PER_PERIOD = 200


def count_in_window(times: Sequence[float], at: float, period: float) -> int:
    """Return how many arrivals the window that ends at `at` holds."""
    return bisect_right(times, at) - bisect_right(times, at - period)


def most_in_window(times: Sequence[float], period: float) -> int:
    """Return the most arrivals in any window."""
    return max((count_in_window(times, at, period) for at in times), default=0)


def reuse(accepted: Sequence[float], limit: RateLimit, *, after: float = 1.0) -> float | None:
    """Return the period over the mean time until a place is used again, `after` so many periods.

    A rolling window lets each of its places be used once a period, so 1 is the most, however short the job and
    however large the first burst. None: no place was used twice.
    """
    if not accepted:
        return None
    steady = accepted[bisect_right(accepted, accepted[0] + after * limit.period) :]
    cycles = [
        later - earlier
        for earlier, later in zip(steady, steady[limit.max_requests :], strict=False)
    ]
    return limit.period / mean(cycles) if cycles else None


def share_of_rest(
    accepted: Sequence[float], others: Sequence[float], limit: RateLimit, *, after: float = 1.0
) -> float | None:
    """Return our part of what others left of the window, on average over time, `after` so many periods.

    Without others it is the same as `reuse`, but for the sampling. None: nothing arrived after that.
    """
    if not accepted:
        return None
    start, end = accepted[0] + after * limit.period, accepted[-1]
    number = int((end - start) / limit.period * _SAMPLES_PER_PERIOD)
    if number < 1:
        return None
    times = [start + (end - start) * position / number for position in range(number)]
    ours = mean(count_in_window(accepted, at, limit.period) for at in times)
    taken = mean(count_in_window(others, at, limit.period) for at in times)
    return ours / (limit.max_requests - taken) if taken < limit.max_requests else None


def holds_per_period(refused: Sequence[float], period: float, latency: float) -> int:
    """Return in how many bursts, at most, requests were refused within one period.

    What arrives within a latency (and a twentieth of a period) of the first refusal was on its way before anybody
    could know of it: one burst.
    """
    starts: list[float] = []
    for at in refused:
        if not starts or at - starts[-1] > latency + period / 20:
            starts.append(at)
    return most_in_window(starts, period)
