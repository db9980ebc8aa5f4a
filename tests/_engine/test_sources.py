"""How records are pulled from a source: in time, no faster than they are sent, and whatever it raises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest
from support import World, check_against_store, drip, people, upsert

from hubbatch import BatchStatus, Counts, HubbatchError
from hubbatch.testing import VirtualTimeLoop, run_in_virtual_time, virtual_time


class SourceError(Exception):
    """A source's own exception."""


def breaking_after(count: int) -> Iterator[dict[str, str]]:
    yield from people(count)
    raise SourceError


@pytest.mark.parametrize("slow", [False, True])
@virtual_time
async def test_a_raising_source_lets_what_was_sent_settle(slow: bool) -> None:
    async with World() as world:
        source: Any = drip(breaking_after(250), 0.001) if slow else breaking_after(250)
        run = upsert(world, source, linger=1.0)
        with pytest.raises(SourceError):
            await run
        outcome = run.outcome
        assert outcome.status is BatchStatus.CANCELED
        assert outcome.counts.total == 250
        assert outcome.counts.unknown == outcome.counts.failed == 0
        assert outcome.counts.succeeded + outcome.counts.unsent == 250
        assert len(outcome.unsent) >= 50
        assert outcome.counts.succeeded == len(world.stored())
        check_against_store(world, outcome.records)


@virtual_time
async def test_a_batch_that_is_not_full_does_not_wait_for_a_slow_source() -> None:
    async with World() as world:
        await upsert(world, drip(people(3), 10.0))
        times = [request.at for request in world.service.requests]
        assert times == pytest.approx([10.05, 20.05, 30.05], abs=0.001)


@pytest.mark.parametrize(("max_concurrency", "max_batch_bytes"), [(1, 3_000_000), (3, 1024)])
@virtual_time
async def test_never_more_than_two_batches_beyond_those_in_flight_are_held(
    max_concurrency: int, max_batch_bytes: int
) -> None:
    taken = 0

    def source() -> Iterator[dict[str, str]]:
        nonlocal taken
        for person in people(500):
            taken += 1
            settled = len(world.stored())
            assert taken - settled <= (max_concurrency + 2) * 10
            yield person

    async with World(max_concurrency=max_concurrency) as world:
        outcome = await upsert(world, source(), batch_size=10, max_batch_bytes=max_batch_bytes)
        assert outcome.ok
        assert world.transport.most_in_flight == max_concurrency


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("kind", [asyncio.CancelledError, GeneratorExit])
@virtual_time
async def test_a_source_may_raise_anything(kind: type[BaseException], slow: bool) -> None:
    class Breaking:
        def __init__(self) -> None:
            self.rest = people(150)

        def __iter__(self) -> Iterator[dict[str, str]]:
            return self

        def __next__(self) -> dict[str, str]:
            if not self.rest:
                raise kind
            return self.rest.pop()

        def __aiter__(self) -> Breaking:
            return self

        async def __anext__(self) -> dict[str, str]:
            return next(self)

    async with World() as world:
        source: Any = Breaking() if slow else iter(Breaking().__next__, None)
        run = upsert(world, source)
        with pytest.raises(kind):
            await run
        counts = run.outcome.counts
        assert counts.total == 150
        assert counts.unknown == counts.failed == 0
        assert counts.succeeded == len(world.stored())


@virtual_time
async def test_a_source_that_raises_stop_async_iteration_does_not_pass_for_ended() -> None:
    def source() -> Iterator[dict[str, str]]:
        yield from people(5)
        raise StopAsyncIteration

    async with World() as world:
        with pytest.raises(RuntimeError, match="StopAsyncIteration"):
            async with upsert(world, source()) as run:
                async for _ in run:
                    pass


@virtual_time
async def test_an_iterator_made_from_the_source_is_closed() -> None:
    closed = []

    class Table:
        async def __aiter__(self) -> Any:
            try:
                for person in people(1000):
                    yield person
            finally:
                closed.append(True)

    async with World(latency=1.0, max_concurrency=1) as world:
        await upsert(world, Table(), batch_size=10, deadline=1.5)
        assert closed


@virtual_time
async def test_the_linger_does_not_start_a_batch_while_a_run_is_being_cancelled() -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def source() -> Any:
        try:
            yield people(1)[0]
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(5)

    async with World() as world:
        run = upsert(world, source(), linger=1.0)
        task = asyncio.ensure_future(run)
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])
        assert run.outcome.counts == Counts(1, unsent=1)
        assert not complaints


@virtual_time
async def test_a_slow_consumer_holds_the_source_back() -> None:
    taken = 0

    def source() -> Iterator[dict[str, str]]:
        nonlocal taken
        for person in people(1000):
            taken += 1
            yield person

    async with (
        World(max_concurrency=2) as world,
        upsert(world, source(), batch_size=10) as run,
    ):
        consumed = 0
        async for _ in run:
            consumed += 1
            await asyncio.sleep(0.5)
            assert taken - consumed <= (2 + 2) * 10
    assert consumed == 1000


