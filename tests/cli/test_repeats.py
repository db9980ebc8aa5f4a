"""Records that repeat a key are counted, however far apart they stand, and a few of them are named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch.cli._repeats import Places, Repeats
from hubbatch.files import Row
from hubbatch.rehearsal import Rehearsal


def row(position: int, line: int | None = None, **values: Any) -> Row:
    made = Row(values)
    made.position, made.line = position, line
    return made


@given(st.lists(st.integers(0, 50), max_size=200))
def test_every_record_but_the_first_with_a_key_repeats_it(keys: list[int]) -> None:
    places = [
        f"line {line} as line {keys.index(key) + 2}"
        for line, key in enumerate(keys, 2)
        if key in keys[: line - 2]
    ]

    with Repeats("ref") as repeats:
        for line, key in enumerate(keys, 2):
            repeats.note(row(line - 2, line, ref=str(key)))
        assert repeats.found == Places(len(keys) - len(set(keys)), places[:3])


def test_they_are_found_over_more_than_is_looked_at_at_once() -> None:
    with Repeats("ref") as repeats:
        for number in range(5_000):
            repeats.note(row(number, ref=number % 2_100))
        examples = [f"record {number + 2_100} as record {number}" for number in range(3)]
        assert repeats.found == Places(2_900, examples)


def test_the_later_record_is_named_first_in_whatever_order_they_are_settled() -> None:
    with Repeats("ref") as repeats:
        for line in (9, 3, 7):
            repeats.note(row(line - 2, line, ref="x"))
        assert repeats.found == Places(2, ["line 9 as line 3", "line 9 as line 7"])


def test_in_an_input_of_several_files_a_record_is_known_by_its_position() -> None:
    with Repeats("ref", by_lines=False) as repeats:
        for position in (0, 1):
            repeats.note(row(position, 2, ref="x"))
        assert repeats.found == Places(1, ["record 1 as record 0"])


@pytest.mark.parametrize(
    ("key", "values", "count"),
    [
        ("email", ["A@b.cz", " a@b.cz"], 1),
        ("ref", ["101", " 101", 101], 2),
        ("ref", [" ", "", " ", float("nan"), float("nan")], 0),
        ("ref", ["A", "a"], 0),
        ("ref", [None, None, "", ""], 0),
        (None, ["a", "a"], None),
    ],
)
def test_what_one_key_is(key: str | None, values: list[Any], count: int | None) -> None:
    with Repeats(key) as repeats:
        for number, value in enumerate(values):
            repeats.note(row(number, None, **{key or "x": value}))
        repeats.note(row(len(values)))
        assert (repeats.found and repeats.found.count) == count


@pytest.mark.parametrize("key", ["id", "email", "ref"])
@pytest.mark.parametrize("object_type", ["companies", "contacts"])
@given(
    st.lists(
        st.sampled_from(["101", " 101", "A@b.cz", "a@b.cz ", "x", "", " ", None])
        | st.integers(99, 102),
        max_size=20,
    )
)
def test_a_load_counts_those_that_its_check_counts(
    object_type: str, key: str, values: list[Any]
) -> None:
    id_property = None if key == "id" else key
    with (
        Rehearsal("update", object_type, id_property=id_property) as rehearsal,
        Repeats(key, object_type=object_type) as repeats,
    ):
        for number, value in enumerate(values):
            record = row(number, None, **{key: value, "name": "n"})
            rehearsal.add(record, number)
            repeats.note(record)
        rehearsal.end()
        assert repeats.found is not None
        assert repeats.found.count == rehearsal.repeated
