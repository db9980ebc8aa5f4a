"""How far a run, or a reading, has come, gathered from those who know: ledger, intake, runner and gate."""

from __future__ import annotations

from typing import Any

from hubbatch._admission.gate import Gate
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.page_sender import PageSender
from hubbatch._engine.runner import BatchRunner
from hubbatch._records.intake import Intake
from hubbatch._states import Counts
from hubbatch.progress import Progress

__all__ = ["snapshot", "snapshot_of_pages"]


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
    return Progress(
        counts=ledger.counts,
        total=total,
        settled=ledger.taken - ledger.unsettled,
        in_flight=ledger.in_flight,
        requests=runner.requests,
        retries=runner.retries,
        elapsed=elapsed,
        **_at(gate),
        waiting_for_key=intake.waiting_for_key,
    )


def snapshot_of_pages(
    sender: PageSender, gate: Gate, *, given: int, total: int | None, elapsed: float
) -> Progress:
    """Return the progress of a reading that has given so many objects."""
    return Progress(
        counts=Counts(given, given),
        total=total,
        settled=given,
        in_flight=0,
        requests=sender.requests,
        retries=sender.retries,
        elapsed=elapsed,
        **_at(gate),
    )


def _at(gate: Gate) -> dict[str, Any]:
    """Return what the gate knows: quota, holds, whether the service works."""
    limiter = gate.limiter
    quota = limiter.rate_limit
    return {
        "quota_used": limiter.used,
        "quota": quota.budget,
        "quota_period": quota.period,
        "service_down": gate.broken,
        "hold": limiter.stalled_for(),
    }
