"""A rehearsal says what a run would do: what fails locally, how many requests there are, which keys come again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World

from hubbatch import Property, Schema, UsageError
from hubbatch.rehearsal import Rehearsal, name_problems
from hubbatch.testing import run_in_virtual_time

SCHEMA = Schema(
    [
        Property("email", "Email"),
        Property("size", type="number"),
        Property("sku", has_unique_value=True),
        Property("made_by", read_only=True),
    ]
)


def rehearsed(records: list[Any], **options: Any) -> tuple[Rehearsal, list[int], list[Any]]:
    """Return a rehearsal of upserts that has ended, which records would fail, and which keys came again."""
    repeats: list[Any] = []
    with Rehearsal(
        "upsert",
        "contacts",
        id_property="email",
        on_repeat=lambda record, first: repeats.append((records.index(record), first)),
        **options,
    ) as rehearsal:
        refused = [n for n, record in enumerate(records) if rehearsal.add(record) is not None]
        rehearsal.end()
    return rehearsal, refused, repeats


RECORDS = st.lists(
    st.fixed_dictionaries(
        {"email": st.sampled_from(["a@b.cz", "A@B.cz", "c@d.cz", "e@f.cz", "", " "])},
        optional={"size": st.sampled_from(["7", "x"]), "no_such": st.just("x")},
    ),
    max_size=30,
)


@settings(max_examples=30, deadline=None)
@given(records=RECORDS, batch_size=st.integers(1, 5), policy=st.sampled_from(["serial", "refuse"]))
def test_it_refuses_what_a_run_refuses_and_counts_no_more_requests(
    records: list[dict[str, str]], batch_size: int, policy: Any
) -> None:
    async def run() -> tuple[list[int], int]:
        async with World(latency=0.01) as world:
            outcome = await world.client.upsert(
                "contacts",
                records,
                id_property="email",
                validate=SCHEMA,
                batch_size=batch_size,
                duplicates=policy,
            )
            return [record.index for record in outcome.failed], world.service.request_count

    failed, requests = run_in_virtual_time(run())
    rehearsal, refused, _ = rehearsed(
        records, validate=SCHEMA, batch_size=batch_size, duplicates=policy
    )
    assert refused == failed
    assert (rehearsal.taken, rehearsal.refused) == (len(records), len(failed))
    assert -(-(len(records) - len(failed)) // batch_size) <= rehearsal.requests <= requests


@pytest.mark.parametrize("duplicates", ["serial", "merge"])
def test_keys_that_come_again_are_reported_with_the_place_of_the_first(duplicates: str) -> None:
    records = [
        {"email": name, "size": str(n)} for n, name in enumerate(("a@b", "c@d", "A@B", "a@b"))
    ]

    rehearsal, _, repeats = rehearsed(records, duplicates=duplicates)

    assert rehearsal.repeated == 2
    assert sorted(repeats) == [(2, 0), (3, 0)]


def test_one_key_in_all_records_takes_little_memory_and_is_reported_each_time() -> None:
    rehearsal, refused, _ = rehearsed([{"email": "a@b", "size": "1"}] * 3_000)

    assert not refused
    assert rehearsal.repeated == 2_999
    assert rehearsal.requests == 3_000


def test_a_place_is_what_the_caller_says() -> None:
    firsts: list[int] = []
    with Rehearsal(
        "archive", "contacts", on_repeat=lambda _record, first: firsts.append(first)
    ) as rehearsal:
        for line in (7, 9):
            rehearsal.add("1", line)
        rehearsal.end()

    assert firsts == [7]
    assert rehearsal.requests == 1


def test_an_error_tells_each_problem() -> None:
    with Rehearsal("create", "contacts", validate=SCHEMA) as rehearsal:
        error = rehearsal.add({"size": "x", "made_by": "me"})

    assert error is not None
    assert error.category == "LOCAL_VALIDATION"
    assert [each.code for each in error.errors] == ["INVALID_NUMBER", "READ_ONLY_VALUE"]


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [
        ("read", {}, "verb must be one of create"),
        ("create", {"validate": True}, "give validate=Schema"),
        ("create", {"batch_size": 101}, "from 1 to 100"),
        ("archive", {"validate": SCHEMA}, "takes no validate"),
    ],
)
def test_what_cannot_be_rehearsed(verb: str, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Rehearsal(verb, "contacts", **options)


@pytest.mark.parametrize(
    ("name", "names_objects", "codes"),
    [
        ("email", False, []),
        ("email", True, []),
        ("sku", True, []),
        ("size", True, ["NON_UNIQUE_PROPERTY"]),
        ("made_by", False, ["READ_ONLY_VALUE"]),
        ("emial", False, ["PROPERTY_DOESNT_EXIST"]),
        ("emial", True, ["PROPERTY_DOESNT_EXIST"]),
    ],
)
def test_a_name_that_no_value_can_be_written_to(
    name: str, names_objects: bool, codes: list[str]
) -> None:
    found = name_problems(SCHEMA, name, names_objects=names_objects)

    assert [each.code for each in found] == codes
