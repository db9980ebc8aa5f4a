"""What forbids a run to go on: an answer, the token, the way to the service, a bug."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import pytest
from support import World, check_against_store, people, upsert

from hubbatch import (
    AuthenticationError,
    Counts,
    DailyLimitError,
    HubbatchError,
    PermissionDeniedError,
    Progress,
    ProtocolError,
    RecordOutcome,
    TransportError,
    UnknownObjectTypeError,
)
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.sandbox import FaultKind
from hubbatch.testing import ScriptedTransport, error_reply, virtual_time


def messages(records: Iterable[RecordOutcome]) -> set[str | None]:
    return {None if record.error is None else record.error.message for record in records}


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
@virtual_time
async def test_a_fatal_answer_stops_the_run_and_carries_the_outcome(
    fault: FaultKind, error: type[HubbatchError]
) -> None:
    async with World(faults=[None, fault], latency=1.0, max_concurrency=2) as world:
        run = upsert(world, people(1000), batch_size=10)
        with pytest.raises(error) as caught:
            await run
        assert "made-up" not in str(caught.value)
        outcome = caught.value.outcome
        assert outcome is run.outcome
        assert outcome is not None
        assert outcome.counts.succeeded == len(world.stored())
        # What redirects may have done it; any other of these says that it has not.
        doubtful = error is ProtocolError
        assert outcome.counts.failed == (0 if doubtful else 10)
        assert outcome.counts.unsent > 0
        assert outcome.counts.unknown == (10 if doubtful else 0)
        check_against_store(world, outcome.records)
        assert len(world.service.requests) <= 4


@virtual_time
async def test_a_wrong_object_type_stops_the_run() -> None:
    async with World() as world:
        with pytest.raises(UnknownObjectTypeError, match="object type"):
            await world.client.create("no_such_type", people(3))


@virtual_time
async def test_a_service_that_cannot_be_reached_leaves_everything_unsent() -> None:
    refusing = ScriptedTransport(lambda _: NoReply(sent=False, reason="connection refused"))
    async with World(through=lambda _: refusing) as world:
        run = upsert(world, people(300))
        with pytest.raises(TransportError, match="connection refused"):
            await run
        assert run.outcome.counts == Counts(300, unsent=300)


@pytest.mark.parametrize("at", [1, 3, 100])
@virtual_time
async def test_a_bug_in_a_callback_stops_the_run_and_comes_out(at: int) -> None:
    calls = 0

    def broken(progress: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise ZeroDivisionError

    async with World() as world:
        run = upsert(world, people(1000), batch_size=10, on_progress=broken)
        with pytest.raises(ZeroDivisionError):
            await run
        assert run.outcome.counts.unknown == run.outcome.counts.failed == 0
        assert run.outcome.counts.succeeded == len(world.stored())


@virtual_time
async def test_a_bug_of_the_transport_leaves_its_batch_in_doubt() -> None:
    async with World(max_concurrency=1) as world:
        send = world.transport.send
        calls = 0

        async def broken(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise ZeroDivisionError
            return await send(request, token, note_sent)

        world.transport.send = broken  # type: ignore[method-assign]
        run = upsert(world, people(100), batch_size=10)
        with pytest.raises(ZeroDivisionError):
            await run
        assert run.outcome.counts.succeeded == run.outcome.counts.unknown == 10
        assert messages(run.outcome.unknown) == {"the run broke off: ZeroDivisionError"}


@virtual_time
async def test_parts_of_a_batch_are_not_sent_once_a_fatal_answer_has_come() -> None:
    def after(seconds: float, status: int, category: str) -> Callable[[Request], Awaitable[Reply]]:
        async def answer(_: Request) -> Reply:
            await asyncio.sleep(seconds)
            return error_reply(status, category, "no")

        return answer

    transport = ScriptedTransport(
        [after(1, 401, "INVALID_AUTHENTICATION"), after(2, 413, "TOO_LARGE")]
    )
    async with World(max_concurrency=2, through=lambda _: transport) as world:
        run = upsert(world, people(100), batch_size=10)
        with pytest.raises(AuthenticationError) as caught:
            await run
        assert not hasattr(caught.value, "__notes__"), "nothing else went wrong"
        assert len(transport.requests) == 2
        assert run.outcome.counts == Counts(100, failed=20, unsent=80)
        assert messages(run.outcome.failed) == {"no"}


@virtual_time
async def test_an_expired_token_is_renewed_once_for_all() -> None:
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

    async with World(token=provider, max_concurrency=5) as world:
        world.service.set_token("first")
        world.service.expire_token()
        world.service.set_token("second")
        outcome = await upsert(world, people(10), batch_size=2)
        assert outcome.ok
        assert world.statuses() == [401] * 5 + [200] * 5
        assert given == ["first", "second"]


@virtual_time
async def test_an_expired_token_that_nobody_renews_stops_the_run() -> None:
    async def provider() -> str:
        return "first"

    for token in ("first", provider):
        async with World(token=token) as world:
            world.service.set_token("first")
            world.service.expire_token()
            run = upsert(world, people(10))
            with pytest.raises(AuthenticationError, match="give a token provider that renews it"):
                await run
            assert run.outcome.counts == Counts(10, failed=10)


@pytest.mark.parametrize(
    ("provider_result", "says"),
    [
        ("", "from the provider is empty"),
        ("a\nb", "line break"),
        (5, "is not a string"),
        (ZeroDivisionError("secret-token"), "provider raised ZeroDivisionError"),
    ],
)
@virtual_time
async def test_a_provider_that_gives_no_token_stops_the_run(
    provider_result: Any, says: str
) -> None:
    async def provider() -> str:
        if isinstance(provider_result, Exception):
            raise provider_result
        return provider_result  # type: ignore[no-any-return]

    async with World(token=provider) as world:
        run = upsert(world, people(10))
        with pytest.raises(AuthenticationError, match=says) as caught:
            await run
        assert "secret-token" not in repr(caught.value)
        assert run.outcome.counts == Counts(10, unsent=10)


@virtual_time
async def test_a_provider_whose_own_call_is_cancelled_hangs_nobody() -> None:
    async def provider() -> str:
        raise asyncio.CancelledError

    async with World(token=provider) as world:
        runs = [upsert(world, people(count)) for count in (3, 5000)]
        errors = await asyncio.gather(*runs, return_exceptions=True)
        for run, error in zip(runs, errors, strict=True):
            assert isinstance(error, AuthenticationError)
            assert error.outcome is run.outcome


@virtual_time
async def test_a_later_rejection_does_not_end_a_doubt() -> None:
    """The first try has written the record, its answer was lost; a refusal of the second proves nothing."""

    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        send = world.transport.send

        async def meddling(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            if world.service.requests:
                world.service.declare_strict("contacts", [])
            return await send(request, token, note_sent)

        world.transport.send = meddling  # type: ignore[method-assign]
        run = await upsert(world, people(2))
        assert run.counts == Counts(2, unknown=2)
        assert all(record.error is not None for record in run.records)


@virtual_time
async def test_a_413_halves_until_single_records_stand_alone() -> None:
    async with World(max_body_bytes=400) as world:
        records = [*people(20), {"email": "large@x.com", "firstname": "x" * 500}]
        outcome = await upsert(world, records)
        assert outcome.counts == Counts(21, succeeded=20, failed=1)
        assert outcome.failed[0].error is not None
        assert outcome.failed[0].error.indexes == (20,)


@virtual_time
async def test_a_bug_of_the_library_does_not_pass_for_the_end_of_a_run() -> None:
    """Here it is the loop that fails, as the feeding begins the last batch."""
    fails = False

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Future[Any]:
        if fails:
            coro.close()
            raise ZeroDivisionError
        return asyncio.Task(coro, loop=loop, **options)

    async def source() -> AsyncIterator[dict[str, str]]:
        nonlocal fails
        for person in people(3):
            yield person
        fails = True

    asyncio.get_running_loop().set_task_factory(factory)
    async with World() as world:
        run = upsert(world, source())
        with pytest.raises(BaseExceptionGroup) as caught:
            await run
        assert caught.group_contains(ZeroDivisionError)
        assert run.outcome.counts == Counts(3, unsent=3)
        fails = False
