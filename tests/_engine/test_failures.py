"""The fact sheet's table of failures, row by row: what becomes of a whole run, with the store as the witness."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from support import World, people

from hubbatch import (
    AuthenticationError,
    Counts,
    DailyLimitError,
    HubbatchError,
    PermissionDeniedError,
    Progress,
    RecordStatus,
    RetryPolicy,
    Run,
    TransportError,
    UnknownObjectTypeError,
)
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import run_in_virtual_time, virtual_time

VERBS = ["create", "update", "upsert", "read", "archive"]
IDEMPOTENT = VERBS[1:]


class Trial:
    """Ten contacts, moved by one verb in one batch, while a fault befalls the first requests."""

    def __init__(
        self, verb: str, faults: Sequence[Fault | FaultKind | None], **habits: Any
    ) -> None:
        self.verb = verb
        self.world = World(faults=faults, timeout=30.0, **habits)
        self.error: HubbatchError | None = None
        self.run: Run | None = None

    def tell(self) -> Trial:
        run_in_virtual_time(self._tell())
        return self

    async def _tell(self) -> None:
        async with self.world as world:
            service = world.service
            ids = (
                []
                if self.verb == "create"
                else [
                    service.add("contacts", {"email": person["email"]}).id for person in people(10)
                ]
            )
            records: dict[str, Sequence[Any]] = {
                "create": people(10),
                "upsert": people(10),
                "update": [
                    {"id": known, "firstname": f"Person {n}"} for n, known in enumerate(ids)
                ],
                "read": ids,
                "archive": ids,
            }
            options = {"id_property": "email"} if self.verb == "upsert" else {}
            self.run = getattr(world.client, self.verb)("contacts", records[self.verb], **options)
            try:
                await self.run
            except HubbatchError as error:
                self.error = error
        self.check()

    def check(self) -> None:
        """The store agrees with the outcome, record by record."""
        stored = list(self.world.service.objects("contacts").values())
        for record in self.outcome.records:
            name = f"Person {record.index}"
            done = {
                "read": True,
                "archive": self.verb == "archive"
                and self.world.service.objects("contacts")[record.input].archived,
            }.get(self.verb, [each.properties.get("firstname") for each in stored].count(name) == 1)
            if record.status is RecordStatus.SUCCEEDED:
                assert done
            elif record.status is not RecordStatus.UNKNOWN and self.verb != "read":
                assert not done
        assert self.verb != "create" or len(stored) <= 10

    @property
    def outcome(self) -> Any:
        assert self.run is not None
        return self.run.outcome

    @property
    def times(self) -> list[float]:
        return [request.at for request in self.world.service.requests]

    def succeeded(self) -> None:
        assert self.error is None
        assert self.outcome.counts == Counts(10, succeeded=10)


class Unreachable:
    """A service that cannot be connected to at first."""

    def __init__(self, world: World, times: int) -> None:
        self.left = times
        self.send = world.transport.send
        world.transport.send = self  # type: ignore[method-assign]

    async def __call__(self, request: Request, token: str, note_sent: Any) -> Reply | NoReply:
        self.left -= 1
        if self.left >= 0:
            return NoReply(sent=False, reason="no connection")
        return await self.send(request, token, note_sent)


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_never_sent_is_sent_again(verb: str) -> None:
    trial = Trial(verb, [])
    Unreachable(trial.world, 5)
    trial.tell().succeeded()
    assert len(trial.times) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_service_that_cannot_be_reached_at_all_stops_the_run(verb: str) -> None:
    trial = Trial(verb, [])
    Unreachable(trial.world, 99)
    trial.tell()
    assert isinstance(trial.error, TransportError)
    assert trial.outcome.counts == Counts(10, unsent=10)


LOST = [
    FaultKind.RESET,
    FaultKind.RESET_AFTER_WRITE,
    FaultKind.SLOW,
    FaultKind.TRUNCATED,
    FaultKind.SERVER_ERROR,
    FaultKind.SERVER_ERROR_AFTER_WRITE,
    FaultKind.BAD_GATEWAY,
    FaultKind.BAD_GATEWAY_AFTER_WRITE,
    FaultKind.GATEWAY_TIMEOUT,
    FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE,
    FaultKind.ORIGIN_TIMEOUT,
    FaultKind.ORIGIN_TIMEOUT_AFTER_WRITE,
]
UNREADABLE = [
    FaultKind.HTML,
    FaultKind.HTML_AFTER_WRITE,
    FaultKind.NOT_AN_OBJECT,
    FaultKind.NOT_AN_OBJECT_AFTER_WRITE,
]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("verb", IDEMPOTENT)
def test_a_lost_answer_is_asked_for_again(verb: str, fault: FaultKind) -> None:
    trial = Trial(verb, [fault] * 5).tell()
    trial.succeeded()
    assert len(trial.times) == 6


@pytest.mark.parametrize(
    ("faults", "new"),
    [
        ([FaultKind.RESET_AFTER_WRITE], None),
        ([FaultKind.RESET], True),
        ([FaultKind.RATE_ROLLING], True),
        ([], True),
    ],
)
def test_an_object_that_a_lost_try_may_have_created_is_not_said_to_be_updated(
    faults: list[FaultKind], new: bool | None
) -> None:
    async def load() -> list[Any]:
        async with World(faults=faults) as world:
            world.service.add("contacts", {"email": people(10)[9]["email"]})
            outcome = await world.client.upsert("contacts", people(10), id_property="email")
            return [record.result.new for record in outcome.records if record.result is not None]

    *others, old = run_in_virtual_time(load())
    assert others == [new] * 9
    was_lost = FaultKind.RATE_ROLLING not in faults and len(faults) > 0
    assert old is (None if was_lost else False)


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("verb", IDEMPOTENT)
def test_an_unreadable_answer_is_asked_for_again(verb: str, fault: FaultKind) -> None:
    trial = Trial(verb, [fault] * 5).tell()
    trial.succeeded()
    assert len(trial.times) == 6


@pytest.mark.parametrize("fault", [*LOST, *UNREADABLE])
@pytest.mark.parametrize("verb", IDEMPOTENT)
def test_after_the_last_attempt_a_lost_answer_is_a_doubt(verb: str, fault: FaultKind) -> None:
    trial = Trial(verb, [fault] * 6).tell()
    assert trial.outcome.counts == Counts(10, unknown=10)
    assert len(trial.times) == 6


@pytest.mark.parametrize("fault", [*LOST, *UNREADABLE])
def test_a_create_in_doubt_is_never_sent_blindly(fault: FaultKind) -> None:
    trial = Trial("create", [fault]).tell()
    assert trial.outcome.counts == Counts(10, unknown=10)
    assert len(trial.times) == 1


IN_ITS_OWN_WORDS = [FaultKind.UNAVAILABLE, FaultKind.LOCKED]
A_PROXYS_PAGE = [FaultKind.SERVER_DOWN, FaultKind.UNREACHABLE]


@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        *((verb, fault) for verb in VERBS for fault in IN_ITS_OWN_WORDS),
        *((verb, fault) for verb in IDEMPOTENT for fault in A_PROXYS_PAGE),
    ],
)
def test_what_is_busy_is_left_alone_for_two_seconds_and_more(verb: str, fault: FaultKind) -> None:
    trial = Trial(verb, [fault] * 5).tell()
    trial.succeeded()
    assert len(trial.times) == 6
    assert all(later - earlier >= 2.0 for earlier, later in zip(trial.times, trial.times[1:]))  # noqa: B905


class FrontPage:
    """Something in between that answers once in the service's place, and may have passed the request on before."""

    def __init__(self, world: World, status: int, *, after: bool, times: int = 1) -> None:
        self.status = status
        self.after = after
        self.left = times
        self.send = world.transport.send
        world.transport.send = self  # type: ignore[method-assign]

    async def __call__(self, request: Request, token: str, note_sent: Any) -> Reply | NoReply:
        self.left -= 1
        if self.left < 0:
            return await self.send(request, token, note_sent)
        note_sent()
        if self.after:
            await self.send(request, token, note_sent)
        page = b"upstream connect error or disconnect/reset before headers"
        return Reply(self.status, {}, page)


