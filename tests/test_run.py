"""A run's life as its caller sees it: started, awaited, entered, iterated over, told what ended it."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from support import (
    World,
    drip,
    in_virtual_time,
    people,
    upsert,
)

from hubbatch import (
    AuthenticationError,
    BatchStatus,
    Counts,
    HubbatchError,
    Progress,
    RecordOutcome,
    RecordStatus,
    Run,
    UsageError,
)
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


def test_cancelling_one_who_awaits_tells_the_others_why() -> None:
    async def main() -> None:
        async with World(latency=10.0) as world:
            run = upsert(world, people(5))
            first, second = asyncio.ensure_future(run), asyncio.ensure_future(run)
            await asyncio.sleep(1)
            first.cancel()
            with pytest.raises(HubbatchError, match="was cancelled"):
                await second
            with pytest.raises(asyncio.CancelledError):
                await first
            assert run.outcome.counts == Counts(5, unknown=5)

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
