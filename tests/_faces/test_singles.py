"""What HubSpot has no batch of: deletions for good and merges, one a request, against the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections import namedtuple

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import World

from hubbatch import Client, RecordStatus, RetryPolicy, UsageError
from hubbatch.sandbox import FaultKind, RandomFaults
from hubbatch.testing import run_in_virtual_time, virtual_time


def made(world: World, number: int) -> list[str]:
    """Return the ids of new contacts."""
    return [world.service.add("contacts", {"email": f"p{each}@x.com"}).id for each in range(number)]


def there(world: World) -> set[str]:
    return {key for key, kept in world.service.objects("contacts").items() if not kept.archived}


@virtual_time
async def test_objects_are_deleted_for_good_by_id_and_by_a_unique_value() -> None:
    async with World() as world:
        ada, bob, eve = made(world, 3)
        by_id = await world.client.gdpr_delete("contacts", [ada, {"id": int(bob)}, "999"])
        assert by_id.ok, "one that is not there is as good as deleted"
        assert [record.input for record in by_id.records] == [ada, {"id": int(bob)}, "999"]
        assert there(world) == {eve}
        by_key = await world.client.gdpr_delete("contacts", ["p2@x.com"], id_property="email")
        assert by_key.ok
        assert there(world) == set()


@virtual_time
async def test_what_is_deleted_by_a_unique_value_is_never_called_by_its_id() -> None:
    """HubSpot says that what is not there is deleted, and so the object would stay for good."""
    async with World() as world:
        ids = made(world, 4)
        read = await world.client.read("contacts", ids[:1], properties=["email"])
        rows = [{"id": ids[1], "email": "p1@x.com"}, {"email": "p2@x.com"}, {"id": "p3@x.com"}]
        deleted = await world.client.gdpr_delete(
            "contacts", [*read.results, *rows], id_property="email"
        )
        assert deleted.ok
        assert there(world) == set()
        made(world, 1)
        body = {"objectId": "p0@x.com", "idProperty": "email"}
        assert (await world.client.gdpr_delete("contacts", [body])).ok
        assert there(world) == set()
        unread = await world.client.gdpr_delete(
            "contacts", [{"id": "7", "properties": {}, "archived": False}], id_property="email"
        )
        assert "'email' is missing" in unread.failed[0].reason


@virtual_time
async def test_rows_are_read_by_the_column_of_the_unique_property() -> None:
    async with World() as world:
        made(world, 2)
        rows = [{"id": "7", "email": "p0@x.com"}, {"email": "p1@x.com"}]
        read = await world.client.read("contacts", rows, id_property="email", properties=["email"])
        assert [each.properties["email"] for each in read.results] == ["p0@x.com", "p1@x.com"]


@virtual_time
async def test_deletions_run_side_by_side_and_are_repeated_in_doubt() -> None:
    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        outcome = await world.client.gdpr_delete("contacts", made(world, 20))
        assert outcome.ok
        assert world.transport.most_in_flight == 4
        assert there(world) == set()


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_merges_that_share_an_id_go_one_after_another(version: str) -> None:
    async with World() as world:
        ids = made(world, 8)
        couples = [(ids[0], each) for each in ids[1:4]] + [(ids[4], ids[5]), (ids[6], ids[7])]
        async with Client("made-up", api_version=version, transport=world.transport) as client:
            outcome = await client.merge("contacts", couples)
        assert outcome.ok
        assert {result["id"] for result in outcome.results} <= {ids[0], ids[4], ids[6]}
        assert there(world) == {ids[0], ids[4], ids[6]}
        assert world.transport.most_in_flight == 3


@virtual_time
async def test_a_merge_in_doubt_stays_unknown_and_is_never_sent_again() -> None:
    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        ada, bob = made(world, 2)
        outcome = await world.client.merge("contacts", [(ada, bob)])
        assert [record.status for record in outcome.records] == [RecordStatus.UNKNOWN]
        assert len(world.service.requests) == 1


Merge = namedtuple("Merge", "objectIdToMerge primaryObjectId")  # noqa: PYI024 (as a database's row is)


@virtual_time
async def test_a_row_that_names_the_two_is_not_read_by_their_order() -> None:
    async with World() as world:
        ada, bob = made(world, 2)
        assert (await world.client.merge("contacts", [Merge(bob, ada)])).ok
        (request,) = world.service.requests
        assert orjson.loads(request.body) == {"primaryObjectId": ada, "objectIdToMerge": bob}


@virtual_time
async def test_what_cannot_be_merged_or_deleted_is_named_and_not_sent() -> None:
    async with World() as world:
        pairs = [("1", "1"), ("1",), 7, ("1", ""), {"primaryObjectId": "1"}]
        merged = await world.client.merge("contacts", pairs)
        assert merged.counts.failed == len(pairs)
        assert "with itself" in merged.failed[0].reason
        assert "two record ids" in merged.failed[1].reason
        deleted = await world.client.gdpr_delete("contacts", ["", None, {"x": 1}])
        assert deleted.counts.failed == 3
        with pytest.raises(UsageError, match="id_property"):
            world.client.gdpr_delete("contacts", ["1"], id_property="hs_object_id")
        assert not world.service.requests


@virtual_time
async def test_a_merge_with_what_is_not_there_is_refused_and_the_others_go_on() -> None:
    async with World() as world:
        ada, bob = made(world, 2)
        outcome = await world.client.merge("contacts", [("998", "999"), (ada, bob)])
        assert [record.status.name for record in outcome.records] == ["FAILED", "SUCCEEDED"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.integers(0, 1_000),
    st.none() | st.floats(0, 1),
)
def test_merges_are_accounted_for_whatever_goes_wrong(
    couples: list[tuple[int, int]], rate: float, seed: int, cancel_after: float | None
) -> None:
    async def check() -> None:
        kinds = (FaultKind.RESET_AFTER_WRITE, FaultKind.RESET, FaultKind.SERVER_ERROR)
        faults = RandomFaults(dict.fromkeys(kinds, rate), seed=seed)
        async with World(faults=faults, retry=RetryPolicy(max_attempts=3)) as world:
            ids = made(world, 8)
            run = world.client.merge("contacts", [(ids[a], ids[b]) for a, b in couples])
            task = asyncio.ensure_future(run)
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after, task.cancel)
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await task
            merged = [write for write in world.service.writes if write.verb == "merge"]
            counts = run.outcome.counts
            assert counts.succeeded <= len(merged) <= counts.succeeded + counts.unknown

    run_in_virtual_time(check())
