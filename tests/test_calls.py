"""The five calls that started this project, pinned on the wire: path, method, headers and body."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from support import UNLIMITED

from hubbatch import Client, Run
from hubbatch.sandbox import RecordedRequest, Sandbox

ASSOCIATIONS = [
    {
        "to": {"id": "77"},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}],
    }
]
NOTE = {"hs_note_body": "Hello", "hs_timestamp": "2026-03-01T12:00:00.000Z"}


def upsert_notes(client: Client) -> Run:
    return client.upsert("notes", [{"note_ref": "n1", **NOTE}], id_property="note_ref")


def upsert_deals(client: Client) -> Run:
    return client.upsert("0-3", [{"deal_ref": "d1", "amount": 12.5}], id_property="deal_ref")


def update_deals(client: Client) -> Run:
    return client.update("0-3", [{"id": 1, "amount": 12.5}])


def create_with_associations(client: Client) -> Run:
    record = {"properties": NOTE, "associations": ASSOCIATIONS, "objectWriteTraceId": "mine"}
    return client.create("notes", [record])


def upsert_dated(client: Client) -> Run:
    return client.upsert(
        "companies", [{"company_ref": "c1", "name": "Ä"}], id_property="company_ref"
    )


CALLS = [
    (
        upsert_notes,
        "v3",
        "/crm/v3/objects/notes/batch/upsert",
        {"id": "n1", "idProperty": "note_ref", "properties": NOTE},
    ),
    (
        upsert_deals,
        "v3",
        "/crm/v3/objects/0-3/batch/upsert",
        {"id": "d1", "idProperty": "deal_ref", "properties": {"amount": "12.5"}},
    ),
    (
        update_deals,
        "v3",
        "/crm/v3/objects/0-3/batch/update",
        {"id": "1", "properties": {"amount": "12.5"}},
    ),
    (
        create_with_associations,
        "v3",
        "/crm/v3/objects/notes/batch/create",
        {"properties": NOTE, "associations": ASSOCIATIONS, "objectWriteTraceId": "mine"},
    ),
    (
        upsert_dated,
        "2025-09",
        "/crm/objects/2025-09/companies/batch/upsert",
        {"id": "c1", "idProperty": "company_ref", "properties": {"name": "Ä"}},
    ),
]


@pytest.mark.parametrize(("call", "api_version", "path", "sent"), CALLS)
async def test_a_call_on_the_wire(
    call: Any, api_version: str, path: str, sent: dict[str, Any]
) -> None:
    request = await record(call, api_version)
    assert (request.method, request.path, request.query) == ("POST", path, {})
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["content-type"] == "application/json"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("hubbatch/")
    body = orjson.loads(request.body)
    [item] = body.pop("inputs")
    assert not body
    trace_id = item.pop("objectWriteTraceId")
    assert trace_id == sent.get("objectWriteTraceId", trace_id) != ""
    assert item == {name: value for name, value in sent.items() if name != "objectWriteTraceId"}


READS = [
    (
        lambda client: client.read("contacts", [7, "8"], properties=["email", "email"]),
        {},
        {
            "inputs": [{"id": "7"}, {"id": "8"}],
            "properties": ["email"],
            "propertiesWithHistory": [],
        },
        "read",
    ),
    (
        lambda client: client.read(
            "contacts",
            ["a@x.com"],
            id_property="email",
            properties_with_history=["phone"],
            archived=True,
        ),
        {"archived": "true"},
        {
            "inputs": [{"id": "a@x.com"}],
            "properties": ["email", "hs_additional_emails"],
            "propertiesWithHistory": ["phone"],
            "idProperty": "email",
        },
        "read",
    ),
    (lambda client: client.archive("contacts", [7]), {}, {"inputs": [{"id": "7"}]}, "archive"),
]


@pytest.mark.parametrize(("call", "query", "body", "verb"), READS)
async def test_reading_and_archiving_on_the_wire(
    call: Any, query: dict[str, str], body: dict[str, Any], verb: str
) -> None:
    request = await record(call, "v3")
    assert request.path == f"/crm/v3/objects/contacts/batch/{verb}"
    assert request.query == query
    assert orjson.loads(request.body) == body


async def record(call: Any, api_version: str) -> RecordedRequest:
    async with Sandbox(rate_limit=None, latency=0.0, token="made-up") as sandbox:
        for object_type, name in (
            ("notes", "note_ref"),
            ("0-3", "deal_ref"),
            ("0-2", "company_ref"),
        ):
            sandbox.define_property(object_type, name, unique=True)
        async with Client(
            "made-up", base_url=sandbox.base_url, api_version=api_version, rate_limit=UNLIMITED
        ) as client:
            await call(client)
        [request] = sandbox.requests
        return request


async def test_a_callers_trace_ids_are_echoed_whatever_went_over_the_wire() -> None:
    async with (
        Sandbox(rate_limit=None, latency=0.0) as sandbox,
        Client("made-up", base_url=sandbox.base_url) as client,
    ):
        records = [{"properties": {"n": str(n)}, "objectWriteTraceId": "same"} for n in range(3)]
        outcome = await client.create("contacts", records)
        assert outcome.ok
        assert {result.object_write_trace_id for result in outcome.results} == {"same"}
        [request] = sandbox.requests
        wire_ids = {item["objectWriteTraceId"] for item in orjson.loads(request.body)["inputs"]}
        assert len(wire_ids) == 3
        assert [result.properties["n"] for result in outcome.results] == ["0", "1", "2"]
