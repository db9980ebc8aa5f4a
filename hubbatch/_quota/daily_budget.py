"""What is left of the day's requests, as the headers tell it. Pure: every method is given the time."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["DailyBudget", "DailyState"]

_MEMORY = 900.0
"""Seconds after which what was left may have changed: it is a new day somewhere. One request finds out."""


class DailyState(Enum):
    """Whether one more request may be sent today."""

    OPEN = auto()
    UNCERTAIN = auto()
    """What is in flight may be the last: wait for it."""
    OVER = auto()


class DailyBudget:
    """The daily remainder, of which `reserve` requests are left to others; requests of every class count."""

    def __init__(self, reserve: int = 0) -> None:
        self.reserve = reserve
        self.remaining: int | None = None
        self.in_flight = 0
        """How many requests are under way."""
        self._seen_at = 0.0

    @property
    def no_more(self) -> str:
        """What to tell a caller when the day is over."""
        kept = f", and {self.reserve} are reserved for others" if self.reserve else ""
        return (
            f"{self.remaining} of the account's requests are left for today{kept}; the count starts again at"
            " midnight in the account's time zone: send `outcome.retryable` again then"
        )

    def learn(self, remaining: int, sent_at: float, now: float) -> None:
        """Learn from an answer. They come in any order: until one was surely sent later, the least counts."""
        if self.remaining is None or remaining < self.remaining or sent_at >= self._seen_at:
            self.remaining, self._seen_at = remaining, now

    def state(self, now: float) -> DailyState:
        """Tell whether one more request may be sent now."""
        if self.remaining is None:
            return DailyState.OPEN
        left = self.remaining - self.reserve
        if now - self._seen_at > _MEMORY:
            left = max(left, 1)
        if left > self.in_flight:
            return DailyState.OPEN
        return DailyState.UNCERTAIN if self.in_flight else DailyState.OVER
