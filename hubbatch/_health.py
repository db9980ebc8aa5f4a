"""Whether the service is well, judged by a client's last answers, and when it may be probed if it is not.

Pure: every method is given the time. A service that is broken gets one request at a time, after pauses that grow.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum, auto
from types import MappingProxyType

from hubbatch._diagnosis import Diagnosis, Symptom
from hubbatch._retry import RetryPolicy
from hubbatch.errors import TransportError

__all__ = ["Health"]

_LAST = 20
"""Answers that count; when more than half of them are bad, the service is broken."""


class _Sign(Enum):
    """What an answer says about the service."""

    WELL = auto()
    BROKEN = auto()
    NOTHING = auto()


_SIGNS = MappingProxyType(
    {
        Symptom.LOST: _Sign.BROKEN,
        Symptom.NOT_SENT: _Sign.BROKEN,
        Symptom.SERVER_ERROR: _Sign.BROKEN,
        Symptom.GATEWAY_ERROR: _Sign.BROKEN,
        Symptom.UNAVAILABLE: _Sign.BROKEN,
        Symptom.ORIGIN_TROUBLE: _Sign.BROKEN,
        # These have holds of their own, or may come from anything in between.
        Symptom.LOCKED: _Sign.NOTHING,
        Symptom.RATE_LIMITED: _Sign.NOTHING,
        Symptom.DAILY_LIMIT: _Sign.NOTHING,
        Symptom.MIGRATING: _Sign.NOTHING,
        Symptom.UNREADABLE: _Sign.NOTHING,
    }
)
"""Any other answer, also one that refuses a request, comes from a service that works."""


class Health:
    """Watches the answers of one client."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._answers: deque[bool] = deque(maxlen=_LAST)
        self._reached = False
        self._last = ""
        self._trouble_since: float | None = None
        self._probes = 0
        self._broken_since: float | None = None
        self.resumes_at = -math.inf
        """When the next request may be sent."""

    @property
    def broken(self) -> bool:
        """Whether requests only probe, one at a time."""
        return self._broken_since is not None

    def note(self, told: Diagnosis, *, sent_at: float, now: float, chance: float) -> None:
        """Note what came of a request. `chance`: a random number from 0 to 1, for the jitter."""
        self._reached = self._reached or told.symptom is not Symptom.NOT_SENT
        sign = _SIGNS.get(told.symptom, _Sign.WELL)
        if told.error is not None and sign is _Sign.BROKEN:
            self._last = f"{told.error.category}: {told.error.message}"
        if sign is _Sign.WELL:
            self._note_good()
        elif self._broken_since is not None:
            if sent_at >= self._broken_since:  # else it was under way when the others failed
                self._probes += sign is _Sign.BROKEN
                self._pause(now, chance)
        elif sign is _Sign.BROKEN:
            self._note_bad(now, chance)

    def despair(self, since: float, now: float) -> TransportError | None:
        """Return why one who has tried from `since` on should give the service up, if so."""
        if self._trouble_since is None:
            return None
        tried_for = now - max(since, self._trouble_since)
        if self._reached and tried_for < self._policy.max_elapsed:
            return None
        if not self._reached and self._probes < self._policy.max_attempts:
            return None
        reached = "has not given one good answer" if self._reached else "could not be reached"
        return TransportError(
            f"the service {reached} for {tried_for:.0f} seconds; try again later, or check base_url,"
            f" the network and the proxy if it never worked ({self._last})"
        )

    def _note_good(self) -> None:
        self._trouble_since = None
        if self.broken:
            self._broken_since = None
            self._probes = 0
            self._answers.clear()
            self.resumes_at = -math.inf
        self._answers.append(True)

    def _note_bad(self, now: float, chance: float) -> None:
        if self._trouble_since is None:
            self._trouble_since = now
        self._answers.append(False)
        if self._answers.count(False) > _LAST / 2:
            self._broken_since = now
            self._pause(now, chance)

    def _pause(self, now: float, chance: float) -> None:
        """Wait before the next probe; half of the wait is random at most, so that pauses do grow."""
        self.resumes_at = now + self._policy.backoff(self._probes + 1, chance / 2)
