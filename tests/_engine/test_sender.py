"""One request: who waits, what is known of its batch before and after, and what is learned of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import orjson
import pytest
from support import UNLIMITED, people, plan

from hubbatch import BatchError, RateLimit, RecordStatus, RetryPolicy, TransportError
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import DeclinedError, Gate
from hubbatch._batches.batch import Batch, PoisonSearch, Stage
from hubbatch._clock import now
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.sender import Carrier, ClientResources, RequestSender, Response
from hubbatch._observers import Observers
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch._protocol.symptoms import Symptom
from hubbatch._quota.limiter import RateLimiter
from hubbatch._records.call import Call
from hubbatch.endpoints import UPSERT
from hubbatch.events import Event
from hubbatch.testing import virtual_time, wall_clock

GOOD = Reply(200, {}, orjson.dumps({"status": "COMPLETE", "results": []}))
BAD = Reply(500, {}, orjson.dumps({"category": "OH", "message": "no"}))
LIMITED = Reply(429, {"retry-after": "7"}, orjson.dumps({"category": "RATE_LIMITS"}))


class Answers:
    """A transport that gives one answer, says when a byte has left or does not, or raises."""

    def __init__(self, answer: Reply | NoReply | BaseException, *, tells: bool = True) -> None:
        self.answer, self.tells = answer, tells

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        if self.tells:
            note_sent()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class OneToken:
    def __init__(self) -> None:
        self.refused_ones: list[str] = []

    async def current(self) -> str:
        return "made-up"

    def expire(self, token: str) -> None:
        self.refused_ones.append(token)


class Sending:
    """A sender, and all that its client shares."""

    def __init__(
        self,
        answer: Reply | NoReply | BaseException,
        *,
        tells: bool = True,
        limiter: RateLimiter | None = None,
        **policy: Any,
    ) -> None:
        self.tokens, self.policy = OneToken(), RetryPolicy(**policy)
        self.sent: list[int] = []
        self.events: list[Event] = []
        observers = Observers([self.events.append])
        self.reporter = RunReporter(observers, 1, Call(UPSERT, "/p", "/r", 100))
        self.transport = Answers(answer, tells=tells)
        self.limiter = limiter or RateLimiter(UNLIMITED)
        self.gate = Gate(self.limiter, Concurrency(4), CircuitBreaker(self.policy))
        self.sender = RequestSender(
            ClientResources(
                self.transport,
                cast("Any", self.tokens),
                self.gate,
                self.policy,
                wall_clock,
                lambda: 0.5,
                observers,
            ),
            self.sent.extend,
            self.reporter,
        )
        self.carrier = Carrier(Batch(plan(people(2), id_property="email")))

    async def send(self, *, spare: bool = False) -> Response:
        async def prepare(carrier: Carrier, *, probes: bool) -> Request:
            assert carrier is self.carrier
            if spare and probes:
                raise DeclinedError
            return Request("/p", b"{}")

        try:
            return await self.sender.exchange(self.carrier, UPSERT, prepare)
        finally:
            await self.gate.settle()

    async def break_service(self) -> None:
        """Have the gate hold the service to be broken, and wait until it lets a probe through."""
        learned = Diagnosis(Symptom.SERVER_ERROR, error=BatchError("C", "m"))
        async with self.gate.enter("x", now()) as slot:
            while not self.gate.broken:
                self.gate.note(learned, slot, 0.0)


@virtual_time
async def test_batches_wait_for_their_time_and_are_counted_meanwhile() -> None:
    sender = Sending(GOOD).sender
    began = now()
    await sender.wait_until(began)
    assert (now(), sender.pausing) == (began, 0)
    waiting = [asyncio.create_task(sender.wait_until(when)) for when in (0.5, 2.0)]
    await asyncio.sleep(0.1)
    assert sender.pausing == 2
    await waiting[0]
    assert now() == pytest.approx(0.5)
    assert sender.pausing == 1
    waiting[1].cancel()
    await asyncio.wait(waiting)
    assert sender.pausing == 0


@pytest.mark.parametrize("tells", [True, False])
@virtual_time
async def test_after_an_answer_the_tries_of_its_batch_are_known(tells: bool) -> None:
    sending = Sending(GOOD, tells=tells)
    await asyncio.sleep(3.0)
    response = await sending.send()
    batch = sending.carrier.batch
    assert (batch.attempts, batch.status) == (1, RecordStatus.UNKNOWN)
    began = batch.tried_since
    assert began == pytest.approx(3.0)
    assert (response.token, response.diagnosis.symptom) == ("made-up", Symptom.ANSWERED)
    assert "made-up" not in repr(response)
    await asyncio.sleep(3.0)
    await sending.send()
    batch = sending.carrier.batch
    assert (batch.attempts, batch.tried_since) == (2, began)
    assert (sending.sender.requests, sending.carrier.sending) == (2, False)
    sending.sender.expire_token(response)
    assert sending.tokens.refused_ones == ["made-up"]


@pytest.mark.parametrize(
    ("answer", "tells", "attempts"),
    [
        (NoReply(sent=False, reason="refused"), False, 0),
        (NoReply(sent=False, reason="lost"), True, 1),
        (NoReply(sent=True, reason="lost"), False, 1),
        (NoReply(sent=True, reason="lost"), True, 1),
        (ZeroDivisionError(), False, 1),
        (ZeroDivisionError(), True, 1),
        (asyncio.CancelledError(), False, 0),
        (asyncio.CancelledError(), True, 1),
    ],
)
@virtual_time
async def test_a_batch_is_in_doubt_from_the_moment_a_byte_may_have_left(
    answer: NoReply | BaseException, tells: bool, attempts: int
) -> None:
    sending = Sending(answer, tells=tells)
    if isinstance(answer, BaseException):
        with pytest.raises(type(answer)):
            await sending.send()
    else:
        await sending.send()
    assert sending.carrier.batch.attempts == sending.sender.requests == attempts
    assert sending.sent == [0, 1][: 2 * attempts]
    doubtful = sending.carrier.batch.status is RecordStatus.UNKNOWN
    assert doubtful is (attempts == 1)
    assert not sending.carrier.sending


@virtual_time
async def test_a_transport_that_has_noted_a_byte_cannot_take_it_back() -> None:
    said = await Sending(NoReply(sent=False, reason="lost"), tells=True).send()
    assert said == await Sending(NoReply(sent=True, reason="lost"), tells=True).send()
    assert said != await Sending(NoReply(sent=False, reason="lost"), tells=False).send()


@virtual_time
async def test_a_look_up_writes_nothing() -> None:
    sending = Sending(GOOD)
    sending.carrier.batch = Batch(sending.carrier.batch.inputs, stage=Stage.LOOK_UP)
    await sending.send()
    assert sending.sender.requests == 1
    assert sending.carrier.batch.attempts == 0
    assert sending.carrier.batch.status is RecordStatus.UNSENT
    assert not sending.sent


@pytest.mark.parametrize("spare", [True, False])
@virtual_time
async def test_a_batch_that_is_too_much_for_a_probe_is_not_sent_as_one(spare: bool) -> None:
    sending = Sending(GOOD)
    await sending.send(spare=spare)
    assert sending.sender.requests == 1
    await sending.break_service()
    if spare:
        with pytest.raises(DeclinedError):
            await sending.send(spare=True)
    else:
        await sending.send()
    assert sending.sender.requests == (1 if spare else 2)


@pytest.mark.parametrize(("hold", "refuses"), [(300.0, False), (301.0, True)])
@virtual_time
async def test_a_run_does_not_begin_while_all_are_held_for_longer_than_it_would_wait(
    hold: float, refuses: bool
) -> None:
    sending = Sending(GOOD)
    sending.limiter.hold(hold)
    if not refuses:
        await sending.send()
        assert now() >= 300.0
        return
    with pytest.raises(TransportError) as caught:
        await sending.send()
    assert str(caught.value) == (
        "the service wants to be left alone for 301 seconds more, longer than"
        " RetryPolicy.max_elapsed (300): send `outcome.retryable` again after that"
    )


@virtual_time
async def test_the_quota_is_learned_from_answers_and_from_429s() -> None:
    headers = {
        "x-hubspot-ratelimit-max": "190",
        "x-hubspot-ratelimit-remaining": "150",
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
    }
    sending = Sending(Reply(200, headers, GOOD.body), limiter=RateLimiter())
    await sending.send()
    assert sending.limiter.rate_limit == RateLimit(190, 10.0)


@pytest.mark.parametrize(("answer", "refused"), [(LIMITED, [True]), (BAD, [False])])
@virtual_time
async def test_the_limiter_learns_of_a_429(answer: Reply, refused: list[bool]) -> None:
    learned: list[bool] = []

    class Listening(RateLimiter):
        def learn(self, headers: Any, slot: Any, *, refused: bool = False) -> None:
            learned.append(refused)

    await Sending(answer, limiter=Listening(UNLIMITED)).send()
    assert learned == refused


@pytest.mark.parametrize(
    ("search", "broken"), [(PoisonSearch.NONE, True), (PoisonSearch.FAILING, False)]
)
@virtual_time
async def test_failures_of_a_poison_search_do_not_open_the_breaker(
    search: PoisonSearch, broken: bool
) -> None:
    sending = Sending(BAD)
    inputs = sending.carrier.batch.inputs
    for _ in range(15):
        sending.carrier.batch = Batch(inputs, search=search)
        await sending.send()
    assert sending.gate.broken is broken


@pytest.mark.parametrize("answer", [NoReply(sent=False, reason="full"), GOOD])
@virtual_time
async def test_what_a_transport_notes_once_it_has_returned_is_not_heard(
    answer: NoReply | Reply,
) -> None:
    sending = Sending(answer, tells=False)
    notes: list[Callable[[], None]] = []

    async def late(request: Request, token: str, note_sent: Callable[[], None]) -> NoReply | Reply:
        notes.append(note_sent)
        return answer

    sending.transport.send = late  # type: ignore[method-assign]
    await sending.send()
    before = sending.carrier.batch, sending.sender.requests, len(sending.events)
    notes[0]()
    assert (sending.carrier.batch, sending.sender.requests, len(sending.events)) == before
    assert not sending.carrier.sending
    assert sending.limiter.used == sending.sender.requests

    async def prompt(
        request: Request, token: str, note_sent: Callable[[], None]
    ) -> NoReply | Reply:
        notes[0]()  # the first request's, while the second is under way
        assert not sending.carrier.sending
        note_sent()
        assert sending.carrier.sending
        return GOOD

    sending.transport.send = prompt  # type: ignore[method-assign]
    await sending.send()
    assert sending.limiter.used == sending.sender.requests == before[1] + 1
    assert [type(event).__name__ for event in sending.events[-2:]] == [
        "RequestSent",
        "RequestAnswered",
    ]