def blocking(records: Iterable[dict[str, str]], seconds: float) -> Iterator[dict[str, str]]:
    """Yield records, each of which holds the event loop up for so many seconds."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    for record in records:
        loop.spend(seconds)
        yield record


async def longest_lag(done: Callable[[], bool]) -> float:
    """Return by how much, at most, a task that wants to run every 10 ms ran too late."""
    loop = asyncio.get_running_loop()
    longest = 0.0
    while not done():
        due = loop.time() + 0.01
        await asyncio.sleep(0.01)
        longest = max(longest, loop.time() - due)
    return longest


@virtual_time
async def test_a_source_that_blocks_lets_others_run_between_two_records() -> None:
    async with World() as world:
        run = upsert(world, blocking(people(300), 0.02)).start()
        assert await longest_lag(lambda: run.done) < 0.05
        assert (await run).ok
        assert world.service.requests[0].at < 3, "the first batch left while others were pulled"


@pytest.mark.parametrize("slow", [False, True])
@virtual_time
async def test_a_quick_source_gives_the_loop_its_turn_by_time(slow: bool) -> None:
    """Also an async source that never waits; 5 ms of pulling are a turn, however many batches they fill."""

    async with World(max_concurrency=200) as world:
        source: Any = blocking(people(5000), 0.0002)

        async def never_waiting() -> AsyncIterator[dict[str, str]]:
            for person in source:
                yield person

        run = upsert(world, never_waiting() if slow else source).start()
        assert await longest_lag(lambda: run.done) < 0.016
        assert (await run).ok


@virtual_time
async def test_a_deadline_ends_a_source_that_blocks_within_two_records_time() -> None:
    async with World() as world:
        outcome = await upsert(world, blocking(people(500), 0.02), deadline=1.0, linger=5.0)
        assert asyncio.get_running_loop().time() < 1.05
        assert outcome.counts.total in {50, 51, 52}
        assert outcome.status is BatchStatus.CANCELED


@pytest.mark.parametrize(
    ("seconds", "warned"), [(0.001, False), (0.004, False), (0.006, True), (0.06, True)]
)
def test_a_source_that_blocks_is_warned_of_once(
    seconds: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with World() as world:
            await upsert(world, blocking(people(300), seconds))

    run_in_virtual_time(main())
    said = [record.message for record in caplog.records if "blocks" in record.message]
    assert len(said) == int(warned)
    assert all("hubbatch.in_thread(source)" in words for words in said)


def test_waiting_for_room_is_not_taken_for_blocking(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with World(latency=5.0, max_concurrency=1) as world:
            await upsert(world, blocking(people(100), 0.0), batch_size=5)

    run_in_virtual_time(main())
    assert not caplog.records


@virtual_time
async def test_a_record_whose_error_cannot_be_told_fails_like_any_other() -> None:
    class SilentError(Exception):
        def __str__(self) -> str:
            raise self

    class Record:
        def model_dump(self, **_: object) -> dict[str, str]:
            raise SilentError

    async with World() as world:
        outcome = await upsert(world, [*people(3), Record(), *people(3, 3)])
        assert outcome.counts == Counts(7, succeeded=6, failed=1)
        [error] = outcome.errors
        assert (error.category, error.indexes) == ("LOCAL_VALIDATION", (3,))
        assert error.message == "the record cannot be read: SilentError"


@pytest.mark.parametrize("streamed", [False, True])
def test_a_long_list_that_is_left_off_is_closed_in_slices(streamed: bool) -> None:
    async def main(count: int) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        async with World(latency=1.0, max_concurrency=1) as world:
            run = upsert(world, people(count), batch_size=10, deadline=0.5)
            seen = list(range(count))
            if streamed:
                async with run:
                    seen = [record.index async for record in run]
            outcome = await run
            assert sorted(seen) == list(range(count))
            assert outcome.counts == Counts(count, succeeded=10, unsent=count - 10)
            unsent = outcome.unsent
            assert [record.index for record in unsent] == list(range(10, count))
            assert [record.input for record in unsent] == people(count - 10, 10)
            return loop.turns

    assert run_in_virtual_time(main(30_000)) - run_in_virtual_time(main(1_000)) >= 5


@pytest.mark.parametrize("streamed", [False, True])
def test_a_long_list_is_closed_in_slices_when_its_run_is_cancelled(streamed: bool) -> None:
    async def main(count: int) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        async with World(latency=1.0, max_concurrency=1) as world:
            run = upsert(world, people(count), batch_size=10)

            async def block() -> None:
                async with run:
                    await asyncio.sleep(100)

            task = asyncio.ensure_future(block() if streamed else run)
            await asyncio.sleep(0.5)
            before = loop.turns
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert run.done
            assert run.outcome.counts == Counts(count, unknown=10, unsent=count - 10)
            return loop.turns - before

    assert run_in_virtual_time(main(30_000)) - run_in_virtual_time(main(1_000)) >= 5


def test_a_run_that_is_cancelled_again_while_it_closes_a_long_list_is_closed_at_one_go() -> None:
    async def main(turns: int) -> None:
        async with World(latency=1.0, max_concurrency=1) as world:
            run = upsert(world, people(30_000), batch_size=10).start()
            await asyncio.sleep(0.5)
            task = run.abort(HubbatchError("no more"))
            assert task is not None
            for _ in range(turns):
                await asyncio.sleep(0)
            assert not run.done
            for _ in range(3):
                task.cancel()
            with pytest.raises(HubbatchError, match="no more"):
                await run.wait()
            assert run.outcome.counts == Counts(30_000, unknown=10, unsent=29_990)

    for turns in range(6):
        run_in_virtual_time(main(turns))


@virtual_time
async def test_the_rest_of_a_list_may_raise() -> None:
    class Rows(Sequence[Any]):
        def __len__(self) -> int:
            return 100

        def __getitem__(self, index: Any) -> Any:
            if index == 50:
                raise SourceError
            return people(1, index)[0]

    async with World(latency=1.0, max_concurrency=1) as world:
        run = upsert(world, Rows(), batch_size=5, deadline=0.5)
        with pytest.raises(SourceError):
            await run
        counts = run.outcome.counts
        assert counts.succeeded == len(world.stored()) == 5
        assert counts.unknown == counts.failed == 0
