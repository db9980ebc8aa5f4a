"""Campaigns by their face, against the sandbox."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World

from hubbatch import Client, RecordStatus, RetryPolicy, UsageError
from hubbatch.sandbox import FaultKind, RandomFaults
from hubbatch.testing import run_in_virtual_time, virtual_time

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_campaigns_are_created_read_changed_and_deleted(version: str) -> None:
    async with (
        World() as world,
        Client("made-up", api_version=version, transport=world.transport) as client,
    ):
        made = await client.campaigns.create(
            [{"hs_name": "Spring", "hs_budget": 7}, {"properties": {"hs_name": "Autumn"}}]
        )
        assert made.ok
        spring, autumn = (result["id"] for result in made.results)
        changed = await client.campaigns.update(
            [{"id": spring, "hs_name": "May"}, {"id": "999", "hs_name": "None"}]
        )
        assert [record.status for record in changed.records] == [S, F]
        found = await client.campaigns.read([spring, autumn, "999"], properties=["hs_name"])
        assert [record.status for record in found.records] == [S, S, F]
        assert [result["properties"] for result in found.results] == [
            {"hs_name": "May"},
            {"hs_name": "Autumn"},
        ]
        assert (await client.campaigns.archive([spring, "999"])).ok
        assert set(world.service.account().campaigns.by_id) == {autumn}


@virtual_time
async def test_fifty_go_in_a_request_and_values_are_text() -> None:
    async with World() as world:
        campaigns = [
            {"hs_name": f"c{at}", "hs_start_date": dt.date(2026, 1, 31)} for at in range(101)
        ]
        outcome = await world.client.campaigns.create(campaigns)
        assert outcome.ok
        sizes = [len(orjson.loads(each.body)["inputs"]) for each in world.service.requests]
        assert sorted(sizes) == [1, 50, 50]
        assert outcome.results[0]["properties"]["hs_start_date"] == "2026-01-31"


@virtual_time
async def test_metrics_are_asked_for_by_day() -> None:
    async with World() as world:
        day = dt.date(2026, 1, 31)
        await world.client.campaigns.read(["7"], start_date=day, end_date="2026-02-28")
        (request,) = world.service.requests
        assert request.query == {"startDate": "2026-01-31", "endDate": "2026-02-28"}


@virtual_time
async def test_what_is_wrong_is_named_and_nothing_is_sent() -> None:
    async with World() as world:
        campaigns = world.client.campaigns
        wrong: list[tuple[Any, str]] = [
            ({"start_date": "31.01.2026"}, "start_date must be a day"),
            ({"end_date": dt.datetime(2026, 1, 31, tzinfo=dt.UTC)}, "end_date must be a day"),
            ({"properties": "hs_name"}, "properties must be a list"),
            ({"batch_size": 51}, "from 1 to 50"),
        ]
        for options, said in wrong:
            with pytest.raises(UsageError, match=said):
                campaigns.read(["7"], **options)
        outcome = await campaigns.create([{"hs_owner": "7"}, "Spring"])
        assert [record.status for record in outcome.records] == [F, F]
        assert "'properties.hs_name' is missing" in outcome.records[0].reason
        assert "must be a mapping" in outcome.records[1].reason
        nobody = [
            {"hs_name": "Spring", **held} for held in ({}, {"id": float("nan")}, {"id": True})
        ]
        unnamed = await campaigns.update(nobody)
        assert unnamed.counts.failed == len(nobody)
        assert "the record id is missing" in unnamed.failed[0].reason
        assert all("the record id must be text" in each.reason for each in unnamed.failed[1:])
        assert not world.service.requests


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_what_is_said_of_campaigns_is_true_whatever_goes_wrong(seed: int, number: int) -> None:
    async def main() -> None:
        kinds = (FaultKind.RESET_AFTER_WRITE, FaultKind.UNAVAILABLE, FaultKind.SERVER_ERROR)
        async with World(
            faults=RandomFaults(dict.fromkeys(kinds, 0.2), seed=seed),
            retry=RetryPolicy(max_attempts=3, max_wait=5.0),
        ) as world:
            records = [{"hs_name": f"c{at}"} for at in range(number)]
            run = world.client.campaigns.create(records, batch_size=10, keep="all")
            try:
                outcome = await run
            except Exception:
                outcome = run.outcome
            names = [
                one.properties["hs_name"]
                for one in world.service.account().campaigns.by_id.values()
            ]
            assert len(set(names)) == len(names), "nothing is created twice"
            for record in outcome.records:
                if record.status is S:
                    assert record.input["hs_name"] in names
                elif record.status is not U:
                    assert record.input["hs_name"] not in names

    run_in_virtual_time(main())


@virtual_time
async def test_what_would_be_left_out_of_a_campaign_is_refused() -> None:
    async with World() as world:
        records = [{"properties": {"hs_name": "May"}, "createdAt": "", "hs_budget": 7, "hs_x": 1}]
        made = await world.client.campaigns.create(records)
        changed = await world.client.campaigns.update([{**records[0], "id": "7"}])
    for outcome in (made, changed):
        (record,) = outcome.records
        assert record.status is F
        assert record.error is not None
        assert "nothing beside 'properties', but has 'hs_budget', 'hs_x'" in (record.error.message)
    assert not world.service.requests
