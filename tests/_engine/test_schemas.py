"""The account's schemas: fetched once for a client, shared by those who want one at once, fetched anew on demand."""

from __future__ import annotations

import asyncio

import pytest
from support import World

from hubbatch import Client, HubbatchError, UsageError
from hubbatch.sandbox import FaultKind
from hubbatch.testing import ScriptedTransport, reply, virtual_time


@virtual_time
async def test_properties_are_fetched_once_for_a_client_and_type() -> None:
    async with World() as world:
        first = await world.client.properties("contacts").all()
        again = await world.client.properties("contacts").all()
        other = await world.client.properties("companies").all()
    assert first is again
    assert first["email"].has_unique_value
    assert "domain" in other
    assert [(request.method, request.path) for request in world.service.requests] == [
        ("GET", "/crm/v3/properties/contacts"),
        ("GET", "/crm/v3/properties/companies"),
    ]


@virtual_time
async def test_who_wants_them_at_once_shares_a_request() -> None:
    async with World() as world:
        contacts = world.client.properties("contacts")
        found = await asyncio.gather(*(contacts.all() for _ in range(20)))
        assert len(world.service.requests) == 1
        assert all(one is found[0] for one in found)
        await asyncio.gather(*(contacts.all(refresh=True) for _ in range(20)))
        assert len(world.service.requests) == 2


@virtual_time
async def test_one_who_is_cancelled_leaves_the_request_to_the_next() -> None:
    async with World(latency=1.0) as world:
        contacts = world.client.properties("contacts")
        first, second = (asyncio.create_task(contacts.all()) for _ in range(2))
        await asyncio.sleep(0.5)
        first.cancel()
        assert "email" in await second
        assert first.cancelled()


@virtual_time
async def test_what_failed_is_not_kept() -> None:
    async with World(faults=[FaultKind.MISSING_SCOPES]) as world:
        with pytest.raises(HubbatchError):
            await world.client.properties("contacts").all()
        assert "email" in await world.client.properties("contacts").all()


@virtual_time
async def test_a_property_made_meanwhile_is_seen_after_a_refresh() -> None:
    async with World(strict=True) as world:
        contacts = world.client.properties("contacts")
        await contacts.all()
        world.service.define_property("contacts", "shoe_size", kind="number")
        assert "shoe_size" not in await contacts.all()
        assert (await contacts.all(refresh=True))["shoe_size"].type == "number"
        assert "shoe_size" in await contacts.all()


@virtual_time
async def test_archived_properties_are_asked_for_and_may_be_none() -> None:
    answers = [
        reply(200, {"results": [{"name": "old", "archived": True}]}),
        reply(200, {"results": []}),
    ]
    transport = ScriptedTransport(answers)
    async with Client("made-up", transport=transport, api_version="2026-03") as client:
        assert (await client.properties("contacts").all(archived=True))["old"].archived
        assert not await client.properties("contacts").all(archived=True, refresh=True)
    assert [(each.method, each.path, each.query) for each in transport.requests] == [
        ("GET", "/crm/properties/2026-03/contacts", {"archived": "true"})
    ] * 2


@virtual_time
async def test_no_more_than_a_hundred_schemas_are_kept() -> None:
    async with World() as world:
        for number in range(101):
            await world.client.properties(f"p_{number}").all()
        await world.client.properties("p_100").all()
        assert len(world.service.requests) == 101
        await world.client.properties("p_0").all()
        assert len(world.service.requests) == 102


@pytest.mark.parametrize("object_type", ["", "a/b", "../x", 7, "con tacts"])
def test_a_wrong_object_type_is_a_usage_error(object_type: str) -> None:
    client = Client("made-up", transport=ScriptedTransport([]))
    with pytest.raises(UsageError, match="object_type must be"):
        client.properties(object_type)


@virtual_time
async def test_a_closed_client_has_no_properties() -> None:
    async with World() as world:
        contacts = world.client.properties("contacts")
        assert repr(contacts) == "<Properties of 'contacts'>"
    with pytest.raises(UsageError, match="is closed"):
        await contacts.all()
