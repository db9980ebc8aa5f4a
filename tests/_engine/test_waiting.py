"""Who waits for a run, in which task and which event loop, and what their cancellation does to it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support import World, people, upsert

from hubbatch import (
    BatchStatus,
    Counts,
    HubbatchError,
    Run,
    UsageError,
)
from hubbatch.testing import run_in_virtual_time, virtual_time


@virtual_time
async def test_the_last_one_who_awaits_a_run_cancels_it() -> None:
    async with World(latency=10.0) as world:
        run = upsert(world, people(5))
        first, second = asyncio.ensure_future(run), asyncio.ensure_future(run)
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.wait([first])
        assert first.cancelled()
        assert not run.done
        second.cancel()
        await asyncio.wait([second])
        assert second.cancelled()
        assert run.outcome.counts == Counts(5, unknown=5)


@virtual_time
async def test_a_run_that_is_started_goes_on_whoever_stops_waiting() -> None:
    async with World(latency=10.0) as world:
        run = upsert(world, people(5)).start()
        waiting = asyncio.ensure_future(run.wait())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert not run.done
        outcome = await run.wait()
        assert outcome is run.outcome
        assert len(outcome.succeeded) == 5, "it keeps what an awaited run keeps"
        assert await run is outcome


@virtual_time
async def test_a_run_is_not_cancelled_with_one_who_awaits_it_while_another_waits() -> None:
    async with World(latency=10.0) as world:
        run = upsert(world, people(5))
        awaiting = asyncio.ensure_future(run)
        await asyncio.sleep(1)
        waiting = asyncio.ensure_future(run.wait())
        await asyncio.sleep(1)
        awaiting.cancel()
        assert (await waiting).ok


@virtual_time
async def test_a_started_run_that_nobody_holds_goes_on() -> None:
    async with World(latency=10.0) as world:
        upsert(world, people(5)).start()
        gc.collect()
        await asyncio.sleep(15)
        assert len(world.stored()) == 5
        assert "0 runs" in repr(world.client)


@virtual_time
async def test_a_block_that_is_cancelled_cancels_its_run_whoever_else_waits() -> None:
    async with World(latency=10.0) as world:
        run = upsert(world, people(5))

        async def block() -> None:
            async with run:
                await asyncio.sleep(100)

        task = asyncio.ensure_future(block())
        await asyncio.sleep(1)
        waiting = asyncio.ensure_future(run.wait())
        onlooker = asyncio.ensure_future(run)
        await asyncio.sleep(1)
        onlooker.cancel()
        await asyncio.wait([onlooker])
        assert not run.done, "the block is still there"
        task.cancel()
        with pytest.raises(HubbatchError, match="was cancelled") as caught:
            await waiting
        assert caught.value.outcome is run.outcome
        await asyncio.wait([task])
        assert task.cancelled()
        assert run.outcome.counts == Counts(5, unknown=5)


async def itself(run: Run) -> object:
    return await run


async def in_a_task(run: Run) -> object:
    return await asyncio.gather(run)


async def its_wait(run: Run) -> object:
    return await asyncio.wait_for(run.wait(), 1000)


@pytest.mark.parametrize("how", [itself, in_a_task, its_wait])
@virtual_time
async def test_a_source_that_waits_for_its_own_run_gets_an_error(how: Any) -> None:
    async with World() as world:
        runs: list[Run] = []

        async def source() -> AsyncIterator[dict[str, str]]:
            yield people(1)[0]
            await how(runs[0])

        run = upsert(world, source())
        runs.append(run)
        with pytest.raises(UsageError, match="would wait for itself") as caught:
            await run
        assert caught.value.outcome is None
        assert asyncio.get_running_loop().time() < 10
        assert run.outcome.counts.total == 1


@virtual_time
async def test_a_nested_run_cannot_wait_for_the_run_around_it() -> None:
    async with World() as world:
        runs: list[Run] = []

        async def inner_source() -> AsyncIterator[dict[str, str]]:
            yield people(1)[0]
            await runs[0]

        async def outer_source() -> AsyncIterator[dict[str, str]]:
            yield people(1)[0]
            await upsert(world, inner_source())

        run = upsert(world, outer_source())
        runs.append(run)
        with pytest.raises(UsageError, match="would wait for itself"):
            await run


@virtual_time
async def test_a_source_may_stop_its_run_from_a_task_and_close_the_client() -> None:
    async with World() as world:
        runs: list[Run] = []

        async def source(close: bool) -> AsyncIterator[dict[str, str]]:
            yield people(1)[0]
            if close:
                await asyncio.gather(world.client.aclose())
            else:
                await asyncio.gather(runs[0].stop())
                assert not runs[0].done
            yield people(1)[0]

        runs.append(upsert(world, source(close=False)))
        assert (await runs[0]).status is BatchStatus.CANCELED
        with pytest.raises(HubbatchError, match="client was closed"):
            await upsert(world, source(close=True))


def test_a_client_belongs_to_one_event_loop() -> None:
    world = World()

    async def first() -> Run:
        run = upsert(world, people(5))
        await run
        return run

    async def second() -> None:
        run = upsert(world, people(5, 100))
        for _ in range(2):
            with pytest.raises(UsageError, match="one client for each"):
                await run
        assert run.done
        assert run.outcome.counts == Counts()
        await world.client.aclose()

    run = run_in_virtual_time(first())
    run_in_virtual_time(second())
    assert len(world.stored()) == 5
    assert run_in_virtual_time(run.wait()) is run.outcome, "what is over can be read anywhere"


async def test_a_run_is_waited_for_in_its_own_loop() -> None:
    going_on = asyncio.Event()

    async def source() -> AsyncIterator[dict[str, str]]:
        await going_on.wait()
        yield people(1)[0]

    async with World(latency=0.0) as world:
        run = upsert(world, source()).start()
        with pytest.raises(UsageError, match="event loop in which it was started"):
            await asyncio.to_thread(asyncio.run, run.wait())
        going_on.set()
        assert (await run).ok
