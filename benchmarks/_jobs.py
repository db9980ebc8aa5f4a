"""The jobs that are carried out under a quota, and how one is: the account in one process, the consumer in another.

Which jobs there are is a table; what came of one is judged elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

from attrs import frozen

from benchmarks._account import AccountPlan, Arrivals, account_server
from benchmarks._processes import alone, in_second_process
from benchmarks._progress import say
from benchmarks._size import Size
from benchmarks.consumers._pace import Job
from hubbatch import RateLimit

__all__ = ["HUBSPOTS_PERIOD", "Kind", "Trial", "Undertaking", "carry_out", "undertakings"]

HUBSPOTS_PERIOD = 10.0
_LIMIT_OF_A_SMALL_ACCOUNT = 100 / 190
"""The lowest limit that HubSpot gives beside the usual one."""


@frozen
class Kind:
    """What a job shows, and what of it is judged."""

    name: str
    least: float
    """The least part of the quota, or of what others leave of it, that is to be used."""
    most_refused: float | None = 0.0
    """The part of the requests that may be refused; None: one burst of refusals a period."""
    after: float = 1.0
    """Periods at the beginning that are not judged."""


LONG = Kind("long run", 0.97)
SHARED = Kind("shared", 0.90, most_refused=0.01)
SILENT = Kind("no headers, wrong guess", 0.90, most_refused=None, after=3.0)


@frozen
class Undertaking:
    """A job: who carries it out under which account, and what the user believes of the quota."""

    kind: Kind
    consumer: str
    function: str
    """Where it is, as `module:function`: it is imported only in the process that runs it."""
    plan: AccountPlan
    latency: float
    """In seconds of a period of ten."""
    belief: RateLimit
    windows: int
    needs: str | None = None
    judged: bool = False

    @property
    def scale(self) -> float:
        """The part of real time that a second stands for."""
        return self.plan.rate_limit.period / HUBSPOTS_PERIOD

    @property
    def circumstances(self) -> str:
        """What is particular about the account."""
        plan = self.plan
        parts = [f"latency {self.latency:g} s"]
        if plan.others:
            parts.append(f"another consumer takes {plan.others:.0%}")
        if not plan.tells:
            parts.append(
                f"{self.belief.max_requests} believed, {plan.rate_limit.max_requests} true"
            )
        return ", ".join(parts)


@frozen
class Trial:
    """What came of an undertaking."""

    undertaking: Undertaking
    arrivals: Arrivals
    given_up: int
    """Requests whose records were not written."""
    error: str | None
    """What ended it before its time."""


_HUBBATCH = ("hubbatch", "_pace:by_hubbatch", None)
_TOLD = ("hubbatch", "_pace:by_hubbatch_as_told", None)
_LIMITER = ("AsyncLimiter + gather", "_pace:by_async_limiter", None)
_SDK = ("hubspot-sdk (its own retries)", "_pace_sdk:by_sdk", "hubspot_sdk")

_TABLE = (
    (LONG, _HUBBATCH, 0.2, 0.0),
    (LONG, _HUBBATCH, 1.5, 0.0),
    (LONG, _LIMITER, 0.2, 0.0),
    (LONG, _SDK, 0.2, 0.0),
    (SHARED, _HUBBATCH, 0.2, 0.3),
    (SHARED, _HUBBATCH, 0.2, 0.7),
    (SHARED, _HUBBATCH, 1.5, 0.3),
    (SHARED, _HUBBATCH, 1.5, 0.7),
    (SILENT, _HUBBATCH, 0.2, 0.0),
    (SILENT, _TOLD, 0.2, 0.0),
)


def undertakings(size: Size) -> list[Undertaking]:
    """Return all jobs of a size."""
    large = RateLimit(size.max_requests, size.period)
    small = RateLimit(round(size.max_requests * _LIMIT_OF_A_SMALL_ACCOUNT), size.period)
    wrong_guesses: dict[object, tuple[RateLimit, RateLimit]] = {
        _HUBBATCH: (small, large),
        _TOLD: (large, small),
    }
    jobs = []
    for kind, consumer, latency, others in _TABLE:
        belief, truth = wrong_guesses[consumer] if kind is SILENT else (large, large)
        name, function, needs = consumer
        plan = AccountPlan(
            truth,
            latency * size.period / HUBSPOTS_PERIOD,
            tells=kind is not SILENT,
            others=others,
        )
        jobs.append(
            Undertaking(
                kind=kind,
                consumer=name,
                function=function,
                plan=plan,
                latency=latency,
                belief=belief,
                windows=size.windows,
                needs=needs,
                judged=name == "hubbatch",
            )
        )
    return jobs


def carry_out(undertaking: Undertaking) -> Trial:
    """Carry out a job and ask the account what it has seen."""
    say(f"quota, {undertaking.kind.name}: {undertaking.consumer}, {undertaking.circumstances}")
    error, given_up = None, 0
    with in_second_process(account_server, undertaking.plan) as account:
        job = Job(
            account.greeting,
            undertaking.belief,
            undertaking.windows * undertaking.plan.rate_limit.period,
            undertaking.scale,
        )
        try:
            given_up = alone(_perform, undertaking.function, job)
        except Exception as problem:  # whatever a consumer ends with is a result like any other
            error = f"{type(problem).__name__} {problem}".strip()
        return Trial(undertaking, account.ask(), given_up, error)


def _perform(where: str, job: Job) -> int:
    module, _, name = where.partition(":")
    function: Callable[[Job], Coroutine[Any, Any, int]] = getattr(
        import_module(f"benchmarks.consumers.{module}"), name
    )
    return asyncio.run(_in_time(function(job), 1.5 * job.seconds + 2 * job.quota.period))


async def _in_time(work: Coroutine[Any, Any, int], seconds: float) -> int:
    """Cut a job short that does not end by itself."""
    async with asyncio.timeout(seconds):
        return await work
