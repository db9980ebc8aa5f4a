"""However a run ends, its outcome is complete and true, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from support import UNLIMITED, VirtualTimeLoop, World, drip, in_virtual_time, people

from hubbatch import (
    AuthenticationError,
    BatchStatus,
    Counts,
    DailyLimitError,
    HubbatchError,
    OutcomeError,
    PermissionDeniedError,
    Progress,
    ProtocolError,
    RateLimit,
    RecordOutcome,
    RecordStatus,
    Run,
    TransportError,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._exchange import NoReply, Reply, Request
from hubbatch.sandbox import Fault, FaultKind


class SourceError(Exception):
    """A source's own exception."""


def breaking_after(count: int) -> Iterator[dict[str, str]]:
    yield from people(count)
    raise SourceError


def upsert(world: World, records: Any, **options: Any) -> Run:
    return world.client.upsert("contacts", records, id_property="email", **options)


def check_against_store(world: World, records: Sequence[RecordOutcome]) -> None:
    stored = world.stored().keys()
    for record in records:
        if record.status is RecordStatus.SUCCEEDED:
            assert record.input["email"] in stored
        elif record.status in {RecordStatus.FAILED, RecordStatus.UNSENT}:
            assert record.input["email"] not in stored


@pytest.mark.parametrize("slow", [False, True])
def test_a_raising_source_lets_what_was_sent_settle(slow: bool) -> None:
    async def main() -> None:
        async with World() as world:
            source: Any = drip(breaking_after(250), 0.001) if slow else breaking_after(250)
            run = upsert(world, source)
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

    in_virtual_time(main())


def test_stop_lets_what_is_in_flight_settle() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_deadline_ends_admission_and_lets_the_rest_settle() -> None:
    async def main() -> None:
        async with World(latency=1.0, max_concurrency=2) as world:
            outcome = await upsert(world, people(1000), batch_size=10, deadline=1.5)
            assert asyncio.get_running_loop().time() == pytest.approx(2.0)
            assert outcome.counts.succeeded == 40
            assert outcome.status is BatchStatus.CANCELED

    in_virtual_time(main())


def test_a_deadline_ends_the_waiting_for_a_source_that_gives_nothing() -> None:
    async def main() -> None:
        async with World() as world:
            outcome = await upsert(world, drip(people(9), 10.0), deadline=25.0)
            assert asyncio.get_running_loop().time() == pytest.approx(25.0)
            assert outcome.counts == Counts(2, succeeded=2)
            assert outcome.status is BatchStatus.CANCELED

    in_virtual_time(main())


def test_a_batch_that_is_not_full_does_not_wait_for_a_slow_source() -> None:
    async def main() -> None:
        async with World() as world:
            await upsert(world, drip(people(3), 10.0))
            assert [round(request.at) for request in world.service.requests] == [11, 21, 31]

    in_virtual_time(main())


def test_max_failures_stops_the_run() -> None:
    async def main() -> None:
        async with World(latency=1.0, max_concurrency=1) as world:
            world.service.declare_strict("contacts", ["firstname"])
            bad = [{"email": f"b{number}@x.com", "nope": "1"} for number in range(500)]
            outcome = await upsert(world, [*people(10), *bad], batch_size=10, max_failures=15)
            assert outcome.counts.succeeded == 10
            assert outcome.counts.failed == 20
            assert outcome.status is BatchStatus.CANCELED
            assert len(world.service.requests) == 3

    in_virtual_time(main())


def test_max_failures_counts_local_ones_too() -> None:
    async def main() -> None:
        async with World() as world:
            outcome = await upsert(world, [{}] * 100, max_failures=5)
            assert outcome.counts == Counts(100, failed=5, unsent=95)
            assert not world.service.requests

    in_virtual_time(main())


