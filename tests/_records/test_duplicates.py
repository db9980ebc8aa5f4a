"""Keys that occur twice, under the three policies, against the sandbox's store and requests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, counting_calls, drip, people, plan

from hubbatch import Counts, Outcome, RecordStatus
from hubbatch._records.duplicates import DuplicateGuard, _Merging
from hubbatch._records.guard import Admission
from hubbatch._records.input_queue import InputQueue
from hubbatch._records.planning import encode_input
from hubbatch.endpoints import CREATE, UPSERT
from hubbatch.policies import Duplicates
from hubbatch.sandbox import FaultKind
from hubbatch.testing import run_in_virtual_time, virtual_time


def upsert(world: World, records: list[Any], **options: Any) -> Outcome:
    async def main() -> Outcome:
        async with world:
            return await world.client.upsert("contacts", records, id_property="email", **options)

    return run_in_virtual_time(main())


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
    source: Any = drip(records, 0.01)  # an answer takes longer
    outcome = upsert(world, source, duplicates="merge", batch_size=1)
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


def test_duplicates_refuse_fails_the_later_record() -> None:
    world = World()
    records = [*people(150), {"email": "P3@example.com", "firstname": "again"}, *people(1, 200)]
    outcome = upsert(world, records, duplicates="refuse")
    assert [record.index for record in outcome.failed] == [150]
    assert outcome.errors[0].category == "LOCAL_VALIDATION"
    assert world.stored()["p3@example.com"]["firstname"] == "Person 3"


@virtual_time
async def test_reading_an_object_twice_asks_once() -> None:
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
    keyring = DuplicateGuard(policy, InputQueue(10, 10_000), UPSERT)
    first, second = plan([{"email": "a@x.com"}] * 2, UPSERT, id_property="email")
    assert keyring.admit(first) is Admission.QUEUE
    assert keyring.release(first) == ()
    refused = policy is Duplicates.REFUSE
    assert keyring.admit(second) is (Admission.INVALID if refused else Admission.QUEUE)
    keyring.close()


@virtual_time
async def test_many_records_with_one_key_neither_pile_up_nor_hang() -> None:
    async with World(max_concurrency=2) as world:
        records = [{"email": "a@x.com", "firstname": str(number)} for number in range(300)]
        outcome = await world.client.upsert("contacts", records, id_property="email", batch_size=5)
        assert outcome.ok
        assert world.stored()["a@x.com"]["firstname"] == "299"


@virtual_time
async def test_many_copies_of_one_key_do_not_hold_up_what_comes_after_them() -> None:
    async with World() as world:
        copies = [{"email": "a@x.com", "n": str(number)} for number in range(9_000)]
        run = world.client.upsert("contacts", [*copies, *people(2_000)], id_property="email")
        run.start()
        await asyncio.sleep(25)
        assert len(world.stored()) == 2_001
        waiting = run.progress.waiting_for_key
        assert 8_000 < waiting < 9_000
        assert run.progress.counts.unsent == waiting


def test_what_waits_for_a_key_is_bounded_and_merge_is_the_remedy() -> None:
    async def main(duplicates: Any) -> int:
        async with World() as world:
            copies = [{"email": "a@x.com", "n": str(number)} for number in range(15_000)]
            run = world.client.upsert(
                "contacts", [*copies, *people(5)], id_property="email", duplicates=duplicates
            ).start()
            await asyncio.sleep(25)
            assert run.progress.waiting_for_key < 10_000 + 600
            return len(world.stored())

    assert run_in_virtual_time(main("serial")) == 1
    assert run_in_virtual_time(main("merge")) == 6


@pytest.mark.parametrize("duplicates", ["serial", "merge"])
@virtual_time
async def test_in_the_end_nothing_waits_for_a_key(duplicates: Any) -> None:
    async with World(faults=[None, FaultKind.LOCKED]) as world:
        seen: list[int] = []
        records = [{"email": f"{number % 7}@x.com", "n": str(number)} for number in range(200)]
        await world.client.upsert(
            "contacts",
            records,
            id_property="email",
            duplicates=duplicates,
            batch_size=3,
            on_progress=lambda progress: seen.append(progress.waiting_for_key),
        )
        assert max(seen) > 100
        assert min(seen) == seen[-1] == 0
        known = world.service.add("contacts", {"email": "b@x.com"}).id
        run = world.client.read("contacts", [known] * 50)
        await run
        assert run.progress.waiting_for_key == 0


def test_large_records_that_wait_for_a_key_count_as_others_do() -> None:
    items = plan([{"email": "a@x.com", "n": "x" * 1_000_000}] * 70, UPSERT, id_property="email")
    keyring = DuplicateGuard(Duplicates.SERIAL, InputQueue(100, 3_000_000), UPSERT)
    for item in items[:60]:
        keyring.admit(item)
    assert keyring.aside == keyring.waiting == 59
    for item in items[60:]:
        keyring.admit(item)
    assert (keyring.aside, keyring.waiting) == (0, 69)
    for item in items:
        keyring.release(item)
    assert keyring.aside == keyring.waiting == 0


def test_copies_that_are_merged_are_written_once() -> None:
    world = World()
    records = [{"email": "a@x.com", f"p{number}": "1"} for number in range(9_000)]
    with counting_calls() as calls:
        outcome = upsert(world, records, duplicates="merge")
    assert outcome.ok
    assert len(world.bodies()) <= 2
    # Once as each is taken in, and of all that are merged at most two more.
    assert 9_000 <= calls[encode_input.__code__] <= 9_002
    assert records[0].keys() | records[-1].keys() <= world.stored()["a@x.com"].keys()
    assert len(world.stored()["a@x.com"]) > 9_000


_TEXTS = st.text(max_size=5)


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(min_size=1, max_size=3), _TEXTS, max_size=3),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_size_of_a_merged_input_is_known_before_it_is_written(
    inputs: list[tuple[dict[str, str], int]],
) -> None:
    association = {
        "to": {"id": "7"},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
    }
    records: list[Any] = [
        {"properties": {**properties, "ref": "1"}, "associations": [association] * count}
        for properties, count in inputs
    ]
    first, *others = plan(records, CREATE, unique_property="ref")
    merging = _Merging(first)
    for item in others:
        merging.add(item.wire, merging.growth(item.wire))
    assert merging.size == len(encode_input(merging.wire))
    expected: dict[str, str] = {}
    for record in records:
        expected.update(record["properties"])
    assert merging.wire["properties"] == expected


def test_the_table_of_seen_keys_is_loaded_only_where_it_is_wanted() -> None:
    code = "import sys, hubbatch; hubbatch.Client('x').create; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
