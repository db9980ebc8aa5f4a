"""Upserts by hand: sixteen workers, no retries, no checks, every result in one list.

It is the least that any client can cost, and what the others are set beside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp
import orjson

from benchmarks.consumers import BATCH, CONCURRENCY, TOKEN, LoopFactory

__all__ = ["PATH", "Results", "new_session", "opened", "read"]

PATH = "/crm/v3/objects/contacts/batch/upsert"

Results = list[dict[str, Any]]


@contextmanager
def opened(
    base_url: str, loop_factory: LoopFactory | None = None
) -> Iterator[Callable[[Sequence[dict[str, str]]], Results]]:
    """Open a session."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        session = runner.run(new_session(base_url))
        try:
            yield lambda records: runner.run(_upsert(session, records))
        finally:
            runner.run(session.close())


async def new_session(base_url: str) -> aiohttp.ClientSession:
    """Open a session, within the event loop."""
    return aiohttp.ClientSession(base_url, headers={"Authorization": f"Bearer {TOKEN}"})


async def _upsert(session: aiohttp.ClientSession, records: Sequence[dict[str, str]]) -> Results:
    results: Results = []
    starts = iter(range(0, len(records), BATCH))

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
                    for index, record in enumerate(records[start : start + BATCH], start)
                ]
            }
            async with session.post(
                PATH, data=orjson.dumps(body), headers={"Content-Type": "application/json"}
            ) as response:
                response.raise_for_status()
                results.extend(orjson.loads(await response.read())["results"])

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())
    return results


def read(results: Results) -> int:
    """Look at each result; nothing is typed."""
    return sum(
        bool(result["id"] and result["properties"]["email"] and result["createdAt"])
        for result in results
    )
