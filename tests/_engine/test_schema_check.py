"""Records held against a schema before they are sent: none that is refused is sent, and only certainty refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, drip, people

from hubbatch import (
    Client,
    HubbatchError,
    Property,
    RecordStatus,
    RetryPolicy,
    Schema,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._clock import now
from hubbatch.endpoints import UPDATE
from hubbatch.sandbox import FaultKind, SandboxRequest
from hubbatch.testing import ScriptedTransport, run_in_virtual_time, virtual_time

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNSENT
BAD: list[dict[str, Any]] = [
    {"email": "unknown@x.com", "frstname": "x"},
    {"email": "read.only@x.com", "createdate": "2026-01-01"},
    {"email": "made.by.hubspot@x.com", "hs_object_id": "7"},
    {"email": "option@x.com", "lifecyclestage": "Lead"},
    {"email": "number@x.com", "annual": "1,000"},
    {"email": "date@x.com", "date_of_hire": "31.01.2026"},
    {"email": "time@x.com", "closedate": "yesterday"},
    {"email": "bool@x.com", "vip": "yes"},
]


def strict(**options: Any) -> World:
    world = World(strict=True, **options)
    for name, kind in (("annual", "number"), ("date_of_hire", "date"), ("vip", "bool")):
        world.service.define_property("contacts", name, kind=kind)
    return world


def gets(world: World) -> int:
    return sum(request.method == "GET" for request in world.service.requests)


@virtual_time
async def test_bad_records_are_refused_and_nothing_of_them_is_sent() -> None:
    async with strict() as world:
        outcome = await world.client.upsert(
            "contacts", [*BAD, *people(3)], id_property="email", validate=True
        )
    assert [record.status for record in outcome.records] == [F] * len(BAD) + [S] * 3
    assert set(world.statuses()) == {200}
    assert set(world.stored()) == {each["email"] for each in people(3)}
    error = outcome.records[0].error
    assert error is not None
    assert error.category == "LOCAL_VALIDATION"
    assert error.message == "there is no property 'frstname'; the closest is 'firstname'"
    [detail] = error.errors
    assert detail.code == "PROPERTY_DOESNT_EXIST"
    assert detail.context == {"propertyName": ["frstname"]}
    assert not outcome.retryable


@virtual_time
async def test_without_it_the_account_refuses_the_same() -> None:
    async with strict() as world:
        outcome = await world.client.upsert("contacts", [*BAD, *people(3)], id_property="email")
    assert [record.status for record in outcome.records] == [F] * len(BAD) + [S] * 3


@virtual_time
async def test_a_property_made_a_moment_ago_is_not_refused() -> None:
    async with strict() as world:
        await world.client.properties("contacts").all()
        world.service.define_property("contacts", "shoe_size", kind="number")
        outcome = await world.client.create(
            "contacts", [{"email": "a@x.com", "shoe_size": "42"}], validate=True
        )
    assert outcome.counts.succeeded == 1
    assert gets(world) == 2


@virtual_time
async def test_the_schema_is_fetched_anew_once_and_then_at_most_once_a_minute() -> None:
    bad = [{"email": f"a{number}@x.com", "nope": "x"} for number in range(100)]
    async with strict(latency=0.0) as world:
        await world.client.create("contacts", bad, validate=True)
        assert gets(world) == 2
        await world.client.create("contacts", bad, validate=True)
        assert gets(world) == 3  # the client has one; it is fetched anew once in this run
        began = now()
        outcome = await world.client.create("contacts", drip(bad, 3.0), validate=True)
        assert outcome.counts.failed == 100
        assert gets(world) - 3 <= 1 + (now() - began) / 60


@virtual_time
async def test_a_run_without_bad_records_fetches_it_once_and_the_next_one_not_at_all() -> None:
    async with strict() as world:
        await world.client.create("contacts", people(300), validate=True)
        await world.client.update("contacts", people(3), id_property="email", validate=True)
        assert gets(world) == 1


@virtual_time
async def test_a_schema_of_ones_own_is_never_fetched() -> None:
    own = [Property("email", has_unique_value=True), Property("age", type="number")]
    records = [{"email": "a@x.com", "age": "7"}, {"email": "b@x.com", "age": "x"}, *people(1)]
    given_as: list[Any] = [own, tuple(own), Schema(own), Schema.from_json(Schema(own).to_json())]
    for validate in given_as:
        async with World() as world:
            outcome = await world.client.upsert(
                "contacts", records, id_property="email", validate=validate
            )
            assert [record.status for record in outcome.records] == [S, F, F]
            assert gets(world) == 0


@virtual_time
async def test_what_names_an_object_has_to_be_unique() -> None:
    async with strict() as world:
        outcome = await world.client.update(
            "contacts",
            [
                {"id": "7", "properties": {"lastname": "x"}, "idProperty": "firstname"},
                {"id": "7", "properties": {"lastname": "x"}, "idProperty": "no_such"},
                {"email": "", "lastname": "x"},
            ],
            id_property="email",
            validate=True,
        )
    assert outcome.counts.failed == 3
    assert gets(world) == len(world.service.requests)
    messages = [record.error.message for record in outcome.records if record.error]
    assert "'firstname' are not unique" in messages[0]
    assert "no property 'no_such'" in messages[1]
    assert "email" in messages[2]


NAMING: list[tuple[str, dict[str, str], str]] = [
    ("create", {"unique_property": "firstname"}, "unique_property: .*'firstname' are not unique"),
    ("update", {"id_property": "firstname"}, "id_property: .*'firstname' are not unique"),
    ("upsert", {"id_property": "emial"}, "id_property: there is no property 'emial'.*'email'"),
]


@pytest.mark.parametrize(("verb", "options", "said"), NAMING)
@virtual_time
async def test_a_call_whose_objects_cannot_be_named_sends_nothing(
    verb: str, options: dict[str, str], said: str
) -> None:
    async with strict() as world:
        schema = await world.client.properties("contacts").all()
        with pytest.raises(UsageError, match=said):
            getattr(world.client, verb)("contacts", people(3), validate=schema, **options)
        run = getattr(world.client, verb)("contacts", people(3), validate=True, **options)
        with pytest.raises(UsageError, match=said) as caught:
            await run
    assert caught.value.outcome is not None
    assert caught.value.outcome.counts.unsent == 3
    assert gets(world) == len(world.service.requests) == 2, (
        "it is fetched anew, and nothing is sent"
    )


@virtual_time
async def test_a_property_made_unique_a_moment_ago_names_objects() -> None:
    async with strict() as world:
        await world.client.properties("contacts").all()
        world.service.define_property("contacts", "badge", unique=True)
        records = [{"badge": "7", "email": "a@x.com"}]
        outcome = await world.client.create(
            "contacts", records, unique_property="badge", validate=True
        )
    assert outcome.ok
    assert gets(world) == 2


@virtual_time
async def test_any_endpoint_that_writes_properties_can_be_held_against_a_schema() -> None:
    async with strict() as world:
        outcome = await world.client.batch(
            UPDATE, [{"id": "1", "nope": "x"}], object_type="contacts", validate=True
        )
    assert outcome.counts.failed == 1


@virtual_time
async def test_without_the_scope_it_is_a_usage_error_that_names_it_and_nothing_is_sent() -> None:
    for kind, scope in (("0-1", "contacts"), ("deals", "deals"), ("2-7", "custom")):
        async with World(strict=True, forbidden=(kind,)) as world:
            with pytest.raises(UsageError, match=f"scope 'crm.schemas.{scope}.read'") as caught:
                await world.client.create(kind, [{"dealname": "x"}], validate=True)
        assert world.statuses() == [403]
        assert caught.value.outcome is not None
        assert caught.value.outcome.counts.unsent == caught.value.outcome.counts.total == 1


@pytest.mark.parametrize("after", [0, 1])
@virtual_time
async def test_without_a_schema_nothing_is_refused_and_the_run_fails(after: int) -> None:
    faults = [None] * after + [FaultKind.SERVER_ERROR] * 100
    async with strict(faults=faults, retry=RetryPolicy(max_attempts=2)) as world:
        with pytest.raises(HubbatchError) as caught:
            await world.client.create("contacts", [BAD[0], *people(3)], validate=True)
    assert caught.value.outcome is not None
    assert caught.value.outcome.counts.unsent == caught.value.outcome.counts.total == 4
    assert gets(world) == len(world.service.requests)


@virtual_time
async def test_a_type_that_is_not_there_ends_the_run() -> None:
    async with World() as world:
        with pytest.raises(UnknownObjectTypeError):
            await world.client.create("no_such", [{"a": "b"}], validate=True)
    assert world.statuses() == [404]


@virtual_time
async def test_a_run_that_is_stopped_while_the_schema_is_fetched_ends_at_once() -> None:
    for before in (0.5, 1.5):  # the first fetch, and the one before a refusal
        async with strict(latency=1.0) as world:
            run = world.client.create("contacts", [BAD[0], *people(3)], validate=True).start()
            await asyncio.sleep(before)
            await run.stop()
            assert run.outcome.counts.unsent == run.outcome.counts.total == 4
            assert now() < 10
            assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_a_deadline_counts_while_the_schema_is_fetched() -> None:
    async with strict(latency=30.0) as world:
        outcome = await world.client.create("contacts", people(3), validate=True, deadline=1.0)
    assert outcome.counts.unsent == 3


@virtual_time
async def test_enough_refusals_stop_a_run() -> None:
    async with strict() as world:
        outcome = await world.client.create(
            "contacts", [*BAD, *people(500)], validate=True, max_failures=3
        )
    assert outcome.counts.failed == 3
    assert outcome.counts.unsent == len(BAD) + 500 - 3


@virtual_time
async def test_a_source_that_waits_goes_on_after_a_record_was_held_back() -> None:
    async with strict() as world:
        world.service.define_property("contacts", "late", kind="number")
        await world.client.properties("contacts").all()
        world.service.define_property("contacts", "later", kind="number")
        records = [{"email": "a@x.com", "later": "1"}, {"email": "b@x.com", "late": "x"}]
        async with world.client.create(
            "contacts", drip([*records, *people(5)], 5.0), validate=True
        ) as run:
            states = [(record.status, now()) async for record in run]
    assert [state for state, _ in states] == [S, F] + [S] * 5
    assert states[0][1] < 6  # it did not wait for the others


@pytest.mark.parametrize("validate", ["yes", 7, {"email": 1}, [7], ["email"], b"[]"])
def test_what_is_no_schema_is_a_usage_error(validate: Any) -> None:
    client = Client("made-up", transport=ScriptedTransport([]))
    with pytest.raises(UsageError, match=r"validate must be|a schema holds"):
        client.create("contacts", [], validate=validate)


def test_only_what_writes_properties_is_validated() -> None:
    client = Client("made-up", transport=ScriptedTransport([]))
    with pytest.raises(UsageError, match="read takes no validate"):
        client.read("contacts", [], validate=True)
    with pytest.raises(UsageError, match="archive takes no validate"):
        client.archive("contacts", [], validate=True)


@virtual_time
async def test_false_and_none_mean_no_validation() -> None:
    options: list[Any] = [False, None]
    for validate in options:
        async with World() as world:
            await world.client.create("contacts", people(1), validate=validate)
            assert gets(world) == 0


# Over any schedule

values = st.sampled_from(["x", "7", "1,000", "lead", "2026-01-31", "", "yes", "true", " 7"])
names = st.sampled_from(
    ["firstname", "annual", "date_of_hire", "vip", "lifecyclestage", "createdate", "nope"]
)
bodies = st.dictionaries(names, values, max_size=3)
faults = st.lists(
    st.sampled_from(
        [
            None,
            FaultKind.RATE_ROLLING,
            FaultKind.SERVER_ERROR,
            FaultKind.RESET,
            FaultKind.RESET_AFTER_WRITE,
            FaultKind.UNAVAILABLE,
        ]
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(st.lists(bodies, max_size=12), faults, st.floats(0, 3))
def test_an_account_never_refuses_what_was_held_against_its_schema(
    records: list[dict[str, str]], plan: list[FaultKind | None], pause: float
) -> None:
    async def story() -> None:
        async with strict(faults=plan) as world:
            given_records = [
                {"email": f"a{number}@x.com", **each} for number, each in enumerate(records)
            ]
            outcome = await world.client.upsert(
                "contacts", drip(given_records, pause), id_property="email", validate=True
            )
            assert 400 not in world.statuses()
            assert 207 not in world.statuses()
            assert outcome.counts.total == len(records)
            assert outcome.counts.succeeded + outcome.counts.failed == len(records)
            written = {record.index for record in outcome.records if record.status is S}
            assert set(world.stored()) == {f"a{number}@x.com" for number in written}

    run_in_virtual_time(story())


def hits(request: SandboxRequest) -> FaultKind | None:
    return FaultKind.RATE_ROLLING if request.method == "GET" and request.at < 1 else None


@settings(max_examples=40)
@given(st.floats(0, 30))
def test_cancelled_at_any_moment_every_record_is_accounted_for(moment: float) -> None:
    async def story() -> None:
        async with strict(faults=hits, latency=0.7) as world:
            run = world.client.create(
                "contacts", [*people(3), BAD[0], *people(3, 5)], validate=True
            )
            task = asyncio.ensure_future(run)
            await asyncio.sleep(moment)
            task.cancel()
            await asyncio.wait([task])
            counts = run.outcome.counts
            parts = (counts.succeeded, counts.failed, counts.unknown, counts.unsent)
            assert counts.total == sum(parts)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run_in_virtual_time(story())
