"""A job under a quota by the official asynchronous SDK, which retries refused requests by itself.

It has no quota of its own: 32 workers send, and its back-off is all that slows them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hubspot_sdk import APIError, AsyncHubSpot, DefaultAioHttpClient, _base_client

from benchmarks.consumers import TOKEN
from benchmarks.consumers._pace import Job, batches

__all__ = ["by_sdk"]

_RETRIES = 10
_WORKERS = 32


async def by_sdk(job: Job) -> int:
    """Upsert for the job's time; return how many requests were given up."""
    scaled: Any = _base_client  # its waits are constants: where time is scaled, they are, too
    scaled.INITIAL_RETRY_DELAY *= job.scale
    scaled.MAX_RETRY_DELAY *= job.scale
    given_up = 0
    supply = batches()

    async def work(client: AsyncHubSpot) -> None:
        nonlocal given_up
        for batch in supply:
            try:
                await client.crm.objects.contacts.batch.upsert(
                    inputs=[
                        {
                            "id": item["id"],
                            "id_property": "email",
                            "properties": item["properties"],
                        }
                        for item in batch
                    ]
                )
            except APIError:
                given_up += 1

    async with AsyncHubSpot(
        access_token=TOKEN,
        base_url=job.base_url,
        max_retries=_RETRIES,
        http_client=DefaultAioHttpClient(),
    ) as client:
        _ = (
            client.crm.objects.contacts.batch
        )  # imported when it is first looked at: not in the job's time
        with suppress(TimeoutError):
            async with asyncio.timeout(job.seconds):
                await asyncio.gather(*(work(client) for _ in range(_WORKERS)))
    return given_up
