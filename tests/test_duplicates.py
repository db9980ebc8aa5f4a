"""Keys that occur twice, under the three policies, against the sandbox's store and requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, in_virtual_time, people, plan

from hubbatch import Counts, Outcome, RecordStatus
from hubbatch._batching import Chunker
from hubbatch._duplicates import Admission, Duplicates, Keyring
from hubbatch._operations import UPSERT


def upsert(world: World, records: list[Any], **options: Any) -> Outcome:
    async def main() -> Outcome:
        async with world:
            return await world.client.upsert("contacts", records, id_property="email", **options)

    return in_virtual_time(main())


def keys_by_request(world: World) -> list[list[str]]:
    return [[item["id"].lower() for item in body["inputs"]] for body in world.bodies()]


def test_serial_ends_as_if_records_were_sent_one_by_one() -> None:
    world = World()
    records = [
        {"email": "a@x.com", "firstname": "first", "lastname": "kept"},
        {"email": "b@x.com"},
        {"email": "A@x.com", "firstname": "second"},
        {"email": "a@X.com", "firstname": "third"},
    ]
    outcome = upsert(world, records)
    assert outcome.ok
    assert keys_by_request(world) == [["a@x.com", "b@x.com"], ["a@x.com"], ["a@x.com"]]
    assert world.stored()["a@x.com"]["firstname"] == "third"
    assert world.stored()["a@x.com"]["lastname"] == "kept"


def test_serial_lets_a_later_record_fail_by_itself() -> None:
    world = World()
    world.service.declare_strict("contacts", ["firstname"])
    records = [{"email": "a@x.com", "nope": "1"}, {"email": "a@x.com", "firstname": "good"}]
    outcome = upsert(world, records)
    assert [record.status for record in outcome.records] == [
        RecordStatus.FAILED,
        RecordStatus.SUCCEEDED,
    ]


def test_merge_makes_one_input_of_records_that_wait_together() -> None:
    world = World()
    records = [
        {"email": "a@x.com", "firstname": "first", "lastname": "kept"},
        {"email": "b@x.com"},
        {"email": "A@x.com", "firstname": "last"},
    ]
    outcome = upsert(world, records, duplicates="merge")
    assert outcome.ok
    assert len(world.bodies()) == 1
    assert keys_by_request(world) == [["a@x.com", "b@x.com"]]
    assert world.stored()["a@x.com"]["firstname"] == "last"
    assert world.stored()["a@x.com"]["lastname"] == "kept"
    assert outcome.records[0].result is not None
    assert outcome.records[0].result == outcome.records[2].result


def test_merge_joins_those_that_wait_for_one_in_flight() -> None:
    world = World()
    records = [{"email": "a@x.com", "firstname": str(number)} for number in range(5)]
    outcome = upsert(world, records, duplicates="merge", batch_size=1)
    assert outcome.ok
    assert keys_by_request(world) == [["a@x.com"], ["a@x.com"]]
    assert world.stored()["a@x.com"]["firstname"] == "4"


def test_each_merged_record_gets_its_own_trace_id_back() -> None:
    world = World()
    records = [
        {"id": "a@x.com", "properties": {"n": "1"}},
        {"id": "a@x.com", "properties": {"n": "2"}, "objectWriteTraceId": "mine"},
        {"id": "a@x.com", "properties": {"n": "3"}},
    ]
    outcome = upsert(world, records, duplicates="merge")
    trace_ids = [result.object_write_trace_id for result in outcome.results]
    assert trace_ids[1] == "mine"
    assert trace_ids[0] == trace_ids[2] != "mine"


def test_a_merged_error_names_all_its_records() -> None:
    world = World()
    world.service.declare_strict("contacts", [])
    records = [{"email": "a@x.com", "nope": "1"}, {"email": "a@x.com", "nope": "2"}]
    outcome = upsert(world, records, duplicates="merge")
    assert outcome.counts.failed == 2
    assert [error.indexes for error in outcome.errors] == [(0, 1)]


def test_refuse_fails_the_later_record() -> None:
    world = World()
    records = [*people(150), {"email": "P3@example.com", "firstname": "again"}, *people(1, 200)]
    outcome = upsert(world, records, duplicates="refuse")
    assert [record.index for record in outcome.failed] == [150]
    assert outcome.errors[0].category == "LOCAL_VALIDATION"
    assert world.stored()["p3@example.com"]["firstname"] == "Person 3"


def test_reading_an_object_twice_asks_once() -> None:
    async def main() -> None:
        async with World() as world:
            known = world.service.add("contacts", {"email": "a@x.com"}).id
            outcome = await world.client.read("contacts", [known, "999", known, int(known)])
            assert [record.status.name for record in outcome.records] == [
                "SUCCEEDED",
                "FAILED",
                "SUCCEEDED",
                "SUCCEEDED",
            ]
            assert [len(body["inputs"]) for body in world.bodies()] == [2]

            many = world.client.read("contacts", [known] * 10)
            task = asyncio.ensure_future(many)
            while not many.done and len(world.bodies()) < 2:
                await asyncio.sleep(0.01)
            assert many.progress.counts == many.outcome.counts == Counts(10, unknown=10)
            await task

    in_virtual_time(main())


def test_a_merge_that_would_grow_too_large_waits_instead() -> None:
    world = World()
    records = [{"email": "a@x.com", name: "x" * 700} for name in ("p1", "p2", "p3")]
    outcome = upsert(world, records, duplicates="merge", max_batch_bytes=1100)
    assert outcome.ok
    assert len(world.bodies()) == 3
    assert {"p1", "p2", "p3"} <= world.stored()["a@x.com"].keys()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 8), max_size=60),
    st.sampled_from(["serial", "merge"]),
    st.integers(1, 7),
)
def test_the_account_ends_as_if_records_were_sent_one_by_one(
    keys: list[int], duplicates: str, batch_size: int
) -> None:
    world = World(latency=(0.01, 1.0))
    records = [
        {"email": f"{key}@x.com", f"p{number % 3}": str(number)} for number, key in enumerate(keys)
    ]
    outcome = upsert(world, records, duplicates=duplicates, batch_size=batch_size)
    assert outcome.ok
    expected: dict[str, dict[str, str]] = {}
    for record in records:
        expected.setdefault(record["email"], {}).update(record)
    stored = world.stored()
    assert stored.keys() == expected.keys()
    for email, properties in expected.items():
        assert properties.items() <= stored[email].items()
    for keys_of_one in keys_by_request(world):
        assert len(set(keys_of_one)) == len(keys_of_one)


@pytest.mark.parametrize("policy", Duplicates)
def test_a_settled_key_is_forgotten_unless_it_must_be_refused(policy: Duplicates) -> None:
    keyring = Keyring(policy, Chunker(10, 10_000), UPSERT)
    first, second = plan([{"email": "a@x.com"}] * 2, UPSERT, id_property="email")
    assert keyring.admit(first) is Admission.FEED
    assert keyring.release(first) is None
    refused = policy is Duplicates.REFUSE
    assert keyring.admit(second) is (Admission.REFUSE if refused else Admission.FEED)
    keyring.close()


def test_many_records_with_one_key_neither_pile_up_nor_hang() -> None:
    async def main() -> None:
        async with World(max_concurrency=2) as world:
            records = [{"email": "a@x.com", "firstname": str(number)} for number in range(300)]
            outcome = await world.client.upsert(
                "contacts", records, id_property="email", batch_size=5
            )
            assert outcome.ok
            assert world.stored()["a@x.com"]["firstname"] == "299"

    in_virtual_time(main())
