"""A blocking source in a thread of its own: every item once, in order, and nothing of it left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support import World, people, upsert

from hubbatch import UsageError, in_thread


class Rows:
    """An iterator that notes in which threads it is used, and can be made to block."""

    def __init__(self, count: int, *, fails_with: BaseException | None = None) -> None:
        self.count = count
        self.pulled = 0
        self.threads: set[int] = set()
        self.closed = threading.Event()
        self.blocks_at: int | None = None
        self.blocked = threading.Event()
        self.go_on = threading.Event()
        self._fails_with = fails_with

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.threads.add(threading.get_ident())
        if self.pulled == self.blocks_at:
            self.blocked.set()
            self.go_on.wait()
        if self.pulled == self.count:
            raise self._fails_with or StopIteration
        self.pulled += 1
        return self.pulled - 1

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed.set()


@pytest.mark.parametrize("read_ahead", [1, 2, 7, 1_000])
async def test_every_item_comes_once_and_in_order_from_one_thread(read_ahead: int) -> None:
    rows = Rows(500)
    items = [item async for item in in_thread(rows, read_ahead=read_ahead)]
    assert items == list(range(500))
    assert len(rows.threads) == 1
    assert threading.get_ident() not in rows.threads
    assert rows.closed.is_set()


async def test_a_run_takes_a_source_that_is_pulled_in_a_thread() -> None:
    seen = set()

    def rows() -> Iterator[dict[str, str]]:
        for person in people(300):
            seen.add(threading.get_ident())
            yield person

    async with World(latency=0.0) as world:
        outcome = await upsert(world, in_thread(rows()))
        assert outcome.ok
        assert outcome.counts.total == 300
    assert threading.get_ident() not in seen


async def test_no_more_is_read_ahead_than_wanted() -> None:
    rows = Rows(100)
    source = in_thread(rows, read_ahead=10)
    for _ in range(3):
        taken = await anext(source)
        await asyncio.to_thread(lambda: None)
        assert rows.pulled <= taken + 1 + 10
    await source.aclose()
    assert rows.closed.is_set()
    assert [item async for item in source] == []


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(3)])
async def test_what_the_source_raises_comes_out_as_it_is_after_what_came_before(
    error: BaseException,
) -> None:
    rows = Rows(5, fails_with=error)
    source = in_thread(rows)
    assert [await anext(source) for _ in range(5)] == list(range(5))
    with pytest.raises(type(error)) as caught:
        await anext(source)
    assert caught.value is error
    assert rows.closed.is_set()
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_a_source_that_raises_stop_async_iteration_does_not_pass_for_ended() -> None:
    source = in_thread(Rows(0, fails_with=StopAsyncIteration()))
    with pytest.raises(RuntimeError, match="StopAsyncIteration"):
        await anext(source)


async def test_closing_that_fails_raises() -> None:
    class Unclosable(Rows):
        def close(self) -> None:
            raise KeyError

    source = in_thread(Unclosable(0, fails_with=ValueError()))
    with pytest.raises(ValueError, match="closing the source failed, too: KeyError"):
        await anext(source)
    source = in_thread(Unclosable(5), read_ahead=1)
    await anext(source)
    with pytest.raises(KeyError):
        await source.aclose()


async def test_a_wait_that_is_cancelled_loses_no_item() -> None:
    rows = Rows(20)
    rows.blocks_at = 10
    source = in_thread(rows, read_ahead=1)
    taken = [await anext(source) for _ in range(10)]
    waiting = asyncio.ensure_future(anext(source))
    await asyncio.to_thread(rows.blocked.wait)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    rows.go_on.set()
    taken += [item async for item in source]
    assert taken == list(range(20))


async def test_two_may_wait_for_one_source() -> None:
    source = in_thread(Rows(200), read_ahead=1)

    async def some() -> list[int]:
        return [item async for item in source]

    first, second = await asyncio.gather(some(), some())
    assert sorted(first + second) == list(range(200))


async def test_a_run_that_is_cancelled_does_not_wait_for_a_source_that_blocks() -> None:
    rows = Rows(20)
    rows.blocks_at = 0
    async with World(latency=0.0) as world:
        run = upsert(world, in_thread(rows)).start()
        await asyncio.to_thread(rows.blocked.wait)
        await run.stop()
        assert run.done
    rows.go_on.set()
    del run
    gc.collect()
    await asyncio.to_thread(rows.closed.wait)
    assert len(rows.threads) == 1


async def test_a_block_closes_the_source_in_its_thread() -> None:
    rows = Rows(20)
    async with in_thread(rows) as source:
        assert await anext(source) == 0
    assert rows.closed.is_set()
    assert len(rows.threads) == 1
    await source.aclose()


@pytest.mark.parametrize("source", ["text", b"bytes", {"a": 1}, 5, None])
def test_what_is_no_iterable_of_records_is_refused(source: Any) -> None:
    with pytest.raises(UsageError, match="takes an iterable"):
        in_thread(source)


def test_an_async_iterable_needs_no_thread() -> None:
    async def rows() -> Any:
        yield 1

    with pytest.raises(UsageError, match="needs no thread"):
        in_thread(rows())


@pytest.mark.parametrize("read_ahead", [0, -1, 1.5, True, "9"])
def test_how_much_is_read_ahead_is_checked(read_ahead: Any) -> None:
    with pytest.raises(UsageError, match="read_ahead"):
        in_thread([], read_ahead=read_ahead)


@pytest.mark.parametrize("read_ahead", [1, 1_000])
async def test_closing_the_source_ends_the_iteration_of_another_task(read_ahead: int) -> None:
    rows = Rows(20)
    rows.blocks_at = 0
    source = in_thread(rows, read_ahead=read_ahead)

    async def read() -> list[int]:
        return [item async for item in source]

    reading = asyncio.ensure_future(read())
    await asyncio.to_thread(rows.blocked.wait)
    closing = asyncio.ensure_future(source.aclose())
    await asyncio.sleep(0)
    rows.go_on.set()
    await closing
    assert await reading == []
    assert rows.closed.is_set()
    assert len(rows.threads) == 1
