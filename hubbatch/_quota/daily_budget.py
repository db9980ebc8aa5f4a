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
    """The daily remainder, of which `reserve` requests are left to others."""

    def __init__(self, reserve: int) -> None:
        self.reserve = reserve
        self.remaining: int | None = None
        self._told_at = 0.0

    def learn(self, remaining: int, sent_at: float, now: float) -> None:
        """Learn from an answer. They come in any order: until one was surely sent later, the least counts."""
        if self.remaining is None or remaining < self.remaining or sent_at >= self._told_at:
            self.remaining, self._told_at = remaining, now

    def state(self, in_flight: int, now: float) -> DailyState:
        """Tell whether one more request may be sent while so many are in flight."""
        if self.remaining is None:
            return DailyState.OPEN
        left = self.remaining - self.reserve
        if now - self._told_at > _MEMORY:
            left = max(left, 1)
        if left > in_flight:
            return DailyState.OPEN
        return DailyState.UNCERTAIN if in_flight else DailyState.OVER