def test_the_rest_of_a_list_is_unsent_and_that_of_a_stream_stays_in_it() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.INVALID_TOKEN, AuthenticationError),
        (FaultKind.EXPIRED_TOKEN, AuthenticationError),
        (FaultKind.MISSING_SCOPES, PermissionDeniedError),
        (FaultKind.RATE_DAILY, DailyLimitError),
        (FaultKind.FOUND, ProtocolError),
        (FaultKind.TEMPORARY_REDIRECT, ProtocolError),
    ],
)
def test_a_fatal_answer_stops_the_run_and_carries_the_outcome(
    fault: FaultKind, error: type[HubbatchError]
) -> None:
    async def main() -> None:
        async with World(faults=[None, fault], latency=1.0, max_concurrency=2) as world:
            run = upsert(world, people(1000), batch_size=10)
            with pytest.raises(error) as caught:
                await run
            assert "made-up" not in str(caught.value)
            outcome = caught.value.outcome
            assert outcome is run.outcome
            assert outcome is not None
            assert outcome.counts.succeeded == len(world.stored())
            assert outcome.counts.failed == 10
            assert outcome.counts.unsent > 0
            assert outcome.counts.unknown == 0
            check_against_store(world, outcome.records)
            assert len(world.service.requests) <= 4

    in_virtual_time(main())


def test_a_wrong_object_type_stops_the_run() -> None:
    async def main() -> None:
        async with World() as world:
            with pytest.raises(UnknownObjectTypeError, match="object type"):
                await world.client.create("no_such_type", people(3))

    in_virtual_time(main())


