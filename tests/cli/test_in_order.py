"""The order of the input, restored within a window: nothing is lost, and no more than the window is held."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator

from hypothesis import given
from hypothesis import strategies as st

from hubbatch import RecordOutcome, RecordStatus
from hubbatch.cli._in_order import InOrder
from hubbatch.testing import run_in_virtual_time


def settled(index: int) -> RecordOutcome:
    return RecordOutcome(index, None, RecordStatus.SUCCEEDED)


@given(data=st.data(), sizes=st.lists(st.integers(0, 10), max_size=6), window=st.integers(1, 8))
def test_any_order_becomes_the_inputs_and_no_more_than_a_window_is_held(
    data: st.DataObject, sizes: list[int], window: int
) -> None:
    total = sum(sizes)
    order, given_back = InOrder(window), list[int]()
    taken = list[int]()

    async def source() -> AsyncGenerator[list[int], None]:
        indexes = iter(range(total))
        for size in sizes:
            yield list(itertools.islice(indexes, size))

    async def take() -> None:
        async for part in order.bounded(source()):
            taken.extend(part)

    async def main() -> None:
        task = asyncio.create_task(take())
        open_ = set[int]()
        seen = 0
        while seen < total or open_:
            await asyncio.sleep(0.01)
            open_ |= set(taken[seen:])
            seen = len(taken)
            assert seen - len(given_back) <= window
            index = data.draw(st.sampled_from(sorted(open_)))
            open_.remove(index)
            given_back.extend(record.index for record in order.put(settled(index)))
        await task

    run_in_virtual_time(main())

    assert given_back == list(range(total))
    assert order.rest() == []


def test_what_waits_for_one_that_never_comes_is_given_at_the_end() -> None:
    async def main() -> None:
        order = InOrder()
        assert order.put(settled(2)) == []
        assert [record.index for record in order.put(settled(0))] == [0]
        assert order.put(settled(3)) == []
        assert [record.index for record in order.rest()] == [2, 3]
        assert order.rest() == []

    run_in_virtual_time(main())
