"""What ended a run is raised to its caller: nothing is swallowed, overwritten or turned into success."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from support import World, check_against_store, drip, people, upsert

from hubbatch import (
    BatchStatus,
    Counts,
    DailyLimitError,
    HubbatchError,
    Progress,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch.sandbox import FaultKind
from hubbatch.testing import run_in_virtual_time, virtual_time


@virtual_time
async def test_an_error_in_the_body_of_a_streamed_run_stops_it_and_comes_out() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        with pytest.raises(ZeroDivisionError):
            async with upsert(world, people(1000), batch_size=10) as run:
                async for _ in run:
                    raise ZeroDivisionError
        assert run.outcome.counts.succeeded == len(world.stored())
        assert run.outcome.counts.unknown == 0


@virtual_time
async def test_closing_the_client_ends_its_runs_with_an_error() -> None:
    world = World(latency=10.0)
    run = upsert(world, people(10))
    task = asyncio.ensure_future(run)
    await asyncio.sleep(1)
    assert "1 runs under way" in repr(world.client)
    await world.client.aclose()
    with pytest.raises(HubbatchError, match="client was closed") as caught:
        await task
    assert caught.value.outcome is run.outcome
    assert run.outcome.counts == Counts(10, unknown=10)


@virtual_time
async def test_closing_the_client_gives_each_run_its_own_outcome() -> None:
    world = World(latency=10.0)
    runs = [upsert(world, people(count)) for count in (3, 7)]
    tasks = [asyncio.ensure_future(run) for run in runs]
    await asyncio.sleep(1)
    await world.client.aclose()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    totals = [
        error.outcome.counts.total
        for error in errors
        if isinstance(error, HubbatchError) and error.outcome is not None
    ]
    assert totals == [3, 7]


@virtual_time
async def test_a_client_closed_within_a_streamed_run_says_so() -> None:
    world = World()
    with pytest.raises(HubbatchError, match="client was closed"):
        async with upsert(world, people(5), duplicates="refuse") as run:
            await world.client.aclose()
    assert run.done
    assert run.outcome.status is BatchStatus.CANCELED
    assert run.progress.counts == run.outcome.counts == Counts(5, unsent=5)


class BodyError(Exception):
    """Raised by the body of a block."""


class SourceError(Exception):
    """Raised by a source."""


def breaking(error: BaseException, count: int = 0) -> Iterator[dict[str, str]]:
    yield from people(count)
    raise error


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
def test_what_ends_the_process_reaches_the_caller_of_a_run_whose_source_raised_it(
    kind: type[BaseException], slow: bool, streamed: bool
) -> None:
    cleaned_up = []

    async def main() -> None:
        async with World() as world:
            source: Any = breaking(kind(), 250)
            run = upsert(world, drip(source) if slow else source, keep="all")
            try:
                if streamed:
                    async with run:
                        async for _ in run:
                            pass
                else:
                    await run
            finally:
                cleaned_up.append(run.outcome.counts)
                check_against_store(world, run.outcome.records)

    with pytest.raises(kind):
        run_in_virtual_time(main())
    [counts] = cleaned_up
    assert counts.unknown == counts.failed == 0


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
@pytest.mark.parametrize("at", [1, 4])
@virtual_time
async def test_whatever_a_callback_raises_ends_the_run_and_reaches_the_caller(
    kind: type[BaseException], at: int
) -> None:
    calls = 0

    def broken(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise kind

    async with World() as world:
        run = upsert(world, people(1000), batch_size=10, on_progress=broken)
        with pytest.raises(kind):
            await run
        assert run.outcome.status is BatchStatus.CANCELED
        assert run.outcome.counts.succeeded == len(world.stored()) < 1000


@virtual_time
async def test_if_body_and_run_both_fail_both_errors_are_raised() -> None:
    async with World() as world:
        run = upsert(world, breaking(SourceError("no more rows"), 5))
        with pytest.raises(BodyError) as caught:
            async with run:
                await asyncio.sleep(10)
                raise BodyError
        assert isinstance(caught.value.__context__, SourceError)
        assert caught.value.__notes__ == [
            "The run has failed, too, with test_ending.SourceError: no more rows"
        ]


@virtual_time
async def test_a_failure_that_the_body_has_seen_is_not_reported_again() -> None:
    async with World() as world:
        async with upsert(world, breaking(SourceError(), 5)) as run:
            with pytest.raises(SourceError):
                await run
        with pytest.raises(BodyError) as caught:
            async with upsert(world, breaking(SourceError(), 5)) as run:
                try:
                    await run
                except SourceError as error:
                    raise BodyError from error
        assert not hasattr(caught.value, "__notes__")


@virtual_time
async def test_a_failure_that_another_task_has_seen_is_reported_at_the_end_of_the_block() -> None:
    async with World() as world:
        with pytest.raises(SourceError):
            async with upsert(world, breaking(SourceError(), 5)) as run:
                await asyncio.gather(run.wait(), return_exceptions=True)


@virtual_time
async def test_the_end_of_the_process_comes_before_what_the_body_raises() -> None:
    async with World() as world:
        with pytest.raises(KeyboardInterrupt) as caught:
            async with upsert(world, breaking(KeyboardInterrupt(), 5)):
                await asyncio.sleep(10)
                raise BodyError
        assert isinstance(caught.value.__context__, BodyError)


@virtual_time
async def test_an_exception_out_of_a_nested_run_keeps_its_own_outcome() -> None:
    async with World() as world:
        world.service.declare_strict("contacts", ["firstname"])
        inner = world.client.create("no_such_type", people(3))

        async def source() -> AsyncIterator[dict[str, str]]:
            for person in people(7):
                yield person
            await inner

        outer = upsert(world, source())
        with pytest.raises(UnknownObjectTypeError) as caught:
            await outer
        assert caught.value.outcome is inner.outcome
        assert caught.value.outcome.counts.total == 3
        assert outer.outcome.counts.total == 7


@virtual_time
async def test_errors_of_source_and_service_are_both_raised() -> None:
    async with World(faults=[None, FaultKind.RATE_DAILY], latency=1.0) as world:
        run = upsert(world, drip(breaking(SourceError(), 250), 0.01), linger=1.0)
        with pytest.raises(SourceError) as caught:
            await run
        also = caught.value.__context__
        assert isinstance(also, DailyLimitError)


@virtual_time
async def test_an_error_of_a_source_that_is_cancelled_is_attached() -> None:
    async def source() -> AsyncIterator[dict[str, str]]:
        try:
            yield people(1)[0]
            await asyncio.sleep(100)
        finally:
            raise SourceError

    async with World() as world:
        task = asyncio.ensure_future(upsert(world, source()))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        chain = [caught.value.__context__, getattr(caught.value.__context__, "__context__", 0)]
        assert any(isinstance(link, SourceError) for link in chain)


@virtual_time
async def test_waiting_raises_what_ended_the_run() -> None:
    async with World() as world:
        run = upsert(world, breaking(SourceError(), 5))
        with pytest.raises(UsageError, match="has not started"):
            await run.wait()
        run.start()
        for _ in range(2):
            with pytest.raises(SourceError):
                await run.wait()
        with pytest.raises(UsageError, match="has started already"):
            run.start()


@virtual_time
async def test_an_error_of_the_body_has_a_note_that_the_client_was_closed() -> None:
    world = World()
    with pytest.raises(BodyError) as caught:
        async with upsert(world, people(5)) as run:
            await world.client.aclose()
            raise BodyError
    also = caught.value.__context__
    assert isinstance(also, HubbatchError)
    assert also.outcome is run.outcome


@virtual_time
async def test_a_run_whose_tasks_are_all_cancelled_accounts_for_every_record() -> None:
    async with World(latency=10.0) as world:
        run = upsert(world, people(1000), batch_size=10).start()
        await asyncio.sleep(1)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(HubbatchError, match="itself was cancelled") as caught:
            await run.wait()
        assert caught.value.outcome is run.outcome
        assert run.outcome.counts == Counts(1000, unknown=40, unsent=960)
