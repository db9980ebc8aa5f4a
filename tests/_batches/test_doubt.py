"""A create in doubt is looked up by its unique value; what an answer left out is asked for once more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import orjson
import pytest
from support import World, people, plan, result

from hubbatch import BatchResponse, Counts, Outcome, RecordStatus, RetryPolicy
from hubbatch._batches.batch import Batch, Stage
from hubbatch._batches.doubt import Doubts, Finding
from hubbatch._batches.recognition import LookUpResult, Sent, compare_with_found, sent_before
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._records.spelling import CONTACTS
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT
from hubbatch.models import BatchError
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import VirtualTimeLoop, run_in_virtual_time, virtual_time

SENT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""When the creates of these tests were sent, by the service's clock; its answer came a minute later."""


def findings(
    *created: tuple[str, dict[str, str | None], float],
    successor: bool = False,
    waited: tuple[float, float] = (60.0, 60.0),
    **reply: Any,
) -> list[Finding]:
    """Look two contacts up; `created`: those found, with the seconds from the sending to their creation."""
    inputs = plan(people(2), CREATE, unique_property="email")
    inputs[1].successor = successor
    found = [result(number, properties) for number, properties, _ in created]
    for item, (_, _, seconds) in zip(found, created, strict=True):
        object.__setattr__(item, "created_at", SENT + timedelta(seconds=seconds))
    reply.setdefault("completed_at", SENT + timedelta(seconds=60))
    response = BatchResponse(results=found, **reply)
    return Doubts(CREATE, "email", most_rounds=6).findings(
        Batch(inputs), response, sent_before(response.completed_at or response.started_at, *waited)
    )


MISSING = BatchError(
    "OBJECT_NOT_FOUND", "not there", context={"ids": ["p0@example.com", "p1@example.com"]}
)
SAME: dict[str, str | None] = {"email": "p1@example.com", "firstname": "Person 1"}
OTHER: dict[str, str | None] = {"email": "p1@example.com", "firstname": "Somebody else"}


def test_what_is_named_as_missing_is_absent_and_silence_proves_nothing() -> None:
    assert [item.presence for item in findings(errors=[MISSING])] == [LookUpResult.ABSENT] * 2
    assert [item.presence for item in findings()] == [LookUpResult.UNCERTAIN] * 2
    unnamed = BatchError("OBJECT_NOT_FOUND", "some are not there")
    assert [item.presence for item in findings(errors=[unnamed])] == [LookUpResult.UNCERTAIN] * 2


@pytest.mark.parametrize(
    ("properties", "created_after", "presence"),
    [
        (SAME, 5.0, LookUpResult.CREATED),
        (SAME, -0.5, LookUpResult.CREATED),
        (SAME, -1.5, LookUpResult.UNCERTAIN),
        (SAME, -5.0, LookUpResult.UNCERTAIN),
        (SAME, -599.0, LookUpResult.UNCERTAIN),
        (SAME, -601.0, LookUpResult.EXISTED),
        (SAME, -1000.0, LookUpResult.EXISTED),
        (OTHER, 5.0, LookUpResult.UNCERTAIN),
        (OTHER, -0.5, LookUpResult.UNCERTAIN),
        (OTHER, -5.0, LookUpResult.UNCERTAIN),
        (OTHER, -601.0, LookUpResult.EXISTED),
        ({**SAME, "firstname": " Person 1"}, 5.0, LookUpResult.CREATED),
        ({**SAME, "firstname": "PERSON 1"}, 5.0, LookUpResult.UNCERTAIN),
        ({"email": "p1@example.com"}, 5.0, LookUpResult.CREATED),
        ({**SAME, "firstname": None}, 5.0, LookUpResult.UNCERTAIN),
    ],
)
def test_an_object_of_ours_is_distinguished_from_an_older_one(
    properties: dict[str, str | None], created_after: float, presence: LookUpResult
) -> None:
    assert findings(("7", properties, created_after))[1].presence is presence


def test_an_object_that_may_belong_to_an_earlier_record_is_left_out() -> None:
    assert findings(("7", SAME, 5.0), successor=True)[1].presence is LookUpResult.UNCERTAIN
    assert findings(("7", SAME, -5.0), successor=True)[1].presence is LookUpResult.UNCERTAIN
    assert findings(("7", SAME, -601.0), successor=True)[1].presence is LookUpResult.EXISTED


