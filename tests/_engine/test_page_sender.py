"""A request that carries no records: gate, quota, tokens, retries and observers are those of everything else."""

from __future__ import annotations

import asyncio

import pytest
from support import World

from hubbatch import (
    AuthenticationError,
    Client,
    DailyLimitError,
    HubbatchError,
    NoReply,
    PermissionDeniedError,
    ProtocolError,
    RateLimit,
    RefusedError,
    Reply,
    RetryPolicy,
    TransportError,
    UnknownObjectTypeError,
)
from hubbatch._clock import now
from hubbatch.events import Event, RequestAnswered, RequestSent
from hubbatch.sandbox import FaultKind
from hubbatch.testing import ScriptedTransport, error_reply, reply, virtual_time

LOST = NoReply(sent=True, reason="lost")


def is_a_success(answer: Reply | NoReply) -> bool:
    return isinstance(answer, Reply) and answer.status == 200


@pytest.mark.parametrize(
    "fault",
    [
        FaultKind.RATE_ROLLING,
        FaultKind.SERVER_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.UNAVAILABLE,
        FaultKind.LOCKED,
        FaultKind.RESET,
        FaultKind.RESET_AFTER_WRITE,
        FaultKind.TRUNCATED,
    ],
)
@virtual_time
async def test_what_may_pass_is_waited_out(fault: FaultKind) -> None:
    async with World(faults=[fault]) as world:
        schema = await world.client.properties("contacts").all()
    assert "email" in schema
    assert len(world.service.requests) == 2


@virtual_time
async def test_a_429_holds_the_whole_client_and_then_it_is_asked_again() -> None:
    async with World(faults=[FaultKind.RATE_ROLLING]) as world:
        asking = asyncio.create_task(world.client.properties("contacts").all())
        await asyncio.sleep(0.5)
        await world.client.archive("contacts", ["1"])
        await asking
        _, *later = world.service.requests
    assert all(request.at > 1 for request in later)


@virtual_time
async def test_it_keeps_to_the_quota_that_runs_keep_to() -> None:
    world = World(client_rate=RateLimit(2, 10.0, share=1.0), rate_limit=RateLimit(2, 10.0))
    async with world:
        kinds = ["contacts", "companies", "deals", "tickets", "notes"]
        await asyncio.gather(*(world.client.properties(kind).all() for kind in kinds))
    assert world.statuses() == [200] * 5


@virtual_time
async def test_an_expired_token_is_renewed() -> None:
    tokens: list[str] = []

    async def token() -> str:
        tokens.append(f"made-up-{len(tokens)}")
        return tokens[-1]

    async with World(faults=[FaultKind.EXPIRED_TOKEN], token=token) as world:
        await world.client.properties("contacts").all()
    assert len(tokens) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (error_reply(401, "INVALID_AUTHENTICATION", "no"), AuthenticationError),
        (error_reply(403, "MISSING_SCOPES", "no"), PermissionDeniedError),
        (error_reply(404, "INVALID_OBJECT_TYPE", "no"), UnknownObjectTypeError),
        (error_reply(404, "OBJECT_NOT_FOUND", "no"), RefusedError),
        (error_reply(400, "VALIDATION_ERROR", "no"), RefusedError),
        (reply(429, {"category": "RATE_LIMITS", "policyName": "DAILY"}), DailyLimitError),
        (reply(302), ProtocolError),
    ],
)
@virtual_time
async def test_what_forbids_it_is_raised(answer: Reply, error: type[HubbatchError]) -> None:
    transport = ScriptedTransport([answer])
    async with Client("made-up", transport=transport) as client:
        with pytest.raises(error):
            await client.properties("contacts").all()
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        reply(500),
        reply(502),
        reply(200, b"<html>"),
        reply(200, {"results": []}),
        reply(200, {"results": [{"label": "x"}]}),
        reply(200, {"results": [{"name": "x"}, {"name": "x"}]}),
    ],
)
@virtual_time
async def test_it_is_tried_as_often_as_the_policy_says(answer: Reply | NoReply) -> None:
    transport = ScriptedTransport(lambda _: answer)
    retry = RetryPolicy(max_attempts=3)
    async with Client("made-up", transport=transport, retry=retry) as client:
        error = ProtocolError if is_a_success(answer) else TransportError
        with pytest.raises(error):
            await client.properties("contacts").all()
    assert len(transport.requests) == 3


@virtual_time
async def test_a_service_that_cannot_be_reached_is_a_transport_error() -> None:
    transport = ScriptedTransport(lambda _: NoReply(sent=False, reason="no connection"))
    async with Client("made-up", transport=transport) as client:
        with pytest.raises(TransportError):
            await client.properties("contacts").all()


@virtual_time
async def test_cancelled_at_any_moment_it_leaves_the_client_as_it_was() -> None:
    for step in range(24):
        async with World(faults=[FaultKind.RATE_ROLLING], latency=0.5) as world:
            asking = asyncio.create_task(world.client.properties("contacts").all())
            await asyncio.sleep(step * 0.5)
            asking.cancel()
            await asyncio.wait([asking])
            outcome = await world.client.create("contacts", [{"email": "a@x.com"}])
            assert outcome.counts.succeeded == 1
            assert "email" in await world.client.properties("contacts").all()
            assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_its_events_have_a_number_of_their_own() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append]) as world:
        run = world.client.create("contacts", [{"email": "a@x.com"}])
        await run
        outcome_run, began = run.id, now()
        seen.clear()
        await world.client.properties("contacts").all()
    sent, answered = seen
    assert isinstance(sent, RequestSent)
    assert isinstance(answered, RequestAnswered)
    assert (sent.verb, sent.object_type) == ("properties", "contacts")
    assert sent.run == answered.run
    assert sent.run > outcome_run
    assert (answered.status, answered.symptom) == (200, "answered")
    assert answered.at > began