FRONT_STATUSES = [400, 403, 408, 409, 423, 425, 499, 500, 501, 502, 503, 504, 505]
FRONT_STATUSES += [521, 522, 523, 524, 525, 526, 530]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("status", FRONT_STATUSES)
def test_what_a_proxy_says_of_a_create_leaves_it_in_doubt(status: int, after: bool) -> None:
    trial = Trial("create", [])
    FrontPage(trial.world, status, after=after)
    trial.tell()
    assert trial.outcome.counts == Counts(10, unknown=10)
    assert len(trial.times) == (1 if after else 0)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("status", FRONT_STATUSES)
@pytest.mark.parametrize("verb", IDEMPOTENT)
def test_records_a_proxy_answered_for_are_sent_again(verb: str, status: int, after: bool) -> None:
    trial = Trial(verb, [])
    FrontPage(trial.world, status, after=after)
    trial.tell().succeeded()


@pytest.mark.parametrize("status", [*FRONT_STATUSES, 401, 404, 477])
@pytest.mark.parametrize("verb", ["update", "upsert", "archive"])
def test_what_a_proxy_says_for_ever_leaves_a_write_in_doubt(verb: str, status: int) -> None:
    trial = Trial(verb, [])
    FrontPage(trial.world, status, after=True, times=999)
    trial.tell()
    assert trial.outcome.counts == Counts(10, unknown=10)


