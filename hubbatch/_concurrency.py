"""How many requests a service gets at once: more while it answers well and more are waiting, fewer when it groans.

Pure: every method is given what it needs to know. It knows nothing of the quota, which may well be the tighter bound.
"""

from __future__ import annotations

import math

from hubbatch._diagnosis import Symptom

__all__ = ["Concurrency"]

_START = 32
"""Requests at once to begin with: an idle quota's first 5,000 records take two rounds of answers."""

_CEILING = 256
"""Where growing ends: more than HubSpot's largest quota, 250 requests in 10 s, can make use of."""

_SLOWER = 0.75
"""What is left of the level after a decrease."""

_CAREFULLY = 0.25
"""What a good answer adds once a decrease has shown a limit: a quarter more with every round of answers."""

_OVERLOADED = frozenset({Symptom.LOST, Symptom.LOCKED, Symptom.GATEWAY_ERROR, Symptom.UNAVAILABLE})
"""Timeouts and lost connections, 423, 502, 504, 503 and their kin."""


class Concurrency:
    """One client's level. `most`: where a caller has pinned it; None lets it find its own."""

    def __init__(self, most: int | None) -> None:
        self._most = _CEILING if most is None else most
        self._level = float(_START if most is None else most)
        self._known_good = math.inf
        """Below this level it grows fast: nothing has been wrong there so far."""
        self._decreased_at = -math.inf

    @property
    def level(self) -> int:
        """How many requests may be in flight at once."""
        return int(self._level)

    def note(self, symptom: Symptom, *, sent_at: float, now: float, limited: bool) -> None:
        """Note what came of a request; `limited`: it is this level that others wait for."""
        if sent_at < self._decreased_at:
            return  # the decrease was for its whole flight
        if symptom in _OVERLOADED:
            self._decreased_at = now
            self._level = self._known_good = max(1.0, self._level * _SLOWER)
        elif symptom is Symptom.ANSWERED and limited:
            growth = 1.0 if self._level < self._known_good else _CAREFULLY
            self._level = min(self._level + growth, self._most)

    def begin_anew(self) -> None:
        """Start from one request: the service was broken, and has just answered again."""
        self._known_good = max(1.0, self._level / 2)
        self._level = 1.0
