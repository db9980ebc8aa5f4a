"""How many requests a period go through, where no header tells: found by what was refused, and by trying for more.

Pure: every method is given the time. It knows nothing of when requests may go.

A 429 need not come from the quota, so that one refusal is no proof of a limit. What our own count says decides:

- Far less had gone through than is known to go: the quota does not explain it, and nothing changes.
- At least half of that had gone through: so many is the limit for two periods. If nothing is refused meanwhile, and the
  next refusal comes at the same count again, that count is the limit from then on.
- All of that had gone through, and more was tried: what went through is the limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, frozen

__all__ = ["LimitProbe"]

_PATIENCE = 20.0
"""Periods without a refusal after which more is tried, once a limit was found; twice as many after each vain try."""

_MOST_PATIENCE = 1_000.0

_LOWERED = 0.5
"""What is left at least of what is known after a refusal; where less went through, the quota is no reason for it."""

_RECOVERY = 2.0
"""Periods after which a limit that was lowered by one refusal is as it was."""

_STEP = 0.05
"""The part of what goes through that is tried on top of it."""

_SAME, _LEAST_SAME = 0.05, 2
"""The part, and the number, by which two counts may differ and still be the same."""


@frozen
class _ProbeState:
    requests: int
    """The limit in force."""
    known: int
    """What goes through in a period, as far as is known: read in headers, found, or gone through."""
    found: bool = False
    """Whether more than that was refused."""
    suspect: int | None = None
    """The count at which the last refusal came that our count explains; the limit, if the next comes there too."""
    restores_at: float | None = None
    """When the limit is as it was before it was lowered; None: it is not lowered."""
    patience: float = 1.0
    """Periods without a refusal after which more is tried."""
    longest: float = _PATIENCE / 2
    """The patience after the last limit that was found."""


@define
class _Flight:
    """Requests that were under way together and are refused together: one refusal."""

    before: _ProbeState
    at: float
    refused: list[float]


class LimitProbe:
    """The most requests a period that we send, from a first guess; `most` is never exceeded."""

    def __init__(self, guess: int, most: int | None) -> None:
        self._most = most
        self._state = _ProbeState(guess, guess)
        self._flight: _Flight | None = None
        self._through = 0
        """How many requests have gone through since the last refusal."""
        self._due: float | None = None

    @property
    def requests(self) -> int:
        """The limit in force."""
        return self._state.requests

    def look(self, now: float) -> int:
        """Return the limit in force now."""
        state = self._state
        if state.restores_at is not None and now >= state.restores_at:
            # Only a limit that nothing was refused under for as many requests may be the true one.
            held = state.suspect is not None and self._through >= state.suspect
            suspect = state.suspect if held else None
            self._set(evolve(state, requests=state.known, suspect=suspect, restores_at=None))
        return self._state.requests

    def reached(self, now: float, period: float) -> None:
        """Note that all is used and more is wanted: after enough of that, more is tried."""
        if self._state.restores_at is not None:
            return
        if self._due is None:
            self._due = now + self._state.patience * period
        elif now >= self._due:
            self._raise()

    def went_through(self) -> None:
        """Note that a request was not refused."""
        self._through += 1

    def refuse(self, sent_at: float, others: Sequence[float], now: float, period: float) -> None:
        """Note that a request was refused; `others` are the times when those were sent that were not.

        What went through in the period before is what goes through. Requests that were under way together are
        refused together, and the more of their answers are in the better it is known.
        """
        self.look(now)
        flight = self._flight
        if flight is None or sent_at > flight.at:
            flight = self._flight = _Flight(self._state, now, [])
        flight.refused.append(sent_at)
        self._through = 0
        through = max(
            sum(end - period < other <= end for other in others) for end in flight.refused
        )
        self._judge(flight, through, period)

    def _judge(self, flight: _Flight, through: int, period: float) -> None:
        """Decide what a refusal means that came when so many had gone through."""
        before = flight.before
        known, suspect, lowered = before.known, before.suspect, before.restores_at is not None
        if through < known * _LOWERED:
            self._set(before)
        elif not lowered and (through >= known or _same(through, suspect)):
            tried = before.requests > known
            limit = known if before.found and tried else min(through, before.requests - 1)
            self._find(max(1, limit), before)
        else:
            restores_at = before.restores_at if lowered else flight.at + _RECOVERY * period
            lower = max(int(known * _LOWERED), min(through, before.requests - 1), 1)
            self._due = None
            self._set(evolve(before, requests=lower, suspect=through, restores_at=restores_at))

    def _find(self, limit: int, before: _ProbeState) -> None:
        patience = min(2 * before.longest, _MOST_PATIENCE)
        self._due = None
        self._set(_ProbeState(limit, limit, found=True, patience=patience, longest=patience))

    def _raise(self) -> None:
        """Try for more: all of the present limit has gone through for so long."""
        self._due = None
        state, requests = self._state, self._state.requests
        step = max(1, int(requests * _STEP) if state.found else requests)
        self._set(
            evolve(state, requests=requests + step, known=requests, suspect=None, patience=1.0)
        )

    def _set(self, state: _ProbeState) -> None:
        most = state.requests if self._most is None else min(state.requests, self._most)
        self._state = evolve(state, requests=most)


def _same(count: int, other: int | None) -> bool:
    return other is not None and abs(count - other) <= max(_LEAST_SAME, other * _SAME)