@pytest.mark.parametrize("status", [405, 407, 411, 431])
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_not_forwarded_is_tried_three_times_and_is_no_records_fault(
    verb: str, status: int
) -> None:
    trial = Trial(verb, [])
    FrontPage(trial.world, status, after=False, times=2)
    trial.tell().succeeded()
    trial = Trial(verb, [])
    FrontPage(trial.world, status, after=False, times=3)
    trial.tell()
    assert isinstance(trial.error, TransportError)
    assert "does not forward the requests" in str(trial.error)
    assert trial.outcome.counts == Counts(10, failed=10)
    assert len(trial.outcome.retryable) == 10
    assert trial.times == []


@pytest.mark.parametrize("status", [408, 425, 499, 400, 403])
@virtual_time
async def test_many_batches_that_a_proxy_turns_away_once_are_no_usage_error(status: int) -> None:
    async with World() as world:
        FrontPage(world, status, after=False, times=3)
        outcome = await world.client.upsert("contacts", people(300), id_property="email")
        assert outcome.counts == Counts(300, succeeded=300)


@pytest.mark.parametrize("status", [302, 400, 409, 503])
@pytest.mark.parametrize("verb", VERBS)
def test_an_answer_with_results_under_another_status_is_no_rejection(
    verb: str, status: int
) -> None:
    trial = Trial(verb, [])
    send, left = trial.world.transport.send, 1

    async def disguised(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
        nonlocal left
        reply = await send(request, token, note_sent)
        left -= 1
        if left < 0 or not isinstance(reply, Reply):
            return reply
        body = reply.body or b'{"category":"CONFLICT","results":[]}'
        return Reply(status, reply.headers, body)

    trial.world.transport.send = disguised  # type: ignore[method-assign]
    trial.tell()
    if verb == "create":
        assert trial.outcome.counts == Counts(10, unknown=10)
        assert len(trial.times) == 1
    else:
        trial.succeeded()


@pytest.mark.parametrize("verb", VERBS)
def test_a_wait_longer_than_the_policy_allows_ends_the_run(verb: str) -> None:
    trial = Trial(verb, [Fault(FaultKind.MIGRATING, retry_after=7200.0)]).tell()
    assert isinstance(trial.error, TransportError)
    assert "left alone for 7200 seconds" in str(trial.error)
    assert trial.outcome.counts == Counts(10, failed=10)
    assert len(trial.outcome.retryable) == 10
    assert len(trial.times) == 1


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (FaultKind.RATE_ROLLING, 10.0),
        (Fault(FaultKind.RATE_ROLLING, retry_after=3.0), 3.0),
        (FaultKind.RATE_SECONDLY, 1.0),
        (Fault(FaultKind.MIGRATING, retry_after=7200.0), 3600.0),  # no hold is longer
    ],
)
@pytest.mark.parametrize("verb", VERBS)
@virtual_time
async def test_a_hold_holds_all_requests(verb: str, fault: Fault | FaultKind, pause: float) -> None:
    async def other(world: World) -> float:
        await asyncio.sleep(0.5)
        await world.client.read("contacts", ["1"])
        return world.service.requests[-1].at

    trial = Trial(verb, [fault], retry=RetryPolicy(max_elapsed=7200.0))
    task = asyncio.create_task(other(trial.world))
    await trial._tell()
    trial.succeeded()
    await task
    first, *later = trial.times
    assert len(later) == 2
    assert all(at >= first + pause for at in later)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.RATE_DAILY, DailyLimitError),
        (FaultKind.INVALID_TOKEN, AuthenticationError),
        (FaultKind.MISSING_SCOPES, PermissionDeniedError),
    ],
)
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_wrong_with_the_account_stops_the_run(
    verb: str, fault: FaultKind, error: type[HubbatchError]
) -> None:
    trial = Trial(verb, [fault]).tell()
    assert type(trial.error) is error
    assert trial.outcome.counts == Counts(10, failed=10)
    assert len(trial.times) == 1


