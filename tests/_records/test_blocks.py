"""Records that come in lists: every one once and in order, and what was not taken is still there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from support import World, people, upsert

from hubbatch import UsageError, in_blocks, in_thread
from hubbatch.testing import virtual_time


async def lists(*blocks: Sequence[Any]) -> AsyncIterator[Sequence[Any]]:
    for block in blocks:
        yield block


async def test_the_records_of_all_lists_come_one_by_one() -> None:
    source = in_blocks(lists([], [0, 1], (2,), range(3, 5), [], [None]))
    assert [record async for record in source] == [0, 1, 2, 3, 4, None]
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_records_stay_the_next_ones_until_they_are_taken_off() -> None:
    source = in_blocks(lists([0, 1, 2], [3]))
    assert await source.some(2) == [0, 1]
    source.take_off(1)
    assert await source.some(9) == [1, 2]
    source.take_off(2)
    assert await anext(source) == 3
    assert not await source.some(9)


async def test_a_list_is_asked_for_once_the_records_before_it_are_taken() -> None:
    asked: list[int] = []

    async def blocks() -> AsyncIterator[list[int]]:
        for number in range(3):
            asked.append(number)
            yield [number, number]

    seen = [len(asked) async for _ in in_blocks(blocks())]
    assert seen == [1, 1, 2, 2, 3, 3]


async def test_what_the_source_raises_comes_after_the_records_before_it() -> None:
    async def blocks() -> AsyncIterator[list[int]]:
        yield [0, 1]
        raise KeyError

    source = in_blocks(blocks())
    assert [await anext(source), await anext(source)] == [0, 1]
    with pytest.raises(KeyError):
        await anext(source)


@virtual_time
async def test_a_wait_that_is_cancelled_loses_no_record() -> None:
    class Blocks:
        def __init__(self) -> None:
            self.left = [[2], [0, 1]]

        def __aiter__(self) -> Blocks:
            return self

        async def __anext__(self) -> list[int]:
            if not self.left:
                raise StopAsyncIteration
            await asyncio.sleep(1.0)
            return self.left.pop()

    source = in_blocks(Blocks())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(source), 0.5)
    assert [record async for record in source] == [0, 1, 2]


async def test_closing_drops_what_is_at_hand_and_closes_the_source() -> None:
    closed = []

    async def blocks() -> AsyncIterator[list[int]]:
        try:
            yield [0, 1]
        finally:
            closed.append(True)

    source = in_blocks(blocks())
    assert await anext(source) == 0
    await source.aclose()
    await source.aclose()
    assert closed == [True]
    assert [record async for record in source] == []


async def test_a_source_that_cannot_be_closed_is_not_closed() -> None:
    class Blocks:
        def __aiter__(self) -> Blocks:
            return self

        async def __anext__(self) -> list[int]:
            return [0]

    await in_blocks(Blocks()).aclose()


async def test_a_run_takes_lists_that_are_made_in_a_thread() -> None:
    records = people(250)
    chunks = in_thread([records[:120], records[120:]])
    async with World(latency=0.0) as world:
        outcome = await upsert(world, in_blocks(chunks))
        assert [record.input for record in outcome.records] == records
        assert outcome.ok
        assert [len(body["inputs"]) for body in world.bodies()] == [100, 100, 50]


@virtual_time
async def test_a_run_that_is_stopped_leaves_what_it_has_not_taken() -> None:
    source = in_blocks(lists(people(1_000)))
    async with World() as world:
        async with upsert(world, source, prefetch=130) as run:
            await anext(run)
        taken = run.outcome.counts.total
        assert taken < 1_000
        assert [record async for record in source] == people(1_000)[taken:]


@pytest.mark.parametrize("block", ["text", b"bytes", {"email": "a@b.cz"}, {1}, 5])
async def test_a_source_that_gives_no_lists_is_refused(block: Any) -> None:
    source = in_blocks(lists([0], block))
    assert await anext(source) == 0
    with pytest.raises(UsageError, match=f"lists of records, not of {type(block).__name__}"):
        await anext(source)


@pytest.mark.parametrize("source", [[[1]], iter([[1]]), None])
def test_what_is_no_async_iterable_is_refused(source: Any) -> None:
    with pytest.raises(UsageError, match=r"takes an async iterable .*in_thread"):
        in_blocks(source)
