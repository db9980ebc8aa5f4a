"""Upserts by hand, of records that are checked and written one by one, as whoever has to refuse some must.

The rest is the bare loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import aiohttp
import orjson

from benchmarks.consumers import BATCH, CONCURRENCY, LoopFactory
from benchmarks.consumers._bare import PATH, Results, new_session, read

__all__ = ["opened", "read"]


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


def _planned(index: int, record: dict[str, str]) -> bytes:
    """Check a record and write it as JSON."""
    properties = record.copy()
    key = properties.pop("email").strip()
    if not key or not all(type(value) is str for value in properties.values()):
        raise ValueError(f"record {index} cannot be sent")
    return orjson.dumps(
        {
            "id": key,
            "idProperty": "email",
            "properties": properties,
            "objectWriteTraceId": f"bare-{index}",
        }
    )


async def _upsert(session: aiohttp.ClientSession, records: Sequence[dict[str, str]]) -> Results:
    results: Results = []
    starts = iter(range(0, len(records), BATCH))

    async def work() -> None:
        for start in starts:
            inputs = [
                _planned(index, record)
                for index, record in enumerate(records[start : start + BATCH], start)
            ]
            body = b'{"inputs":[%b]}' % b",".join(inputs)
            async with session.post(
                PATH, data=body, headers={"Content-Type": "application/json"}
            ) as response:
                response.raise_for_status()
                results.extend(orjson.loads(await response.read())["results"])

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())
    return results
