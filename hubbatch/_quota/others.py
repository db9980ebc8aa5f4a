"""What others use of a quota, from what was left for them whenever an answer held the server's count.

Pure: every method is given the time. It knows nothing of headers or limits.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["Others"]


class Others:
    """Expects others to go on as they did on average, and what they sent to leave the window a period later.

    Their requests are added up over time: what they use now is the sum now less the sum a period ago.
    """

    def __init__(self) -> None:
        self._times: list[float] = []
        self._sums: list[float] = []
        self._level = 0.0
        self._first_level = 0.0
        self._period = 1.0

    def used(self, now: float) -> float:
        """Return how many requests of others the server counts now."""
        if not self._times:
            return 0.0
        since, period = self._times[-1], self._period
        gone = self._sum(now - period) - self._sum(since - period)
        come = self._level / period * (now - since)
        return max(0.0, self._level - gone + come)

    def note(self, level: float, at: float, period: float) -> None:
        """Note how many there were at a time."""
        self._period = period
        self._level = max(0.0, level)
        if not self._times:
            self._first_level = self._level
            self._times, self._sums = [at], [0.0]
        elif at > self._times[-1]:
            total = max(self._sums[-1], self._level + self._sum(at - period))
            self._times.append(at)
            self._sums.append(total)
            self._forget(at - 2 * period)

    def _forget(self, before: float) -> None:
        if self._times[len(self._times) // 2] < before:  # seldom, for it takes time
            first = bisect_right(self._times, before) - 1
            del self._times[:first], self._sums[:first]

    def _sum(self, at: float) -> float:
        """Return the sum at a time: evenly between two answers, and in the period before the first one."""
        index = bisect_right(self._times, at)
        if index == 0:
            return self._sums[0] - self._first_level * (self._times[0] - at) / self._period
        if index == len(self._times):
            return self._sums[-1]
        start, end = self._times[index - 1 : index + 1]
        low, high = self._sums[index - 1 : index + 1]
        return low + (high - low) * (at - start) / (end - start)
