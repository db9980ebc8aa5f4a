"""The rows of CRM objects: every path is one that HubSpot has, in every version and form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import orjson
import pytest
from support import World, people

from hubbatch import Client, RecordStatus, Run, UsageError
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint
from hubbatch.testing import virtual_time

ROWS = [CREATE, UPDATE, UPSERT, READ, ARCHIVE]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
@pytest.mark.parametrize(
    ("version", "object_type", "begin"),
    [
        ("v3", "contacts", "/crm/v3/objects/contacts"),
        ("v3", "p_mine", "/crm/v3/objects/p_mine"),
        ("v3", "0-3", "/crm/v3/objects/0-3"),
        ("v3", "projects", "/crm/objects/v3/projects"),
        ("v3", "0-421", "/crm/objects/v3/0-421"),
        ("2025-09", "notes", "/crm/objects/2025-09/notes"),
        ("2026-03", "projects", "/crm/objects/2026-03/projects"),
        ("2026-09-beta", "deals", "/crm/objects/2026-09-beta/deals"),
        ("2027-03-beta", "0-970", "/crm/objects/2027-03-beta/0-970"),
    ],
)
def test_a_verb_has_its_path_in_every_version(
    row: Endpoint, version: str, object_type: str, begin: str
) -> None:
    assert row.path(version, {"object_type": object_type}) == f"{begin}/batch/{row.name}"


def test_what_writes_can_be_read_again_by_a_row_of_the_same_fields() -> None:
    for row in ROWS:
        if row.reader is not None:
            assert row.reader is READ
            assert row.reader.path_fields == row.path_fields


def correlation(world: World) -> list[tuple[str, Any, Any]]:
    """Return what was asked of a service, but for trace ids, which differ from run to run."""
    asked = []
    for request in world.service.requests:
        body = orjson.loads(request.body)
        for item in body["inputs"]:
            item.pop("objectWriteTraceId", None)
        asked.append((request.path, dict(request.query), body))
    return asked


@pytest.mark.parametrize(
    ("verb", "by_row"),
    [
        (
            lambda client: client.upsert("contacts", people(150), id_property="email"),
            lambda client: client.batch(
                UPSERT, people(150), object_type="contacts", id_property="email"
            ),
        ),
        (
            lambda client: client.create("contacts", people(150), unique_property="email"),
            lambda client: client.batch(
                CREATE, people(150), object_type="contacts", unique_property="email"
            ),
        ),
        (
            lambda client: client.read(
                "contacts",
                ["p1@example.com"],
                properties=["firstname"],
                properties_with_history=["email"],
                id_property="email",
                archived=True,
            ),
            lambda client: client.batch(
                READ,
                ["p1@example.com"],
                object_type="contacts",
                id_property="email",
                fields={"properties": ["firstname"], "propertiesWithHistory": ["email"]},
                query={"archived": True},
            ),
        ),
        (
            lambda client: client.archive("contacts", ["1", 2]),
            lambda client: client.batch(ARCHIVE, ["1", 2], object_type="contacts"),
        ),
    ],
    ids=["upsert", "create", "read", "archive"],
)
@virtual_time
async def test_a_verb_and_its_row_ask_the_same(
    verb: Callable[[Client], Run[Any]], by_row: Callable[[Client], Run[Any]]
) -> None:
    asked = []
    for call in (verb, by_row):
        async with World(max_concurrency=1) as world:
            outcome = await call(world.client)
            asked.append((correlation(world), [record.status for record in outcome.records]))
    assert asked[0] == asked[1]


@virtual_time
async def test_a_read_with_histories_takes_fewer_records_a_request() -> None:
    async with World() as world:
        fields = {"properties": [], "propertiesWithHistory": ["email"]}
        ids = [str(number) for number in range(120)]
        await world.client.batch(READ, ids, object_type="contacts", fields=fields)
        assert [len(body["inputs"]) for body in world.bodies()] == [50, 50, 20]
        with pytest.raises(UsageError, match="batch_size"):
            world.client.batch(READ, ids, object_type="contacts", fields=fields, batch_size=51)


@virtual_time
async def test_a_smaller_row_of_ones_own_sends_smaller_requests() -> None:
    small = attrs.evolve(UPSERT, name="upsert-20", max_inputs=20)
    async with World() as world:
        run = world.client.batch(small, people(50), object_type="contacts", id_property="email")
        assert (await run).ok
        assert repr(run).startswith("<Run upsert-20:")
        assert [len(body["inputs"]) for body in world.bodies()] == [20, 20, 10]


@virtual_time
async def test_a_row_that_takes_no_trace_ids_gets_none_and_is_distinguished_by_values() -> None:
    plain = attrs.evolve(CREATE, name="create-plain", trace_ids=False)
    async with World(echo_trace_ids="none") as world:
        records = [*people(5), {"properties": {"email": "x@x.com"}, "objectWriteTraceId": "mine"}]
        outcome = await world.client.batch(plain, records, object_type="contacts")
        assert [record.status for record in outcome.records] == [RecordStatus.SUCCEEDED] * 5 + [
            RecordStatus.FAILED
        ]
        assert "'objectWriteTraceId' cannot be given" in outcome.records[5].reason
        assert "objectWriteTraceId" not in world.bodies()[0]["inputs"][0]
        found = [result.properties["email"] for result in outcome.results]
        assert found == [record["email"] for record in people(5)]
