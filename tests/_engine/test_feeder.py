"""The pull on a source: one record after the other, while there is room and the run takes any."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from support import drip

from hubbatch import in_blocks
from hubbatch._engine.feeder import Feeder
from hubbatch._engine.life import Life
from hubbatch.testing import VirtualTimeLoop, run_in_virtual_time, virtual_time


class Owner:
    """A feeder, its life, and what becomes of what it hands over."""

    def __init__(
        self,
        source: Any,
        room: int = 100,
        asks_after: int | None = None,
        stops_at: int | None = None,
    ) -> None:
        self.life = Life()
        self.life.begin()
        self.room, self.asks_after, self.stops_at, self.idle = room, asks_after, stops_at, 0
        self.taken: list[Any] = []
        self.shares: list[float] = []
        self.asked: list[int] = []
        """How many it had taken each time that it asked for room."""
        self.feeder = Feeder(
            source,
            self.life,
            self.shares.append,
            room=self.say_room,
            take=self.take,
            idle=self.note_idle,
        )

    def say_room(self) -> int:
        self.asked.append(len(self.taken))
        return self.room

    def take(self, records: Sequence[Any]) -> tuple[int, bool]:
        record = records[0]
        if record == self.stops_at:
            self.life.stop()
        self.taken.append(record)
        self.room -= 1
        return 1, len(self.taken) == self.asks_after

    def note_idle(self) -> None:
        self.idle += 1


class Sliced(Owner):
    """It takes several records at a time, as long as it wants no others to be asked for."""

    def __init__(self, source: Any, **options: Any) -> None:
        super().__init__(source, **options)
        self.sizes: list[int] = []
        """How many it was given each time."""

    def take(self, records: Sequence[Any]) -> tuple[int, bool]:
        self.sizes.append(len(records))
        for number, record in enumerate(records, 1):
            _, ask = super().take((record,))
            if ask or not self.life.taking:
                return number, ask
        return len(records), False


@virtual_time
async def test_a_list_is_handed_over_in_slices_within_the_room_there_is() -> None:
    owner = Sliced(list(range(350)), room=250)
    feeding = asyncio.create_task(owner.feeder.run())
    await asyncio.sleep(1.0)
    assert (owner.taken, owner.idle) == (list(range(250)), 1)
    assert owner.sizes == [8, 16, 32, 64, 100, 30]
    owner.room = 1_000
    owner.feeder.wake()
    await feeding
    assert (owner.taken, owner.feeder.exhausted) == (list(range(350)), True)


@virtual_time
async def test_what_is_not_taken_of_a_slice_is_handed_over_again() -> None:
    owner = Sliced(tuple(range(6)), asks_after=3)
    await owner.feeder.run()
    assert (owner.taken, owner.sizes, owner.asked) == (list(range(6)), [6, 3], [0, 3])


@virtual_time
async def test_of_a_slice_nothing_is_handed_over_after_a_stop() -> None:
    owner = Sliced(list(range(6)), stops_at=2)
    await owner.feeder.run()
    assert (owner.taken, list(owner.feeder.rest(3))) == ([0, 1, 2], [3, 4, 5])
    assert not owner.feeder.exhausted


@virtual_time
async def test_slices_give_the_loop_its_turn() -> None:
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())
    turns: list[int] = []

    class Slow(Sliced):
        def take(self, records: Sequence[Any]) -> tuple[int, bool]:
            loop.spend(0.0001 * len(records))
            return super().take(records)

    owner = Slow(list(range(400)), room=1_000)
    feeding = asyncio.create_task(owner.feeder.run())
    while not feeding.done():
        await asyncio.sleep(0)
        turns.append(len(owner.taken))
    held = [after - before for before, after in itertools.pairwise([0, *turns])]
    assert max(held) * 0.0001 <= 0.004, "it holds the loop for two milliseconds, and one slice"
    assert max(held) > 8, "slices grow as long as they take little"


@virtual_time
async def test_slices_of_records_whose_own_code_takes_long_are_small() -> None:
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())

    class Slow(Sliced):
        def take(self, records: Sequence[Any]) -> tuple[int, bool]:
            loop.spend(0.003 * len(records))
            return super().take(records)

    owner = Slow(list(range(40)), room=1_000)
    await owner.feeder.run()
    assert owner.taken == list(range(40))
    assert owner.sizes[:5] == [8, 4, 2, 1, 1]
    assert max(owner.sizes[3:]) == 1


def source_of(count: int, *, slow: bool) -> Any:
    return drip(range(count)) if slow else iter(range(count))


kinds = pytest.mark.parametrize("slow", [False, True])


@kinds
@pytest.mark.parametrize("count", [0, 1, 5])
@virtual_time
async def test_a_source_is_seen_through_to_its_end(slow: bool, count: int) -> None:
    owner = Owner(source_of(count, slow=slow))
    assert not owner.feeder.exhausted
    await owner.feeder.run()
    assert owner.taken == list(range(count))
    assert owner.feeder.exhausted
    assert owner.idle == 0
    assert list(owner.feeder.rest(len(owner.taken))) == []


@kinds
@virtual_time
async def test_no_more_is_handed_over_than_there_is_room_for(slow: bool) -> None:
    owner = Owner(source_of(6, slow=slow), room=2)
    feeding = asyncio.create_task(owner.feeder.run())
    await asyncio.sleep(1.0)
    assert (owner.taken, owner.idle) == ([0, 1], 1)
    owner.feeder.wake()
    await asyncio.sleep(1.0)
    assert (owner.taken, owner.idle) == ([0, 1], 1), "there is no room yet"
    owner.room = 3
    owner.feeder.wake()
    owner.feeder.wake()
    await asyncio.sleep(1.0)
    assert (owner.taken, owner.idle) == ([0, 1, 2, 3, 4], 2)
    owner.room = 100
    owner.feeder.wake()
    await feeding
    assert owner.taken == [0, 1, 2, 3, 4, 5]
    owner.feeder.wake()


@kinds
@virtual_time
async def test_room_for_one_is_enough_for_one(slow: bool) -> None:
    owner = Owner(source_of(3, slow=slow), room=1)
    feeding = asyncio.create_task(owner.feeder.run())
    for count in (1, 2, 3):
        await asyncio.sleep(1.0)
        assert len(owner.taken) == count
        owner.room = 1
        owner.feeder.wake()
    await feeding


@kinds
@virtual_time
async def test_waking_it_asks_for_room_again(slow: bool) -> None:
    owner = Owner(source_of(6, slow=slow), asks_after=3)
    await owner.feeder.run()
    assert owner.asked == [0, 3]
    assert owner.taken == list(range(6))


@kinds
@virtual_time
async def test_a_run_that_takes_no_more_gets_no_more(slow: bool) -> None:
    owner = Owner(source_of(6, slow=slow), stops_at=2)
    await owner.feeder.run()
    assert owner.taken == [0, 1, 2]
    assert not owner.feeder.exhausted


@virtual_time
async def test_a_stream_that_ends_when_the_run_is_over_is_not_known_to_be_seen_through() -> None:
    async def source() -> AsyncIterator[int]:
        yield 0
        owner.life.stop()

    owner = Owner(source())
    await owner.feeder.run()
    assert (owner.taken, owner.feeder.exhausted) == ([0], False)


class Both(list[int]):
    """A list that can be iterated over asynchronously, too."""

    def __aiter__(self) -> AsyncIterator[int]:
        return drip(list(self))


@virtual_time
async def test_what_a_list_has_left_is_at_hand_and_what_a_stream_has_left_is_not() -> None:
    sources: list[tuple[Any, list[int]]] = [
        (list(range(6)), [4, 5]),
        (Both(range(6)), [4, 5]),
        (iter(range(6)), []),
    ]
    for source, rest in sources:
        owner = Owner(source, room=4)
        feeding = asyncio.create_task(owner.feeder.run())
        await asyncio.sleep(1.0)
        feeding.cancel()
        assert list(owner.feeder.rest(len(owner.taken))) == rest


@virtual_time
async def test_an_iterator_that_cannot_be_closed_is_not_closed() -> None:
    class Bare:
        def __init__(self) -> None:
            self.left = [0, 1]

        def __aiter__(self) -> Bare:
            return self

        async def __anext__(self) -> int:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    class Source:
        def __aiter__(self) -> Bare:
            return Bare()

    owner = Owner(Source())
    await owner.feeder.run()
    assert owner.taken == [0, 1]


@virtual_time
async def test_a_source_that_blocks_causes_one_event() -> None:
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())

    def source() -> Iterator[int]:
        for number in range(20):
            loop.spend(0.02)
            yield number

    owner = Owner(source())
    await owner.feeder.run()
    assert owner.shares == [0.1]


@virtual_time
async def test_a_source_that_blocks_seldom_causes_no_warning() -> None:
    """So it is with a collection of garbage, or where others use the processor."""

    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())

    def source() -> Iterator[int]:
        for number in range(4_000):
            loop.spend(0.02 if number % 100 == 0 else 0.002)
            yield number

    owner = Owner(source(), room=5_000)
    await owner.feeder.run()
    assert len(owner.taken) == 4_000
    assert not owner.shares


@pytest.mark.parametrize(("seconds", "turns"), [(0.001, 1), (0.02, 4)])
@virtual_time
async def test_after_a_pull_that_blocked_the_loop_gets_as_many_turns_as_an_answer_takes(
    seconds: float, turns: int
) -> None:
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())
    seen: list[int] = []

    def source() -> Iterator[int]:
        for number in range(8):
            loop.spend(seconds)
            seen.append(loop.turns)
            yield number

    await Owner(source()).feeder.run()
    steps = {later - earlier for earlier, later in itertools.pairwise(seen)}
    assert steps == ({0, turns} if turns == 1 else {turns})


class SourceError(Exception):
    """A source's own exception."""


