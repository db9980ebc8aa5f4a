"""A job under a quota, and the two ways that need no library of the extra: hubbatch, and `AsyncLimiter` with `gather`.

A job lasts so many seconds and takes what the quota gives; requests are small, for the quota counts requests.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import aiohttp
import orjson
from aiolimiter import AsyncLimiter
from attrs import frozen

import hubbatch
from benchmarks._records import endless_contacts
from benchmarks.consumers import TOKEN

__all__ = [
    "SMALL_BATCH",
    "Job",
    "batches",
    "by_async_limiter",
    "by_hubbatch",
    "by_hubbatch_as_told",
]

SMALL_BATCH = 10
_PATH = "/crm/v3/objects/contacts/batch/upsert"
_TRIES = 10
_TOO_MANY = 429


@frozen
class Job:
    """What a consumer knows."""

    base_url: str
    quota: hubbatch.RateLimit
    """What the user believes the account's quota to be; not every consumer needs it."""
    seconds: float
    scale: float
    """The part of real time that a second stands for: waits of others are made shorter by it."""


async def by_hubbatch(job: Job) -> int:
    """Upsert by a client that learns the quota; return how many requests were given up."""
    return await _hubbatch(job, None)


async def by_hubbatch_as_told(job: Job) -> int:
    """Upsert by a client to which a quota is given; return how many requests were given up."""
    return await _hubbatch(job, job.quota)


async def _hubbatch(job: Job, quota: hubbatch.RateLimit | None) -> int:
    async with hubbatch.Client(TOKEN, base_url=job.base_url, rate_limit=quota) as client:
        outcome = await client.upsert(
            "contacts",
            endless_contacts(6),
            id_property="email",
            batch_size=SMALL_BATCH,
            keep="none",
            deadline=job.seconds,
        )
    return (outcome.counts.failed + outcome.counts.unknown) // SMALL_BATCH


async def by_async_limiter(job: Job) -> int:
    """Upsert as it is usually done: every request a task, all gathered behind one limiter; the same back."""
    limiter = AsyncLimiter(job.quota.max_requests, job.quota.period)
    number = int(job.quota.max_requests * (job.seconds / job.quota.period + 2))
    bodies = list(islice(_bodies(), number))
    given_up = 0
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(job.base_url, headers=headers) as session:

        async def post(body: bytes) -> None:
            nonlocal given_up
            for attempt in range(_TRIES):
                async with limiter, session.post(_PATH, data=body) as response:
                    if response.status != _TOO_MANY:
                        response.raise_for_status()
                        orjson.loads(await response.read())
                        return
                await asyncio.sleep(min(2**attempt, 10) * job.scale * random.uniform(0.5, 1))
            given_up += 1

        with suppress(TimeoutError):
            async with asyncio.timeout(job.seconds):
                await asyncio.gather(*map(post, bodies))
    return given_up


def _bodies() -> Iterator[bytes]:
    return (
        orjson.dumps({"inputs": [{**item, "idProperty": "email"} for item in batch]})
        for batch in batches()
    )


def batches() -> Iterator[list[dict[str, Any]]]:
    """Make batches of inputs without an end."""
    people = endless_contacts(6)
    while True:
        yield [
            {"id": person.pop("email"), "properties": person}
            for person in islice(people, SMALL_BATCH)
        ]
