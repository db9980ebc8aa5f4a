"""The circuit breaker of one client: whether the service works, by its last answers, and when it may be probed if not.

Closed: requests go. Open: more than half of the last answers were bad, and nobody may send until `resumes_at`.
Half-open, from then on: one request at a time may. A bad answer opens it again, for longer; a good one closes it. Pure:
every method is given the time.
"""

from __future__ import annotations

import math
from collections import deque

from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import SYMPTOMS, Sign, Symptom
from hubbatch.errors import TransportError
from hubbatch.policies import RetryPolicy

__all__ = ["CircuitBreaker"]

_LAST = 20
"""Answers that count; when more than half of them are bad, the service is broken."""


class CircuitBreaker:
    """Watches the answers of one client."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._answers: deque[bool] = deque(maxlen=_LAST)
        self._last = ""
        self._trouble_since: float | None = None
        self._left_alone_until = -math.inf
        """Until when the service has asked to be left alone since then."""
        self._open_since: float | None = None
        self._probes = 0
        self._reached = False
        self._unreached: deque[float] = deque(maxlen=policy.max_attempts)
        """When probes found that a service could not be reached that never could be."""
        self.resumes_at = -math.inf
        """When the next request may be sent."""

    @property
    def open(self) -> bool:
        """Whether it is open, or half-open: requests only probe, one at a time."""
        return self._open_since is not None

    @property
    def in_trouble(self) -> bool:
        """Whether the last answer that says anything about the service was a bad one."""
        return self._trouble_since is not None

    def note(
        self,
        diagnosis: Diagnosis,
        *,
        sent_at: float,
        now: float,
        chance: float,
        in_poison_search: bool = False,
    ) -> None:
        """Note what came of a request.

        `chance`: a random number from 0 to 1, for the jitter. `in_poison_search`: a failure would be the request's own.
        """
        self._reached = self._reached or diagnosis.symptom is not Symptom.NOT_SENT
        sign = SYMPTOMS[diagnosis.symptom].sign
        if sign is Sign.GOOD:
            self._note_good()
            return
        if in_poison_search and not self.open:
            return
        if sign is Sign.BAD:
            self._note_bad(diagnosis, now)
        if self._trouble_since is not None and diagnosis.asked_wait is not None:
            self._left_alone_until = max(self._left_alone_until, now + diagnosis.asked_wait)
        if self._open_since is not None and sent_at >= self._open_since:
            # A probe: what was under way when the others failed is none.
            self._probes += 1
            if not self._reached:
                self._unreached.append(now)
            self._pause(now, chance)
        elif self._open_since is None and self._answers.count(False) > _LAST / 2:
            self._open_since = now
            self._pause(now, chance)

    def gives_up_at(self, since: float) -> float:
        """Return when one who has tried from `since` on should give the service up; infinity: not in sight.

        That is after `max_elapsed` without one good answer. The waits that the service asks for do not count, but for
        no longer than `max_elapsed` once more.
        """
        if self._trouble_since is None:
            return math.inf
        if not self._reached:
            probes = [at for at in self._unreached if at >= since]
            return -math.inf if len(probes) == self._unreached.maxlen else math.inf
        began, most = max(since, self._trouble_since), self._policy.max_elapsed
        return min(max(began, self._left_alone_until), began + most) + most

    def give_up(self, since: float, now: float) -> TransportError:
        """Return the error of one who has tried from `since` on and gives the service up."""
        reached = "has not given one good answer" if self._reached else "could not be reached"
        return TransportError(
            f"the service {reached} for {now - since:.0f} seconds; try again later, or check base_url,"
            f" the network and the proxy if it never worked ({self._last})"
        )

    def _note_good(self) -> None:
        self._trouble_since = None
        if self.open:
            self._open_since = None
            self._probes = 0
            self._answers.clear()
            self.resumes_at = -math.inf
        self._answers.append(True)

    def _note_bad(self, diagnosis: Diagnosis, now: float) -> None:
        self._answers.append(False)
        if self._trouble_since is None:
            self._trouble_since = now
            self._left_alone_until = -math.inf
        if diagnosis.error is not None:
            self._last = f"{diagnosis.error.category}: {diagnosis.error.message}"

    def _pause(self, now: float, chance: float) -> None:
        """Wait before the next probe; half of the wait is random at most, so that pauses do grow."""
        self.resumes_at = now + self._policy.backoff(self._probes + 1, chance / 2)