@pytest.mark.parametrize(
    ("created_after", "presence"),
    [
        (5.0, LookUpResult.CREATED),
        (-5.0, LookUpResult.UNCERTAIN),
        (-3600.0, LookUpResult.UNCERTAIN),
    ],
)
def test_a_wall_clock_set_an_hour_forward_changes_no_look_up(
    created_after: float, presence: LookUpResult
) -> None:
    """By the loop's clock the answer came after one minute, by the wall's after more than an hour."""
    found = findings(("7", SAME, created_after), waited=(60.0, 3660.0))
    assert found[1].presence is presence


def test_a_loop_clock_that_stood_still_for_an_hour_changes_no_look_up() -> None:
    """The object was created when it was sent; by the loop's clock that was a minute before the answer."""
    answered = SENT + timedelta(seconds=3660)
    [_, ours] = findings(("7", SAME, 5.0), waited=(60.0, 3660.0), completed_at=answered)
    assert ours.presence is LookUpResult.UNCERTAIN
    [_, old] = findings(("7", SAME, -601.0), waited=(60.0, 3660.0), completed_at=answered)
    assert old.presence is LookUpResult.EXISTED


@pytest.mark.parametrize(
    ("clock", "least", "most", "sent"),
    [
        (None, 1.0, 2.0, None),
        (SENT, 1.0, 2.0, Sent(SENT - timedelta(seconds=2), SENT - timedelta(seconds=1))),
        (datetime(1, 1, 1, tzinfo=UTC), 1.0, 2.0, None),
        (SENT, 0.0, 1e300, None),
    ],
)
def test_a_clock_beyond_belief_is_none(
    clock: datetime | None, least: float, most: float, sent: Sent | None
) -> None:
    assert sent_before(clock, least, most) == sent


@pytest.mark.parametrize(
    "moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)
def test_times_at_the_ends_of_the_calendar_break_nothing(moment: datetime) -> None:
    item = plan([people(2)[1]], CREATE, unique_property="email")[0]
    found = result("7", SAME)
    object.__setattr__(found, "created_at", moment)
    edges = [Sent(each, each) for each in (moment, SENT)]
    for sent in edges:
        assert compare_with_found(item, found, sent, CONTACTS) in {
            LookUpResult.CREATED,
            LookUpResult.EXISTED,
        }
    response = BatchResponse(results=[found], completed_at=moment)
    doubts = Doubts(CREATE, "email", most_rounds=6)
    assert doubts.findings(Batch([item]), response, sent_before(response.completed_at, 1.0, 1e9))


@pytest.mark.parametrize(
    ("written", "held", "presence"),
    [
        ("-1234.56", "123456", LookUpResult.UNCERTAIN),
        ("-1234.56", "1234.56", LookUpResult.UNCERTAIN),
        ("-1234.56", "-1234.560", LookUpResult.CREATED),
        ("100.0", "100", LookUpResult.CREATED),
        ("2026-01-01T00:00:00.000Z", "1767225600000", LookUpResult.CREATED),
        ("Ada", "Adam", LookUpResult.UNCERTAIN),
    ],
)
def test_an_object_is_ours_by_values_as_the_service_spells_them(
    written: str, held: str, presence: LookUpResult
) -> None:
    item = plan([{"ref": "a", "amount": written}], CREATE, unique_property="ref")[0]
    found = result("7", {"ref": "a", "amount": held})
    object.__setattr__(found, "created_at", SENT)
    assert compare_with_found(item, found, Sent(SENT, SENT), CONTACTS) is presence


def test_without_the_services_clock_equal_values_are_no_proof() -> None:
    assert findings(("7", OTHER, -50.0), completed_at=None)[1].presence is LookUpResult.UNCERTAIN
    assert findings(("7", SAME, -50.0), completed_at=None)[1].presence is LookUpResult.UNCERTAIN
    started = findings(("7", SAME, -50.0), completed_at=None, started_at=SENT)
    assert started[1].presence is LookUpResult.CREATED


def test_an_object_with_another_unique_value_is_not_ours() -> None:
    stranger: dict[str, str | None] = {"email": "else@example.com", "firstname": "Person 1"}
    inputs = plan([people(2)[1]], CREATE, unique_property="email")
    response = BatchResponse(results=[result("7", stranger)])
    (found,) = Doubts(CREATE, "email", most_rounds=6).findings(
        Batch(inputs), response, Sent(SENT, SENT)
    )
    assert found.presence is LookUpResult.UNCERTAIN


def test_an_error_that_is_not_about_absence_proves_nothing() -> None:
    error = BatchError("INTERNAL_ERROR", "sorry", context={"ids": ["p0@example.com"]})
    assert [item.presence for item in findings(errors=[error])] == [LookUpResult.UNCERTAIN] * 2


def test_which_doubts_can_be_settled() -> None:
    batch = Batch(plan(people(1), CREATE, unique_property="email"))
    keyless = Batch(plan(people(1), CREATE))
    creates = Doubts(CREATE, "email", most_rounds=2)
    assert creates.resolvable(batch, batch.inputs[0], answered=False)
    assert creates.resolvable(batch, batch.inputs[0], answered=True)
    assert not creates.resolvable(keyless, keyless.inputs[0], answered=True)
    once, twice = (attrs.evolve(batch, rounds=rounds) for rounds in (1, 2))
    assert creates.resolvable(once, batch.inputs[0], answered=True)
    assert not creates.resolvable(twice, batch.inputs[0], answered=True)
    for endpoint in (UPDATE, UPSERT, READ, ARCHIVE):
        doubts, single = (Doubts(endpoint, None, most_rounds=rounds) for rounds in (2, 1))
        assert doubts.resolvable(batch, batch.inputs[0], answered=True)
        assert not doubts.resolvable(batch, batch.inputs[0], answered=False)
        assert not single.resolvable(batch, batch.inputs[0], answered=True)
        assert not doubts.resolvable(once, batch.inputs[0], answered=True)


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (10, 10), (11, 1), (100, 1)])
def test_a_few_are_asked_for_alone_and_many_together(count: int, parts: int) -> None:
    batch = Batch(plan(people(count), UPSERT, id_property="email"))
    again = Doubts(UPSERT, None, most_rounds=2).parts(batch, batch.inputs)
    assert len(again) == parts
    assert [item for part in again for item in part.inputs] == batch.inputs
    assert {(part.stage, part.rounds) for part in again} == {(Stage.SEND, 1)}


