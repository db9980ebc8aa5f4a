"""Transports in memory, as a user's own tests have them: an outage of minutes, a script of replies, an account."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from support import drip, people

import hubbatch
from hubbatch import Client, Counts, RateLimit, RecordStatus, RetryPolicy, TransportError
from hubbatch.sandbox import Fault, FaultKind, Options, Sandbox, SandboxRequest, Service
from hubbatch.testing import (
    NoReply,
    Reply,
    Request,
    SandboxTransport,
    ScriptedTransport,
    ScriptExhaustedError,
    accept_all,
    error_reply,
    inputs_of,
    reply,
    virtual_time,
    wall_clock,
)

LOST = NoReply(sent=True, reason="the connection was lost")


def down_for(seconds: float) -> Callable[[SandboxRequest], FaultKind | None]:
    return lambda request: FaultKind.UNAVAILABLE if request.at < seconds else None


# The sandbox


@virtual_time
async def test_an_outage_of_four_minutes_loses_nothing() -> None:
    sandbox = Sandbox(faults=down_for(240.0))
    async with Client("any", transport=SandboxTransport(sandbox)) as client:
        outcome = await client.upsert("contacts", people(3_000), id_property="email")
    assert outcome.counts == Counts(3_000, succeeded=3_000)
    assert len(sandbox.objects("contacts")) == 3_000
    assert asyncio.get_running_loop().time() >= 240.0


@virtual_time
async def test_an_outage_that_lasts_ends_the_run_and_says_so() -> None:
    sandbox = Sandbox(faults=down_for(1e9))
    async with Client("any", transport=SandboxTransport(sandbox)) as client:
        run = client.upsert("contacts", people(3_000), id_property="email")
        with pytest.raises(TransportError):
            await run
    assert run.outcome.counts.succeeded == len(sandbox.objects("contacts")) == 0
    assert all(record.retryable for record in run.outcome.records)
    assert 300 <= asyncio.get_running_loop().time() < 400


@pytest.mark.parametrize("make", [Sandbox, lambda **options: Service(Options(**options))])
@virtual_time
async def test_a_sandbox_or_its_service_is_an_account_without_a_port(make: Any) -> None:
    quota = RateLimit(10, 10.0)
    transport = SandboxTransport(make(rate_limit=quota, latency=0.5))
    async with Client("any", transport=transport, rate_limit=quota) as client:
        outcome = await client.upsert("contacts", people(40), id_property="email", batch_size=2)
    assert outcome.counts == Counts(40, succeeded=40)
    assert transport.service.request_count == 20
    assert transport.service.max_in_window <= 10
    assert transport.most_in_flight > 1
    assert transport.in_flight == 0
    assert asyncio.get_running_loop().time() >= 10.0, "a window of the quota has passed"


@virtual_time
async def test_an_answer_that_comes_too_late_or_not_at_all_is_none() -> None:
    for fault, reason in (
        (Fault(FaultKind.SLOW, delay=9.0), "no answer within the timeout"),
        (FaultKind.RESET_AFTER_WRITE, "the connection was lost"),
    ):
        sandbox = Sandbox(faults=[fault])
        async with Client("any", transport=SandboxTransport(sandbox), timeout=5.0) as client:
            outcome = await client.create("contacts", people(1))
        (record,) = outcome.records
        assert record.status is RecordStatus.UNKNOWN
        assert reason in (record.reason or "")
        assert len(sandbox.objects("contacts")) == 1


def test_an_account_made_before_the_loop_begins_with_its_first_request() -> None:
    sandbox = Sandbox(faults=down_for(10.0))
    transport = SandboxTransport(sandbox)

    @virtual_time
    async def later() -> None:
        await asyncio.sleep(1_000)
        async with Client("any", transport=transport) as client:
            assert (await client.create("contacts", people(1))).ok

    later()
    assert (sandbox.requests[0].status, sandbox.requests[0].at) == (503, 0.0)


# Scripts


@virtual_time
async def test_a_script_answers_request_by_request_and_remembers_them() -> None:
    transport = ScriptedTransport([reply(503), LOST, accept_all])
    async with Client("any", transport=transport) as client:
        outcome = await client.upsert("contacts", people(2), id_property="email")
    assert outcome.counts == Counts(2, succeeded=2)
    assert len(transport.requests) == 3
    assert {request.path for request in transport.requests} == {
        "/crm/v3/objects/contacts/batch/upsert"
    }
    assert [each["id"] for each in inputs_of(transport.requests[0])] == [
        "p0@example.com",
        "p1@example.com",
    ]


@virtual_time
async def test_a_function_answers_them_all_and_may_take_its_time() -> None:
    async def answer(request: Request) -> Reply:
        await asyncio.sleep(2.0)
        return accept_all(request)

    async with Client("any", transport=ScriptedTransport(answer)) as client:
        assert (await client.create("contacts", drip(people(250)))).counts.succeeded == 250
    assert asyncio.get_running_loop().time() >= 2.0


@virtual_time
async def test_a_script_that_runs_out_ends_the_run_and_says_for_which_request() -> None:
    transport = ScriptedTransport([reply(503)])
    async with Client("any", transport=transport) as client:
        run = client.upsert("contacts", people(1), id_property="email")
        with pytest.raises(ScriptExhaustedError) as caught:
            await run
    assert isinstance(caught.value, AssertionError)
    assert "request 2, POST /crm/v3/objects/contacts/batch/upsert" in str(caught.value)


@virtual_time
async def test_a_script_may_be_endless() -> None:
    script = itertools.repeat(error_reply(423, "LOCKED", "busy"))
    retry = RetryPolicy(max_attempts=3)
    async with Client("any", transport=ScriptedTransport(script), retry=retry) as client:
        outcome = await client.upsert("contacts", people(1), id_property="email")
    (record,) = outcome.failed
    assert record.attempts == 3
    assert record.reason is not None
    assert "busy" in record.reason


@virtual_time
async def test_a_service_that_cannot_be_reached_was_sent_nothing() -> None:
    gone = ScriptedTransport(lambda _: NoReply(sent=False, reason="connection refused"))
    async with Client("any", transport=gone) as client:
        run = client.create("contacts", people(5))
        with pytest.raises(TransportError, match="connection refused"):
            await run
    assert run.outcome.counts == Counts(5, unsent=5)


@virtual_time
async def test_a_request_that_waits_for_its_answer_is_in_doubt_when_its_run_is_cancelled() -> None:
    async def never(_: Request) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError

    async with Client("any", transport=ScriptedTransport([never])) as client:
        run = client.create("contacts", people(5)).start()
        await asyncio.sleep(3)
    assert run.outcome.counts == Counts(5, unknown=5)


@pytest.mark.parametrize("wrong", [None, 200, lambda _: "a text"])
@virtual_time
async def test_what_is_no_reply_is_refused(wrong: Any) -> None:
    async with Client("any", transport=ScriptedTransport([wrong])) as client:
        with pytest.raises(hubbatch.UsageError, match="a script holds"):
            await client.create("contacts", people(1))


@pytest.mark.parametrize("verb", ["create", "update", "upsert", "read", "archive"])
@virtual_time
async def test_accept_all_answers_every_verb(verb: str) -> None:
    calls: dict[str, Callable[[Client], Awaitable[hubbatch.Outcome]]] = {
        "create": lambda client: client.create("contacts", people(3)),
        "update": lambda client: client.update("contacts", people(3), id_property="email"),
        "upsert": lambda client: client.upsert("contacts", people(3), id_property="email"),
        "read": lambda client: client.read("contacts", [7, 8, 9]),
        "archive": lambda client: client.archive("contacts", [7, 8, 9]),
    }
    async with Client("any", transport=ScriptedTransport(accept_all)) as client:
        outcome = await calls[verb](client)
    assert outcome.counts == Counts(3, succeeded=3)
    if verb == "read":
        assert [result.id for result in outcome.results] == ["7", "8", "9"]


@virtual_time
async def test_what_is_read_by_a_unique_property_is_named_by_it() -> None:
    async with Client("any", transport=ScriptedTransport(accept_all)) as client:
        outcome = await client.read("contacts", ["a@x.com"], id_property="email")
    assert [result.properties for result in outcome.results] == [{"email": "a@x.com"}]


def test_a_reply_is_json_or_bytes_as_they_are() -> None:
    made = reply(429, {"status": "error"}, {"Retry-After": "5"})
    assert (made.status, orjson.loads(made.body)) == (429, {"status": "error"})
    assert made.headers["retry-after"] == "5"
    assert made.headers["content-type"].startswith("application/json")
    page = reply(502, b"<html>")
    assert (page.body, dict(page.headers)) == (b"<html>", {})
    assert reply().body == b""


# What a client makes of a transport of the caller's


@virtual_time
async def test_no_token_comes_back_from_a_transport_that_repeats_it() -> None:
    token = "a-long-and-secret-token"
    refusal = error_reply(400, "VALIDATION_ERROR", f"who is {token}?", headers={token: token})
    lost = NoReply(sent=True, reason=f"lost {token}")
    answers: list[Reply | NoReply] = [refusal, lost]
    for answer in answers:
        async with Client(token, transport=ScriptedTransport([answer])) as client:
            outcome = await client.create("contacts", people(1))
        assert "***" in str(outcome.records[0].reason)
        assert token not in repr(outcome)


@virtual_time
async def test_headers_of_a_transport_may_be_in_any_case() -> None:
    transport = ScriptedTransport([Reply(429, {"Retry-After": "20"}), accept_all])
    async with Client("any", transport=transport) as client:
        assert (await client.create("contacts", people(1))).ok
    assert asyncio.get_running_loop().time() >= 20.0


@pytest.mark.parametrize(("notes", "status"), [(True, RecordStatus.UNKNOWN), (False, None)])
@virtual_time
async def test_a_transport_of_the_callers_has_as_long_as_the_client_says(
    notes: bool, status: RecordStatus | None
) -> None:
    class Slow:
        async def send(self, _: Request, __: str, note_sent: Callable[[], None]) -> Reply:
            if notes:
                note_sent()
            await asyncio.Event().wait()
            raise AssertionError

    async with Client("any", transport=Slow(), timeout=5.0) as client:
        run = client.create("contacts", people(1))
        if notes:
            assert [record.status for record in (await run).records] == [status]
            assert asyncio.get_running_loop().time() == pytest.approx(5.0, abs=0.1)
        else:
            with pytest.raises(TransportError, match="no connection within the timeout"):
                await run
            assert run.outcome.counts == Counts(1, unsent=1)


@virtual_time
async def test_a_timeout_that_a_transport_raises_of_its_own_is_its_bug() -> None:
    def broken(_: Request) -> Reply:
        raise TimeoutError("of its own")

    async with Client("any", transport=ScriptedTransport(broken)) as client:
        with pytest.raises(TimeoutError, match="of its own"):
            await client.create("contacts", people(1))


@virtual_time
async def test_what_a_transport_returns_must_be_a_reply() -> None:
    class Wrong:
        async def send(self, *_: object) -> int:
            return 200

    wrong: Any = Wrong()
    async with Client("any", transport=wrong) as client:
        run = client.create("contacts", people(1))
        with pytest.raises(hubbatch.UsageError, match=r"must return a hubbatch\.Reply"):
            await run
        assert run.outcome.counts == Counts(1, unknown=1)


async def test_a_transport_of_the_callers_is_not_closed_and_takes_no_session() -> None:
    transport: Any = ScriptedTransport([])
    transport.aclose = transport.close = None  # calling it would raise
    async with hubbatch.open_session() as session:
        with pytest.raises(hubbatch.UsageError, match="a transport or a session"):
            Client("any", transport=transport, session=session)
    await Client("any", transport=transport).aclose()
    no_transport: Any = object()
    with pytest.raises(hubbatch.UsageError, match="unlike object"):
        Client("any", transport=no_transport)


@pytest.mark.parametrize("option", ["clock", "random"])
def test_clock_and_random_are_functions(option: str) -> None:
    wrong: Any = {option: 7}
    with pytest.raises(hubbatch.UsageError, match=f"{option} must be a function"):
        Client("any", **wrong)


# The clock and chance


@virtual_time
async def test_the_clock_of_the_wall_tells_when_to_come_back() -> None:
    script = [error_reply(429, "RATE_LIMITS", "later", headers={"Retry-After": "1800"})]
    transport = ScriptedTransport(script)
    async with Client("any", transport=transport, clock=wall_clock) as client:
        with pytest.raises(TransportError, match="2026-01-01"):
            await client.upsert("contacts", people(1), id_property="email")


@pytest.mark.parametrize(
    ("asleep", "status"), [(0.0, RecordStatus.FAILED), (3_600.0, RecordStatus.UNKNOWN)]
)
@virtual_time
async def test_a_machine_that_slept_may_have_created_what_is_half_an_hour_old(
    asleep: float, status: RecordStatus
) -> None:
    """The event loop's clock stands still while a machine sleeps, the wall's does not."""
    slept = 0.0

    async def lose(_: Request) -> NoReply:
        nonlocal slept
        slept = asleep
        return LOST

    found = {
        "id": "1",
        "properties": people(1)[0],
        "createdAt": "2026-01-01T11:30:00Z",
        "updatedAt": "2026-01-01T11:30:00Z",
        "archived": False,
    }
    look_up = reply(
        200, {"status": "COMPLETE", "results": [found], "completedAt": "2026-01-01T12:00:00Z"}
    )
    transport = ScriptedTransport(itertools.chain([lose], itertools.repeat(look_up)))
    async with Client("any", transport=transport, clock=lambda: wall_clock() + slept) as client:
        outcome = await client.create("contacts", people(1), unique_property="email")
    assert [record.status for record in outcome.records] == [status]


@virtual_time
async def test_the_same_random_numbers_tell_the_same_story() -> None:
    async def story(number: float) -> list[float]:
        sandbox = Sandbox(faults=[FaultKind.BAD_GATEWAY] * 3)
        began = asyncio.get_running_loop().time()
        transport = SandboxTransport(sandbox)
        async with Client("any", transport=transport, random=lambda: number) as client:
            assert (await client.upsert("contacts", people(1), id_property="email")).ok
        assert asyncio.get_running_loop().time() > began
        return [round(request.at, 3) for request in sandbox.requests]

    assert await story(0.5) == await story(0.5)
    assert await story(0.1) != await story(0.9)