@pytest.mark.parametrize("verb", VERBS)
@virtual_time
async def test_a_wrong_object_type_stops_the_run(verb: str) -> None:
    async with World() as world:
        options = {"id_property": "email"} if verb == "upsert" else {}
        records: list[Any] = people(10) if verb in {"create", "upsert"} else [{"id": "1", "a": "b"}]
        run = getattr(world.client, verb)("nonsense", records, **options)
        with pytest.raises(UnknownObjectTypeError):
            await run
        assert run.outcome.counts.failed == run.outcome.counts.total == len(records)
        assert len(world.service.requests) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_an_expired_token_is_renewed_once_for_all(verb: str) -> None:
    tokens: list[str] = []

    async def renew() -> str:
        tokens.append(f"token-{len(tokens)}")
        await asyncio.sleep(1.0)
        return tokens[-1]

    trial = Trial(verb, [FaultKind.EXPIRED_TOKEN], token=renew).tell()
    trial.succeeded()
    assert len(trial.times) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_an_expired_token_that_nobody_renews_stops_the_run(verb: str) -> None:
    trial = Trial(verb, [FaultKind.EXPIRED_TOKEN] * 9).tell()
    assert isinstance(trial.error, AuthenticationError)
    assert trial.outcome.counts == Counts(10, failed=10)


@pytest.mark.parametrize("fault", [FaultKind.TOO_LARGE, FaultKind.URI_TOO_LONG])
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_too_large_is_halved(verb: str, fault: FaultKind) -> None:
    trial = Trial(verb, [Fault(fault, body_limit=0)] * 3).tell()
    trial.succeeded()
    assert len(trial.times) > 4


@pytest.mark.parametrize("fault", [FaultKind.TOO_LARGE, FaultKind.URI_TOO_LONG])
@pytest.mark.parametrize("verb", VERBS)
def test_a_record_that_is_too_large_alone_has_failed(verb: str, fault: FaultKind) -> None:
    trial = Trial(verb, [Fault(fault, body_limit=0)] * 99).tell()
    assert trial.outcome.counts == Counts(10, failed=10)
    assert len(trial.times) == 19