def test_a_look_up_asks_for_all_that_was_to_be_written() -> None:
    inputs = plan(
        [{"ref": "a", "name": "x"}, {"ref": "b", "size": 3}], CREATE, unique_property="ref"
    )
    assert orjson.loads(Doubts(CREATE, "ref", most_rounds=1).body(inputs)) == {
        "properties": ["name", "ref", "size"],
        "propertiesWithHistory": [],
        "idProperty": "ref",
        "inputs": [{"id": "a"}, {"id": "b"}],
    }


# In a whole run


def create(
    faults: Any,
    records: list[dict[str, str]] | None = None,
    *,
    unique_property: str | None = "email",
    retry: RetryPolicy | None = None,
    **habits: Any,
) -> tuple[Outcome, World]:
    async def main() -> tuple[Outcome, World]:
        async with World(faults=faults, retry=retry, timeout=30.0, **habits) as world:
            run = world.client.create(
                "contacts", records or people(10), unique_property=unique_property
            )
            return await run, world

    return run_in_virtual_time(main())


def verbs(world: World) -> list[str]:
    return [request.path.rsplit("/", 1)[1] for request in world.service.requests]


LOST_AND_WRITTEN = [
    FaultKind.RESET_AFTER_WRITE,
    FaultKind.SERVER_ERROR_AFTER_WRITE,
    FaultKind.BAD_GATEWAY_AFTER_WRITE,
    FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE,
    FaultKind.ORIGIN_TIMEOUT_AFTER_WRITE,
    FaultKind.HTML_AFTER_WRITE,
    FaultKind.NOT_AN_OBJECT_AFTER_WRITE,
    FaultKind.TRUNCATED,
    FaultKind.SLOW,
    FaultKind.PENDING,
    Fault(FaultKind.OMITTED_AFTER_WRITE, count=10),
    Fault(FaultKind.CONTRADICTION, count=10),
]
LOST_AND_NOT_WRITTEN = [
    FaultKind.RESET,
    FaultKind.SERVER_ERROR,
    FaultKind.BAD_GATEWAY,
    FaultKind.GATEWAY_TIMEOUT,
    FaultKind.ORIGIN_TIMEOUT,
    FaultKind.HTML,
    FaultKind.NOT_AN_OBJECT,
    FaultKind.CANCELED,
    Fault(FaultKind.OMITTED, count=10),
]


