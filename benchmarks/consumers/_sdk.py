"""Upserts by the official asynchronous SDK, over aiohttp as its documentation advises for concurrency.

The SDK knows batches of at most 100 and no more: chunks, workers and the list of results are the user's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hubspot_sdk import AsyncHubSpot, DefaultAioHttpClient

from benchmarks.consumers import BATCH, CONCURRENCY, TOKEN, LoopFactory

__all__ = ["opened", "read"]

_RETRIES = 5


@contextmanager
def opened(
    base_url: str, loop_factory: LoopFactory | None = None
) -> Iterator[Callable[[Sequence[dict[str, str]]], list[Any]]]:
    """Open a client."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        client = runner.run(_client(base_url))
        try:
            yield lambda records: runner.run(_upsert(client, records))
        finally:
            runner.run(client.close())


async def _client(base_url: str) -> AsyncHubSpot:
    return AsyncHubSpot(
        access_token=TOKEN,
        base_url=base_url,
        max_retries=_RETRIES,
        http_client=DefaultAioHttpClient(),
    )


async def _upsert(client: AsyncHubSpot, records: Sequence[dict[str, str]]) -> list[Any]:
    results: list[Any] = []
    starts = iter(range(0, len(records), BATCH))

    async def work() -> None:
        for start in starts:
            response = await client.crm.objects.contacts.batch.upsert(
                inputs=[
                    {
                        "id": record["email"],
                        "id_property": "email",
                        "properties": {
                            name: value for name, value in record.items() if name != "email"
                        },
                        "object_write_trace_id": str(index),
                    }
                    for index, record in enumerate(records[start : start + BATCH], start)
                ]
            )
            results.extend(response.results)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())
    return results


def read(results: Sequence[Any]) -> int:
    """Look at each result, typed as it is."""
    return sum(
        bool(result.id and result.properties["email"] and result.created_at) for result in results
    )
