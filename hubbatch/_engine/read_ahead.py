"""How far a run reads ahead: no further than it can send soon, so that a source is pulled as fast as its records leave.

It knows nothing of sources, and of requests only how many there are.
"""

from __future__ import annotations

from collections.abc import Callable

from hubbatch._admission.gate import Gate
from hubbatch._engine.carriers import Carriers
from hubbatch._engine.ledger import Ledger
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake

__all__ = ["ReadAhead"]

_SPARE = 2
"""Batches beyond those in flight that a run holds in any case: one is filled, one is ready."""

_AHEAD = 10.0
"""Seconds that the quota may take to send what a run holds."""


class ReadAhead:
    """Tells how many records there is room for. `backlog`: settled ones that nobody has taken away yet."""

    def __init__(
        self,
        call: Call,
        gate: Gate,
        intake: Intake,
        ledger: Ledger,
        carriers: Carriers,
        *,
        backlog: Callable[[], int],
    ) -> None:
        self._call = call
        self._gate = gate
        self._intake = intake
        self._ledger = ledger
        self._carriers = carriers
        self._backlog = backlog
        self.follows_sending = False
        """Whether there is more room once records have been sent: the quota sets the bound."""

    @property
    def used_up(self) -> bool:
        """Whether nothing more is taken in before something has been settled."""
        return self._backlog() == 0 and self.room() <= 0

    def room(self) -> int:
        """Return how many records may be taken in now."""
        held = self._ledger.unsettled - self._intake.aside + self._backlog()
        if self._call.prefetch is not None:
            return self._call.prefetch - held
        return int(self._most_batches() * self._call.batch_size) - held

    def _most_batches(self) -> float:
        """Return how many full batches may be held: what can be in flight and two more, as far as the quota allows."""
        gate, carriers, ready = self._gate, self._carriers, self._intake.queue.full
        most = gate.concurrency + _SPARE
        if not gate.broken:
            most += min(carriers.pausing, most)  # they keep nobody else from being sent
        begun = len(carriers) - carriers.unfilled + ready
        if begun >= most - 1 and carriers.batches + ready >= most - 1:
            return 0  # batches may be small; and one is being filled
        limit = gate.limiter.rate_limit
        ahead = _AHEAD * limit.budget / limit.period
        self.follows_sending = ahead < most
        if not self.follows_sending:
            return most
        return min(most, max(ahead, self._ledger.in_flight / self._call.batch_size + _SPARE))