@pytest.mark.parametrize("fault", LOST_AND_WRITTEN)
def test_a_create_that_was_written_is_found_and_not_sent_again(
    fault: Fault | FaultKind,
) -> None:
    outcome, world = create([fault])
    assert outcome.counts == Counts(10, succeeded=10)
    assert verbs(world) == ["create", "read"]
    stored = world.service.objects("contacts")
    assert len(stored) == 10
    assert {each.id for each in outcome.results} == set(stored)
    assert [each.properties["email"] for each in outcome.results] == [
        person["email"] for person in people(10)
    ]
    assert outcome.errors == []
    assert {record.attempts for record in outcome.records} == {1}


@pytest.mark.parametrize("fault", LOST_AND_NOT_WRITTEN)
def test_a_create_that_was_not_written_is_sent_again(fault: Fault | FaultKind) -> None:
    outcome, world = create([fault])
    assert outcome.counts == Counts(10, succeeded=10)
    assert verbs(world) == ["create", "read", "read", "create"]
    assert len(world.service.objects("contacts")) == 10
    assert outcome.errors == []


@pytest.mark.parametrize("fault", [*LOST_AND_WRITTEN, *LOST_AND_NOT_WRITTEN])
def test_without_a_unique_property_it_stays_unknown_and_is_never_sent_twice(
    fault: Fault | FaultKind,
) -> None:
    outcome, world = create([fault], unique_property=None)
    assert outcome.counts == Counts(10, unknown=10)
    assert verbs(world) == ["create"]


def test_only_what_is_in_doubt_is_looked_up() -> None:
    outcome, world = create([Fault(FaultKind.OMITTED, count=3)])
    assert outcome.ok
    assert [len(body["inputs"]) for body in world.bodies()] == [10, 3, 3, 3]
    assert len(world.service.objects("contacts")) == 10


def test_a_look_up_is_tried_as_often_as_any_read() -> None:
    outcome, world = create(
        [
            FaultKind.RESET_AFTER_WRITE,
            FaultKind.UNAVAILABLE,
            FaultKind.RESET,
            FaultKind.RATE_SECONDLY,
            FaultKind.HTML,
        ]
    )
    assert outcome.ok
    assert verbs(world) == ["create", *["read"] * 5]


def test_a_look_up_that_fails_leaves_the_doubt_and_says_so() -> None:
    outcome, world = create([FaultKind.RESET_AFTER_WRITE, *[FaultKind.SERVER_ERROR] * 99])
    assert outcome.counts == Counts(10, unknown=10)
    assert "looking it up failed" in outcome.unknown[0].reason
    assert verbs(world) == ["create", *["read"] * 6]


def test_a_property_that_is_not_unique_leaves_the_doubt() -> None:
    records = [{"firstname": str(number)} for number in range(3)]
    outcome, world = create([FaultKind.RESET], records, unique_property="firstname")
    assert outcome.counts == Counts(3, unknown=3)
    assert "non-unique" in outcome.unknown[0].reason
    assert verbs(world) == ["create", "read"]


def test_records_without_a_value_stay_in_doubt_and_the_others_do_not() -> None:
    records = [*people(2), {"firstname": "nobody"}]
    outcome, world = create([FaultKind.RESET], records)
    assert [record.index for record in outcome.unknown] == [2]
    assert len(world.service.objects("contacts")) == 2
    for record in outcome.unknown:
        assert record.error in outcome.errors


@pytest.mark.parametrize("firstname", ["Somebody else", "Person 3"])
@virtual_time
async def test_what_existed_before_is_not_taken_for_ours(firstname: str) -> None:

    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        before = {"email": "p3@example.com", "firstname": firstname}
        theirs = world.service.add("contacts", before)
        await asyncio.sleep(700)
        outcome = await world.client.create("contacts", people(10), unique_property="email")
        assert outcome.counts == Counts(10, succeeded=9, failed=1)
        assert outcome.failed[0].index == 3
        assert f"existed before: its record id is {theirs.id}" in outcome.failed[0].reason
        assert theirs.properties["firstname"] == firstname


