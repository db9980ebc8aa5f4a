"""What the server will count when the next request arrives, learned from how wrong the last forecasts were.

Every answer's headers tell what the server counted as that request arrived. Several forecasters, each with its own
assumption about our arrivals and about what others send, say so beforehand; the one that needs the least reserve to
have been right decides. Pure: every method is given the time. It knows nothing of headers or limits.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Protocol

from attrs import frozen

__all__ = ["Forecaster", "Nobody", "Observation", "Others"]

_DEVIATIONS = 3.7
"""Standard deviations of its error that a forecast keeps in reserve: a 429 costs a whole window."""

_RATE = 0.005
"""How much one answer counts in the variance of the error: it remembers about a window."""

_FIRST_DEVIATION = 0.007
"""The standard deviation that is assumed before anything is known, as a part of the limit."""

_FADING = 4.0
"""Periods in which the reserve that a surprise has called for falls to 1/e of it."""

_STEADY = 0.06
"""The part of our own count that may come and go while a request is under way, with no more than its place to lose."""

_WASTE_RATE = 0.02
"""How much one answer counts in the mean of what a forecast leaves unused."""


@frozen
class Observation:
    """What one answer tells of the server's count, beside our own by the forecaster's assumption."""

    sent_at: float
    counted: int
    """What the server counted, this request included."""
    own_sent: int
    """What we counted of ours when it was sent, this request included."""
    own_answered: int
    """The same when it was answered."""
    expected_others: float
    """What others were expected to use when it was sent."""
    refused: bool
    """Whether the request was one too many, and is itself not counted."""

    @property
    def surprise(self) -> float:
        """By how much the count was above what was expected; negative: below it.

        When our own count has changed much until the answer came, it explains all between what it was at both ends.
        """
        least, most = sorted((self.own_sent, self.own_answered))
        if most - least <= _STEADY * most:
            least = most = self.own_sent
        rest = self.counted + self.refused - self.expected_others
        return max(0.0, rest - most) + min(0.0, rest - least)

    @property
    def error(self) -> float:
        """How many requests more than the server we had counted."""
        return self.own_sent + self.expected_others - self.counted


class Model(Protocol):
    """A belief about what others use of the quota."""

    def used(self, now: float) -> float:
        """Return how many requests of others the server counts now."""
        ...

    def observe(self, seen: Observation, period: float) -> None:
        """Learn from the newest answer."""
        ...


class Nobody:
    """The belief that nobody else uses the quota."""

    def used(self, now: float) -> float:  # noqa: ARG002 (as the protocol has it)
        """Return nothing."""
        return 0.0

    def observe(self, seen: Observation, period: float) -> None:
        """Learn nothing."""


class Others:
    """The belief that others go on as they did on average, and that what they sent leaves the window a period later.

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

    def observe(self, seen: Observation, period: float) -> None:
        """Learn from the newest answer."""
        self._period = period
        self._level = max(0.0, self._told(seen))
        at = seen.sent_at
        if not self._times:
            self._first_level = self._level
            self._times, self._sums = [at], [0.0]
        elif at > self._times[-1]:
            total = max(self._sums[-1], self._level + self._sum(at - period))
            self._times.append(at)
            self._sums.append(total)
            self._forget(at - 2 * period)

    def _told(self, seen: Observation) -> float:
        if not seen.refused:
            return seen.counted - seen.own_sent
        # Of ours some were refused too by then, nobody knows which.
        bounds = sorted((seen.own_sent, seen.own_answered))
        return min(max(self.used(seen.sent_at), seen.counted - bounds[1]), seen.counted - bounds[0])

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


class Forecaster:
    """One assumption about our own use, one belief about others', and what both were wrong by."""

    def __init__(self, assumption: int, model: Model) -> None:
        self.assumption = assumption
        self.model = model
        self.trials = 0
        self._variance = 0.0
        self.waste = 0.0
        """How many places its forecasts left unused of late, the reserve apart."""
        self._peak = 0.0
        self._peak_at = 0.0

    def reserve(self, now: float, period: float) -> float:
        """Return how many places to leave for what cannot be foreseen."""
        peak = self._peak * math.exp((self._peak_at - now) / (_FADING * period))
        return max(_DEVIATIONS * math.sqrt(self._variance), peak)

    def cost(self, now: float, period: float) -> float:
        """Return how many places stay unused on average if this forecaster decides."""
        return self.waste + self.reserve(now, period)

    def judge(self, seen: Observation, now: float, period: float, most: int) -> None:
        """Note how wrong the forecast was, under a limit of `most` that was nearly used up."""
        surprise = seen.surprise
        if not self.trials:
            self._variance = (_FIRST_DEVIATION * most) ** 2
        self.trials += 1
        if surprise > self.reserve(now, period):
            self._peak, self._peak_at = surprise, now
        self.waste += _WASTE_RATE * (seen.error - self.waste)
        # What was below the forecast costs nothing, so only what was above it tells the variance: half of the cases.
        self._variance += _RATE * (2 * max(0.0, surprise) ** 2 - self._variance)
