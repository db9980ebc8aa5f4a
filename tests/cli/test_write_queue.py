"""What is handed over is written in its order, many at once; what breaks that is heard, and lets nobody wait."""

from __future__ import annotations

import asyncio

import pytest

from hubbatch.cli._write_queue import WriteQueue


async def test_items_are_written_in_their_order_and_many_at_once() -> None:
    written: list[list[int]] = []

    async def write(items: list[int]) -> None:
        await asyncio.sleep(0)
        written.append(items)

    queue = WriteQueue(write, lambda error: pytest.fail(str(error)))
    task = asyncio.create_task(queue.work())
    for number in range(5_000):
        await queue.put(number)
    await queue.end()
    await task

    assert [number for items in written for number in items] == list(range(5_000))
    assert len(written) < 100


async def test_what_breaks_the_writing_is_heard_once_and_raised_at_the_end() -> None:
    heard: list[str] = []

    async def write(items: list[int]) -> None:
        raise KeyError(items[0])

    queue = WriteQueue(write, lambda error: heard.append(type(error).__name__))
    task = asyncio.create_task(queue.work())
    for number in range(5_000):
        await queue.put(number)
    await queue.end()

    with pytest.raises(KeyError):
        await task
    assert heard == ["KeyError"]