@frozen
class Feeding:
    """How a source gives its records, how much room there is for them, and what stops it."""

    blocks: list[tuple[bool, int]]
    """Whether there is a pause before it, and how many records are in it."""
    rooms: list[int]
    """How many more records there is room for, at the start and every second."""
    breaks: bool
    asks_after: int | None
    stops_at: int | None
    """The record that is the last one to be taken."""
    source_stops_at: int | None
    """The block before which the source itself stops the run."""
    stopped_after: float | None
    """Seconds after which another task stops the run."""

    async def in_lists(self, owner: list[Owner]) -> AsyncIterator[list[int]]:
        """Give the blocks; `owner` has one item once it can be stopped."""
        first = 0
        for number, (pauses, size) in enumerate(self.blocks):
            if pauses:
                await asyncio.sleep(1.0)
            if number == self.source_stops_at:
                owner[0].life.stop()
            yield list(range(first, first + size))
            first += size
        if self.breaks:
            raise SourceError

    async def one_by_one(self, owner: list[Owner]) -> AsyncIterator[int]:
        """Give the same records, each by itself."""
        async for block in self.in_lists(owner):
            for record in block:
                yield record

    async def end(self, kind: type[Owner], *, in_lists: bool) -> tuple[Any, ...]:
        """Return what has become of a run: what was taken, when room was asked for, and how it ended."""
        owners: list[Owner] = []
        source: Any = in_blocks(self.in_lists(owners)) if in_lists else self.one_by_one(owners)
        options = {"asks_after": self.asks_after, "stops_at": self.stops_at}
        owner = kind(source, room=self.rooms[0], **options)
        owners.append(owner)
        feeding = asyncio.create_task(owner.feeder.run())
        rooms = iter([*self.rooms[1:], *[100] * 20])
        moments = [(second + 0.5, False) for second in range(20)]
        moments += [] if self.stopped_after is None else [(self.stopped_after, True)]
        loop = asyncio.get_running_loop()
        for moment, stops in sorted(moments):
            await asyncio.wait([feeding], timeout=max(0.0, moment - loop.time()))
            if stops and not feeding.done():
                owner.life.stop()
                feeding.cancel()
            owner.room += 0 if stops else next(rooms)
            owner.feeder.wake()
        await asyncio.wait([feeding])
        error = asyncio.CancelledError if feeding.cancelled() else type(feeding.exception())
        left = [] if feeding.cancelled() or self.breaks else [each async for each in source]
        return owner.taken, owner.feeder.exhausted, error, left


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Feeding,
        blocks=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=6),
        rooms=st.lists(st.integers(0, 12), min_size=1, max_size=6),
        breaks=st.booleans(),
        asks_after=st.none() | st.integers(1, 20),
        stops_at=st.none() | st.integers(0, 40),
        source_stops_at=st.none() | st.integers(0, 5),
        stopped_after=st.none() | st.sampled_from([0.25, 1.25, 2.25, 3.75]),
    ),
    st.sampled_from([Owner, Sliced]),
)
def test_a_source_in_blocks_is_taken_like_one_that_gives_record_by_record(
    feeding: Feeding, kind: type[Owner]
) -> None:
    one_by_one = run_in_virtual_time(feeding.end(Owner, in_lists=False))
    assert run_in_virtual_time(feeding.end(kind, in_lists=True)) == one_by_one


