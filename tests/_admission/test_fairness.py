"""Runs of one client share what there is: evenly, and a small one never waits for a large one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from support import UNLIMITED, World, people

from hubbatch import RateLimit, Run
from hubbatch.sandbox import FaultKind
from hubbatch.testing import virtual_time


def endless() -> Iterator[dict[str, str]]:
    number = 0
    while True:
        yield {"email": f"x{number}@example.com"}
        number += 1


def upsert(world: World, records: object, batch_size: int) -> Run:
    return world.client.upsert(
        "contacts",
        records,  # type: ignore[arg-type]
        id_property="email",
        batch_size=batch_size,
        keep="none",
    )


@pytest.mark.parametrize("max_concurrency", [4, None])
@pytest.mark.parametrize("quota", [None, RateLimit(190, 10.0)])
@pytest.mark.parametrize("latency", [0.05, 0.5])
@virtual_time
async def test_three_records_beside_an_endless_run_take_two_latencies_and_a_place(
    latency: float, quota: RateLimit | None, max_concurrency: int | None
) -> None:
    async with World(
        rate_limit=quota,
        client_rate=quota or UNLIMITED,
        latency=latency,
        max_concurrency=max_concurrency,
    ) as world:
        large = upsert(world, endless(), 2)
        task = asyncio.ensure_future(large)
        loop = asyncio.get_running_loop()
        while len(world.service.requests) < 200:
            await asyncio.sleep(latency / 7)
        for _ in range(5):
            began, sent = loop.time(), len(world.service.requests)
            await upsert(world, people(3), 3)
            requests = list(world.service.requests)[sent:]
            place = next(at for at, request in enumerate(requests) if b"p0@" in request.body)
            assert place <= 1, "it gets the next place, or the next but one"
            assert loop.time() - requests[place].at <= latency + 0.001
            if quota is None:
                assert loop.time() - began <= 2 * latency + 0.001
            await asyncio.sleep(latency * 1.3)
        await large.stop()
        await task


@pytest.mark.parametrize("quota", [None, RateLimit(20, 1.0)])
@virtual_time
async def test_several_runs_share_evenly(quota: RateLimit | None) -> None:
    async with World(
        rate_limit=quota, client_rate=quota or UNLIMITED, latency=0.2, max_concurrency=6
    ) as world:
        runs = [upsert(world, endless(), size) for size in (1, 3, 10)]
        tasks = [asyncio.ensure_future(run) for run in runs]
        await asyncio.sleep(30)
        requests = [run.progress.requests for run in runs]
        assert min(requests) > 150
        assert max(requests) - min(requests) <= 3
        for run in runs:
            await run.stop()
        await asyncio.gather(*tasks)


@virtual_time
async def test_a_batch_that_is_sent_again_goes_before_younger_ones_of_its_run() -> None:
    quota = RateLimit(20, 10.0)
    async with World(
        client_rate=quota, faults=[FaultKind.UNAVAILABLE], max_concurrency=32, latency=0.05
    ) as world:
        outcome = await world.client.upsert("contacts", people(6_000), id_property="email")
        assert outcome.ok
        first = {item["id"] for item in world.bodies()[0]["inputs"]}
        again = [
            number
            for number, body in enumerate(world.bodies())
            if {item["id"] for item in body["inputs"]} == first
        ]
        assert again[0] == 0
        assert again[1] <= 21, "with the first places of the next window"
