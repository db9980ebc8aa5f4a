"""How many requests a service gets at once: more while it answers and more are waiting, fewer when it is overloaded.

Pure: every method is given what it needs to know. It knows nothing of the quota, which may well be the tighter bound.
"""

from __future__ import annotations

import math
from collections import deque

from hubbatch._protocol.symptoms import SYMPTOMS, Sign, Symptom

__all__ = ["Concurrency"]

_START = 32
"""Requests at once to begin with: an idle quota's first 5,000 records take two rounds of answers."""

_CEILING = 256
"""Where growing ends: more than HubSpot's largest quota, 250 requests in 10 s, can make use of."""

_SLOWER = 0.75
"""What is left of the level after a decrease."""

_CAREFULLY = 0.25
"""What a good answer adds once a decrease has shown a limit: a quarter more with every round of answers."""

_LAST = 20
"""Answers that count; when no more than half of them are signs of overload, those have another reason."""

_LEAST = 3.0
"""The level below which signs of overload among good answers do not bring it: three at once overload no service."""


class Concurrency:
    """One client's level. `most`: where a caller has pinned it; None lets it find its own."""

    def __init__(self, most: int | None) -> None:
        self._most = _CEILING if most is None else most
        self._level = float(_START if most is None else most)
        self._known_good = math.inf
        """Below this level it grows fast: nothing has been wrong there so far."""
        self._decreased_at = -math.inf
        self._overloaded: deque[bool] = deque(maxlen=_LAST)
        """Of the last answers that say anything, which were signs of overload."""

    @property
    def level(self) -> int:
        """How many requests may be in flight at once."""
        return int(self._level)

    def note(self, symptom: Symptom, *, sent_at: float, now: float, limited: bool) -> None:
        """Note what came of a request; `limited`: it is this level that others wait for.

        Any answer of a service that works is a good one: to refuse a batch takes no less than to accept it.
        """
        row = SYMPTOMS[symptom]
        if not row.overload and row.sign is not Sign.GOOD:
            return
        self._overloaded.append(row.overload)
        if sent_at < self._decreased_at:
            return  # the decrease was for its whole flight
        if row.overload:
            self._decreased_at = now
            self._level = self._known_good = max(self._least, self._level * _SLOWER)
        elif limited:
            growth = 1.0 if self._level < self._known_good else _CAREFULLY
            self._level = min(self._level + growth, self._most)

    @property
    def _least(self) -> float:
        """The level that the next decrease keeps at least."""
        single = self._overloaded.count(True) <= len(self._overloaded) / 2
        return min(self._level, _LEAST) if single else 1.0

    def begin_anew(self) -> None:
        """Start from one request: the service was broken, and has just answered again."""
        self._known_good = max(1.0, self._level / 2)
        self._level = 1.0
