"""What attacks from outside once broke: each story ends in states that the account bears out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from event_checks import check_events
from support import World, people

from hubbatch import (
    Counts,
    HubbatchError,
    Outcome,
    RateLimit,
    RecordStatus,
    RetryPolicy,
    Run,
    TransportError,
    UsageError,
)
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.events import Event
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import run_in_virtual_time, virtual_time

Answer = Callable[[Request, list[dict[str, Any]]], Reply | NoReply | None]
"""What is answered to a request with these inputs; None: what the sandbox answers."""


def reply(status: int, /, **body: Any) -> Reply:
    return Reply(status, {}, orjson.dumps(body))


def carried_out(
    answer: Answer, call: Callable[[World], Run], **options: Any
) -> tuple[Outcome, World, HubbatchError | None]:
    """Make one call of a service that answers so; return the outcome and what the run ended with."""

    async def main() -> tuple[Outcome, World, HubbatchError | None]:
        seen: list[Event] = []
        async with World(observers=[seen.append], **options) as world:
            send = world.transport.send

            async def answered(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
                note_sent()
                made = answer(request, orjson.loads(request.body)["inputs"])
                return await send(request, token, lambda: None) if made is None else made

            world.transport.send = answered  # type: ignore[method-assign]
            run = call(world)
            ended_by: HubbatchError | None = None
            try:
                await run
            except HubbatchError as error:
                ended_by = error
            check_events(seen, run)
            assert not [
                word for word in ("example.com", "Company ", "@x.com") if word in repr(seen)
            ]
            return run.outcome, world, ended_by

    return run_in_virtual_time(main())


def validation(message: str, *details: dict[str, Any]) -> Reply:
    return reply(400, category="VALIDATION_ERROR", message=message, errors=list(details))


def fault(code: str, *names: str) -> dict[str, Any]:
    return {"message": "no", "code": code, "context": {"propertyName": list(names)}}


# Refusals


def test_a_missing_property_condemns_nobody_but_the_record_that_needs_it() -> None:
    """Updates do not carry what the object has already; one of them lacks what its type requires."""

    def answer(request: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        if request.path.endswith("update") and any(item["id"] == bad for item in inputs):
            return validation("required", fault("REQUIRED_PROPERTIES_MISSING", "stage"))
        return None

    bad = ""

    def call(world: World) -> Run:
        nonlocal bad
        ids = [world.service.add("contacts", {"email": f"a{n}@x.com"}).id for n in range(100)]
        bad = ids[37]
        return world.client.update("contacts", [{"id": each, "a": "b"} for each in ids])

    outcome, _, error = carried_out(answer, call)
    assert error is None
    assert [record.index for record in outcome.failed] == [37]
    assert outcome.counts.succeeded == 99


def test_a_value_in_a_message_makes_no_refusal_the_calls_fault() -> None:
    """The company is called so, and HubSpot quotes it."""
    records = [{"name": f"Company {number}"} for number in range(100)]
    records[12]["name"] = "Non-Unique Ltd, by property rights; idProperty"

    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        if any("Non-Unique" in item["properties"]["name"] for item in inputs):
            return validation(
                'Property values were not valid: [{"isValid":false,"message":"Non-Unique Ltd, by property rights;'
                ' idProperty does not exist","error":"INVALID","name":"name"}]'
            )
        return None

    outcome, _, error = carried_out(answer, lambda world: world.client.create("companies", records))
    assert error is None
    assert [record.index for record in outcome.failed] == [12]
    assert outcome.counts.succeeded == 99


def test_a_search_waits_for_the_last_tries_of_its_parts_before_it_is_given_up() -> None:
    """Each part of the good half is locked at first."""
    tried: Counter[bytes] = Counter()

    def answer(request: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        bad = [item for item in inputs if int(item["id"][1:].split("@")[0]) % 2]
        if bad:
            return validation("no")
        tried[request.body] += 1
        return reply(423, category="LOCKED", message="busy") if tried[request.body] == 1 else None

    outcome, world, error = carried_out(
        answer, lambda world: world.client.upsert("contacts", people(100), id_property="email")
    )
    assert error is None
    assert outcome.counts == Counts(100, succeeded=50, failed=50)
    assert len(world.stored()) == 50


def test_a_read_that_finds_nothing_at_all_is_no_search() -> None:
    outcome, _, error = carried_out(
        lambda _, __: reply(404, category="OBJECT_NOT_FOUND", message="none of them"),
        lambda world: world.client.read("contacts", [str(number) for number in range(300)]),
    )
    assert error is None
    assert outcome.counts == Counts(300, failed=300)
    assert {record.attempts for record in outcome.records} == {1}


def test_two_names_of_one_object_are_sent_apart() -> None:
    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        ids = [item["id"] for item in inputs]
        if {"7", "007"} <= set(ids):
            message = "Duplicate IDs found in batch input: [7]. IDs must be unique"
            return reply(
                400, category="VALIDATION_ERROR", message=message, context={"ids": ["7", "007"]}
            )
        results = [
            {"id": item["id"], "objectWriteTraceId": item["objectWriteTraceId"]} for item in inputs
        ]
        return reply(200, status="COMPLETE", results=results)

    records = [{"id": key, "a": "b"} for key in ("7", "007", "8")]
    outcome, _, _ = carried_out(answer, lambda world: world.client.update("contacts", records))
    assert outcome.counts == Counts(3, succeeded=3)


def test_who_holds_what_another_collides_with_is_not_at_fault() -> None:
    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        if any(item["properties"].get("ref") == "taken" for item in inputs):
            return reply(409, category="CONFLICT", message="taken", context={"id": ["7"]})
        results = [
            {"id": item["id"], "objectWriteTraceId": item["objectWriteTraceId"]} for item in inputs
        ]
        return reply(200, status="COMPLETE", results=results)

    records = [
        {"id": str(number), "ref": "taken" if number == 3 else "x"} for number in range(1, 9)
    ]
    outcome, _, _ = carried_out(answer, lambda world: world.client.update("contacts", records))
    assert [record.input["id"] for record in outcome.failed] == ["3"]


@pytest.mark.parametrize("columns", [["nope"], ["nope", "neither"]])
def test_columns_that_do_not_exist_stop_the_run_also_when_one_record_is_named_at_a_time(
    columns: list[str],
) -> None:
    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply:
        details = [fault("PROPERTY_DOESNT_EXIST", name) for name in columns]
        traced = {"objectWriteTraceId": [inputs[0]["objectWriteTraceId"]]}
        body = {"category": "VALIDATION_ERROR", "message": "no such property", "context": traced}
        return reply(400, **body, errors=details)

    records = [person | dict.fromkeys(columns, "1") for person in people(1000)]
    outcome, _, error = carried_out(
        answer, lambda world: world.client.upsert("contacts", records, id_property="email")
    )
    assert isinstance(error, UsageError)
    assert all(repr(name) in str(error) for name in columns)
    assert outcome.counts.succeeded == 0
    assert sum(record.attempts for record in outcome.records) <= 1000


def test_a_message_that_quotes_the_key_is_the_same_reason_for_all() -> None:
    requests = 0

    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply:
        nonlocal requests
        requests += 1
        return validation(f"Invalid name {inputs[0]['id']}")

    records = [
        {"domain": f"{chr(97 + n // 10)}{chr(97 + n % 10)}corp", "a": "b"} for n in range(100)
    ]
    carried_out(answer, lambda world: world.client.upsert("2-1", records, id_property="domain"))
    assert requests <= 30


def test_a_firewall_that_dislikes_one_text_is_found_in_a_run_of_one_batch() -> None:
    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        poison = any("p61@" in item["id"] for item in inputs)
        return (
            Reply(403, {"content-type": "text/html"}, b"<html>Forbidden</html>") if poison else None
        )

    outcome, _, _ = carried_out(
        answer, lambda world: world.client.upsert("contacts", people(100), id_property="email")
    )
    assert [record.index for record in outcome.unknown] == [61]
    assert outcome.counts.succeeded == 99


# Results


def created(*properties: dict[str, str], errors: tuple[dict[str, Any], ...] = ()) -> Answer:
    results = [{"id": str(55 + n), "properties": each} for n, each in enumerate(properties)]
    return lambda _, __: reply(207, status="COMPLETE", results=results, errors=list(errors))


@pytest.mark.parametrize(
    ("first", "second", "held"),
    [
        ({"name": "Acme"}, {"name": "Acme", "website": "acme.com"}, "https://acme.com"),
        ({"name": "Acme"}, {"name": "Acme", "website": "1,000"}, "1000"),
        ({}, {"website": "acme.com"}, "https://acme.com"),
    ],
)
def test_a_result_with_what_only_another_sent_is_not_ours(
    first: dict[str, str], second: dict[str, str], held: str
) -> None:
    answer = created({**first, "website": held})
    records = [{"properties": first}, {"properties": second}]
    outcome, _, _ = carried_out(answer, lambda world: world.client.create("companies", records))
    assert outcome.counts == Counts(2, unknown=2)


ANONYMOUS = {"category": "VALIDATION_ERROR", "message": "something is wrong"}


@pytest.mark.parametrize(
    "error",
    [
        ANONYMOUS,
        {**ANONYMOUS, "context": {"objectWriteTraceId": ["of-another"]}},
    ],
)
def test_an_error_beside_a_result_that_may_be_its_own_is_no_refusal(error: dict[str, Any]) -> None:
    answer = created({"website": "https://acme.com"}, errors=(error,))
    outcome, _, _ = carried_out(
        answer, lambda world: world.client.create("companies", [{"website": "acme.com"}])
    )
    assert outcome.counts == Counts(1, unknown=1)


def test_an_error_that_names_another_refuses_nobody() -> None:
    error = {**ANONYMOUS, "context": {"objectWriteTraceId": ["of-another"]}}
    outcome, _, _ = carried_out(
        created(errors=(error,)), lambda world: world.client.create("companies", [{"name": "A"}])
    )
    assert outcome.counts == Counts(1, unknown=1)


def test_of_twins_the_one_that_is_refused_by_name_leaves_the_result_to_the_other() -> None:
    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply:
        named = {**ANONYMOUS, "context": {"objectWriteTraceId": [inputs[0]["objectWriteTraceId"]]}}
        return reply(207, results=[{"id": "9", "properties": {"name": "A"}}], errors=[named])

    outcome, _, _ = carried_out(
        answer, lambda world: world.client.create("companies", [{"name": "A"}, {"name": "A"}])
    )
    assert [record.status for record in outcome.records] == [
        RecordStatus.FAILED,
        RecordStatus.SUCCEEDED,
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"status": "COMPLETE", "numErrors": "1"},
        {"status": "COMPLETE", "numErrors": 1.0},
        {"status": "COMPLETE", "numErrors": True},
        {"status": "COMPLETE", "category": "VALIDATION_ERROR", "message": "nope"},
        {"status": "COMPLETE", "error": {"message": "nope"}},
        {"status": "COMPLETE", "results": [{"id": "1"}]},
        {"status": "COMPLETE", "results": [{"id": "1", "status": "FAILED"}, {"id": "2"}]},
    ],
)
def test_an_archive_that_says_anything_else_has_not_succeeded(body: dict[str, Any]) -> None:
    outcome, _, _ = carried_out(
        lambda _, __: reply(200, **body), lambda world: world.client.archive("contacts", ["1", "2"])
    )
    assert outcome.counts.succeeded == 0


@pytest.mark.parametrize(
    ("message", "context"),
    [("No objects found by idProperty: x", {}), ("not there", {"ids": ["999"]})],
)
def test_a_refusal_of_an_archive_is_no_success(message: str, context: dict[str, Any]) -> None:
    answer: Answer = lambda _, __: reply(  # noqa: E731
        404, category="OBJECT_NOT_FOUND", message=message, context=context
    )
    outcome, _, _ = carried_out(
        answer, lambda world: world.client.archive("contacts", ["1", "2", "3"])
    )
    if context:
        assert outcome.counts.succeeded == 0
    else:  # each alone: nobody else can be meant
        assert {record.attempts for record in outcome.records} != {1}


@pytest.mark.parametrize("status", [405, 413, 429])
@pytest.mark.parametrize(
    "body",
    [
        b'{"status":"COMPLETE","results":[{"id":"1","prop',
        b'\xef\xbb\xbf{"status":"COMPLETE","results":[]}',
        b'[{"status":"COMPLETE","results":[]}]',
        b'{"status":"COMPLETE","results":{"id":"1"}}',
    ],
)
def test_what_may_be_an_answer_proves_no_refusal_whatever_its_status(
    status: int, body: bytes
) -> None:
    outcome, _, _ = carried_out(
        lambda _, __: Reply(status, {}, body),
        lambda world: world.client.create("contacts", people(2)),
    )
    assert outcome.counts == Counts(2, unknown=2)
    assert {record.attempts for record in outcome.records} == {1}


def test_one_result_for_two_names_of_one_object_is_the_one_whose_values_it_holds() -> None:
    """The contact is named by its id and by its address; only the second update was carried out."""
    asked = 0

    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        nonlocal asked
        asked += 1
        if asked > 1:
            return reply(404, category="OBJECT_NOT_FOUND", message="gone")
        held = {"email": "a@x.com", "city": "B"}
        return reply(200, status="COMPLETE", results=[{"id": "7", "properties": held}])

    records = [
        {"id": "7", "properties": {"city": "A"}},
        {"id": "a@x.com", "idProperty": "email", "properties": {"city": "B"}},
    ]
    outcome, _, _ = carried_out(answer, lambda world: world.client.update("contacts", records))
    assert [record.status for record in outcome.records] == [
        RecordStatus.UNKNOWN,
        RecordStatus.SUCCEEDED,
    ]


def test_a_nested_input_keeps_its_id_property_whatever_else_it_has() -> None:
    seen: list[dict[str, Any]] = []

    def answer(_: Request, inputs: list[dict[str, Any]]) -> None:
        seen.extend(inputs)

    record = {"id": "a@x.com", "idProperty": "email", "properties": {"a": "b"}, "archived": False}
    carried_out(answer, lambda world: world.client.update("contacts", [record]))
    assert seen[0]["idProperty"] == "email"


# Doubt


@pytest.mark.parametrize("times", [{}, {"createdAt": "2019-01-01T00:00:00Z"}])
def test_an_object_without_a_date_is_nobodys(times: dict[str, str]) -> None:
    def answer(request: Request, _: list[dict[str, Any]]) -> Reply | NoReply:
        if request.path.endswith("create"):
            return NoReply(sent=True, reason="lost")
        properties = {"email": "p0@example.com", "firstname": "Person 0"}
        return reply(
            200, status="COMPLETE", results=[{"id": "7", "properties": properties, **times}]
        )

    outcome, _, _ = carried_out(
        answer, lambda world: world.client.create("contacts", people(1), unique_property="email")
    )
    assert outcome.counts == Counts(1, unknown=1)


@pytest.mark.parametrize(
    "refusal",
    [
        reply(409, category="CONTACT_EXISTS", message="Contact exists. Existing ID: 77"),
        reply(
            400, category="VALIDATION_ERROR", message="A contact with that address already exists"
        ),
        reply(400, category="VALIDATION_ERROR", message="in words that nobody knows"),
    ],
)
def test_while_reading_lags_behind_writing_no_refusal_settles_a_doubt(refusal: Reply) -> None:
    tries = 0

    def answer(request: Request, inputs: list[dict[str, Any]]) -> Reply | NoReply:
        nonlocal tries
        if not request.path.endswith("create"):
            missing = {"ids": [item["id"] for item in inputs]}
            error = {"category": "OBJECT_NOT_FOUND", "message": "", "context": missing}
            late = asyncio.get_running_loop().time() < 30
            found = {"id": "77", "properties": people(1)[0], "createdAt": "2026-01-01T00:00:00Z"}
            completed_at = "2026-01-01T00:00:30Z"
            if late or inputs[0]["id"] == "77":
                return reply(207, status="COMPLETE", errors=[error], completedAt=completed_at)
            return reply(200, status="COMPLETE", results=[found], completedAt=completed_at)
        tries += 1
        return NoReply(sent=True, reason="lost") if tries == 1 else refusal

    outcome, _, _ = carried_out(
        answer, lambda world: world.client.create("contacts", people(1), unique_property="email")
    )
    assert outcome.counts.failed == 0
    assert tries == 2


def test_what_is_refused_together_after_a_doubt_may_be_sent_again() -> None:
    tries = 0

    def answer(request: Request, inputs: list[dict[str, Any]]) -> Reply | NoReply:
        nonlocal tries
        if not request.path.endswith("create"):
            missing = {"ids": [item["id"] for item in inputs]}
            return reply(
                207, errors=[{"category": "OBJECT_NOT_FOUND", "message": "", "context": missing}]
            )
        tries += 1
        if tries == 1:
            return NoReply(sent=True, reason="lost")
        return validation("no", fault("PROPERTY_DOESNT_EXIST", "firstname"))

    outcome, _, _ = carried_out(
        answer, lambda world: world.client.create("contacts", people(10), unique_property="email")
    )
    assert outcome.counts.succeeded == 0
    assert len(outcome.retryable) == 10


# Ends


@pytest.mark.parametrize("kind", [FaultKind.RATE_ROLLING, FaultKind.MIGRATING, FaultKind.LOCKED])
@virtual_time
async def test_a_service_that_only_ever_asks_to_wait_ends_the_run(kind: FaultKind) -> None:
    faults = [Fault(kind, retry_after=200.0)] * 1_000
    async with World(faults=faults) as world:
        with pytest.raises(TransportError, match="not given one good answer"):
            await world.client.upsert("contacts", people(2_000), id_property="email")
        assert asyncio.get_running_loop().time() <= 3 * 300.0


@pytest.mark.parametrize("wait", [5.0, 20.0])
@virtual_time
async def test_a_stop_ends_the_run_whatever_the_service_asks_for_afterwards(wait: float) -> None:
    def refuse(request: Any) -> Fault | None:
        return Fault(FaultKind.RATE_ROLLING, retry_after=wait) if request.at > 1 else None

    policy = RetryPolicy(max_wait=30.0, max_elapsed=10_000.0)
    async with World(faults=refuse, retry=policy, max_concurrency=2) as world:
        run = world.client.upsert("contacts", people(3_000), id_property="email").start()
        await asyncio.sleep(2.0)
        begun = asyncio.get_running_loop().time()
        await run.stop()
        assert asyncio.get_running_loop().time() - begun <= 31.0
        outcome = await run
        assert outcome.counts.succeeded == len(world.stored())


class NoLength(list[Any]):
    """A list that cannot tell its length, as some loaders cannot."""

    def __len__(self) -> int:
        raise TypeError("nobody knows")


@virtual_time
async def test_a_source_that_cannot_tell_its_length_is_no_reason_to_hang() -> None:
    async with World() as world:
        source = NoLength(people(3))
        outcome = await world.client.upsert("contacts", source, id_property="email")
        assert outcome.counts == Counts(3, succeeded=3)
        seen = []
        async with world.client.upsert("contacts", source, id_property="email") as run:
            seen = [record async for record in run]
        assert len(seen) == 3


def test_what_was_sent_is_in_doubt_and_never_unsent_while_a_search_goes_on() -> None:
    """Every snapshot counts what is in flight as UNKNOWN, also between two parts of a batch."""

    def answer(_: Request, inputs: list[dict[str, Any]]) -> Reply | None:
        return validation("no") if any("p3@" in item["id"] for item in inputs) else None

    unsent: list[int] = []
    outcome, _, _ = carried_out(
        answer,
        lambda world: world.client.upsert(
            "contacts",
            people(8),
            id_property="email",
            on_progress=lambda progress: unsent.append(progress.counts.unsent),
        ),
    )
    assert outcome.counts == Counts(8, succeeded=7, failed=1)
    assert set(unsent) == {0}


@virtual_time
async def test_a_bug_in_the_carrying_leaves_what_was_sent_in_doubt() -> None:
    async with World(client_rate=RateLimit(1_000, 1.0)) as world:
        send, refused = world.transport.send, False

        async def refuse(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            nonlocal refused
            if b'"p1@' in request.body:
                note_sent()
                refused = True
                return validation("no")
            return await send(request, token, note_sent)

        world.transport.send = refuse  # type: ignore[method-assign]
        run = world.client.upsert("contacts", people(50), id_property="email")

        def factory(
            loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
        ) -> asyncio.Future[Any]:
            nonlocal refused
            if refused:  # what comes next is the task of a part
                refused = False
                coro.close()
                raise RuntimeError("a bug")
            return asyncio.Task(coro, loop=loop, **options)

        asyncio.get_running_loop().set_task_factory(factory)
        with pytest.raises(RuntimeError, match="a bug"):
            await run
        assert run.outcome.counts.total == 50
        assert run.outcome.counts.unsent == 0
        assert run.outcome.counts.succeeded <= len(world.stored())


@pytest.mark.parametrize("how", ["wait", "await", "poll", "break"])
@virtual_time
async def test_a_run_that_is_entered_and_not_iterated_comes_to_its_end(how: str) -> None:
    async with World() as world:
        async with world.client.upsert("contacts", people(20_000), id_property="email") as run:
            if how == "break":
                async for _ in run:
                    break
            if how == "poll":
                while not run.done:
                    assert run.progress.counts.total >= 0
                    await asyncio.sleep(1.0)
            elif how == "await":
                await run
            else:
                await run.wait()
        assert run.outcome.counts == Counts(20_000, succeeded=20_000)


@virtual_time
async def test_who_waits_for_a_run_takes_no_record_from_who_iterates() -> None:
    async with World() as world:
        async with world.client.upsert("contacts", people(5_000), id_property="email") as run:
            seen = 0

            async def iterate() -> None:
                nonlocal seen
                async for _ in run:
                    seen += 1

            reader = asyncio.create_task(iterate())
            await asyncio.sleep(0.1)
            await run
            await reader
        assert seen == 5_000


@virtual_time
async def test_what_is_not_entered_cannot_be_iterated() -> None:
    async with World() as world:
        run = world.client.upsert("contacts", people(3), id_property="email").start()
        with pytest.raises(UsageError, match="async with"):
            async for _ in run:
                pass
        await run


@virtual_time
async def test_what_a_range_would_still_have_made_is_left_in_it() -> None:
    async with World() as world:
        run = world.client.archive("contacts", range(1, 10**12), deadline=0.2)
        outcome = await run
        assert outcome.counts.total < 100_000
