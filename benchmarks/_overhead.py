"""CPU and pace of hubbatch beside a loop that a competent user writes with aiohttp and orjson.

Both post the same inputs to the same server, keep all results, and are measured in turn in one process.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Any

import aiohttp
import orjson
from attrs import frozen

import hubbatch
from benchmarks._records import contacts
from benchmarks._servers import canned_server, in_second_process

__all__ = ["Cost", "Overhead", "measure_overhead"]

_BATCH = 100
_CONCURRENCY = 16
_TOKEN = "benchmark"  # noqa: S105 (made up)
_PATH = "/crm/v3/objects/contacts/batch/upsert"

_Upsert = Callable[[Sequence[dict[str, str]]], Awaitable[Sequence[Any]]]


@frozen
class Cost:
    """What one way of doing it takes."""

    records_per_second: float
    """By the clock on the wall, so the server's pace is in it."""
    cpu_per_record: float
    """Microseconds of this process's CPU, user and system, garbage collection included."""


@frozen
class Overhead:
    """hubbatch beside the bare loop, for records of one width: medians over the rounds."""

    properties: int
    bare: Cost
    hubbatch: Cost
    ratio: float
    """How many times the bare loop's CPU hubbatch takes, within a round: a machine's pace may drift."""


def measure_overhead(
    *, properties: int, records: int, rounds: int, say: Callable[[str], None]
) -> Overhead:
    """Measure both in turn, after a warm-up."""
    with in_second_process(canned_server) as server:
        return asyncio.run(_measure(server.base_url, contacts(records, properties), rounds, say))


async def _measure(
    base_url: str, people: Sequence[dict[str, str]], rounds: int, say: Callable[[str], None]
) -> Overhead:
    async with (
        aiohttp.ClientSession(base_url, headers={"Authorization": f"Bearer {_TOKEN}"}) as session,
        hubbatch.Client(
            _TOKEN,
            base_url=base_url,
            rate_limit=hubbatch.RateLimit(1_000_000, 1.0),
            max_concurrency=_CONCURRENCY,
        ) as client,
    ):

        async def by_hand(records: Sequence[dict[str, str]]) -> Sequence[Any]:
            return await _bare_loop(session, records)

        async def by_hubbatch(records: Sequence[dict[str, str]]) -> Sequence[Any]:
            outcome = await client.upsert("contacts", records, id_property="email", keep="all")
            return outcome.results

        ways: tuple[_Upsert, _Upsert] = (by_hand, by_hubbatch)
        costs: dict[_Upsert, list[Cost]] = {way: [] for way in ways}
        for way in ways:  # the warm-up opens the connections, too
            await _cost(way, people[: max(_BATCH, len(people) // 4)])
        for number in range(rounds):
            say(f"overhead, {len(people[0])} properties: round {number + 1} of {rounds}")
            for way in ways if number % 2 else reversed(ways):
                costs[way].append(await _cost(way, people))
    bare, library = (costs[way] for way in ways)
    ratios = [
        ours.cpu_per_record / theirs.cpu_per_record
        for ours, theirs in zip(library, bare, strict=True)
    ]
    return Overhead(len(people[0]), _medians(bare), _medians(library), median(ratios))


async def _cost(upsert: _Upsert, records: Sequence[dict[str, str]]) -> Cost:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    results = await upsert(records)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if len(results) != len(records):
        raise RuntimeError(f"{len(results)} results for {len(records)} records")
    return Cost(len(records) / wall, cpu / len(records) * 1e6)


def _medians(costs: Sequence[Cost]) -> Cost:
    return Cost(
        median(cost.records_per_second for cost in costs),
        median(cost.cpu_per_record for cost in costs),
    )


async def _bare_loop(
    session: aiohttp.ClientSession, records: Sequence[dict[str, str]]
) -> list[dict[str, Any]]:
    """Upsert as one would by hand: sixteen workers, no retries, no checks, every result in one list."""
    results: list[dict[str, Any]] = []
    starts = iter(range(0, len(records), _BATCH))

    async def work() -> None:
        for start in starts:
            body = {
                "inputs": [
                    {
                        "id": record["email"],
                        "idProperty": "email",
                        "properties": {
                            name: value for name, value in record.items() if name != "email"
                        },
                        "objectWriteTraceId": str(index),
                    }
                    for index, record in enumerate(records[start : start + _BATCH], start)
                ]
            }
            async with session.post(
                _PATH, data=orjson.dumps(body), headers={"Content-Type": "application/json"}
            ) as response:
                response.raise_for_status()
                results.extend(orjson.loads(await response.read())["results"])

    async with asyncio.TaskGroup() as group:
        for _ in range(_CONCURRENCY):
            group.create_task(work())
    return results
