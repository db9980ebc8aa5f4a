"""Custom events by their face: accepted, each once, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from support import World

from hubbatch import Client
from hubbatch.sandbox import FaultKind
from hubbatch.testing import virtual_time


def seen(number: int, **more: Any) -> dict[str, Any]:
    return {"eventName": "pe1_seen", "email": f"p{number}@x.com", "properties": {}, **more}


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2025-09", "2026-03", "2026-09"])
async def test_events_are_accepted_500_a_request(version: str) -> None:
    async with World() as world:
        async with Client("made-up", api_version=version, transport=world.transport) as client:
            outcome = await client.events.send([seen(number) for number in range(700)])
        assert outcome.ok
        assert outcome.results == [], "the service accepts, and has nothing to show"
        sizes = [len(body["inputs"]) for body in world.bodies()]
        assert sorted(sizes) == [200, 500]
        assert len(world.service.account().custom_events) == 700


@virtual_time
async def test_an_event_in_doubt_is_sent_again_with_the_same_uuid() -> None:
    async with World(faults=[FaultKind.RESET_AFTER_WRITE, FaultKind.SERVER_ERROR]) as world:
        outcome = await world.client.events.send([seen(1), seen(1), seen(2, uuid="mine")])
        assert outcome.ok
        assert len(world.service.requests) == 3
        uuids = {tuple(each["uuid"] for each in body["inputs"]) for body in world.bodies()}
        assert len(uuids) == 1
        events = world.service.account().custom_events
        assert len(events) == 3, "each once"
        assert "mine" in [event.uuid for event in events]


@virtual_time
async def test_an_event_of_nobody_or_without_a_name_is_not_sent() -> None:
    async with World() as world:
        events = [{"eventName": "pe1_seen"}, {"email": "a@b.c"}, 7, seen(1)]
        outcome = await world.client.events.send(events)
        assert [record.status.name for record in outcome.records] == ["FAILED"] * 3 + ["SUCCEEDED"]
        assert "'email', 'utk', 'objectId'" in outcome.failed[0].reason
        assert "eventName" in outcome.failed[1].reason
