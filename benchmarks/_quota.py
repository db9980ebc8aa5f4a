"""How well a quota is used: against a sandbox in a second process, judged by when requests arrived there."""

from __future__ import annotations

import asyncio
import math
import time
from statistics import mean

from attrs import frozen

import hubbatch
from benchmarks._records import contacts
from benchmarks._servers import Arrivals, SandboxPlan, in_second_process, sandbox

__all__ = ["Job", "QuotaUse", "measure_quota"]

_BATCH = 100
_CONCURRENCY = 32
"""The client's default."""


@frozen
class Job:
    """So many contacts to upsert into an account that nobody else uses."""

    name: str
    records: int
    plan: SandboxPlan

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        return math.ceil(self.records / _BATCH)


@frozen
class QuotaUse:
    """What came of a job. Durations are seconds."""

    job: Job
    duration: float
    """As the caller sees it, from the call to the outcome."""
    arrivals: Arrivals

    @property
    def span(self) -> float:
        """The time from the first to the last accepted request, at the server."""
        return self.arrivals.accepted[-1] - self.arrivals.accepted[0]

    @property
    def least_duration(self) -> float:
        """Rounds of answers that so many connections wait for, or the whole periods that the quota imposes."""
        limit, latency = self.job.plan.rate_limit, self.job.plan.latency
        rounds = math.ceil(self.job.requests / _CONCURRENCY)
        periods = (self.job.requests - 1) // limit.max_requests
        return max(rounds * latency, periods * limit.period + latency)

    @property
    def average_rate(self) -> float:
        """Accepted requests over what the quota's average rate makes of the span, plus the first request."""
        limit = self.job.plan.rate_limit
        return len(self.arrivals.accepted) / (limit.max_requests * self.span / limit.period + 1)

    @property
    def reuse(self) -> float | None:
        """The period over the mean time until a place is used again; None if no place was used twice."""
        limit, accepted = self.job.plan.rate_limit, self.arrivals.accepted
        cycles = [
            later - earlier
            for earlier, later in zip(accepted, accepted[limit.max_requests :], strict=False)
        ]
        return limit.period / mean(cycles) if cycles else None

    @property
    def kept(self) -> bool:
        """Whether no request was one too many."""
        limit = self.job.plan.rate_limit.max_requests
        return self.arrivals.refused == 0 and self.arrivals.max_in_window <= limit


def measure_quota(job: Job) -> QuotaUse:
    """Carry out a job by a client that knows nothing of the account's quota before its first answer."""
    with in_second_process(sandbox, job.plan) as account:
        duration = asyncio.run(_carry_out(job, account.base_url))
        arrivals: Arrivals = account.report()
    if arrivals.stored != job.records:
        raise RuntimeError(f"{arrivals.stored} records stored of {job.records}")
    return QuotaUse(job, duration, arrivals)


async def _carry_out(job: Job, base_url: str) -> float:
    people = contacts(job.records, 6)
    async with hubbatch.Client(
        "benchmark", base_url=base_url, max_concurrency=_CONCURRENCY
    ) as client:
        start = time.perf_counter()
        outcome = await client.upsert("contacts", people, id_property="email", keep="errors")
        duration = time.perf_counter() - start
    outcome.raise_for_errors()
    return duration
