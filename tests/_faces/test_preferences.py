"""Communication preferences by their face, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from support import World

from hubbatch import Client, RecordStatus, UsageError
from hubbatch.testing import virtual_time

S, F = RecordStatus.SUCCEEDED, RecordStatus.FAILED
ADA, BOB = "Ada@x.com", "bob@x.com"


def status(subscriber: str, subscription: int, state: str = "SUBSCRIBED") -> dict[str, Any]:
    return {
        "subscriberIdString": subscriber,
        "subscriptionId": subscription,
        "statusState": state,
    }


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_statuses_are_set_and_read(version: str) -> None:
    async with (
        World() as world,
        Client("made-up", api_version=version, transport=world.transport) as client,
    ):
        preferences = client.preferences
        written = await preferences.write(
            [status(ADA, 7), status(ADA, 8, "UNSUBSCRIBED"), status("nobody", 7)]
        )
        assert [record.status for record in written.records] == [S, S, F]
        assert [result["subscriptionId"] for result in written.results] == [7, 8]
        found = await preferences.read([ADA, BOB])
        assert found.ok
        assert [each["status"] for each in found.results[0]["statuses"]] == [
            "SUBSCRIBED",
            "UNSUBSCRIBED",
        ]
        assert found.results[1]["statuses"] == []


@virtual_time
async def test_who_wants_nothing_is_unsubscribed_from_everything() -> None:
    async with World() as world:
        preferences = world.client.preferences
        await preferences.write([status(ADA, 7)])
        left = await preferences.unsubscribe_all([ADA, "nobody"], business_unit_id=3)
        assert [record.status for record in left.records] == [S, F]
        assert left.results[0]["statuses"][0]["status"] == "UNSUBSCRIBED"
        assert world.service.requests[-1].query == {
            "channel": "EMAIL",
            "businessUnitId": "3",
            "verbose": "true",
        }
        wide = await preferences.unsubscribed([ADA, BOB])
        assert [result["wideStatuses"][0]["status"] for result in wide.results] == [
            "UNSUBSCRIBED",
            "SUBSCRIBED",
        ]


@virtual_time
async def test_what_is_wrong_is_named_and_nothing_is_sent() -> None:
    async with World() as world:
        preferences = world.client.preferences
        for call in (preferences.read, preferences.unsubscribed, preferences.unsubscribe_all):
            with pytest.raises(UsageError, match="channel must be"):
                call([ADA], channel="")
        with pytest.raises(UsageError, match="channel must be"):
            preferences.write([status(ADA, 7)], channel="")
        outcome = await preferences.write([{"subscriberIdString": ADA}, ADA])
        assert "'subscriptionId' is missing" in outcome.records[0].reason
        assert "must be a mapping" in outcome.records[1].reason
        assert not world.service.requests
