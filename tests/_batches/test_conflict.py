"""A conflict that names the object collided with is traced by what that object holds."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, people, plan, result

from hubbatch import BatchResponse, Counts, ErrorDetail
from hubbatch._batches.conflict import existing_id, suspects_of, unique_names
from hubbatch._batches.faults import is_conflict
from hubbatch._protocol.exchange import Reply
from hubbatch._records.spelling import CONTACTS, OTHERS
from hubbatch.endpoints import CREATE, UPDATE
from hubbatch.models import BatchError
from hubbatch.sandbox import FaultKind
from hubbatch.testing import virtual_time


@pytest.mark.parametrize(
    ("message", "object_id"),
    [
        ("Contact already exists. Existing ID: 7", "7"),
        ("Contact already exists. Existing ID: 70001.", "70001"),
        ("Contact already exists.", None),
        ("Existing ID: none", None),
    ],
)
def test_the_object_is_read_from_the_message(message: str, object_id: str | None) -> None:
    assert existing_id(BatchError("CONFLICT", message)) == object_id


@pytest.mark.parametrize(
    ("context", "object_id"),
    [
        ({"existingId": ["7"]}, "7"),
        ({"existingId": "7"}, "7"),
        ({"existingId": 7}, "7"),
        ({"existingId": ["none", "7"]}, "7"),
        ({"existingId": ["\u0667"]}, None),
        ({"existingId": []}, None),
        ({"existingId": {"id": "7"}}, None),
        ({"id": "7"}, None),
    ],
)
def test_the_object_is_read_from_the_context_too(context: Any, object_id: str | None) -> None:
    assert existing_id(BatchError("CONFLICT", "taken", context=context)) == object_id
    nested = BatchError("C", "taken", errors=[ErrorDetail("d", "CONFLICT", context)])
    assert existing_id(nested) == object_id


TAKEN = (
    'Property values were not valid: [{"isValid":false,"message":"deal_ref already has the value",'
    '"error":"CONFLICTING_UNIQUE_VALUE","name":"deal_ref"}]'
)
CONFLICTS = [
    BatchError("CONFLICT", "Contact already exists. Existing ID: 7"),
    BatchError("CONFLICT", ""),
    BatchError("OBJECT_ALREADY_EXISTS", "it is there"),
    BatchError("VALIDATION_ERROR", TAKEN),
    BatchError("VALIDATION_ERROR", "no", errors=[ErrorDetail("d", "CONFLICTING_UNIQUE_VALUE")]),
    BatchError("VALIDATION_ERROR", "no", errors=[ErrorDetail("d", "OBJECT_ALREADY_EXISTS")]),
    BatchError(
        "VALIDATION_ERROR",
        "no",
        errors=[ErrorDetail("d", "INVALID"), ErrorDetail("d", "CONFLICTING_UNIQUE_VALUE")],
    ),
]
NO_CONFLICTS = [
    BatchError("VALIDATION_ERROR", "no"),
    BatchError("VALIDATION_ERROR", "CONFLICTING_UNIQUE_VALUE is a word"),
    BatchError("VALIDATION_ERROR", TAKEN.replace("CONFLICTING_UNIQUE_VALUE", "INVALID_EMAIL")),
    BatchError("VALIDATION_ERROR", TAKEN[:-1]),
    BatchError("OBJECT_NOT_FOUND", "no", context={"existingId": "7"}),
    BatchError("VALIDATION_ERROR", "no", errors=[ErrorDetail("CONFLICT")]),
]


@pytest.mark.parametrize("error", CONFLICTS)
def test_a_conflict_has_many_shapes(error: BatchError) -> None:
    assert is_conflict(error)


@pytest.mark.parametrize("error", NO_CONFLICTS)
def test_what_is_no_conflict_is_not_taken_for_one(error: BatchError) -> None:
    assert not is_conflict(error)


UNIQUE = unique_names("ref", None)


@pytest.mark.parametrize(
    ("held", "suspects"),
    [
        ({"email": "B@x.com"}, [1]),
        ({"email": "b@x.com", "city": "Ulm"}, [1]),
        ({"email": "z@x.com", "hs_additional_emails": "y@x.com;c@x.com"}, [2]),
        ({"ref": "2"}, [2]),
        ({"ref": "0", "email": "c@x.com"}, [0, 2]),
        ({"city": "Ulm"}, []),
        ({"email": "", "ref": None}, []),
        ({}, []),
    ],
)
def test_who_shares_a_unique_value_is_suspect(
    held: dict[str, str | None], suspects: list[int]
) -> None:
    records = [
        {"email": f"{name}@x.com", "city": "Ulm", "ref": str(number)}
        for number, name in enumerate("abc")
    ]
    inputs = plan(records, CREATE)
    found = suspects_of(inputs, BatchResponse(results=[result("7", held)]), UNIQUE, CONTACTS)
    assert [item.index for item in found] == suspects


def test_an_answer_without_the_object_makes_nobody_suspect() -> None:
    inputs = plan(people(2), CREATE)
    assert suspects_of(inputs, None, UNIQUE, CONTACTS) == []
    assert suspects_of(inputs, BatchResponse(), UNIQUE, CONTACTS) == []


def test_whoever_is_the_object_does_not_collide_with_it() -> None:
    inputs = plan([{"id": "7", "email": "a@x.com"}, {"id": "8", "email": "a@x.com"}], UPDATE)
    response = BatchResponse(results=[result("7", {"email": "a@x.com"})])
    assert [item.index for item in suspects_of(inputs, response, UNIQUE, CONTACTS)] == [1]


@pytest.mark.parametrize(
    ("value", "held"),
    [("1.0", "1"), (" R1 ", "R1"), ("e\u0301", "\u00e9"), ("2026-01-01", "2026-01-01T00:00:00Z")],
)
def test_a_unique_value_is_suspect_however_it_is_spelled(value: str, held: str) -> None:
    inputs = plan([{"ref": "else"}, {"ref": value}], CREATE)
    response = BatchResponse(results=[result("7", {"ref": held})])
    assert [item.index for item in suspects_of(inputs, response, UNIQUE, OTHERS)] == [1]


def test_the_e_mails_of_other_types_have_case() -> None:
    inputs = plan([{"email": "a"}, {"email": "A"}], CREATE)
    response = BatchResponse(results=[result("7", {"email": "A"})])
    assert [item.index for item in suspects_of(inputs, response, UNIQUE, OTHERS)] == [1]
    assert [item.index for item in suspects_of(inputs, response, UNIQUE, CONTACTS)] == [0, 1]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 99), min_size=1, max_size=8), st.booleans())
@virtual_time
async def test_a_few_conflicts_cost_three_requests_each(numbers: set[int], named: bool) -> None:
    async with World(conflicts_reject_batch=True, name_existing_id=named) as world:
        for number in numbers:
            world.service.add("contacts", {"email": f"p{number}@example.com"})
        outcome = await world.client.create("contacts", people(100))
        assert {record.index for record in outcome.failed} == numbers
        assert outcome.counts == Counts(100, succeeded=100 - len(numbers), failed=len(numbers))
        assert len(world.stored()) == 100
        if named:
            found = min(len(numbers), 3)
            rest = 2 * (len(numbers) - found) * math.ceil(math.log2(100))
            assert len(world.service.requests) <= 1 + 3 * found + rest


@virtual_time
async def test_an_address_that_belongs_to_another_is_found_among_updates() -> None:
    async with World(conflicts_reject_batch=True, update_rejects_whole_batch=True) as world:
        ids = [world.service.add("contacts", person).id for person in people(20)]
        theirs = world.service.add("contacts", {"email": "taken@example.com"})
        records: list[dict[str, Any]] = [{"id": known, "firstname": "x"} for known in ids]
        records[4]["email"] = "taken@example.com"
        # The object collided with is updated, too, and is not to blame.
        records.append({"id": theirs.id, "firstname": "x"})
        outcome = await world.client.update("contacts", records)
        assert [record.index for record in outcome.failed] == [4]
        assert outcome.counts == Counts(21, succeeded=20, failed=1)


@virtual_time
async def test_an_archive_that_collides_is_an_archive_that_is_refused() -> None:
    async with World() as world:

        async def refuse(request: Any, token: str, note_sent: Any) -> Reply:
            return Reply(409, {}, b'{"category":"CONFLICT","message":"Existing ID: 7"}')

        world.transport.send = refuse  # type: ignore[method-assign]
        outcome = await world.client.archive("contacts", ["1", "2", "3"])
        assert outcome.counts == Counts(3, failed=3)


@pytest.mark.parametrize("fault", [FaultKind.RESET, FaultKind.RATE_SECONDLY, FaultKind.HTML])
@virtual_time
async def test_when_the_object_cannot_be_read_the_batch_is_halved(fault: FaultKind) -> None:
    async with World(conflicts_reject_batch=True, faults=[None, fault]) as world:
        world.service.add("contacts", {"email": "p7@example.com"})
        outcome = await world.client.create("contacts", people(100))
        assert [record.index for record in outcome.failed] == [7]
        assert len(world.stored()) == 100
        assert len(world.service.requests) <= 17


@virtual_time
async def test_a_conflict_that_names_its_object_in_the_context_is_traced() -> None:
    async with World(conflicts_reject_batch=True, name_existing_id=False) as world:
        theirs = world.service.add("contacts", {"email": "p7@example.com"})
        send = world.transport.send

        async def tell(request: Any, token: str, note_sent: Any) -> Any:
            reply = await send(request, token, note_sent)
            if isinstance(reply, Reply) and reply.status == 409:
                body = {**orjson.loads(reply.body), "category": "OBJECT_ALREADY_EXISTS"}
                body["context"] = {"existingId": [theirs.id]}
                return Reply(400, reply.headers, orjson.dumps(body))
            return reply

        world.transport.send = tell  # type: ignore[method-assign]
        outcome = await world.client.create("contacts", people(100))
        assert [record.index for record in outcome.failed] == [7]
        assert len(world.stored()) == 100
        assert len(world.service.requests) <= 4
