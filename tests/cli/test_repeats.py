"""Records that repeat a key are counted, however far apart they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch.cli._repeats import Repeats


@given(st.lists(st.integers(0, 50), max_size=200))
def test_every_record_but_the_first_with_a_key_repeats_it(keys: list[int]) -> None:
    with Repeats("ref") as repeats:
        for key in keys:
            repeats.note({"ref": str(key)})
        assert repeats.count == len(keys) - len(set(keys))


def test_they_are_counted_over_more_than_is_looked_at_at_once() -> None:
    with Repeats("ref") as repeats:
        for number in range(5_000):
            repeats.note({"ref": number % 2_100})
        assert repeats.count == 2_900


@pytest.mark.parametrize(
    ("key", "values", "count"),
    [
        ("email", ["A@b.cz", " a@b.cz"], 1),
        ("ref", ["A", "a"], 0),
        ("ref", [None, None, "", ""], 0),
        (None, ["a", "a"], None),
    ],
)
def test_what_one_key_is(key: str | None, values: list[str | None], count: int | None) -> None:
    with Repeats(key) as repeats:
        for value in values:
            repeats.note({key or "x": value})
        repeats.note({})
        assert repeats.count == count
