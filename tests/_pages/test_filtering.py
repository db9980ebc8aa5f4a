"""What a caller may ask of a search, and what HubSpot is asked then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hubbatch import Filter, UsageError
from hubbatch._pages.filtering import check_query, filter_groups, sort_of
from hubbatch.filters import Operator

BIG: dict[str, Any] = {"propertyName": "amount", "operator": "GT", "value": "100"}


@pytest.mark.parametrize(
    "filters",
    [
        [Filter("amount", "GT", 100)],
        Filter("amount", "GT", "100"),
        (Filter("amount", Operator.GT, 100),),
        [BIG],
        BIG,
        [[BIG]],
        [{"filters": [BIG]}],
        {"filters": [BIG]},
        {"filterGroups": [{"filters": [BIG]}]},
        iter([{"propertyName": "amount", "operator": "GT", "value": 100}]),
    ],
)
def test_one_condition_can_be_written_in_many_ways(filters: Any) -> None:
    assert filter_groups(filters, keyset=True) == [[BIG]]


@pytest.mark.parametrize("filters", [None, [], (), {"filterGroups": []}])
def test_without_filters_there_are_no_groups(filters: Any) -> None:
    assert [group for group in filter_groups(filters, keyset=True) if group] == []


def test_lists_of_filters_are_groups_of_which_one_has_to_match() -> None:
    a, b = Filter("a", "HAS_PROPERTY"), Filter("b", "EQ", value=True)
    assert filter_groups([[a], [a, b]], keyset=True) == [
        [{"propertyName": "a", "operator": "HAS_PROPERTY"}],
        [
            {"propertyName": "a", "operator": "HAS_PROPERTY"},
            {"propertyName": "b", "operator": "EQ", "value": "true"},
        ],
    ]


@pytest.mark.parametrize(
    ("one", "written"),
    [
        (Filter("a", "IN", ["x", 2]), {"values": ["x", "2"]}),
        (Filter("a", "NOT_IN", {"x"}), {"values": ["x"]}),
        (Filter("a", "BETWEEN", 1, 5), {"value": "1", "highValue": "5"}),
        (Filter("a", "LT", dt.date(2026, 1, 2)), {"value": "2026-01-02"}),
        (
            Filter("a", "GTE", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
            {"value": "2026-01-02T00:00:00.000Z"},
        ),
        (
            Filter.of({"propertyName": "a", "operator": "IN", "values": ["x"]}),
            {"values": ["x"]},
        ),
        (
            Filter.of({"propertyName": "a", "operator": "BETWEEN", "value": 1, "highValue": 2}),
            {"value": "1", "highValue": "2"},
        ),
    ],
)
def test_values_are_written_as_hubspot_wants_them(one: Filter, written: dict[str, Any]) -> None:
    ((found,),) = filter_groups([one], keyset=False)
    assert found == {"propertyName": "a", "operator": one.operator.value, **written}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Filter("a", "GTT", 1), "no filter operator 'GTT'; did you mean 'GT'"),
        (lambda: Filter("a", "gt", 1), "did you mean 'GT'"),
        (lambda: Filter("a", "LIKE", 1), "no filter operator 'LIKE'"),
        (lambda: Filter("", "EQ", 1), "a property's name"),
        (lambda: Filter("a", "EQ"), "'a' with EQ: it takes one value"),
        (lambda: Filter("a", "EQ", [1]), "it takes one value"),
        (lambda: Filter("a", "IN", "x"), "it takes a list of values"),
        (lambda: Filter("a", "HAS_PROPERTY", 1), "it takes no value"),
        (lambda: Filter("a", "BETWEEN", 1), "high_value"),
        (lambda: Filter("a", "EQ", 1, 2), "high_value"),
        (lambda: Filter.of("a"), "a filter is a Filter, or a mapping"),
        (lambda: Filter.of({"property": "a"}), "no field 'property'"),
        (
            lambda: Filter.of(
                {"propertyName": "a", "operator": "IN", "value": "x", "values": ["x"]}
            ),
            "not both",
        ),
        (lambda: filter_groups("amount", keyset=True), "not str"),
        (lambda: filter_groups(7, keyset=True), "not int"),
        (lambda: filter_groups([[]], keyset=True), "at least one"),
        (lambda: filter_groups([BIG, [BIG]], keyset=True), "not both"),
        (lambda: filter_groups([{"filters": [BIG], "x": 1}], keyset=True), "nothing else"),
        (lambda: filter_groups([Filter("a", "IN", [])], keyset=True), "at least one value"),
        (lambda: filter_groups([Filter("a", "IN", [None])], keyset=True), "compares with None"),
        (lambda: filter_groups([Filter("a", "EQ", object())], keyset=True), "type object"),
        (lambda: filter_groups([Filter("a", "EQ", float("nan"))], keyset=True), "'a'"),
        (lambda: sort_of(["a", "b"]), "at most one"),
        (lambda: sort_of([{"propertyName": "a", "direction": "UP"}]), "'ASCENDING' or"),
        (lambda: sort_of(["-"]), "a sort is"),
        (lambda: sort_of(7), "at most one"),
        (lambda: check_query(""), "query must be text"),
        (lambda: check_query(7), "query must be text"),
    ],
)
def test_what_hubspot_does_not_have_is_a_usage_error(make: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make()


@pytest.mark.parametrize("keyset", [True, False])
def test_as_many_filters_as_hubspot_takes_are_taken(keyset: bool) -> None:
    own = int(keyset)
    assert filter_groups([[BIG] * (6 - own)] * 3, keyset=keyset)
    assert filter_groups([[BIG]] * 5, keyset=keyset)
    with pytest.raises(UsageError, match=f"at most {6 - own} filters of yours, not {7 - own}"):
        filter_groups([BIG] * (7 - own), keyset=keyset)
    with pytest.raises(UsageError, match="at most 5 groups of filters, not 6"):
        filter_groups([[BIG]] * 6, keyset=keyset)
    groups = [[BIG] * 5] * 3 + [[BIG] * (4 - 4 * own)] * 1 if not keyset else [[BIG] * 4] * 4
    with pytest.raises(UsageError, match=f"at most {18 - own * 4} filters of yours"):
        filter_groups(groups, keyset=keyset)


def test_that_the_keyset_needs_a_filter_is_said() -> None:
    with pytest.raises(UsageError, match="HubSpot takes 6, for one in each group tells where"):
        filter_groups([BIG] * 6, keyset=True)


@pytest.mark.parametrize(
    ("sorts", "sort"),
    [
        ((), None),
        (None, None),
        ("amount", ("amount", "ASCENDING")),
        (["-amount"], ("amount", "DESCENDING")),
        ([{"propertyName": "a"}], ("a", "ASCENDING")),
        ({"propertyName": "a", "direction": "DESCENDING"}, ("a", "DESCENDING")),
    ],
)
def test_a_sort_can_be_written_in_two_ways(sorts: Any, sort: tuple[str, str] | None) -> None:
    found = sort_of(sorts)
    assert found == (sort and {"propertyName": sort[0], "direction": sort[1]})


def test_a_filter_shows_no_value() -> None:
    assert "secret" not in repr(Filter("email", "EQ", "secret"))
