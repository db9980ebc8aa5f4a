"""Counters of accepted requests: a rolling window and a day.

Pure arithmetic: the time is a parameter, in seconds, and must not go back. Nothing here knows HTTP.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field

__all__ = ["DAY", "DailyCounter", "RollingWindow"]

DAY = 86_400.0


@define
class RollingWindow:
    """Count what was accepted in the last `period` seconds; one exactly that old no longer counts.

    HubSpot's limit is of this kind (developer documentation, "API usage guidelines and limits"):
    `TEN_SECONDLY_ROLLING`.
    """

    limit: int | None
    period: float = 10.0
    max_in_window: int = field(default=0, init=False)
    """The most requests accepted in any period so far."""
    _accepted: deque[float] = field(factory=deque, init=False, repr=False)

    def count(self, at: float) -> int:
        """Return how many requests were accepted in the period that ends at `at`."""
        accepted = self._accepted
        while accepted and accepted[0] + self.period <= at:
            accepted.popleft()
        return len(accepted)

    def is_full(self, at: float) -> bool:
        """Tell whether one more request at `at` would exceed the limit."""
        return self.limit is not None and self.count(at) >= self.limit

    def accept(self, at: float) -> None:
        """Count a request."""
        self._accepted.append(at)
        self.max_in_window = max(self.max_in_window, self.count(at))

    def remaining(self, at: float) -> int | None:
        """Return how many more requests fit at `at`; None without a limit."""
        return None if self.limit is None else max(0, self.limit - self.count(at))

    def seconds_until_free(self, at: float) -> float:
        """Return how long until one more request fits."""
        if not self.is_full(at):
            return 0.0
        return self._accepted[0] + self.period - at


@define
class DailyCounter:
    """Count what was accepted since the last midnight; `midnight` is when the first day ends."""

    limit: int | None
    midnight: float = DAY
    _count: int = field(default=0, init=False)

    def count(self, at: float) -> int:
        """Return how many requests were accepted on the day that `at` falls in."""
        if at >= self.midnight:
            self.midnight += ((at - self.midnight) // DAY + 1) * DAY
            self._count = 0
        return self._count

    def is_full(self, at: float) -> bool:
        """Tell whether one more request at `at` would exceed the limit."""
        return self.limit is not None and self.count(at) >= self.limit

    def accept(self, at: float) -> None:
        """Count a request."""
        self._count = self.count(at) + 1

    def remaining(self, at: float) -> int | None:
        """Return how many more requests the day allows; None without a limit."""
        return None if self.limit is None else max(0, self.limit - self.count(at))
