"""How far a run, or a reading, has come, gathered from those who know: ledger, intake, runner and gate."""

from __future__ import annotations

from typing import Any

from hubbatch._admission.gate import Gate
from hubbatch._clock import now
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.page_sender import PageSender
from hubbatch._engine.runner import BatchRunner
from hubbatch._forecast import History
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._states import Counts
from hubbatch.policies import LimitClass
from hubbatch.progress import Progress

__all__ = ["PageSnapshots", "Snapshots"]


class Snapshots:
    """Says how far a run has come. `total`: how many records its source has, if it can tell."""

    def __init__(
        self,
        ledger: Ledger,
        intake: Intake,
        runner: BatchRunner,
        gate: Gate,
        call: Call,
        *,
        total: int | None,
    ) -> None:
        self._ledger = ledger
        self._intake = intake
        self._runner = runner
        self._gate = gate
        self.total = total
        self._call = call
        self._history = History()
        self._began = now()
        self._final: Progress | None = None

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        if self._final is not None:
            return self._final
        ledger, runner = self._ledger, self._runner
        progress = Progress(
            counts=ledger.counts,
            total=self.total,
            settled=ledger.taken - ledger.unsettled,
            in_flight=ledger.in_flight,
            requests=runner.requests,
            retries=runner.retries,
            elapsed=now() - self._began,
            **_at(self._gate, self._call.endpoint.limit_class),
            waiting_for_key=self._intake.waiting_for_key,
            settled_earlier=ledger.earlier.total,
            batch_size=self._call.batch_size,
            earlier=self._history.samples,
        )
        self._history.note(progress.sample, progress.quota_period)
        return progress

    def close(self) -> None:
        """Note that the run has ended: its time stands still."""
        self._final = self.progress


class PageSnapshots:
    """Says how far a reading has come whose requests `sender` sends, `page_size` objects each at the most."""

    def __init__(
        self, sender: PageSender, gate: Gate, *, limit_class: LimitClass, page_size: int
    ) -> None:
        self._sender = sender
        self._gate = gate
        self._limit_class = limit_class
        self._page_size = page_size
        self._history = History()
        self._began = now()

    def progress(self, given: int, total: int | None) -> Progress:
        """Return how far the reading has come that has given so many objects of `total`, if that is known."""
        progress = Progress(
            counts=Counts(given, given),
            total=total,
            settled=given,
            in_flight=0,
            requests=self._sender.requests,
            retries=self._sender.retries,
            elapsed=now() - self._began,
            **_at(self._gate, self._limit_class),
            batch_size=self._page_size,
            earlier=self._history.samples,
        )
        self._history.note(progress.sample, progress.quota_period)
        return progress


def _at(gate: Gate, limit_class: LimitClass) -> dict[str, Any]:
    """Return what the gate knows: the quota and the holds of a class of limits, whether the service works."""
    limiter = gate.limiter
    used, quota = limiter.use_of(limit_class)
    return {
        "quota_used": used,
        "quota": quota.budget,
        "quota_period": quota.period,
        "service_down": gate.broken,
        "hold": limiter.stalled_for(limit_class),
    }
