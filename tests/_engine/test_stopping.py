"""However a run ends, its outcome is complete and true, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support import UNLIMITED, World, check_against_store, drip, people, upsert

from hubbatch import (
    BatchStatus,
    Counts,
    DailyLimitError,
    OutcomeError,
    RateLimit,
    RetryPolicy,
    Run,
)
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import VirtualTimeLoop, run_in_virtual_time, virtual_time


@virtual_time
async def test_stop_lets_what_is_in_flight_settle() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        run = upsert(world, people(1000), batch_size=10)
        task = asyncio.ensure_future(run)
        await asyncio.sleep(1.5)
        assert run.outcome.status is BatchStatus.PROCESSING
        counts = run.outcome.counts
        assert (counts.succeeded, counts.unknown) == (20, 20)
        assert counts.unsent == counts.total - 40 > 0
        await run.stop()
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        outcome = await task
        assert outcome.status is BatchStatus.CANCELED
        assert outcome.counts.succeeded == 40 == len(world.stored())
        assert outcome.counts.unsent == outcome.counts.total - 40 > 0
        assert [record.input for record in outcome.unsent] == people(1000)[
            40 : outcome.counts.total
        ]


@virtual_time
async def test_a_deadline_ends_admission_and_lets_the_rest_settle() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        outcome = await upsert(world, people(1000), batch_size=10, deadline=1.5)
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        assert outcome.counts.succeeded == 40
        assert outcome.status is BatchStatus.CANCELED


@virtual_time
async def test_a_deadline_ends_the_waiting_for_a_source_that_gives_nothing() -> None:
    async with World() as world:
        outcome = await upsert(world, drip(people(9), 10.0), deadline=25.0)
        assert asyncio.get_running_loop().time() == pytest.approx(25.0)
        assert outcome.counts == Counts(2, succeeded=2)
        assert outcome.status is BatchStatus.CANCELED


@virtual_time
async def test_max_failures_stops_the_run() -> None:
    async with World(latency=1.0, max_concurrency=1) as world:
        world.service.declare_strict("contacts", ["firstname"])
        bad = [{"email": f"b{number}@x.com", "nope": "1"} for number in range(500)]
        outcome = await upsert(world, [*people(10), *bad], batch_size=10, max_failures=15)
        assert outcome.counts.succeeded == 10
        assert outcome.counts.failed == 20
        assert outcome.status is BatchStatus.CANCELED
        assert len(world.service.requests) == 3


@virtual_time
async def test_max_failures_counts_local_ones_too() -> None:
    async with World() as world:
        outcome = await upsert(world, [{}] * 100, max_failures=5)
        assert outcome.counts == Counts(100, failed=5, unsent=95)
        assert not world.service.requests


@virtual_time
async def test_the_rest_of_a_list_is_unsent_and_that_of_a_stream_stays_in_it() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        source = people(1000)
        outcome = await upsert(world, source, batch_size=10, deadline=1.5)
        assert outcome.counts == Counts(1000, succeeded=40, unsent=960)
        assert [record.input for record in outcome.unsent] == source[40:]

        stream = iter(people(100, 1000))
        run = upsert(world, stream, batch_size=10, deadline=1.5)
        outcome = await run
        assert outcome.counts.total + len(list(stream)) == 100

        stopped = await upsert(world, drip(people(5, 2000), 10.0), deadline=25.0)
        assert stopped.counts == Counts(2, succeeded=2)
        assert not stopped.ok
        with pytest.raises(OutcomeError, match="before it had seen all its input"):
            stopped.raise_for_errors()


@virtual_time
async def test_cancellation_leaves_unknown_what_was_under_way() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        run = upsert(world, people(1000), batch_size=10)
        task = asyncio.ensure_future(run)
        await asyncio.sleep(1.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert run.outcome.counts.succeeded == 20
        assert run.outcome.counts.unknown == 20
        assert run.outcome.status is BatchStatus.CANCELED
        for record in run.outcome.unknown:
            assert record.error is not None
            assert record.error.message == "the run was stopped before an answer came"
        check_against_store(world, run.outcome.records)
        assert run.done


@virtual_time
async def test_cancelled_while_held_back_nothing_is_in_doubt() -> None:
    async with World(
        rate_limit=RateLimit(1, 10.0), client_rate=UNLIMITED, max_concurrency=3
    ) as world:
        run = upsert(world, people(50), batch_size=10)
        task = asyncio.ensure_future(run)
        await asyncio.sleep(5)
        task.cancel()
        await asyncio.wait([task])
        counts = run.outcome.counts
        assert counts.succeeded == 10
        assert counts.unknown == 0
        assert counts.failed >= 20  # answered 429: certainly not written
        check_against_store(world, run.outcome.records)


@virtual_time
async def test_stop_from_within_the_iteration_and_the_source() -> None:
    async with World(latency=1.0, max_concurrency=2) as world:
        runs: list[Run] = []

        async def source() -> Any:
            for number, person in enumerate(people(1000)):
                if number == 55:
                    await runs[0].stop()
                yield person

        run = upsert(world, source(), batch_size=10)
        runs.append(run)
        async with run:
            seen = [record async for record in run]
        assert len(seen) == run.outcome.counts.total == 56
        assert run.outcome.counts.unknown == 0

        async with upsert(world, people(1000), batch_size=10) as run:
            async for _ in run:
                await run.stop()
        assert run.outcome.counts.succeeded >= 10


def test_cancelled_at_any_await_every_record_is_accounted_for() -> None:
    """The awaits are enumerated by the loop's turns.

    Between two turns every task runs to its next await, so that cancelling before each turn of a run in turn hits
    each of its awaits: of the source, the gate, the quota, the transport, the backoff, the hold and the end.
    """

    async def trial(turn: int | None) -> int:
        faults = [
            None,
            FaultKind.RESET_AFTER_WRITE,
            FaultKind.RATE_ROLLING,
            FaultKind.LOCKED,
            FaultKind.SERVER_ERROR_AFTER_WRITE,
        ]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        async with World(faults=faults, latency=(0.1, 0.3), max_concurrency=2) as world:
            taken = 0

            async def source() -> Any:
                nonlocal taken
                for person in people(9):
                    await asyncio.sleep(0.1)
                    taken += 1
                    yield person

            run = upsert(world, source(), batch_size=2)
            task = asyncio.ensure_future(run)
            await asyncio.sleep(0)
            if turn is not None:
                loop.interrupt(turn, task.cancel)
            await asyncio.wait([task])
            turns = loop.turns
            assert task.cancelled() == (turn is not None)
            assert run.outcome.counts.total == taken
            assert run.outcome.ok == (turn is None) or run.outcome.counts.unsent == 0
            check_against_store(world, run.outcome.records)
            return turns

    turns = run_in_virtual_time(trial(None))
    assert turns > 60
    for turn in range(3, turns - 2):
        run_in_virtual_time(trial(turn))


@virtual_time
async def test_the_rest_of_a_stopped_run_can_be_sent_again() -> None:
    async with World(faults=[None, FaultKind.RATE_DAILY], max_concurrency=1) as world:
        run = upsert(world, iter(people(100)), batch_size=10)
        with pytest.raises(DailyLimitError):
            await run
        first = run.outcome
        again = [record.input for record in (*first.failed, *first.unsent)]
        second = await upsert(world, again)
        assert second.ok
        assert len(world.stored()) == first.counts.total


@virtual_time
async def test_a_deadline_does_not_wait_for_an_hour_long_hold() -> None:
    patient = RetryPolicy(max_elapsed=100_000.0)
    held = Fault(FaultKind.RATE_ROLLING, retry_after=86_000)
    async with World(faults=[None, held], max_concurrency=1, retry=patient) as world:
        outcome = await upsert(world, people(100), batch_size=10, deadline=5.0)
        assert asyncio.get_running_loop().time() == pytest.approx(5.0)
        assert outcome.counts.succeeded == 10
        assert outcome.counts.failed == 10
        check_against_store(world, outcome.records)
    away = Fault(FaultKind.UNAVAILABLE, retry_after=3600)
    async with World(faults=[away] * 5, retry=patient) as world:
        outcome = await upsert(world, people(10), deadline=5.0)
        assert outcome.counts == Counts(10, failed=10)


@virtual_time
async def test_what_waits_for_a_key_is_not_sent_by_a_run_that_was_stopped_meanwhile() -> None:
    async with World(latency=1.0) as world:
        [person] = people(1)
        run = upsert(world, [person, person], batch_size=1)
        task = asyncio.ensure_future(run)
        await asyncio.sleep(0.5)
        await run.stop()
        outcome = await task
        assert outcome.counts == Counts(2, succeeded=1, unsent=1)
        assert len(world.service.requests) == 1
