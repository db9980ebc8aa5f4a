"""How soon a small job is done while nobody has used the quota: it need not be spread over the period.

Every round has an account and a client of its own, which knows nothing of the quota; time is not scaled.
"""

from __future__ import annotations

import asyncio
import time
from statistics import median

import hubbatch
from benchmarks._account import AccountPlan, Arrivals, account_server
from benchmarks._processes import in_second_process
from benchmarks._progress import say
from benchmarks._records import contacts
from benchmarks._size import Size
from benchmarks._tables import Section, Table, Verdict
from benchmarks.consumers import TOKEN

__all__ = ["measure_idle"]

_LATENCY = 0.2
_MOST = 3 * _LATENCY + 0.2
_QUOTA = hubbatch.RateLimit(190, 10.0)

_PROSE = """\
{records:,} contacts, 100 a request, by a new client into an account whose quota nobody has used; real time, nothing
scaled. From the call to the outcome, as the caller sees it; median of {rounds} rounds, each with an account of its own
in a second process, whose work is part of the time."""


def measure_idle(size: Size) -> Section:
    """Measure rounds of one small job."""
    rounds = []
    for number in range(size.rounds):
        say(f"idle quota: round {number + 1} of {size.rounds}")
        rounds.append(_round(size.idle_records))
    seconds = median(seconds for seconds, _ in rounds)
    refused = sum(len(arrivals.refused) for _, arrivals in rounds)
    return Section(
        title="A small job on an idle quota",
        prose=_PROSE.format(records=size.idle_records, rounds=size.rounds),
        tables=[
            Table(
                ("round", "seconds", "requests", "429s"),
                [
                    (f"{number}", f"{took:.2f}", f"{len(seen.accepted)}", f"{len(seen.refused)}")
                    for number, (took, seen) in enumerate(rounds, 1)
                ],
            )
        ],
        verdicts=[
            Verdict(
                f"first {size.idle_records:,} records on an idle quota, latency {_LATENCY} s",
                f"≤ 3 × latency + 0.2 s = {_MOST:.1f} s",
                f"{seconds:.2f} s, {refused} 429s",
                seconds <= _MOST,
            )
        ],
    )


def _round(records: int) -> tuple[float, Arrivals]:
    people = contacts(records, 6)
    with in_second_process(account_server, AccountPlan(_QUOTA, _LATENCY)) as account:
        seconds = asyncio.run(_upsert(account.greeting, people))
        arrivals: Arrivals = account.ask()
    if arrivals.stored != records:
        raise RuntimeError(f"{arrivals.stored} records stored of {records}")
    return seconds, arrivals


async def _upsert(base_url: str, people: list[dict[str, str]]) -> float:
    async with hubbatch.Client(TOKEN, base_url=base_url) as client:
        start = time.perf_counter()
        outcome = await client.upsert("contacts", people, id_property="email")
        seconds = time.perf_counter() - start
    outcome.raise_for_errors()
    return seconds