@virtual_time
async def test_a_rejection_after_a_doubt_counts_once_a_look_up_finds_nothing() -> None:
    """The first try is lost, the second one refused: the look-ups tell that neither was written."""

    async with World(faults=[FaultKind.RESET, None, None, None]) as world:
        world.service.declare_strict("contacts", ["firstname"])
        records = [*people(3), {"email": "bad@example.com", "nope": "1"}]
        outcome = await world.client.create("contacts", records, unique_property="email")
        assert outcome.counts == Counts(4, succeeded=3, failed=1)
        assert "nope" in outcome.failed[0].reason
        assert outcome.failed[0].index in outcome.failed[0].error.indexes  # type: ignore[union-attr]
        assert len(world.service.objects("contacts")) == 3


@virtual_time
async def test_a_conflict_with_its_own_first_try_is_a_success() -> None:
    """The look-ups come too early, the create is sent again, and collides with what it has created before."""

    async with World() as world:
        send, hidden = world.transport.send, 3

        async def late(request: Any, token: str, note_sent: Any) -> Any:
            nonlocal hidden
            hidden -= 1
            if hidden == 2:
                first.append(request)
                return NoReply(sent=True, reason="lost")
            if hidden == -1:  # the first try arrives at last, just before the second
                await send(first[0], token, note_sent)
            return await send(request, token, note_sent)

        first: list[Any] = []
        world.transport.send = late  # type: ignore[method-assign]
        outcome = await world.client.create("contacts", people(4), unique_property="email")
        assert outcome.counts == Counts(4, succeeded=4)
        assert len(world.service.objects("contacts")) == 4
        assert verbs(world) == ["read", "read", "create", "create", "read"]


@virtual_time
async def test_a_conflict_that_no_look_up_confirms_stays_unknown() -> None:
    """The object is there, for it refuses its own second try; but reads do not see it yet."""

    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        send = world.transport.send

        async def blind(request: Any, token: str, note_sent: Any) -> Any:
            if request.path.endswith("read"):
                missing = [item["id"] for item in orjson.loads(request.body)["inputs"]]
                error = {
                    "category": "OBJECT_NOT_FOUND",
                    "message": "",
                    "context": {"ids": missing},
                }
                return Reply(207, {}, orjson.dumps({"status": "COMPLETE", "errors": [error]}))
            return await send(request, token, note_sent)

        world.transport.send = blind  # type: ignore[method-assign]
        outcome = await world.client.create("contacts", people(4), unique_property="email")
        assert outcome.counts == Counts(4, unknown=4)
        assert verbs(world) == ["create", "create"]
        assert len(world.service.objects("contacts")) == 4


def refusing(shape: str, ids: list[str]) -> Reply:
    """Refuse a create that has been written before, in one of the shapes that a conflict has."""
    taken = {"isValid": False, "error": "CONFLICTING_UNIQUE_VALUE", "name": "email"}
    shapes: dict[str, tuple[int, dict[str, Any]]] = {
        "conflict": (409, {"category": "CONFLICT", "message": "Contact already exists."}),
        "named": (409, {"category": "CONFLICT", "message": f"Existing ID: {ids[0]}"}),
        "exists": (409, {"category": "OBJECT_ALREADY_EXISTS", "message": "it is there"}),
        "exists, 400": (400, {"category": "OBJECT_ALREADY_EXISTS", "message": "it is there"}),
        "in a message": (
            400,
            {
                "category": "VALIDATION_ERROR",
                "message": f"Property values were not valid: {orjson.dumps([taken]).decode()}",
            },
        ),
        "in a detail": (
            400,
            {
                "category": "VALIDATION_ERROR",
                "message": "no",
                "errors": [{"message": "taken", "code": "CONFLICTING_UNIQUE_VALUE"}],
            },
        ),
        "in the context": (
            400,
            {"category": "OBJECT_ALREADY_EXISTS", "message": "", "context": {"existingId": ids}},
        ),
    }
    status, body = shapes[shape]
    return Reply(status, {}, orjson.dumps({"status": "error", "correlationId": "c", **body}))


