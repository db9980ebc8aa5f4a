"""What a streamed run holds of the machine's memory, whatever its length, and what an awaited run's results weigh.

The first is the process's peak, in a process of its own for each length; the second is what Python has allocated.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import frozen

import hubbatch
from benchmarks._canned import canned_server
from benchmarks._processes import alone, in_second_process
from benchmarks._progress import say
from benchmarks._records import contacts, endless_contacts
from benchmarks._size import Size
from benchmarks._tables import Line, Plot, Section, Table, Verdict
from benchmarks.consumers import BARE, BATCH, CONCURRENCY, HUBBATCH, TOKEN, Consumer, way_of
from benchmarks.consumers import _hubbatch as ours

__all__ = ["Held", "measure_memory"]

_MOST_GROWTH, _MOST_WEIGHT = 1.1, 1.5
_SAMPLES = 200
_MIB = 2**20

_PROSE = """\
A stream: `async with client.upsert(…) as run: async for record in run`, over a generator of contacts of 6 properties,
{batch} a request, {concurrency} at once, against the server without a quota. The peak is that of the process (resident,
interpreter and libraries included), in a new one for each length; one run each. The weight: what Python's allocator has
given out and not got back for an awaited run's outcome of {records:,} records, each result looked at once, beside the
same for the answers' `results` as orjson decodes them; the inputs are the caller's and not counted."""


@frozen
class Held:
    """What a stream held. Bytes."""

    peak: int
    records: list[int]
    resident: list[int]
    """At so many records."""


def measure_memory(size: Size) -> Section:
    """Measure two streams and the weight of results."""
    with in_second_process(canned_server) as server:
        streams = {}
        for records in size.streams:
            say(f"memory: a stream of {records:,} records")
            streams[records] = alone(_stream, server.greeting, records)
        weights = {}
        for properties in size.properties:
            for consumer in (BARE, HUBBATCH):
                say(f"memory: results of {properties} properties, {consumer.name}")
                weights[properties, consumer] = alone(
                    _weigh, consumer, server.greeting, size.kept_records, properties
                )
    short, long = size.streams
    growth = streams[long].peak / streams[short].peak
    verdicts = [
        Verdict(
            f"peak memory, {long:,} streamed records against {short:,}",
            f"≤ {_MOST_GROWTH} ×",
            f"{growth:.2f} ×",
            growth <= _MOST_GROWTH,
        )
    ]
    rows = []
    for properties in size.properties:
        bare, own = weights[properties, BARE], weights[properties, HUBBATCH]
        ratio = own / bare
        each = size.kept_records
        rows.append((f"{properties}", f"{bare / each:,.0f}", f"{own / each:,.0f}", f"{ratio:.2f}"))
        verdicts.append(
            Verdict(
                f"memory of an awaited run's results against the decoded JSON, {properties} properties",
                f"≤ {_MOST_WEIGHT} ×",
                f"{ratio:.2f} ×",
                ratio <= _MOST_WEIGHT,
            )
        )
    return Section(
        title="Memory",
        prose=_PROSE.format(batch=BATCH, concurrency=CONCURRENCY, records=size.kept_records),
        tables=[
            Table(
                ("streamed records", "peak MiB"),
                [(f"{records:,}", f"{held.peak / _MIB:.1f}") for records, held in streams.items()],
            ),
            Table(
                ("properties", "decoded JSON, bytes/record", "outcome, bytes/record", "times"), rows
            ),
        ],
        verdicts=verdicts,
        plots=[
            Plot(
                "memory",
                "Memory of a stream",
                "records",
                "resident MiB",
                [
                    Line(
                        f"{records:,} records",
                        held.records,
                        [item / _MIB for item in held.resident],
                    )
                    for records, held in streams.items()
                ],
            )
        ],
    )


def _stream(base_url: str, records: int) -> Held:
    return asyncio.run(_streamed(base_url, records))


async def _streamed(base_url: str, records: int) -> Held:
    numbers, resident = [], []
    every = max(1, records // _SAMPLES)
    source: Iterator[Any] = islice(endless_contacts(6), records)
    done = 0
    async with (
        hubbatch.Client(
            TOKEN,
            base_url=base_url,
            rate_limit=hubbatch.RateLimit(1_000_000, 1.0),
            max_concurrency=CONCURRENCY,
        ) as client,
        client.upsert("contacts", source, id_property="email") as run,
    ):
        async for record in run:
            done += record.status is hubbatch.RecordStatus.SUCCEEDED
            if done % every == 0:
                numbers.append(done)
                resident.append(_resident())
    if done != records:
        raise RuntimeError(f"{done} records succeeded of {records}")
    return Held(_peak(), numbers, resident)


def _weigh(consumer: Consumer, base_url: str, records: int, properties: int) -> int:
    """Return what the results cost that a consumer gives, once each has been looked at."""
    way, people = way_of(consumer), contacts(records, properties)
    # An outcome is more than its results, and nobody gets those without it.
    opened: Any = ours.outcomes if consumer == HUBBATCH else way.opened
    with opened(base_url) as upsert:
        upsert(people[: BATCH * CONCURRENCY])  # what is made once is not counted
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        answer = upsert(people)
        seen = way.read(answer.results if consumer == HUBBATCH else answer)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    if seen != records:
        raise RuntimeError(f"{consumer.name}: {seen} results for {records} records")
    return after - before


def _resident() -> int:
    """Return the process's resident memory now; what it had at most, where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return _peak()
    return pages * resource.getpagesize()


def _peak() -> int:
    """Return the most resident memory that the process has had."""
    try:
        # Not `getrusage`: there, Linux counts what the parent had when it made this process.
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
