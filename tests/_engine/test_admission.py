"""Batches are composed when they are admitted: how full requests are, how late records, how far a run reads ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from statistics import mean
from typing import Any

import orjson
import pytest
from support import UNLIMITED, World, people, upsert

from hubbatch import RateLimit
from hubbatch._clock import now
from hubbatch.sandbox import FaultKind
from hubbatch.testing import virtual_time

SMALL = RateLimit(5, 10.0)


async def steadily(rate: float, seconds: float, came: dict[str, float]) -> AsyncIterator[Any]:
    """Yield so many records a second, and note when each was there."""
    began = now()
    for number, person in enumerate(people(int(rate * seconds))):
        await asyncio.sleep(max(0.0, began + number / rate - now()))
        came[person["email"]] = now()
        yield person


def sizes(world: World) -> list[int]:
    return [len(body["inputs"]) for body in world.bodies()]


def latest(world: World, came: dict[str, float]) -> float:
    """Return how long a record has waited for its request at the most."""
    return max(
        request.at - came[item["id"]]
        for request in world.service.requests
        for item in orjson.loads(request.body)["inputs"]
    )


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("latency", [0.05, 0.3])
@virtual_time
async def test_records_that_a_small_quota_can_send_leave_as_they_come(
    latency: float, learned: bool
) -> None:
    came: dict[str, float] = {}
    async with World(
        rate_limit=SMALL, client_rate=None if learned else SMALL, latency=latency
    ) as world:
        await upsert(world, steadily(21, 90, came), keep="none")
        assert set(world.statuses()) == {200}
        assert mean(sizes(world)) >= 40
        assert latest(world, came) <= 5.0


@virtual_time
async def test_a_quota_that_is_too_small_is_spent_on_full_requests() -> None:
    came: dict[str, float] = {}
    async with World(rate_limit=SMALL, client_rate=SMALL) as world:
        await upsert(world, steadily(60, 60, came), keep="none")
        assert mean(sizes(world)) >= 95


@virtual_time
async def test_the_rest_of_a_source_that_has_ended_is_sent_at_once() -> None:
    async with World(rate_limit=SMALL, client_rate=SMALL) as world:
        await upsert(world, people(250), linger=100.0)
        assert sizes(world) == [100, 100, 50]
        assert {round(request.at, 3) for request in world.service.requests} == {0.0}


@pytest.mark.parametrize(
    ("options", "leaves"), [({}, 0.05), ({"linger": 2.5}, 2.5), ({"linger": 0}, 0.0)]
)
@pytest.mark.parametrize("quota", [UNLIMITED, SMALL, None])
@virtual_time
async def test_one_record_on_an_idle_client_leaves_after_the_linger(
    options: dict[str, Any], leaves: float, quota: RateLimit | None
) -> None:
    async def source() -> AsyncIterator[Any]:
        yield people(1)[0]
        await asyncio.sleep(10.0)

    async with World(client_rate=quota) as world:
        assert (await upsert(world, source(), **options)).ok
        [request] = world.service.requests
        assert request.at == pytest.approx(leaves, abs=0.001)


@virtual_time
async def test_a_few_records_in_a_row_leave_after_the_linger_while_the_quota_is_idle() -> None:
    came: dict[str, float] = {}
    async with World(client_rate=RateLimit(100, 10.0)) as world:
        await upsert(world, steadily(15, 0.4, came), keep="none")
        assert sizes(world) == [1] * 6
        assert latest(world, came) <= 0.051


@virtual_time
async def test_what_waits_for_a_request_to_end_grows_until_it_is_admitted() -> None:
    came: dict[str, float] = {}
    async with World(max_concurrency=1, latency=2.0) as world:
        await upsert(world, steadily(20, 10, came), keep="none")
        first, *others, _ = sizes(world)
        assert first == 2
        assert set(others) <= {39, 40, 41}
        assert latest(world, came) <= 2.05


@virtual_time
async def test_what_waits_does_not_linger_once_the_client_is_busy() -> None:
    async with World(max_concurrency=1, latency=3.0) as world:
        busy = upsert(world, people(100)).start()
        await asyncio.sleep(0.5)

        async def source() -> AsyncIterator[Any]:
            yield people(1, 500)[0]
            await asyncio.sleep(20.0)

        await upsert(world, source(), linger=10.0)
        assert [round(request.at, 2) for request in world.service.requests] == [0.0, 3.0]
        assert (await busy).ok


@virtual_time
async def test_records_that_linger_for_long_leave_as_soon_as_the_client_becomes_busy() -> None:
    async def source() -> AsyncIterator[Any]:
        yield people(1, 500)[0]
        await asyncio.sleep(50.0)

    async with World(max_concurrency=1, latency=3.0) as world:
        run = upsert(world, source(), linger=40.0).start()
        await asyncio.sleep(5.0)
        assert not world.service.requests
        assert (await upsert(world, people(100))).ok
        await asyncio.sleep(3.0)
        first, second = world.service.requests
        assert (first.at, second.at) == pytest.approx((5.0, 8.0), abs=0.01)
        assert (await run).ok


@virtual_time
async def test_a_record_is_merged_into_one_that_waits_until_that_is_admitted() -> None:
    async def source() -> AsyncIterator[Any]:
        for number in range(30):
            yield {"email": "a@x.com", f"p{number}": "1"}
            await asyncio.sleep(0.5)

    async with World(max_concurrency=1, latency=10.0) as world:
        busy = upsert(world, people(100)).start()
        await asyncio.sleep(0.1)
        assert (await upsert(world, source(), duplicates="merge")).ok
        assert (await busy).ok
        _, merged, rest = [body["inputs"][0]["properties"] for body in world.bodies()]
        assert len(merged) == 20
        assert len(rest) == 10


@virtual_time
async def test_runs_that_trickle_beside_each_other_share_a_small_quota() -> None:
    came: dict[str, float] = {}

    async def source(name: str) -> AsyncIterator[Any]:
        for number in range(120):
            await asyncio.sleep(0.5)
            person = {"email": f"{name}{number}@x.com"}
            came[person["email"]] = now()
            yield person

    async with World(rate_limit=SMALL, client_rate=SMALL) as world:
        runs = [upsert(world, source(name), keep="none").start() for name in "abc"]
        for run in runs:
            assert (await run).counts.succeeded == 120
        assert set(world.statuses()) == {200}
        assert len(world.service.requests) <= 36
        assert latest(world, came) <= 10.0


@virtual_time
async def test_a_broken_service_is_probed_with_one_record_of_those_that_wait() -> None:
    async with World(faults=[None] + [FaultKind.SERVER_ERROR] * 30, max_concurrency=2) as world:
        run = world.client.create("contacts", people(3000), batch_size=100).start()
        await asyncio.sleep(60)
        await run.stop()
        probes = sizes(world)[-5:]
        assert set(probes) == {1}