@pytest.mark.parametrize("lag", [0.0, 3.0, 12.0, 30.0, 3600.0])
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize(
    "shape",
    [
        *("conflict", "named", "exists", "exists, 400"),
        *("in a message", "in a detail", "in the context"),
    ],
)
@virtual_time
async def test_a_create_in_doubt_that_conflicts_with_itself_never_fails(
    shape: str, count: int, lag: float
) -> None:
    """The first try was written and its answer lost; reading lags behind writing; the second try collides."""

    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        send, loop = world.transport.send, asyncio.get_running_loop()

        async def late(request: Any, token: str, note_sent: Any) -> Any:
            inputs = orjson.loads(request.body)["inputs"]
            stored = list(world.service.objects("contacts"))
            if request.path.endswith("read") and loop.time() < lag:
                missing = {
                    "category": "OBJECT_NOT_FOUND",
                    "message": "",
                    "context": {"ids": [item["id"] for item in inputs]},
                }
                body = {"status": "COMPLETE", "errors": [missing]}
                return Reply(207, {}, orjson.dumps(body))
            if request.path.endswith("create") and stored:
                return refusing(shape, stored)
            return await send(request, token, note_sent)

        world.transport.send = late  # type: ignore[method-assign]
        outcome = await world.client.create("contacts", people(count), unique_property="email")
        counts = outcome.counts
        assert counts.failed == 0
        assert counts.succeeded + counts.unknown == count
        if lag < 3600.0:
            assert counts.succeeded == count, "looking showed it in the end"
        assert len(world.service.objects("contacts")) == count


@pytest.mark.parametrize("status", [400, 413])
@virtual_time
async def test_a_value_that_cannot_be_looked_up_leaves_only_its_own_record_in_doubt(
    status: int,
) -> None:
    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        send = world.transport.send

        async def squeamish(request: Any, token: str, note_sent: Any) -> Any:
            if request.path.endswith("read") and b"p3@" in request.body:
                return Reply(status, {}, b'{"category":"VALIDATION_ERROR","message":"p3?"}')
            return await send(request, token, note_sent)

        world.transport.send = squeamish  # type: ignore[method-assign]
        outcome = await world.client.create("contacts", people(8), unique_property="email")
        assert outcome.counts == Counts(8, succeeded=7, unknown=1)
        assert outcome.unknown[0].index == 3


@virtual_time
async def test_a_token_that_may_not_read_leaves_doubts_and_goes_on() -> None:
    def forbid(request: Any) -> FaultKind | None:
        if request.path.endswith("read"):
            return FaultKind.MISSING_SCOPES
        return FaultKind.RESET if b"p3@" in request.body else None

    async with World(faults=forbid) as world:
        run = world.client.create("contacts", people(40), unique_property="email", batch_size=4)
        outcome = await run
        assert outcome.counts == Counts(40, succeeded=36, unknown=4)
        assert "MISSING_SCOPES" in outcome.unknown[0].reason


def test_it_is_not_sent_for_ever() -> None:
    outcome, world = create(
        lambda request: FaultKind.RESET if request.path.endswith("create") else None,
        retry=RetryPolicy(max_attempts=3),
    )
    assert outcome.counts == Counts(10, unknown=10)
    assert verbs(world).count("create") == 3
    assert {record.attempts for record in outcome.records} == {3}


def test_records_with_one_value_are_created_once() -> None:
    twice = [{"email": "a@example.com", "firstname": name} for name in ("first", "second")]
    outcome, world = create([FaultKind.RESET_AFTER_WRITE], twice)
    assert outcome.records[0].status is RecordStatus.SUCCEEDED
    assert outcome.records[1].status is RecordStatus.FAILED
    outcome, world = create([None, FaultKind.RESET_AFTER_WRITE], twice)
    assert outcome.records[0].status is RecordStatus.SUCCEEDED
    assert outcome.records[1].status in {RecordStatus.FAILED, RecordStatus.UNKNOWN}
    assert len(world.service.objects("contacts")) == 1


def test_cancelled_at_any_await_nothing_is_created_twice() -> None:
    faults: list[Fault | FaultKind | None] = [
        FaultKind.RESET_AFTER_WRITE,
        FaultKind.RESET,
        Fault(FaultKind.OMITTED, count=1),
        None,
        FaultKind.UNAVAILABLE,
    ]

    async def trial(turn: int | None) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        async with World(faults=faults, latency=(0.1, 0.3), max_concurrency=2) as world:
            run = world.client.create("contacts", people(9), unique_property="email", batch_size=3)
            task = asyncio.ensure_future(run)
            await asyncio.sleep(0)
            if turn is not None:
                loop.interrupt(turn, task.cancel)
            await asyncio.wait([task])
            turns = loop.turns
            assert task.cancelled() == (turn is not None)
            assert run.outcome.counts.total == 9
            assert run.outcome.ok or turn is not None
            stored = [
                each.properties["email"] for each in world.service.objects("contacts").values()
            ]
            assert len(stored) == len(set(stored))
            for record in run.outcome.records:
                there = record.input["email"] in stored
                assert there or record.status is not RecordStatus.SUCCEEDED
                assert not there or record.status in {RecordStatus.SUCCEEDED, RecordStatus.UNKNOWN}
            return turns

    turns = run_in_virtual_time(trial(None))
    assert turns > 30
    for turn in range(3, turns - 2):
        run_in_virtual_time(trial(turn))


