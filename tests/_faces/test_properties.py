"""Properties by their face: created, read and archived, against the sandbox."""

from __future__ import annotations

import pytest
from support import World

from hubbatch import Client, Property, PropertyOption, RecordStatus
from hubbatch.testing import virtual_time

S, F = RecordStatus.SUCCEEDED, RecordStatus.FAILED
SIZE = Property(
    "size",
    "Size",
    type="enumeration",
    field_type="select",
    options=[PropertyOption("S"), PropertyOption("M")],
    group_name="contactinformation",
)
BADGE = {
    "name": "badge",
    "label": "Badge",
    "groupName": "contactinformation",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
}


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_properties_are_created_read_and_archived(version: str) -> None:
    async with (
        World() as world,
        Client("made-up", api_version=version, transport=world.transport) as client,
    ):
        properties = client.properties("contacts")
        before = await properties.all()
        made = await properties.create([SIZE, BADGE, {**BADGE, "name": "Not Valid"}])
        assert [record.status for record in made.records] == [S, S, F]
        assert "size" not in before
        assert {"size", "badge"} <= {each.name for each in await properties.all(refresh=True)}
        found = await properties.read(["badge", SIZE, {"name": "no_such"}])
        assert [record.status for record in found.records] == [S, S, F]
        assert found.results[0]["hasUniqueValue"] is True
        assert [each["value"] for each in found.results[1]["options"]] == ["S", "M"]
        assert (await properties.archive(["badge", SIZE, "no_such"])).ok
        assert "badge" not in await properties.all(refresh=True)


@virtual_time
async def test_what_a_definition_lacks_is_named_and_nothing_is_sent() -> None:
    async with World() as world:
        properties = world.client.properties("contacts")
        outcome = await properties.create([Property("size"), "size"])
        assert "'label' is missing" in outcome.records[0].reason
        assert "must be a mapping" in outcome.records[1].reason
        assert not world.service.requests