@pytest.mark.parametrize(
    "fault", [FaultKind.CONNECT_TIMEOUT, FaultKind.TLS_FAILED, FaultKind.TLS_INVALID]
)
@pytest.mark.parametrize("verb", IDEMPOTENT)
def test_a_proxy_that_cannot_reach_the_service_is_tried_three_times(
    verb: str, fault: FaultKind
) -> None:
    Trial(verb, [fault] * 2).tell().succeeded()
    trial = Trial(verb, [fault] * 3).tell()
    assert isinstance(trial.error, TransportError)
    assert trial.outcome.counts == Counts(10, unknown=10)
    assert len(trial.times) == 3


@pytest.mark.parametrize("verb", ["create", "update", "upsert"])
@virtual_time
async def test_a_rejected_batch_is_sent_again_without_the_record_at_fault(verb: str) -> None:
    async with World(conflicts_reject_batch=True, update_rejects_whole_batch=True) as world:
        world.service.declare_strict("contacts", ["firstname"])
        records: list[dict[str, Any]] = list(people(10))
        if verb == "update":
            ids = [world.service.add("contacts", {"email": each["email"]}).id for each in records]
            records = [{"id": known, "firstname": "x"} for known in ids]
        records[3] = {**records[3], "nope": "1"}
        options = {"id_property": "email"} if verb == "upsert" else {}
        outcome = await getattr(world.client, verb)("contacts", records, **options)
        assert outcome.counts == Counts(10, succeeded=9, failed=1)
        assert outcome.failed[0].index == 3
        named = [
            each.properties.get("firstname") for each in world.service.objects("contacts").values()
        ]
        assert len([name for name in named if name]) == 9


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        (FaultKind.UNAVAILABLE, True),
        (FaultKind.INVALID_TOKEN, True),
        (FaultKind.RATE_DAILY, True),
        (FaultKind.RESET, True),
        (Fault(FaultKind.TOO_LARGE, body_limit=0), False),
    ],
)
def test_what_failed_with_its_request_can_be_sent_again(
    fault: Fault | FaultKind, retryable: bool
) -> None:
    trial = Trial("upsert", [fault] * 99).tell()
    assert trial.outcome.counts.succeeded == 0
    assert len(trial.outcome.retryable) == (10 if retryable else 0)


@virtual_time
async def test_a_record_rejected_for_its_own_sake_is_not_retryable() -> None:
    async with World() as world:
        world.service.declare_strict("contacts", ["firstname"])
        records: list[Any] = [
            *people(3),
            {"email": "a@x.com", "nope": "1"},
            {"email": float("nan")},
        ]
        outcome = await world.client.upsert("contacts", records, id_property="email")
        assert outcome.counts == Counts(5, succeeded=3, failed=2)
        assert outcome.retryable == []


@virtual_time
async def test_after_an_outage_the_rest_is_sent_and_all_is_there() -> None:
    down = True

    async with World(
        faults=lambda request: FaultKind.UNAVAILABLE if down and request.at > 1 else None,
        latency=0.2,
        retry=RetryPolicy(max_elapsed=20.0),
    ) as world:
        run = world.client.upsert("contacts", people(2000), id_property="email", batch_size=20)
        with pytest.raises(TransportError):
            await run
        assert run.outcome.counts.failed > 0
        down = False
        again = [record.input for record in run.outcome.retryable]
        outcome = await world.client.upsert("contacts", again, id_property="email")
        assert outcome.ok
        assert len(world.stored()) == 2000


@virtual_time
async def test_an_outage_has_events(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Progress] = []
    async with World(
        faults=lambda request: FaultKind.BAD_GATEWAY if 0.4 < request.at < 5 else None,
        latency=0.2,
        max_concurrency=16,
    ) as world:
        outcome = await world.client.upsert(
            "contacts", people(2000), id_property="email", batch_size=5, on_progress=seen.append
        )
        assert outcome.ok
        assert any(progress.service_down for progress in seen)
        assert not seen[-1].service_down
        messages = [record.getMessage() for record in caplog.records]
        assert len(messages) == 2
        assert "the service is broken" in messages[0]
        assert "works again" in messages[1]
        assert "example.com" not in caplog.text