@virtual_time
async def test_of_a_block_no_more_is_taken_than_there_is_room_for_and_the_rest_stays_in_it() -> (
    None
):
    async def blocks() -> AsyncIterator[list[int]]:
        yield list(range(130))
        yield list(range(130, 135))

    source = in_blocks(blocks())
    owner = Sliced(source, room=120)
    feeding = asyncio.create_task(owner.feeder.run())
    await asyncio.sleep(1.0)
    assert (owner.taken, owner.sizes, owner.idle) == (list(range(120)), [8, 16, 32, 64], 1)
    feeding.cancel()
    assert list(owner.feeder.rest(len(owner.taken))) == []
    assert [record async for record in source] == list(range(120, 135))


@virtual_time
async def test_blocks_that_are_made_of_the_source_are_closed_and_those_of_the_caller_are_not() -> (
    None
):
    closed: list[str] = []

    async def blocks(name: str) -> AsyncIterator[list[int]]:
        try:
            yield [0, 1]
            yield [2]
        finally:
            closed.append(name)

    class Source:
        def __aiter__(self) -> AsyncIterator[int]:
            return in_blocks(blocks("made"))

    given_blocks = in_blocks(blocks("given"))
    for source in (Source(), given_blocks):
        owner = Owner(source, stops_at=0)
        await owner.feeder.run()
        assert owner.taken == [0]
    assert closed == ["made"]
    assert [record async for record in given_blocks] == [1, 2]
