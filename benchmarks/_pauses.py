"""How long the garbage collector holds everything up while many results are awaited, and what watching a run costs.

The longest collection is the one that counts, in CPU, for so long nobody else in the process gets a turn.
"""

from __future__ import annotations

import asyncio
import gc
import time
from itertools import islice
from statistics import median

from attrs import frozen

import hubbatch
from benchmarks._canned import canned_server
from benchmarks._processes import alone, in_second_process
from benchmarks._progress import say
from benchmarks._records import endless_contacts
from benchmarks._size import Size
from benchmarks._tables import Section, Table, Verdict
from benchmarks.consumers import BATCH, CONCURRENCY, TOKEN

__all__ = ["Pauses", "measure_pauses"]

_PROPERTIES = 6
_MOST_PAUSE = 200.0
_MOST_WATCHING = 1.0
_IN_FLIGHT = 256
_READS = 200

_PROSE = """\
{records:,} contacts of {properties} properties from a generator are upserted and awaited, {batch} a request,
{concurrency} at once, against the server without a quota; every collection is timed by `gc.callbacks`, with Python's
own thresholds. Objects: what the collector has to visit a record once the outcome is there and nobody has looked at it.
Watching: with {flight} requests at once, `run.progress` is read {reads} times in each of some `on_progress`; that is
what a report costs, of which there is one a request. Medians; CPU."""


@frozen
class Pauses:
    """Milliseconds, and objects a record."""

    longest: float
    together: float
    objects: float


def measure_pauses(size: Size) -> Section:
    """Measure an awaited run, and one that is watched."""
    with in_second_process(canned_server) as server:
        say(f"pauses: {size.awaited_records:,} results")
        pauses = alone(_awaited, server.greeting, size.awaited_records)
        say("pauses: a run that is watched")
        watching = alone(_watched, server.greeting, size.records) / BATCH
    return Section(
        title="Pauses, and watching",
        prose=_PROSE.format(
            records=size.awaited_records,
            properties=_PROPERTIES,
            batch=BATCH,
            concurrency=CONCURRENCY,
            flight=_IN_FLIGHT,
            reads=_READS,
        ),
        tables=[
            Table(
                (
                    "longest collection ms",
                    "all collections ms",
                    "objects/record",
                    "watching µs/record",
                ),
                [
                    (
                        f"{pauses.longest:.0f}",
                        f"{pauses.together:,.0f}",
                        f"{pauses.objects:.2f}",
                        f"{watching:.2f}",
                    )
                ],
            )
        ],
        verdicts=[
            Verdict(
                f"longest garbage collection while {size.awaited_records:,} results are awaited",
                f"≤ {_MOST_PAUSE:.0f} ms",
                f"{pauses.longest:.0f} ms",
                pauses.longest <= _MOST_PAUSE,
            ),
            Verdict(
                f"on_progress beside {_IN_FLIGHT} requests in flight, a record",
                f"≤ {_MOST_WATCHING:g} µs",
                f"{watching:.2f} µs",
                watching <= _MOST_WATCHING,
            ),
        ],
    )


def _client(base_url: str, concurrency: int) -> hubbatch.Client:
    unlimited = hubbatch.RateLimit(1_000_000, 1.0)
    return hubbatch.Client(
        TOKEN, base_url=base_url, rate_limit=unlimited, max_concurrency=concurrency
    )


def _awaited(base_url: str, records: int) -> Pauses:
    took: list[float] = []
    began = 0.0

    def note(phase: str, _: object) -> None:
        nonlocal began
        if phase == "start":
            began = time.thread_time()
        else:
            took.append((time.thread_time() - began) * 1000)

    async def run() -> hubbatch.Outcome:
        async with _client(base_url, CONCURRENCY) as client:
            people = islice(endless_contacts(_PROPERTIES), records)
            return await client.upsert("contacts", people, id_property="email")

    gc.collect()
    before = len(gc.get_objects())
    gc.callbacks.append(note)
    outcome = asyncio.run(run())
    gc.collect()
    gc.callbacks.remove(note)
    if outcome.counts.succeeded != records:
        raise RuntimeError(f"{outcome.counts}")
    return Pauses(max(took), sum(took), (len(gc.get_objects()) - before) / records)


def _watched(base_url: str, records: int) -> float:
    """Return how many microseconds of CPU a report takes."""
    return asyncio.run(_watch(base_url, records))


async def _watch(base_url: str, records: int) -> float:
    took: list[float] = []

    def look(seen: hubbatch.Progress) -> None:
        if seen.in_flight and len(took) < 20:
            start = time.thread_time()
            for _ in range(_READS):
                run.progress  # noqa: B018 (it is the reading that is timed)
            took.append((time.thread_time() - start) / _READS * 1e6)

    async with _client(base_url, _IN_FLIGHT) as client:
        people = islice(endless_contacts(_PROPERTIES), records)
        run = client.upsert("contacts", people, id_property="email", on_progress=look)
        await run
    return median(took)
