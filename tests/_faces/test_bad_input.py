"""What is wrong with a call is a `UsageError` that names it, or FAILED for a record; nothing is sent for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support import World

from hubbatch import Client, Filter, RecordStatus, UsageError, endpoints
from hubbatch.testing import virtual_time

Call = Callable[[Client], Any]

BETWEEN: dict[str, Any] = {"from_object_type": "contacts", "to_object_type": "companies"}
PAIRS = [("1", "2")]


CALLS: dict[str, tuple[Call, str]] = {
    "an unknown path field": (
        lambda client: client.batch(
            endpoints.ASSOCIATIONS_CREATE, PAIRS, **BETWEEN, object_type="contacts"
        ),
        r"no path field or option 'object_type'; it takes from_object_type, to_object_type",
    ),
    "a path field that is missing": (
        lambda client: client.batch(
            endpoints.ASSOCIATIONS_CREATE, PAIRS, from_object_type="contacts"
        ),
        "to_object_type",
    ),
    "a wrong version for a row": (
        lambda client: client.batch(
            endpoints.ASSOCIATIONS_CREATE, PAIRS, api_version="v1", **BETWEEN
        ),
        "associations-create does not exist in version 'v1'",
    ),
    "empty types": (
        lambda client: client.associations("contacts", "companies").create(PAIRS, types=[]),
        "types is empty, and would link nothing",
    ),
    "types and a label": (
        lambda client: client.associations("contacts", "companies").create(
            PAIRS, types=[{"associationCategory": "A", "associationTypeId": 1}], label="x"
        ),
        "types or a label, not both",
    ),
    "more than one list id": (
        lambda client: client.lists.add(["1", "2"], ["7"]),  # type: ignore[arg-type]
        "list_id must be the id of one list",
    ),
    "two list ids in one text": (
        lambda client: client.lists.add("1,2", ["7"]),
        "list_id must be the id of one list",
    ),
    "no list id": (
        lambda client: client.lists.remove("", ["7"]),
        "list_id must be the id of one list",
    ),
    "a filter that HubSpot does not have": (
        lambda client: client.search("deals", [Filter("amount", "LIKE", "1")]),
        "'LIKE'",
    ),
    "a filter without a value": (
        lambda client: client.search("deals", [Filter("amount", "BETWEEN", "1")]),
        "BETWEEN",
    ),
    "properties that are no list": (
        lambda client: client.search("deals", [], sorts=["amount"], properties="amount"),
        "properties must be a list",
    ),
    "a unique property that is none": (
        lambda client: client.associations("contacts", "companies").create_default(
            PAIRS, from_id_property="hs_object_id"
        ),
        "from_id_property cannot be 'hs_object_id'",
    ),
    "an option that no call of pairs has": (
        lambda client: client.associations("contacts", "companies").create_default(
            PAIRS,
            id_property="email",  # type: ignore[call-arg]
        ),
        "no option 'id_property'",
    ),
}


@pytest.mark.parametrize("name", CALLS)
@virtual_time
async def test_a_call_that_cannot_be_right_names_what_is_wrong_and_sends_nothing(name: str) -> None:
    call, said = CALLS[name]
    async with World() as world:
        with pytest.raises(UsageError, match=said):
            made = call(world.client)
            if isinstance(made, Awaitable):
                await made
        assert not world.service.requests


RECORDS: dict[str, tuple[Call, str]] = {
    "a pair of one id": (
        lambda client: client.associations("contacts", "companies").create_default([("1",)]),
        "a pair has two ids, not 1",
    ),
    "a pair of three ids": (
        lambda client: client.associations("contacts", "companies").archive([("1", "2", "3")]),
        "a pair has two ids, not 3",
    ),
    "a pair whose end is empty": (
        lambda client: client.associations("contacts", "companies").create_default([("1", "")]),
        "'to': the record id is missing",
    ),
    "several ids at one end": (
        lambda client: client.batch(
            endpoints.ASSOCIATIONS_CREATE_DEFAULT,
            [{"from": "1", "to": ["2", "3"]}],
            **BETWEEN,
        ),
        "'to' has 2 ids; give each pair as a record of its own",
    ),
    "a pair without types": (
        lambda client: client.associations("contacts", "companies").create(PAIRS),
        "'types' is missing or empty",
    ),
    "an event of nobody": (
        lambda client: client.events.send([{"eventName": "x"}]),
        "an event needs one of 'email', 'utk', 'objectId'",
    ),
    "an event at a time of no zone": (
        lambda client: client.events.send(
            [{"eventName": "x", "email": "a@x.com", "occurredAt": dt.datetime(2026, 1, 1)}]
        ),
        "a datetime without a time zone is ambiguous",
    ),
    "a merge with itself": (
        lambda client: client.merge("contacts", [("1", "1")]),
        "cannot be merged with itself",
    ),
    "a member without an id": (
        lambda client: client.lists.memberships("contacts", [""]),
        "the record id is missing",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
@virtual_time
async def test_a_record_that_cannot_be_sent_fails_by_name_and_is_not_sent(name: str) -> None:
    call, said = RECORDS[name]
    async with World() as world:
        outcome = await call(world.client)
        (record,) = outcome.records
        assert record.status is RecordStatus.FAILED
        assert record.error.category == "LOCAL_VALIDATION"
        assert said in record.reason
        assert not world.service.requests


@virtual_time
async def test_a_label_that_is_unknown_links_nothing_and_names_those_that_are_known() -> None:
    async with World() as world:
        run = world.client.associations("contacts", "companies").create(PAIRS, label="Boss")
        with pytest.raises(UsageError, match=r"no label 'Boss' .*there are: 'Primary'"):
            await run
        assert [request.method for request in world.service.requests] == ["GET"]


@virtual_time
async def test_validate_without_the_scope_for_properties_names_the_scope() -> None:
    async with World(forbidden=["contacts"]) as world:
        run = world.client.create("contacts", [{"email": "a@x.com"}], validate=True)
        with pytest.raises(UsageError, match=r"needs the scope 'crm\.schemas\.contacts\.read'"):
            await run
        assert not [each for each in world.service.requests if each.method != "GET"]
