"""What observers hear of a run: its requests, retries and splits, by whom they were asked for and how they ended."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from event_checks import check_events
from support import World, people, upsert
from test_sender import GOOD, Sending

from hubbatch import RateLimit, RecordOutcome, RecordStatus, RetryPolicy, TransportError
from hubbatch._engine.record_stream import RecordStream
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.events import (
    BatchSplit,
    BreakerClosed,
    BreakerOpened,
    BreakerProbed,
    Event,
    QuotaHold,
    RecordsNotTaken,
    RecordsSettled,
    RequestAnswered,
    RequestSent,
    RetryScheduled,
    RunEnded,
    RunStarted,
)
from hubbatch.sandbox import FaultKind
from hubbatch.testing import virtual_time

ID = "AEB5f871-7f07-4993-9211-075dc63e7cbf"


def of(seen: list[Event], *kinds: type[Event]) -> list[Any]:
    return [event for event in seen if isinstance(event, kinds)]


@virtual_time
async def test_a_good_run_has_events_from_start_to_end() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append], name="a", latency=0.5) as world:
        run = upsert(world, people(3))
        await run
    assert [type(event) for event in seen] == [
        *(RunStarted, RequestSent, RequestAnswered, RecordsSettled, RunEnded)
    ]
    started, sent, answered, settled, ended = of(seen, Event)
    assert {(event.client, event.run, event.object_type) for event in of(seen, Event)} == {
        ("a", run.id, "contacts")
    }
    assert started.total == 3
    assert (sent.batch, sent.inputs, sent.request, sent.attempt) == (0, 3, 1, 1)
    assert (sent.endpoint, sent.purpose) == ("upsert", "send")
    assert answered.taken == pytest.approx(0.5, abs=1e-6)
    assert (answered.symptom, answered.status) == ("answered", 200)
    assert settled.succeeded == (0, 1, 2)
    assert ended.counts == run.outcome.counts


@virtual_time
async def test_a_request_says_how_long_it_waited_for_its_turn() -> None:
    seen: list[Event] = []
    rate = RateLimit(1, 10.0)
    async with World(observers=[seen.append], client_rate=rate) as world:
        await upsert(world, people(4), batch_size=2)
    assert [round(event.waited) for event in of(seen, RequestSent)] == [0, 10]


@pytest.mark.parametrize(
    ("headers", "stated", "correlation_id"),
    [
        ({}, None, None),
        ({"x-hubspot-correlation-id": ID}, None, ID),
        ({"x-hubspot-correlation-id": ID.lower()}, ID, ID),
        ({"x-hubspot-correlation-id": "p0@example.com"}, None, None),
        ({}, "p0@example.com", None),
        ({"x-hubspot-correlation-id": f"{ID}\n"}, None, None),
        ({}, ID + "0", None),
    ],
)
@virtual_time
async def test_a_correlation_id_is_one_of_hubspots_or_none(
    headers: dict[str, str], stated: str | None, correlation_id: str | None
) -> None:
    body = {"category": "VALIDATION_ERROR", "message": "m", "correlationId": stated}
    sending = Sending(Reply(400, headers, orjson.dumps(body)))
    await sending.send()
    [answered] = of(sending.events, RequestAnswered)
    assert (answered.symptom, answered.status) == ("rejected", 400)
    assert answered.correlation_id == correlation_id


@virtual_time
async def test_a_request_that_was_never_sent_has_no_event() -> None:
    sending = Sending(NoReply(sent=False, reason="no connection"), tells=False)
    await sending.send()
    assert sending.events == []


@virtual_time
async def test_a_transport_that_cannot_tell_when_has_sent_what_it_answers() -> None:
    sending = Sending(GOOD, tells=False)
    await sending.send()
    assert [type(event) for event in sending.events] == [RequestSent, RequestAnswered]


@virtual_time
async def test_a_request_that_breaks_off_is_sent_and_never_answered() -> None:
    sending = Sending(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await sending.send()
    assert [type(event) for event in sending.events] == [RequestSent]


@virtual_time
async def test_what_cannot_be_sent_has_retry_events() -> None:
    seen: list[Event] = []

    async def nowhere(request: Request, token: str, note_sent: Any) -> NoReply:
        return NoReply(sent=False, reason="no connection")

    policy = RetryPolicy(max_attempts=3, initial_wait=2.0, jitter=0.0)
    async with World(observers=[seen.append], retry=policy) as world:
        world.transport.send = nowhere  # type: ignore[method-assign]
        run = upsert(world, people(3))
        with pytest.raises(TransportError):
            await run
    check_events(seen, run)
    retries = of(seen, RetryScheduled)
    assert {event.symptom for event in retries} == {"not_sent"}
    assert [(event.attempt, round(event.wait)) for event in retries] == [(0, 2), (0, 4)]
    assert of(seen, RunEnded)[0].error == "TransportError"


@virtual_time
async def test_a_retry_event_says_why_and_when_after_the_event_of_the_hold() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append], faults=[FaultKind.RATE_ROLLING]) as world:
        assert (await upsert(world, people(3))).ok
    [hold], [retry] = of(seen, QuotaHold), of(seen, RetryScheduled)
    assert (retry.symptom, retry.attempt, retry.inputs) == ("rate_limited", 1, 3)
    assert retry.wait == pytest.approx(hold.seconds)
    assert seen.index(hold) < seen.index(retry)
    assert "429" in hold.why


@virtual_time
async def test_a_doubt_is_looked_up_in_requests_that_say_so() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append], faults=[FaultKind.RESET]) as world:
        run = world.client.create("contacts", people(3), unique_property="email")
        await run
    check_events(seen, run)
    purposes = [(event.endpoint, event.purpose) for event in of(seen, RequestSent)]
    assert purposes[:2] == [("create", "send"), ("read", "look_up")]
    assert {event.verb for event in of(seen, RequestSent)} == {"create"}


@virtual_time
async def test_every_split_of_a_bisection_is_an_event() -> None:
    seen: list[Event] = []
    records = [*people(8), {"email": "no address"}, *people(7, 8)]
    async with World(observers=[seen.append], reject_whole_batch=True) as world:

        async def post(request: Request, token: str, note_sent: Any) -> Any:
            if b"no address" not in request.body:
                return await carry(request, token, note_sent)
            note_sent()
            return Reply(400, {}, b'{"category":"VALIDATION_ERROR","message":"no"}')

        carry = world.transport.send
        world.transport.send = post  # type: ignore[method-assign]
        run = upsert(world, records)
        assert (await run).counts.failed == 1
    check_events(seen, run)
    splits = of(seen, BatchSplit)
    assert [split.inputs for split in splits] == [16, 8, 4, 2]
    assert {(split.why, split.parts, split.batch) for split in splits} == {("bisection", 2, 0)}
    assert [split.whole for split in splits] == [True, False, False, False]


@virtual_time
async def test_halving_a_batch_is_an_event() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append], faults=[FaultKind.TOO_LARGE]) as world:
        assert (await upsert(world, people(10))).ok
    [split] = of(seen, BatchSplit)
    assert (split.why, split.inputs, split.parts, split.whole) == ("halving", 10, 2, True)


@pytest.mark.parametrize("recovers", [True, False])
@virtual_time
async def test_an_outage_has_events_from_the_opening_of_the_breaker_to_its_closing(
    recovers: bool,
) -> None:
    seen: list[Event] = []

    def fail(request: Any) -> FaultKind | None:
        ends = 20.0 if recovers else 1e9
        return FaultKind.BAD_GATEWAY if 0.4 < request.at < ends else None

    async with World(
        observers=[seen.append], faults=fail, latency=0.2, max_concurrency=16
    ) as world:
        run = upsert(world, people(1_000), batch_size=5)
        ended = await asyncio.gather(run, return_exceptions=True)
    check_events(seen, run)
    breaker = of(seen, BreakerOpened, BreakerProbed, BreakerClosed)
    assert isinstance(breaker[0], BreakerOpened)
    assert (breaker[0].symptom, breaker[0].wait > 0) == ("gateway_error", True)
    assert len(of(seen, BreakerProbed)) >= 2
    waits = [event.wait for event in of(seen, BreakerProbed)]
    assert waits[:2] == sorted(waits[:2])
    assert bool(of(seen, BreakerClosed)) == recovers
    assert isinstance(ended[0], TransportError) != recovers
    assert {split.why for split in of(seen, BatchSplit)} >= {"probe"}


@virtual_time
async def test_several_runs_are_distinguished() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append]) as world:
        runs = [upsert(world, people(30, 30 * number), batch_size=5) for number in range(3)]
        await asyncio.gather(*runs)
    for run in runs:
        check_events([event for event in seen if getattr(event, "run", None) == run.id], run)


@virtual_time
async def test_records_left_in_a_list_are_reported_as_unsent() -> None:
    seen: list[Event] = []
    async with World(observers=[seen.append]) as world:
        run = upsert(world, [{}, *people(12_000)], max_failures=1)
        await run
    check_events(seen, run)
    assert sum(event.counts.unsent for event in of(seen, RecordsSettled)) == 12_000


@virtual_time
async def test_records_that_no_reader_takes_cause_one_event() -> None:
    sending = Sending(GOOD)
    settled = RecordStream(sending.reporter.not_taken, lambda: None)
    record = RecordOutcome(0, None, RecordStatus.UNSENT)
    for _ in range(100_001):
        settled.show([record])
    [stated] = sending.events
    assert isinstance(stated, RecordsNotTaken)
    assert stated.records == 100_000


@virtual_time
async def test_records_that_a_reader_takes_cause_no_event() -> None:
    sending = Sending(GOOD)
    settled = RecordStream(sending.reporter.not_taken, lambda: None)
    record = RecordOutcome(0, None, RecordStatus.UNSENT)
    settled.show([record])
    assert settled.take(sending) is record
    for _ in range(100_001):
        settled.show([record])
    assert not sending.events
