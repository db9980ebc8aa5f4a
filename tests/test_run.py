"""A run's life as its caller sees it: started, awaited, entered, iterated over, ended."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from support import UNLIMITED, World, counting_calls, drip, people, upsert

from hubbatch import (
    AuthenticationError,
    BatchStatus,
    Counts,
    Progress,
    RateLimit,
    RateLimiter,
    RecordOutcome,
    RecordStatus,
    Run,
    UsageError,
)
from hubbatch.events import Event, RunEnded, RunStarted
from hubbatch.policies import LimitClass
from hubbatch.sandbox import FaultKind
from hubbatch.testing import run_in_virtual_time, virtual_time


@virtual_time
async def test_a_streamed_run_gives_each_record_once_also_the_unsent_ones() -> None:
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


@virtual_time
async def test_chunks_of_a_streamed_run_hold_each_record_once_and_end_as_the_run_does() -> None:
    async with World(faults=[None, FaultKind.INVALID_TOKEN], max_concurrency=1) as world:
        seen: list[list[RecordOutcome]] = []
        run = upsert(world, people(40), batch_size=10)
        with pytest.raises(AuthenticationError):
            async with run:
                async for records in run.chunks():
                    seen.append(records)  # noqa: PERF401 (the run raises in the middle)
        indexes = [record.index for records in seen for record in records]
        assert sorted(indexes) == list(range(run.outcome.counts.total))
        assert all(seen)
        assert len(seen) < len(indexes)


@virtual_time
async def test_chunks_press_back_as_single_records_do() -> None:
    async with World() as world, upsert(world, people(30_000), batch_size=10) as run:
        chunks = run.chunks()
        await anext(chunks)
        await asyncio.sleep(100)
        assert run.progress.counts.total < 20_000
        rest = [record async for records in chunks for record in records]
        assert run.progress.counts.total == 30_000
        assert rest


async def test_chunks_are_for_a_run_that_was_entered() -> None:
    async with World() as world:
        run = upsert(world, people(1))
        with pytest.raises(UsageError, match="has not started"):
            run.chunks()
        await run


@virtual_time
async def test_leaving_a_streamed_run_early_stops_it() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        async with upsert(world, people(1000), batch_size=10) as run:
            async for _ in run:
                break
        assert run.outcome.status is BatchStatus.CANCELED
        assert run.outcome.counts.succeeded == len(world.stored())
        assert run.outcome.counts.unknown == 0


@virtual_time
async def test_awaiting_an_entered_run_gives_its_outcome() -> None:
    async with World() as world:
        async with upsert(world, people(10_000), batch_size=10) as run:
            await anext(run)
            outcome = await run
        assert outcome.counts == Counts(10_000, succeeded=10_000)


@virtual_time
async def test_two_may_iterate_one_run() -> None:
    async with World() as world, upsert(world, people(50), batch_size=5) as run:

        async def consume() -> list[int]:
            return [record.index async for record in run]

        first, second = await asyncio.gather(consume(), consume())
        assert sorted(first + second) == list(range(50))


def test_progress_can_be_read_when_the_loop_is_gone() -> None:
    async def main() -> Run:
        async with World() as world:
            run = upsert(world, people(5))
            await run
            return run

    run = run_in_virtual_time(main())
    assert run.progress.counts == run.outcome.counts == Counts(5, succeeded=5)
    assert "5 succeeded" in repr(run)


@virtual_time
async def test_a_finished_run_is_not_held_by_its_client() -> None:
    async with World() as world:
        run = upsert(world, people(5))
        await run
        seen = weakref.ref(run)
        del run
        gc.collect()
        assert seen() is None


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="new in Python 3.12")
@virtual_time
async def test_tasks_may_start_eagerly() -> None:
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


@virtual_time
async def test_usage_errors_are_raised_by_the_call_itself() -> None:
    async with World() as world:
        with pytest.raises(UsageError):
            upsert(world, people(1), batch_size=1000)


@virtual_time
async def test_progress_tells_how_far_a_run_has_come() -> None:
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


@pytest.mark.parametrize("keep", ["all", "errors", "none"])
@virtual_time
async def test_an_outcome_read_in_the_middle_never_changes(keep: Any) -> None:
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


@virtual_time
async def test_an_outcome_read_while_every_record_is_closed_does_not_grow() -> None:
    """Between two records of a slow source nothing is open, and the table could pass for finished."""

    async with World() as world:
        run = upsert(world, drip(people(3), 10.0)).start()
        await asyncio.sleep(15)
        outcome = run.outcome
        assert len(outcome.records) == 1
        await run.wait()
        assert len(outcome.records) == outcome.counts.total == 1


@virtual_time
async def test_a_repr_copies_nothing() -> None:
    calls: list[int] = []
    for size in (5, 90):
        async with World() as world:
            run = upsert(world, people(size))
            assert "not started" in repr(run)
            run.start()
            await asyncio.sleep(0.01)
            with counting_calls() as counted:
                shown = repr(run)
            calls.append(counted.total())
            assert shown == f"<Run upsert: running, {Counts(size, unknown=size)}>"
            await run
            assert repr(run) == f"<Run upsert: ended, {Counts(size, succeeded=size)}>"
    assert calls[0] == calls[1] > 0


@virtual_time
async def test_a_stream_that_is_left_keeps_no_record_that_nobody_took() -> None:
    async with World(faults=[FaultKind.INVALID_TOKEN]) as world:
        source = people(1_000)
        run = upsert(world, source, batch_size=10, keep="none")
        with pytest.raises(AuthenticationError):
            async with run:
                await asyncio.sleep(100)
        own = set(map(id, source))
        assert run.outcome.counts.total == 1_000
        assert not [
            each
            for each in gc.get_objects()
            if isinstance(each, RecordOutcome) and id(each.input) in own
        ]
        with pytest.raises(AuthenticationError):
            await anext(run)


@virtual_time
async def test_another_task_that_iterates_over_a_stream_ends_with_its_block() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        seen: list[RecordOutcome] = []

        async def read(run: Run) -> None:
            async for record in run:
                seen.append(record)  # noqa: PERF401 (what it has seen is of interest while it reads)

        async with upsert(world, people(1_000), batch_size=10) as run:
            reading = asyncio.create_task(read(run))
            await asyncio.sleep(0.5)
        await reading
        assert len([each for each in seen if each.status is RecordStatus.SUCCEEDED]) == 20
        assert [record async for record in run] == []


class BrokenLimiter(RateLimiter):
    """A quota of a caller's that fails when a run asks how much of it is used, for its last snapshot."""

    def use_of(self, limit_class: LimitClass) -> tuple[int, RateLimit]:
        raise ZeroDivisionError