def test_a_service_that_cannot_be_reached_leaves_everything_unsent() -> None:
    class Unreachable:
        async def post(self, request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            return NoReply(sent=False, reason="connection refused")

    async def main() -> None:
        async with World() as world:
            world.client._transport = Unreachable()
            run = upsert(world, people(300))
            with pytest.raises(TransportError, match="connection refused"):
                await run
            assert run.outcome.counts == Counts(300, unsent=300)

    in_virtual_time(main())


def test_cancellation_leaves_unknown_what_was_under_way() -> None:
    async def main() -> None:
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
            assert all(record.error is not None for record in run.outcome.unknown)
            check_against_store(world, run.outcome.records)
            assert run.done

    in_virtual_time(main())


def test_cancelled_while_held_back_nothing_is_in_doubt() -> None:
    async def main() -> None:
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


@pytest.mark.parametrize("at", [1, 3, 100])
def test_a_bug_in_a_callback_stops_the_run_and_comes_out(at: int) -> None:
    calls = 0

    def broken(progress: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise ZeroDivisionError

    async def main() -> None:
        async with World() as world:
            run = upsert(world, people(1000), batch_size=10, on_progress=broken)
            with pytest.raises(ZeroDivisionError):
                await run
            assert run.outcome.counts.unknown == run.outcome.counts.failed == 0
            assert run.outcome.counts.succeeded == len(world.stored())

    in_virtual_time(main())


def test_a_bug_of_the_transport_leaves_its_batch_in_doubt() -> None:
    async def main() -> None:
        async with World(max_concurrency=1) as world:
            post = world.transport.post
            calls = 0

            async def broken(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
                nonlocal calls
                calls += 1
                if calls == 2:
                    raise ZeroDivisionError
                return await post(request, token, note_sent)

            world.transport.post = broken  # type: ignore[method-assign]
            run = upsert(world, people(100), batch_size=10)
            with pytest.raises(ZeroDivisionError):
                await run
            assert run.outcome.counts.succeeded == run.outcome.counts.unknown == 10

    in_virtual_time(main())


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


def test_stop_from_within_the_iteration_and_the_source() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_awaiting_an_entered_run_gives_its_outcome() -> None:
    async def main() -> None:
        async with World() as world:
            async with upsert(world, people(10_000), batch_size=10) as run:
                await anext(run)
                outcome = await run
            assert outcome.counts == Counts(10_000, succeeded=10_000)

    in_virtual_time(main())


def test_a_slow_consumer_holds_the_source_back() -> None:
    async def main() -> None:
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

    in_virtual_time(main())


@pytest.mark.parametrize(("max_concurrency", "max_batch_bytes"), [(1, 3_000_000), (3, 1024)])
def test_never_more_than_two_batches_beyond_those_in_flight_are_held(
    max_concurrency: int, max_batch_bytes: int
) -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_many_records_with_one_key_neither_pile_up_nor_hang() -> None:
    async def main() -> None:
        async with World(max_concurrency=2) as world:
            records = [{"email": "a@x.com", "firstname": str(number)} for number in range(300)]
            outcome = await upsert(world, records, batch_size=5)
            assert outcome.ok
            assert world.stored()["a@x.com"]["firstname"] == "299"

    in_virtual_time(main())


def test_cancelled_at_any_await_the_books_are_true() -> None:
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

    turns = in_virtual_time(trial(None))
    assert turns > 60
    for turn in range(3, turns - 2):
        in_virtual_time(trial(turn))


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


def test_the_rest_of_a_stopped_run_can_be_sent_again() -> None:
    async def main() -> None:
        async with World(faults=[None, FaultKind.RATE_DAILY], max_concurrency=1) as world:
            run = upsert(world, iter(people(100)), batch_size=10)
            with pytest.raises(DailyLimitError):
                await run
            first = run.outcome
            again = [record.input for record in (*first.failed, *first.unsent)]
            second = await upsert(world, again)
            assert second.ok
            assert len(world.stored()) == first.counts.total

    in_virtual_time(main())


def test_a_413_halves_until_single_records_stand_alone() -> None:
    async def main() -> None:
        async with World(max_body_bytes=400) as world:
            records = [*people(20), {"email": "large@x.com", "firstname": "x" * 500}]
            outcome = await upsert(world, records)
            assert outcome.counts == Counts(21, succeeded=20, failed=1)
            assert outcome.failed[0].error is not None
            assert outcome.failed[0].error.indexes == (20,)

    in_virtual_time(main())


def test_an_expired_token_is_renewed_once_for_all() -> None:
    given: list[str] = []
    asking = 0

    async def provider() -> str:
        nonlocal asking
        asking += 1
        assert asking == 1, "asked side by side"
        given.append("first" if not given else "second")
        token = given[-1]
        await asyncio.sleep(0.5)
        asking -= 1
        return token

    async def main() -> None:
        async with World(token=provider, max_concurrency=5) as world:
            world.service.set_token("first")
            world.service.expire_token()
            world.service.set_token("second")
            outcome = await upsert(world, people(10), batch_size=2)
            assert outcome.ok
            assert world.statuses() == [401] * 5 + [200] * 5
            assert given == ["first", "second", "second"]

    in_virtual_time(main())


def test_an_expired_token_that_nobody_renews_stops_the_run() -> None:
    async def provider() -> str:
        return "first"

    async def main() -> None:
        for token in ("first", provider):
            async with World(token=token) as world:
                world.service.set_token("first")
                world.service.expire_token()
                run = upsert(world, people(10))
                with pytest.raises(
                    AuthenticationError, match="give a token provider that renews it"
                ):
                    await run
                assert run.outcome.counts == Counts(10, failed=10)

    in_virtual_time(main())


@pytest.mark.parametrize(
    ("provider_result", "says"),
    [
        ("", "from the provider is empty"),
        ("a\nb", "line break"),
        (5, "is not a string"),
        (ZeroDivisionError("secret-token"), "provider raised ZeroDivisionError"),
    ],
)
def test_a_provider_that_gives_no_token_stops_the_run(provider_result: Any, says: str) -> None:
    async def provider() -> str:
        if isinstance(provider_result, Exception):
            raise provider_result
        return provider_result  # type: ignore[no-any-return]

    async def main() -> None:
        async with World(token=provider) as world:
            run = upsert(world, people(10))
            with pytest.raises(AuthenticationError, match=says) as caught:
                await run
            assert "secret-token" not in repr(caught.value)
            assert run.outcome.counts == Counts(10, unsent=10)

    in_virtual_time(main())


def test_usage_errors_are_raised_by_the_call_itself() -> None:
    async def main() -> None:
        async with World() as world:
            with pytest.raises(UsageError):
                upsert(world, people(1), batch_size=1000)

    in_virtual_time(main())


def test_a_doubt_is_not_taken_back_by_a_later_refusal() -> None:
    """The first try has written the record, its answer was lost; a refusal of the second proves nothing."""

    async def main() -> None:
        async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
            post = world.transport.post

            async def meddling(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
                if world.service.requests:
                    world.service.declare_strict("contacts", [])
                return await post(request, token, note_sent)

            world.transport.post = meddling  # type: ignore[method-assign]
            run = await upsert(world, people(2))
            assert run.counts == Counts(2, unknown=2)
            assert all(record.error is not None for record in run.records)

    in_virtual_time(main())


def test_a_deadline_does_not_wait_for_an_hour_long_hold() -> None:
    async def main() -> None:
        held = Fault(FaultKind.RATE_ROLLING, retry_after=86_000)
        async with World(faults=[None, held], max_concurrency=1) as world:
            outcome = await upsert(world, people(100), batch_size=10, deadline=5.0)
            assert asyncio.get_running_loop().time() == pytest.approx(5.0)
            assert outcome.counts.succeeded == 10
            assert outcome.counts.failed == 10
            check_against_store(world, outcome.records)
        away = Fault(FaultKind.UNAVAILABLE, retry_after=3600)
        async with World(faults=[away] * 5) as world:
            outcome = await upsert(world, people(10), deadline=5.0)
            assert outcome.counts == Counts(10, failed=10)

    in_virtual_time(main())


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("kind", [asyncio.CancelledError, GeneratorExit])
def test_a_source_may_raise_anything(kind: type[BaseException], slow: bool) -> None:
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

    async def main() -> None:
        async with World() as world:
            source: Any = Breaking() if slow else iter(Breaking().__next__, None)
            run = upsert(world, source)
            with pytest.raises(kind):
                await run
            counts = run.outcome.counts
            assert counts.total == 150
            assert counts.unknown == counts.failed == 0
            assert counts.succeeded == len(world.stored())

    in_virtual_time(main())


def test_a_source_that_raises_stop_async_iteration_does_not_pass_for_ended() -> None:
    def source() -> Iterator[dict[str, str]]:
        yield from people(5)
        raise StopAsyncIteration

    async def main() -> None:
        async with World() as world:
            with pytest.raises(RuntimeError, match="StopAsyncIteration"):
                async with upsert(world, source()) as run:
                    async for _ in run:
                        pass

    in_virtual_time(main())


def test_a_provider_whose_own_call_is_cancelled_hangs_nobody() -> None:
    async def provider() -> str:
        raise asyncio.CancelledError

    async def main() -> None:
        async with World(token=provider) as world:
            runs = [upsert(world, people(count)) for count in (3, 5000)]
            errors = await asyncio.gather(*runs, return_exceptions=True)
            for run, error in zip(runs, errors, strict=True):
                assert isinstance(error, AuthenticationError)
                assert error.outcome is run.outcome

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


def test_the_linger_does_not_start_a_batch_while_a_run_is_being_cancelled() -> None:
    async def main() -> None:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context)
        )

        async def source() -> Any:
            try:
                yield people(1)[0]
                await asyncio.sleep(100)
            finally:
                await asyncio.sleep(5)

        async with World() as world:
            run = upsert(world, source())
            task = asyncio.ensure_future(run)
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait([task])
            assert run.outcome.counts == Counts(1, unsent=1)
            assert not complaints

    in_virtual_time(main())


def test_an_iterator_made_from_the_source_is_closed() -> None:
    closed = []

    class Table:
        async def __aiter__(self) -> Any:
            try:
                for person in people(1000):
                    yield person
            finally:
                closed.append(True)

    async def main() -> None:
        async with World(latency=1.0, max_concurrency=1) as world:
            await upsert(world, Table(), batch_size=10, deadline=1.5)
            assert closed

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
