"""CPU and pace of every consumer without a quota, each in a process of its own, in turn.

All upsert the same contacts to the same server, keep all results and look at each of them.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from statistics import median

from attrs import frozen

from benchmarks._canned import canned_server
from benchmarks._processes import in_second_process
from benchmarks._progress import say
from benchmarks._records import contacts
from benchmarks._size import Size
from benchmarks._tables import Section, Table, Verdict
from benchmarks.consumers import (
    API_CLIENT,
    BARE,
    BATCH,
    CONCURRENCY,
    CONSUMERS,
    HUBBATCH,
    SDK,
    Consumer,
    missing,
    way_of,
)

__all__ = ["Cost", "measure_costs"]

_MOST_CPU, _STRETCH = 2.5, 2.0
_LEAST_SPEEDUP = 10.0

_PROSE = """\
Upserts of {batch} records a request, {concurrency} requests at once, against a server that answers from what it is
asked and knows no quota. Every consumer gets the same flat dictionaries, keeps all results, and then reads id, a
property and the time of creation of each. Medians of {rounds} rounds, in turn, after a warm-up; a round is {records:,}
records, for the official clients {slow:,}. CPU is the consumer's own process, user and system, garbage collection
included; the server is a process apart, and its pace is part of records/s. Ratios are taken within a round."""


@frozen
class Cost:
    """What one round took."""

    records_per_second: float
    """By the clock on the wall, up to all results."""
    kept: float
    """Microseconds of CPU per record until all results are there."""
    read: float
    """The same until each of them has been looked at."""


def measure_costs(size: Size) -> Section:
    """Measure all consumers whose libraries are here, for records of every width."""
    here = [consumer for consumer in CONSUMERS if not missing(consumer.needs)]
    rows: list[Sequence[str]] = []
    verdicts: list[Verdict] = []
    for properties in size.properties:
        costs = _measure(here, properties, size)
        rows += (_row(properties, consumer, costs) for consumer in here)
        verdicts += _judge(properties, costs)
    header = (
        *("properties", "consumer", "records/s", "hubbatch's records/s beside it, times"),
        *("CPU µs/record, kept", "CPU µs/record, kept and read", "CPU, times the bare loop"),
    )
    return Section(
        title="CPU and throughput without a quota",
        prose=_PROSE.format(
            batch=BATCH,
            concurrency=CONCURRENCY,
            rounds=size.rounds,
            records=size.records,
            slow=_records(SDK, size),
        ),
        tables=[Table(header, rows)],
        verdicts=verdicts,
        skipped=[
            f"{consumer.name}: its library is not installed (extra `bench`)"
            for consumer in CONSUMERS
            if consumer not in here
        ],
    )


def serve_consumer(
    connection: Connection, consumer: Consumer, base_url: str, records: int, properties: int
) -> None:
    """Carry out a round for each question, which says how many records; answer with its `Cost`."""
    way, people = way_of(consumer), contacts(records, properties)
    with way.opened(base_url) as upsert:
        connection.send(None)
        while True:
            try:
                number = connection.recv()
            except EOFError:
                return
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            results = upsert(people[:number])
            kept, wall = time.process_time() - cpu, time.perf_counter() - wall
            seen = way.read(results)
            read = time.process_time() - cpu
            if seen != number:
                raise RuntimeError(f"{consumer.name}: {seen} results for {number} records")
            connection.send(Cost(number / wall, kept / number * 1e6, read / number * 1e6))


def _measure(
    consumers: Sequence[Consumer], properties: int, size: Size
) -> Mapping[Consumer, Sequence[Cost]]:
    costs: dict[Consumer, list[Cost]] = {consumer: [] for consumer in consumers}
    with ExitStack() as stack:
        server = stack.enter_context(in_second_process(canned_server))
        remotes = {
            consumer: stack.enter_context(
                in_second_process(
                    serve_consumer, consumer, server.greeting, _records(consumer, size), properties
                )
            )
            for consumer in consumers
        }
        for consumer, remote in remotes.items():  # the warm-up opens the connections, too
            remote.ask(_records(consumer, size) // 2)
        for number in range(size.rounds):
            say(f"costs, {properties} properties: round {number + 1} of {size.rounds}")
            for consumer in consumers if number % 2 else reversed(consumers):
                costs[consumer].append(remotes[consumer].ask(_records(consumer, size)))
    return costs


def _records(consumer: Consumer, size: Size) -> int:
    """Return the records of a round: whole batches."""
    return max(BATCH, int(size.records * consumer.pace) // BATCH * BATCH)


def _cpu(consumer: Consumer, costs: Mapping[Consumer, Sequence[Cost]]) -> float:
    """How many times the bare loop's CPU a consumer takes."""
    pairs = zip(costs[consumer], costs[BARE], strict=True)
    return median(its.read / bare.read for its, bare in pairs)


def _speedup(consumer: Consumer, costs: Mapping[Consumer, Sequence[Cost]]) -> float:
    """How many times a consumer's throughput hubbatch's is."""
    pairs = zip(costs[consumer], costs[HUBBATCH], strict=True)
    return median(ours.records_per_second / its.records_per_second for its, ours in pairs)


def _row(
    properties: int, consumer: Consumer, costs: Mapping[Consumer, Sequence[Cost]]
) -> Sequence[str]:
    its = costs[consumer]
    return (
        f"{properties}",
        consumer.name,
        f"{median(cost.records_per_second for cost in its):,.0f}",
        f"{_speedup(consumer, costs):.2f}",
        f"{median(cost.kept for cost in its):.1f}",
        f"{median(cost.read for cost in its):.1f}",
        f"{_cpu(consumer, costs):.2f}",
    )


def _judge(properties: int, costs: Mapping[Consumer, Sequence[Cost]]) -> list[Verdict]:
    ratio = _cpu(HUBBATCH, costs)
    verdicts = [
        Verdict(
            f"CPU per record against the bare loop, upsert, {properties} properties, typed results",
            f"≤ {_MOST_CPU} × ({_STRETCH} × is the stretch)",
            f"{ratio:.2f} ×",
            ratio <= _MOST_CPU,
        )
    ]
    for rival in (SDK, API_CLIENT):
        measure = f"throughput without quota against {rival.name}, {properties} properties"
        target = f"≥ {_LEAST_SPEEDUP:.0f} ×"
        if rival not in costs:
            verdicts.append(Verdict(measure, target, "not installed", None))
            continue
        speedup = _speedup(rival, costs)
        verdicts.append(Verdict(measure, target, f"{speedup:.1f} ×", speedup >= _LEAST_SPEEDUP))
    return verdicts
