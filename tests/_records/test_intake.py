"""Records that are taken in some at a time end as if they had been taken in one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._records.planning import Input
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import ASSOCIATIONS_CREATE, CREATE, READ, UPSERT
from hubbatch.policies import Duplicates

KINDS: dict[str, dict[str, Any]] = {
    "upsert": {"endpoint": UPSERT, "id_property": "email"},
    "create": {"endpoint": CREATE},
    "create with a unique value": {"endpoint": CREATE, "unique_property": "email"},
    "read": {"endpoint": READ},
    "pairs": {"endpoint": ASSOCIATIONS_CREATE},
}

KEYS = st.sampled_from(["a", "A", "b", "c", "d", "e", "f", "g"])
RECORDS = st.lists(
    st.one_of(
        st.builds(lambda key, size: {"email": key, "note": "x" * size}, KEYS, st.integers(0, 300)),
        st.builds(lambda key, number: {"email": key, "age": number}, KEYS, st.integers()),
        st.builds(
            lambda key: {
                "id": key,
                "properties": {"email": key},
                "objectWriteTraceId": "mine",
            },
            KEYS,
        ),
        st.sampled_from(["1", "2", "3", None, object(), {}, {"": "x", "email": "a"}, {1: "x"}]),
        st.builds(lambda one, other: {"from": {"id": one}, "to": {"id": other}}, KEYS, KEYS),
    ),
    max_size=30,
)

Seen = list[Any]


def take(intake: Intake, records: Sequence[Any], slices: Iterable[int]) -> Seen:
    """Take records in, so many at a time; return what is refused and what requests carry that leave meanwhile."""
    seen: Seen = []
    at, flying = 0, []
    sizes = iter(slices)
    while at < len(records):
        number, _, error = intake.take_some(at, records[at : at + next(sizes, 1)])
        at += number
        if error is not None:
            seen.append((at, str(error)))
            at += 1
        assert number or error is not None
        while intake.queue.full:
            flying.append(carried := intake.compose())
            seen.append(shown(carried))
        if len(flying) > 1:
            intake.release(flying.pop(0))
    while intake.queue or flying:
        if intake.queue:
            flying.append(carried := intake.compose())
            seen.append(shown(carried))
        intake.release(flying.pop(0))
    assert intake.waiting_for_key == 0
    return seen


def shown(inputs: Sequence[Input]) -> list[Any]:
    return [
        (item.index, len(item.body), item.successor, [each.index for each in item.members()])
        for item in inputs
    ]


@pytest.mark.parametrize("kind", KINDS)
@given(
    records=RECORDS,
    slices=st.lists(st.integers(1, 12), max_size=30),
    policy=st.sampled_from(Duplicates),
    most=st.tuples(st.integers(1, 6), st.sampled_from([300, 700, 10_000])),
)
def test_records_that_are_taken_some_at_a_time_end_as_one_by_one(
    kind: str,
    records: list[Any],
    slices: list[int],
    policy: Duplicates,
    most: tuple[int, int],
) -> None:
    """`most`: inputs and bytes of a request."""

    def intake() -> Intake:
        return Intake(
            Call(
                path="/w",
                read_path="/r",
                batch_size=most[0],
                max_batch_bytes=most[1],
                duplicates=policy,
                **KINDS[kind],
            )
        )

    some, one = intake(), intake()
    assert take(some, records, slices) == take(one, records, [])
    for each in (some, one):
        each.close()


def test_a_slice_ends_where_a_request_is_full_or_a_record_is_refused() -> None:
    intake = Intake(Call(UPSERT, "/w", "/r", batch_size=3, id_property="email"))
    records: list[Any] = [{"email": f"{number}@b.c"} for number in range(8)]
    records[4] = {"email": ""}
    assert intake.take_some(0, records) == (3, True, None)
    number, full, error = intake.take_some(3, records[3:])
    assert (number, full) == (1, False)
    assert isinstance(error, InvalidRecordError)
    assert intake.take_some(5, records[5:]) == (2, True, None)
    assert intake.take_some(7, records[7:]) == (1, False, None)
