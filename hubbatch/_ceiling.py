"""How many requests a period go through, where no header tells: found by what was refused, and by trying for more.

Pure: every method is given the time. It knows nothing of when requests may go.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Ceiling"]

_PATIENCE = 20.0
"""Periods without a refusal after which more is tried, once a limit was found; twice as many after each vain try."""

_MOST_PATIENCE = 1_000.0

_LOWERED = 0.4
"""What is left of the limit at least after one refusal: a stray one must not stop everything."""

_STEP = 0.05
"""The part of what goes through that is tried on top of it."""


class Ceiling:
    """The most requests a period that we send, from a first guess; `most` is never exceeded."""

    def __init__(self, guess: int, most: int | None) -> None:
        self.requests = guess
        self._most = most
        self._found = False
        self._before: int | None = None
        """What went through before the last step up, if that came after a limit was found."""
        self._at_most = guess
        self._at_least = 1
        self._patience = 1.0
        self._longest = _PATIENCE / 2
        self._due: float | None = None
        self._refused: list[float] = []
        self._refused_at = float("-inf")

    def reached(self, now: float, period: float) -> None:
        """Note that all is used and more is wanted: after enough of that, more is tried."""
        if self._due is None:
            self._due = now + self._patience * period
        elif now >= self._due:
            self._raise()

    def refuse(self, sent_at: float, others: Sequence[float], now: float, period: float) -> None:
        """Note that a request was refused; `others` are the times when those were sent that were not.

        What went through in the period before is what goes through. Requests that were under way together are
        refused together, and the more of their answers are in the better it is known. If far less went through than
        was expected, the refusal may have had another reason: then the limit is lowered, and nothing is found.
        """
        if sent_at > self._refused_at:
            self._refused_at = now
            self._refused = []
            self._at_most = self.requests - 1 if self._before is None else self._before
            self._at_least = max(1, int(self.requests * _LOWERED))
            self._before = None
            self._longest = min(2 * self._longest, _MOST_PATIENCE)
        self._refused.append(sent_at)
        through = max(sum(end - period < other <= end for other in others) for end in self._refused)
        self._found = through >= self._at_least
        self._due, self._patience = None, self._longest if self._found else 1.0
        self._set(min(self._at_most, max(through, self._at_least)))

    def _raise(self) -> None:
        self._due, self._patience = None, 1.0
        self._before = self.requests if self._found else None
        step = self.requests if not self._found else int(self.requests * _STEP)
        self._set(self.requests + max(1, step))

    def _set(self, requests: int) -> None:
        self.requests = max(1, requests if self._most is None else min(requests, self._most))
