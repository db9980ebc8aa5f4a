"""How far a run has come, gathered from those who know: ledger, intake, runner and gate."""

from __future__ import annotations

from hubbatch._admission.gate import Gate
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.runner import BatchRunner
from hubbatch._records.intake import Intake
from hubbatch.progress import Progress

__all__ = ["snapshot"]


def snapshot(
    ledger: Ledger,
    intake: Intake,
    runner: BatchRunner,
    gate: Gate,
    *,
    total: int | None,
    elapsed: float,
) -> Progress:
    """Return the progress of a run whose source has `total` records, `elapsed` seconds after its start."""
    limiter = gate.limiter
    quota = limiter.rate_limit
    return Progress(
        counts=ledger.counts,
        total=total,
        settled=ledger.taken - ledger.unsettled,
        in_flight=ledger.in_flight,
        requests=runner.requests,
        retries=runner.retries,
        elapsed=elapsed,
        quota_used=limiter.used,
        quota=quota.budget,
        quota_period=quota.period,
        service_down=gate.broken,
        hold=limiter.stalled_for(),
        waiting_for_key=intake.waiting_for_key,
    )