# Idempotent verbs


@pytest.mark.parametrize("fault", [FaultKind.OMITTED, FaultKind.OMITTED_AFTER_WRITE])
@pytest.mark.parametrize("verb", ["upsert", "update", "read"])
@virtual_time
async def test_an_omitted_input_is_asked_for_once_more_alone(fault: FaultKind, verb: str) -> None:
    async with World(faults=[Fault(fault, count=2)]) as world:
        ids = [world.service.add("contacts", person).id for person in people(10)]
        records: list[Any] = people(10) if verb == "upsert" else ids
        if verb == "update":
            records = [{"id": number, "firstname": "x"} for number in ids]
        options = {"id_property": "email"} if verb == "upsert" else {}
        outcome = await getattr(world.client, verb)("contacts", records, **options)
        assert outcome.counts == Counts(10, succeeded=10)
        assert outcome.errors == []
        assert [len(body["inputs"]) for body in world.bodies()] == [10, 1, 1]


@virtual_time
async def test_what_is_left_out_twice_is_unknown() -> None:
    async with World(faults=[FaultKind.OMITTED] * 2) as world:
        outcome = await world.client.upsert("contacts", people(10), id_property="email")
        assert outcome.counts == Counts(10, succeeded=9, unknown=1)
        assert len(outcome.errors) == 1
        assert outcome.unknown[0].attempts == 2
        assert len(world.service.requests) == 2


@virtual_time
async def test_an_update_in_doubt_that_then_finds_nothing_stays_in_doubt() -> None:
    """It may have been written, and then deleted or merged by others."""

    async with World(faults=[Fault(FaultKind.OMITTED, count=1)]) as world:
        outcome = await world.client.update("contacts", [{"id": "404", "firstname": "x"}])
        assert outcome.counts == Counts(1, unknown=1)
        assert outcome.unknown[0].reason.startswith("OBJECT_NOT_FOUND")


@pytest.mark.parametrize("status", [207, 404])
@pytest.mark.parametrize("count", [1, 10])
@virtual_time
async def test_an_archive_in_doubt_that_then_finds_nothing_has_archived_it(
    count: int, status: int
) -> None:
    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        ids = [world.service.add("contacts", person).id for person in people(count)]
        send = world.transport.send

        async def strict(request: Any, token: str, note_sent: Any) -> Any:
            asked = [item["id"] for item in orjson.loads(request.body)["inputs"]]
            if all(world.service.objects("contacts")[each].archived for each in asked):
                error = {
                    "category": "OBJECT_NOT_FOUND",
                    "message": "no",
                    "context": {"ids": asked},
                }
                answer = {"status": "COMPLETE", "errors": [error], "numErrors": 1}
                body = error if status == 404 else answer
                return Reply(status, {}, orjson.dumps(body))
            return await send(request, token, note_sent)

        world.transport.send = strict  # type: ignore[method-assign]
        outcome = await world.client.archive("contacts", ids)
        assert outcome.counts == Counts(count, succeeded=count)


@virtual_time
async def test_a_batch_that_is_pending_is_asked_for_again_as_one() -> None:
    async with World(faults=[FaultKind.PENDING]) as world:
        outcome = await world.client.upsert("contacts", people(50), id_property="email")
        assert outcome.ok
        assert [len(body["inputs"]) for body in world.bodies()] == [50, 50]


@virtual_time
async def test_a_fatal_answer_ends_the_taking_apart_of_other_batches() -> None:
    faults: list[Fault | FaultKind | None] = [
        Fault(FaultKind.OMITTED, count=5),
        FaultKind.MISSING_SCOPES,
    ]
    async with World(faults=faults, latency=1.0, max_concurrency=1) as world:
        run = world.client.upsert("contacts", people(20), id_property="email", batch_size=10)
        with pytest.raises(Exception, match="scope"):
            await run
        assert run.outcome.counts == Counts(20, succeeded=5, failed=10, unknown=5)
        assert len(world.service.requests) == 2
