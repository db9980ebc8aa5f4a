"""A source is recognized by what its records have in common from process to process, and by nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._records.source_digest import SourceDigest

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def digest(*records: Any) -> bytes:
    found = SourceDigest()
    for record in records:
        found.add(record)
    assert found.records == len(records)
    return found.value


class Colour(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    one: str
    other: str


class Name(str):
    __slots__ = ()


class Stamp(dt.datetime):
    """As pandas has one."""


@attrs.frozen
class Person:
    email: str
    born: dt.date


@dataclasses.dataclass
class Company:
    name: str
    revenue: Decimal


class Opaque:
    """Shows its address, as most objects do."""


MAKERS: list[Callable[[], Any]] = [
    lambda: {"email": "a@x.com", "n": 1, "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)},
    lambda: {1: 2.5, "day": dt.date(2026, 1, 2)},
    lambda: OrderedDict(a=Decimal("1.10")),
    lambda: Person("a@x.com", dt.date(2000, 1, 1)),
    lambda: Company("Acme", Decimal(5)),
    lambda: Pair("1", "2"),
    lambda: ("1", "3"),
    lambda: Name("text"),
    lambda: Colour.RED,
    lambda: "7",
    lambda: 7,
    lambda: None,
    lambda: {"a": Opaque()},
    lambda: {"b": Opaque()},
    lambda: {"a": "\ud800"},
    lambda: [2**70],
    lambda: dt.time(1, 2),
    lambda: {"tags": {"a", "b", "c"}},
    lambda: {"tags": frozenset({"a", "d"})},
    lambda: {"at": Stamp(2026, 1, 2)},
]


@pytest.mark.parametrize("make", MAKERS)
def test_a_record_that_is_made_again_is_the_same(make: Callable[[], Any]) -> None:
    assert digest(make()) == digest(make())


def test_records_that_differ_have_digests_that_differ() -> None:
    digests = {digest(make()) for make in MAKERS}
    assert len(digests) == len(MAKERS)
    assert digest(Opaque()) != digest(Person("a@x.com", dt.date(2000, 1, 1)))


@given(st.lists(JSON, max_size=4), st.lists(JSON, max_size=4))
def test_digests_are_the_same_for_the_same_records_in_the_same_order_only(
    some: list[Any], others: list[Any]
) -> None:
    assert (digest(*some) == digest(*others)) == (repr(some) == repr(others))  # 0 is not False here


def test_where_one_record_ends_and_the_next_begins_makes_a_difference() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest([], []) != digest([[]])


def test_what_an_object_does_not_say_of_itself_is_not_noticed() -> None:
    assert digest(Opaque()) == digest(Opaque())


def test_numpys_scalars_count_by_their_value() -> None:
    numpy = pytest.importorskip("numpy")
    assert digest({"n": numpy.int64(7)}) == digest({"n": 7})
    assert digest({"n": numpy.float64(7.5)}) != digest({"n": numpy.float64(8.5)})
    assert digest({"n": numpy.str_("a")}) == digest({"n": "a"})


def test_a_set_counts_by_what_is_in_it() -> None:
    assert digest({"a", "b", "c"}) == digest({"c", "b", "a"}) != digest({"a", "b"})


RECORDS = [{"email": f"p{number}@b.cz"} for number in range(2_400)]


@pytest.mark.parametrize(
    ("changed", "noted", "seen"),
    [
        (5, 1_000, 5),
        (1_999, 2_000, 1_999),
        (2_000, 2_400, 2_000),
        (2_399, 2_400, 2_399),
        (5, 2_400, None),  # of the thousands before only the digest is kept
    ],
)
def test_the_first_other_record_of_a_thousand_is_found(
    changed: int, noted: int, seen: int | None
) -> None:
    known = digest(*RECORDS[:noted])
    now = SourceDigest()
    for index, record in enumerate(RECORDS[:noted]):
        now.add({"email": "new@b.cz"} if index == changed else record)

    assert not now.is_of(known)
    assert now.first_other(known, noted) == seen
    assert now.first_other(known[:16], noted) is None, "as earlier versions have noted it"


@pytest.mark.parametrize(
    ("taken", "noted", "seen"),
    [
        (0, 1_000, None),
        (999, 1_000, 5),
        (1_000, 1_000, 5),
        (1_000, 1_001, None),
        (1_000, 2_000, None),
        (1_001, 2_000, 1_000),
        (1_001, 2_400, None),
        (2_400, 1_001, None),
    ],
)
def test_records_are_compared_one_by_one_within_one_thousand_only(
    taken: int, noted: int, seen: int | None
) -> None:
    now = SourceDigest()
    for index, record in enumerate(RECORDS[:taken]):
        now.add({"email": "new@b.cz"} if index in {5, 1_000} else record)

    assert now.first_other(digest(*RECORDS[:noted]), noted) == seen


def test_of_some_thousand_others_none_is_missed() -> None:
    missed = 0
    for number in range(2_000):
        known, now = SourceDigest(), SourceDigest()
        known.add({"email": "a@b.cz"})
        now.add({"email": f"p{number}@b.cz"})
        missed += now.first_other(known.value, 1) is None
    assert missed == 0


def test_a_digest_of_an_earlier_version_is_still_one_of_the_same_records() -> None:
    found = SourceDigest()
    found.add({})
    assert found.is_of(digest({}))
    assert found.is_of(digest({})[:16])
    assert found.first_other(digest({}), 1) is None
