"""Results that are rows: built when they are looked at, and each only once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbatch._protocol.rows import RowResults, kept_fields
from hubbatch.models import RowResult


def test_a_row_is_what_it_would_be_if_it_were_made_at_once() -> None:
    fields = [{"id": "1", "labels": []}, {"id": "2", "labels": ["x"]}]
    rows = RowResults(fields)
    assert len(rows) == 2
    assert list(rows) == [RowResult(each) for each in fields]
    assert [row.others for row in rows] == [(), ()]
    assert rows[1] is rows[1]
    assert rows[-1:] == [rows[1]]


@given(st.permutations(range(5)), st.integers(0, 5))
def test_rows_are_put_in_order_whether_they_have_been_looked_at_or_not(
    order: list[int], number: int
) -> None:
    order = [place for place in order if place < number]
    rows = RowResults([{"id": str(place)} for place in range(number)])
    assert [row["id"] for row in rows.in_order(order)] == [str(place) for place in order]


def nested(depth: int) -> object:
    return [] if depth == 0 else [nested(depth - 1)]


def test_what_is_nested_too_deep_is_left_out_of_the_row_that_has_it_and_of_no_other() -> None:
    fine = {"id": "1", "to": [{"toObjectId": 7}]}
    kept = kept_fields([fine, {"id": "2", "to": nested(100)}])
    assert kept[0] is fine
    assert kept[1] == {"id": "2"}


def test_rows_that_can_all_be_kept_are_kept_as_they_are() -> None:
    for values in ([{"id": "1", "labels": []}], [{"id": "1", "to": nested(29)}]):
        assert kept_fields(values) is values or kept_fields(values)[0] is values[0]
