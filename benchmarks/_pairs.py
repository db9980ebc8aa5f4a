"""CPU of associating: `Client.batch` beside a bare loop that posts 2,000 pairs a request and keeps all results.

`python -m benchmarks._pairs` prints the ratio. The server is a process of its own and answers from what it is asked.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import aiohttp
import orjson

from benchmarks._http import Reply, Request, listening
from benchmarks._processes import asked, in_second_process
from benchmarks.consumers import CONCURRENCY, TOKEN
from hubbatch import Client, RateLimit, endpoints

__all__ = ["main"]

_PAIRS, _BATCH, _ROUNDS = 100_000, 2_000, 5
_PATH = "/crm/v4/associations/contacts/companies/batch/create"
_TYPES = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
_HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json;charset=utf-8\r\n"

Associate = Callable[[Sequence[Any]], Awaitable[int]]


def main() -> None:
    """Measure both, in turn, and print the median of their ratios."""
    with in_second_process(_server) as server:
        print(asyncio.run(_measure(server.greeting)))


async def _measure(base_url: str) -> str:
    pairs = [(str(1_000_000 + at), str(2_000_000 + at // 7)) for at in range(_PAIRS)]
    typed = [{"from": {"id": a}, "to": {"id": b}, "types": _TYPES} for a, b in pairs]
    bares, ours = [], []
    for number in range(_ROUNDS + 1):
        bare = await _cost(lambda: _bare(base_url, pairs))
        batch = await _cost(lambda: _hubbatch(base_url, typed))
        if number:  # the first is the warm-up
            bares.append(bare)
            ours.append(batch)
    ratio = median(one / other for one, other in zip(ours, bares, strict=True))
    return (
        f"{_PAIRS:,} pairs, {_BATCH:,} a request: {median(bares):.2f} µs of CPU a pair for the bare loop,"
        f" {median(ours):.2f} for Client.batch: {ratio:.2f} times"
    )


async def _cost(associate: Callable[[], Awaitable[int]]) -> float:
    """Return the microseconds of this process' CPU for a pair."""
    gc.collect()
    began = time.process_time()
    seen = await associate()
    spent = time.process_time() - began
    if seen != _PAIRS:
        raise RuntimeError(f"{seen} results for {_PAIRS} pairs")
    return spent / _PAIRS * 1e6


async def _bare(base_url: str, pairs: Sequence[tuple[str, str]]) -> int:
    results: list[dict[str, Any]] = []
    starts = iter(range(0, len(pairs), _BATCH))
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(base_url, headers=headers) as session:

        async def work() -> None:
            for start in starts:
                inputs = [
                    {"from": {"id": a}, "to": {"id": b}, "types": _TYPES}
                    for a, b in pairs[start : start + _BATCH]
                ]
                async with session.post(_PATH, data=orjson.dumps({"inputs": inputs})) as response:
                    response.raise_for_status()
                    results.extend(orjson.loads(await response.read())["results"])

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())
    return sum(bool(result["fromObjectId"] and result["toObjectId"]) for result in results)


async def _hubbatch(base_url: str, pairs: Sequence[Any]) -> int:
    limit = RateLimit(1_000_000, 1.0)
    async with Client(
        TOKEN, base_url=base_url, rate_limit=limit, max_concurrency=CONCURRENCY
    ) as client:
        outcome = await client.batch(
            endpoints.ASSOCIATIONS_CREATE,
            pairs,
            from_object_type="contacts",
            to_object_type="companies",
        )
    outcome.raise_for_errors()
    return sum(bool(result["fromObjectId"] and result["toObjectId"]) for result in outcome.results)


def _server(connection: Connection) -> None:
    asyncio.run(_serve(connection))


async def _serve(connection: Connection) -> None:
    async with listening(_respond) as base_url:
        connection.send(base_url)
        while await asked(connection):
            connection.send(None)


def _respond(request: Request) -> Reply:
    """Answer as HubSpot does: not in the order of the inputs."""
    results = [
        {
            "fromObjectTypeId": "0-1",
            "fromObjectId": int(item["from"]["id"]),
            "toObjectTypeId": "0-2",
            "toObjectId": int(item["to"]["id"]),
            "labels": [],
        }
        for item in orjson.loads(request.body)["inputs"]
    ]
    results.reverse()
    return Reply(_HEAD, orjson.dumps({"status": "COMPLETE", "results": results}))


if __name__ == "__main__":
    main()
