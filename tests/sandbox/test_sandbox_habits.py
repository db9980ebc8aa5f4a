"""The habits in which HubSpot has been seen to vary: echoed trace ids, conflicts, what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sandbox_driver import Driver, keyed, new

from hubbatch.sandbox import ConflictShape

LINK = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]


def linked(target: str, trace_id: str | None = None) -> dict[str, Any]:
    """Return an input of a create that is to be associated."""
    return new(trace_id, n="1") | {"associations": [{"to": {"id": target}, "types": LINK}]}


# Trace ids


@pytest.mark.parametrize(
    ("echo", "least", "most"),
    [("all", 100, 100), (True, 100, 100), ("some", 25, 75), ("none", 0, 0), (False, 0, 0)],
)
def test_trace_ids_are_echoed_for_all_some_or_none_of_the_results(
    echo: str | bool, least: int, most: int
) -> None:
    def echoed(seed: int) -> list[str]:
        driver = Driver(echo_trace_ids=echo, seed=seed)
        reply = driver.batch("create", [new(f"t{number}", n="1") for number in range(100)])
        return [trace for item in reply.results if (trace := item.get("objectWriteTraceId"))]

    assert least <= len(echoed(1)) <= most
    assert echoed(1) == echoed(1)
    if echo == "some":
        assert echoed(1) != echoed(2)


# Conflicts

STATUSES = {
    ConflictShape.CONFLICT: (409, "CONFLICT"),
    ConflictShape.ALREADY_EXISTS: (409, "OBJECT_ALREADY_EXISTS"),
    ConflictShape.ALREADY_EXISTS_400: (400, "OBJECT_ALREADY_EXISTS"),
    ConflictShape.UNIQUE_VALUE: (400, "VALIDATION_ERROR"),
}


@pytest.mark.parametrize("shape", ConflictShape)
@pytest.mark.parametrize("names", [True, False])
def test_a_conflict_has_one_of_four_shapes_for_a_batch_or_an_input(
    shape: ConflictShape, names: bool
) -> None:
    driver = Driver(conflict_shape=shape.value, name_existing_id=names)
    driver.service.define_property("deals", "deal_ref", unique=True)
    for _ in range(54_320):
        driver.service.account().store.next_id()
    key = driver.add("deals", deal_ref="D1")
    refused = driver.batch("create", [new(deal_ref="D1"), new(deal_ref="D2")], kind="deals")
    assert (refused.status, refused.body["category"]) == STATUSES[shape]
    some = driver.batch("create", [new("t1", deal_ref="D1"), new("t2", a="1")], kind="deals")
    assert (some.status, len(some.results)) == (207, 1)
    assert some.errors[0]["category"] == STATUSES[shape][1]
    assert some.errors[0]["context"] == {"objectWriteTraceId": ["t1"]}
    for message in (refused.body["message"], some.errors[0]["message"]):
        assert (key in message) is names


def test_the_message_of_a_unique_value_that_is_taken_holds_json() -> None:
    driver = Driver(conflict_shape="unique_value")
    driver.service.define_property("deals", "deal_ref", unique=True)
    driver.add("deals", deal_ref="D1")
    message = driver.batch("create", [new(deal_ref="D1")], kind="deals").body["message"]
    words, _, items = message.partition(": ")
    assert words == "Property values were not valid"
    (item,) = json.loads(items)
    assert item.keys() == {"isValid", "message", "error", "name"}
    assert (item["error"], item["name"]) == ("CONFLICTING_UNIQUE_VALUE", "deal_ref")


def test_the_item_of_a_conflict_can_name_the_holder_in_its_context() -> None:
    driver = Driver(existing_id_in_context=True, name_existing_id=False)
    key = driver.add(email="a@b.c")
    reply = driver.batch("create", [new("t1", email="a@b.c"), new("t2", email="b@b.c")])
    assert reply.errors[0]["context"] == {"objectWriteTraceId": ["t1"], "existingId": [key]}
    assert key not in reply.errors[0]["message"]
    with_each_other = driver.batch("create", [new("t1", email="c@b.c"), new("t2", email="c@b.c")])
    assert "existingId" not in with_each_other.errors[0]["context"]


# Whole batches


@pytest.mark.parametrize("verb", ["create", "upsert", "update"])
def test_one_invalid_input_can_reject_the_whole_batch_in_spite_of_trace_ids(verb: str) -> None:
    driver = Driver(reject_whole_batch=True)
    driver.add(email="a@b.c")
    driver.add(email="b@b.c")
    inputs = [
        keyed("a@b.c", "t1", by="email", phone="1"),
        keyed("b@b.c", "t2", by="email", hs_object_id="7"),
    ]
    reply = driver.batch(verb, inputs)
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    assert all(stored.writes == 1 for stored in driver.service.objects("contacts").values())


def test_rejecting_what_is_invalid_leaves_conflicts_of_status_409_alone() -> None:
    driver = Driver(reject_whole_batch=True)
    driver.add(email="a@b.c")
    assert driver.batch("create", [new("t1", email="a@b.c"), new("t2", a="1")]).status == 207


def test_one_missing_id_of_many_can_reject_an_update() -> None:
    driver = Driver(missing_rejects_batch=True)
    key = driver.add()
    reply = driver.batch(
        "update", [keyed(key, "t1", a="1"), keyed("7", "t2", a="1"), keyed("8", "t3", a="1")]
    )
    assert (reply.status, reply.body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert reply.body["context"] == {"ids": ["7"]}
    assert driver.service.objects("contacts")[key].writes == 1


def test_one_missing_target_of_many_can_reject_a_create() -> None:
    driver = Driver(missing_rejects_batch=True)
    company = driver.add("companies")
    gone = driver.add("companies")
    driver.batch("archive", [{"id": gone}], kind="companies")
    reply = driver.batch("create", [linked(company, "t1"), linked("7", "t2"), linked(gone, "t3")])
    assert (reply.status, reply.body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert reply.body["context"] == {"id": ["7"]}
    assert not driver.service.objects("contacts")
    assert driver.batch("create", [linked(company)]).status == 201
    assert driver.batch("create", [linked(gone)]).status == 404


def test_ids_not_found_can_come_with_their_trace_ids() -> None:
    driver = Driver(missing_trace_ids=True)
    key = driver.add()
    reply = driver.batch(
        "update", [keyed(key, "t1", a="1"), keyed("7", "t2", a="1"), keyed("8", a="1")]
    )
    assert reply.errors[0]["context"] == {"ids": ["7", "8"], "objectWriteTraceId": ["t2"]}