@virtual_time
async def test_a_run_that_cannot_close_its_ledger_raises_to_every_waiter() -> None:
    async with World(client_rate=BrokenLimiter(UNLIMITED)) as world:
        run = upsert(world, people(5))
        with pytest.raises(ZeroDivisionError):
            async with run:
                async for _ in run:
                    pass
        with pytest.raises(ZeroDivisionError):
            await run
        assert "0 runs" in repr(world.client)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        early = upsert(world, people(5)).start()
        await world.client.aclose()  # before it had a turn
        with pytest.raises(ZeroDivisionError):
            await early
        assert "closed" in repr(world.client)


@pytest.mark.parametrize("way", ["stop", "wait", "close", "iterate"])
@pytest.mark.parametrize("turns", range(10))
@virtual_time
async def test_who_waits_for_a_run_in_its_last_moments_goes_on_after_its_last_event(
    way: str, turns: int
) -> None:
    heard: list[Event] = []
    async with World(observers=[heard.append]) as world:
        run = upsert(world, [])
        if way == "iterate":
            await run.__aenter__()
        else:
            run.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        match way:
            case "stop":
                await run.stop()
            case "wait":
                await run.wait()
            case "close":
                await world.client.aclose()
            case "iterate":
                assert [record async for record in run] == []
        assert [type(event) for event in heard] == [RunStarted, RunEnded]
        assert run.done
        if way == "iterate":
            await run.__aexit__(None, None, None)


@pytest.mark.parametrize("order", ["wait-break", "break-wait"])
@virtual_time
async def test_a_run_whose_reader_has_left_the_loop_comes_to_its_end_once_another_task_waits(
    order: str,
) -> None:
    async with World() as world:
        async with upsert(world, people(1_000), batch_size=10, prefetch=100) as run:
            if order == "break-wait":
                async for _ in run:
                    break
                waiter = asyncio.create_task(run.wait())
            else:
                await anext(aiter(run))
                async for _ in run:
                    waiter = asyncio.create_task(run.wait())
                    await asyncio.sleep(5.0)
                    assert run.progress.counts.total < 200, "a slow reader still holds the run"
                    break
            assert (await waiter).ok
            rest = [record.index async for record in run]
        taken = 1 if order == "break-wait" else 2
        assert sorted(rest) == list(range(taken, 1_000)), "nothing is taken from who reads on"


@virtual_time
async def test_a_run_waits_for_a_reader_who_takes_its_records_in_portions() -> None:
    async with World() as world:
        async with upsert(world, people(1_000), batch_size=10, prefetch=100) as run:
            seen: list[int] = []
            while not run.done:
                portion = []
                async for record in run:
                    portion.append(record.index)
                    if len(portion) == 70:
                        break
                seen += portion
                await asyncio.sleep(5.0)
                assert run.progress.counts.total <= len(seen) + 100
            seen += [record.index async for record in run]
        assert sorted(seen) == list(range(1_000))
