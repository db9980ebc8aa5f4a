"""A run's life as its caller sees it: started, awaited, entered, iterated over, told what ended it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from support import (
    World,
    check_against_store,
    drip,
    in_virtual_time,
    people,
    upsert,
)

from hubbatch import (
    AuthenticationError,
    BatchStatus,
    Counts,
    DailyLimitError,
    HubbatchError,
    Progress,
    RecordOutcome,
    RecordStatus,
    Run,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._ledger import Ledger
from hubbatch.sandbox import FaultKind


def test_a_streamed_run_gives_each_record_once_also_the_unsent_ones() -> None:
    async def main() -> None:
        async with World(faults=[None, FaultKind.INVALID_TOKEN], max_concurrency=1) as world:
            seen: list[RecordOutcome] = []
            run = upsert(world, people(40), batch_size=10)
            with pytest.raises(AuthenticationError):
                async with run:
                    async for record in run:
                        seen.append(record)  # noqa: PERF401 (the run raises in the middle)
            counts = run.outcome.counts
            assert sorted(record.index for record in seen) == list(range(counts.total))
            assert counts.unsent > 0
            assert [record.index for record in run.outcome.records] == [
                record.index
                for record in sorted(seen, key=lambda record: record.index)
                if record.status is not RecordStatus.SUCCEEDED
            ]

    in_virtual_time(main())


def test_leaving_a_streamed_run_early_stops_it() -> None:
    async def main() -> None:
        async with World(latency=1.0, max_concurrency=2) as world:
            async with upsert(world, people(1000), batch_size=10) as run:
                async for _ in run:
                    break
            assert run.outcome.status is BatchStatus.CANCELED
            assert run.outcome.counts.succeeded == len(world.stored())
            assert run.outcome.counts.unknown == 0

    in_virtual_time(main())


def test_an_error_in_the_body_of_a_streamed_run_stops_it_and_comes_out() -> None:
    async def main() -> None:
        async with World(latency=1.0, max_concurrency=2) as world:
            with pytest.raises(ZeroDivisionError):
                async with upsert(world, people(1000), batch_size=10) as run:
                    async for _ in run:
                        raise ZeroDivisionError
            assert run.outcome.counts.succeeded == len(world.stored())
            assert run.outcome.counts.unknown == 0

    in_virtual_time(main())


def test_awaiting_an_entered_run_gives_its_outcome() -> None:
    async def main() -> None:
        async with World() as world:
            async with upsert(world, people(10_000), batch_size=10) as run:
                await anext(run)
                outcome = await run
            assert outcome.counts == Counts(10_000, succeeded=10_000)

    in_virtual_time(main())


def test_two_may_iterate_one_run() -> None:
    async def main() -> None:
        async with World() as world, upsert(world, people(50), batch_size=5) as run:

            async def consume() -> list[int]:
                return [record.index async for record in run]

            first, second = await asyncio.gather(consume(), consume())
            assert sorted(first + second) == list(range(50))

    in_virtual_time(main())


def test_progress_can_be_read_when_the_loop_is_gone() -> None:
    async def main() -> Run:
        async with World() as world:
            run = upsert(world, people(5))
            await run
            return run

    run = in_virtual_time(main())
    assert run.progress.counts == run.outcome.counts == Counts(5, succeeded=5)
    assert "5 succeeded" in repr(run)


def test_a_finished_run_is_not_held_by_its_client() -> None:
    async def main() -> None:
        async with World() as world:
            run = upsert(world, people(5))
            await run
            seen = weakref.ref(run)
            del run
            gc.collect()
            assert seen() is None

    in_virtual_time(main())


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="new in Python 3.12")
def test_tasks_may_start_eagerly() -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
        for latency in (0.0, 0.1):
            async with World(latency=latency) as world:
                outcome = await upsert(world, people(1000), batch_size=10)
                assert outcome.ok
                run = upsert(world, drip(people(1000), 0.01), batch_size=10)
                task = asyncio.ensure_future(run)
                await asyncio.sleep(1)
                task.cancel()
                await asyncio.wait([task])
                assert run.outcome.counts.total >= 99

    in_virtual_time(main())


def test_usage_errors_are_raised_by_the_call_itself() -> None:
    async def main() -> None:
        async with World() as world:
            with pytest.raises(UsageError):
                upsert(world, people(1), batch_size=1000)

    in_virtual_time(main())


def test_progress_tells_how_far_a_run_has_come() -> None:
    async def main() -> None:
        async with World(latency=1.0, max_concurrency=2, faults=[FaultKind.LOCKED]) as world:
            seen: list[Progress] = []
            outcome = await upsert(world, people(100), batch_size=10, on_progress=seen.append)
            assert outcome.ok
            last = seen[-1]
            assert last.counts == outcome.counts
            assert (last.total, last.settled, last.in_flight) == (100, 100, 0)
            assert (last.requests, last.retries) == (11, 1)
            assert last.eta == 0.0
            assert last.records_per_second == pytest.approx(100 / last.elapsed)
            assert seen[0].in_flight > 0
            assert next(item for item in seen if item.settled).eta is not None
            assert [item.settled for item in seen] == sorted(item.settled for item in seen)

    in_virtual_time(main())


def test_closing_the_client_ends_its_runs_with_an_error() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_closing_the_client_gives_each_run_its_own_outcome() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_client_closed_within_a_streamed_run_says_so() -> None:
    async def main() -> None:
        world = World()
        with pytest.raises(HubbatchError, match="client was closed"):
            async with upsert(world, people(5), duplicates="refuse") as run:
                await world.client.aclose()
        assert run.done
        assert run.outcome.status is BatchStatus.CANCELED
        assert run.progress.counts == run.outcome.counts == Counts(5, unsent=5)

    in_virtual_time(main())


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
        in_virtual_time(main())
    [counts] = cleaned_up
    assert counts.unknown == counts.failed == 0


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
@pytest.mark.parametrize("at", [1, 4])
def test_whatever_a_callback_raises_ends_the_run_and_reaches_the_caller(
    kind: type[BaseException], at: int
) -> None:
    calls = 0

    def broken(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise kind

    async def main() -> None:
        async with World() as world:
            run = upsert(world, people(1000), batch_size=10, on_progress=broken)
            with pytest.raises(kind):
                await run
            assert run.outcome.status is BatchStatus.CANCELED
            assert run.outcome.counts.succeeded == len(world.stored()) < 1000

    in_virtual_time(main())


def test_a_body_and_a_run_that_fail_are_both_told() -> None:
    async def main() -> None:
        async with World() as world:
            run = upsert(world, breaking(SourceError("no more rows"), 5))
            with pytest.raises(BodyError) as caught:
                async with run:
                    await asyncio.sleep(10)
                    raise BodyError
            assert isinstance(caught.value.__context__, SourceError)
            assert caught.value.__notes__ == [
                "The run has failed, too, with test_run.SourceError: no more rows"
            ]

    in_virtual_time(main())


def test_a_failure_that_the_body_has_seen_is_not_told_again() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_failure_that_another_task_has_seen_is_told_at_the_end_of_the_block() -> None:
    async def main() -> None:
        async with World() as world:
            with pytest.raises(SourceError):
                async with upsert(world, breaking(SourceError(), 5)) as run:
                    await asyncio.gather(run.wait(), return_exceptions=True)

    in_virtual_time(main())


def test_the_end_of_the_process_comes_before_what_the_body_raises() -> None:
    async def main() -> None:
        async with World() as world:
            with pytest.raises(KeyboardInterrupt) as caught:
                async with upsert(world, breaking(KeyboardInterrupt(), 5)):
                    await asyncio.sleep(10)
                    raise BodyError
            assert isinstance(caught.value.__context__, BodyError)

    in_virtual_time(main())


def test_an_exception_out_of_a_nested_run_keeps_its_own_outcome() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_what_a_source_and_the_service_raise_is_both_told() -> None:
    async def main() -> None:
        async with World(faults=[None, FaultKind.RATE_DAILY], latency=1.0) as world:
            run = upsert(world, drip(breaking(SourceError(), 250), 0.01))
            with pytest.raises(SourceError) as caught:
                await run
            also = caught.value.__context__
            assert isinstance(also, DailyLimitError)

    in_virtual_time(main())


def test_what_a_source_raises_while_it_is_cancelled_is_told_along() -> None:
    async def source() -> AsyncIterator[dict[str, str]]:
        try:
            yield people(1)[0]
            await asyncio.sleep(100)
        finally:
            raise SourceError

    async def main() -> None:
        async with World() as world:
            task = asyncio.ensure_future(upsert(world, source()))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            chain = [caught.value.__context__, getattr(caught.value.__context__, "__context__", 0)]
            assert any(isinstance(link, SourceError) for link in chain)

    in_virtual_time(main())


@pytest.mark.parametrize("keep", ["all", "errors", "none"])
def test_an_outcome_read_in_the_middle_never_changes(keep: Any) -> None:
    async def main() -> None:
        async with World(latency=1.0, max_concurrency=1) as world:
            world.service.declare_strict("contacts", ["firstname"])
            bad = [{"email": f"b{number}@x.com", "nope": "1"} for number in range(5)]
            run = upsert(world, [*bad, *people(500)], batch_size=10, keep=keep)
            run.start()
            read = []
            while not run.done:
                await asyncio.sleep(0.5)
                outcome = run.outcome
                read.append((outcome, list(outcome.records), outcome.to_dict()))
            assert len(read) > 50
            for outcome, records, written in read:
                assert list(outcome.records) == records
                assert outcome.to_dict() == written
                if keep == "all":
                    assert len(records) == outcome.counts.total
            assert run.outcome is run.outcome is await run

    in_virtual_time(main())


def test_an_outcome_read_while_every_record_is_closed_does_not_grow() -> None:
    """Between two records of a slow source nothing is open, and the table could pass for finished."""

    async def main() -> None:
        async with World() as world:
            run = upsert(world, drip(people(3), 10.0)).start()
            await asyncio.sleep(15)
            outcome = run.outcome
            assert len(outcome.records) == 1
            await run.wait()
            assert len(outcome.records) == outcome.counts.total == 1

    in_virtual_time(main())


def test_a_repr_copies_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with World() as world:
            run = upsert(world, people(5))
            assert "not started" in repr(run)
            run.start()
            await asyncio.sleep(0.01)
            monkeypatch.delattr(Ledger, "outcome")
            assert repr(run) == f"<Run upsert: running, {Counts(5, unknown=5)}>"
            monkeypatch.undo()
            await run
            assert repr(run) == f"<Run upsert: ended, {Counts(5, succeeded=5)}>"

    in_virtual_time(main())


def test_the_last_one_who_awaits_a_run_cancels_it() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_run_that_is_started_goes_on_whoever_stops_waiting() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_run_is_not_cancelled_with_one_who_awaits_it_while_another_waits() -> None:
    async def main() -> None:
        async with World(latency=10.0) as world:
            run = upsert(world, people(5))
            awaiting = asyncio.ensure_future(run)
            await asyncio.sleep(1)
            waiting = asyncio.ensure_future(run.wait())
            await asyncio.sleep(1)
            awaiting.cancel()
            assert (await waiting).ok

    in_virtual_time(main())


def test_waiting_raises_what_ended_the_run() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_started_run_that_nobody_holds_goes_on() -> None:
    async def main() -> None:
        async with World(latency=10.0) as world:
            upsert(world, people(5)).start()
            gc.collect()
            await asyncio.sleep(15)
            assert len(world.stored()) == 5
            assert "0 runs" in repr(world.client)

    in_virtual_time(main())


def test_a_block_that_is_cancelled_cancels_its_run_whoever_else_waits() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


async def itself(run: Run) -> object:
    return await run


async def in_a_task(run: Run) -> object:
    return await asyncio.gather(run)


async def its_wait(run: Run) -> object:
    return await asyncio.wait_for(run.wait(), 1000)


@pytest.mark.parametrize("how", [itself, in_a_task, its_wait])
def test_a_source_that_waits_for_its_own_run_is_told_so(how: Any) -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_nested_run_cannot_wait_for_the_run_around_it() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_source_may_stop_its_run_from_a_task_and_close_the_client() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


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

    run = in_virtual_time(first())
    in_virtual_time(second())
    assert len(world.stored()) == 5
    assert in_virtual_time(run.wait()) is run.outcome, "what is over can be read anywhere"


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


def test_a_body_that_raises_is_told_along_that_the_client_was_closed() -> None:
    async def main() -> None:
        world = World()
        with pytest.raises(BodyError) as caught:
            async with upsert(world, people(5)) as run:
                await world.client.aclose()
                raise BodyError
        also = caught.value.__context__
        assert isinstance(also, HubbatchError)
        assert also.outcome is run.outcome

    in_virtual_time(main())


def test_a_run_all_of_whose_tasks_are_cancelled_ends_with_true_books() -> None:
    async def main() -> None:
        async with World(latency=10.0) as world:
            run = upsert(world, people(1000), batch_size=10).start()
            await asyncio.sleep(1)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            with pytest.raises(HubbatchError, match="itself was cancelled") as caught:
                await run.wait()
            assert caught.value.outcome is run.outcome
            assert run.outcome.counts == Counts(1000, unknown=40, unsent=960)

    in_virtual_time(main())
