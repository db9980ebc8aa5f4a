"""Pages of one input: joined once, at the end, and never followed in a circle."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_endpoints import ASSOCIATED

from hubbatch._batches.correlation import Correlation
from hubbatch._batches.paging import PagesRead, bodies_of, follow_pages, in_requests
from hubbatch._pages.trail import Trail
from hubbatch._records.planners import planner_of
from hubbatch.models import RecordStatus, RowResult


def read(places: list[str], size: int = 2) -> tuple[Correlation, list[PagesRead]]:
    """Read the pages of one input, each of which goes on at the next place, and the last one at none."""
    inputs = [planner_of(ASSOCIATED).plan(0, "1")]
    pages: list[PagesRead] = []
    for number, after in enumerate([*places, ""]):
        fields: dict[str, Any] = {"from": {"id": "1"}, "to": [(number, at) for at in range(size)]}
        if after:
            fields["paging"] = {"next": {"after": after}}
        answer = Correlation([RecordStatus.SUCCEEDED], [RowResult(fields)], [None], [])
        before = {0: pages[-1]} if pages else {}
        paged = follow_pages(ASSOCIATED, inputs, answer, before, 1_000)
        if not paged.pages:
            return paged.correlation, pages
        pages.append(paged.pages[0])
    raise AssertionError


def test_pages_are_joined_once_in_their_order() -> None:
    paged, pages = read([str(number) for number in range(3_000)])
    assert [len(page.items) for page in pages] == [2] * 3_000
    (result,) = paged.results
    assert isinstance(result, RowResult)
    assert result["to"] == [(number, at) for number in range(3_001) for at in range(2)]


@given(st.integers(0, 40), st.integers(1, 40))
def test_places_that_come_again_are_noticed_soon(start: int, circle: int) -> None:
    places = [f"s{number}" for number in range(start)]
    places += [f"c{number % circle}" for number in range(4 * (start + circle))]
    paged, pages = read(places)
    assert paged.statuses == [RecordStatus.UNKNOWN]
    assert len(pages) <= 3 * (start + circle) + 2


@given(st.integers(0, 300))
def test_places_that_differ_are_followed_to_the_end(count: int) -> None:
    paged, pages = read([str(number) for number in range(count)])
    assert paged.statuses == [RecordStatus.SUCCEEDED]
    assert len(pages) == count


def went_on(after: object, largest: int = 1_000) -> tuple[Correlation, dict[int, PagesRead]]:
    """Read one page that goes on somewhere."""
    inputs = [planner_of(ASSOCIATED).plan(0, "1")]
    fields = {"from": {"id": "1"}, "to": [1], "paging": {"next": {"after": after}}}
    answer = Correlation([RecordStatus.SUCCEEDED], [RowResult(fields)], [None], [])
    paged = follow_pages(ASSOCIATED, inputs, answer, {}, largest)
    return paged.correlation, dict(paged.pages)


@pytest.mark.parametrize(
    ("after", "asked"), [("2", "2"), (" 2=", " 2="), (7, "7"), (0, "0"), ("ä", "ä")]
)
def test_a_place_is_text_unchanged_or_a_number_as_text(after: object, asked: str) -> None:
    _, pages = went_on(after)
    assert pages[0].trail.after == asked


@pytest.mark.parametrize("after", [None, "", " "])
def test_no_place_is_the_end(after: object) -> None:
    paged, pages = went_on(after)
    assert (paged.statuses, pages) == ([RecordStatus.SUCCEEDED], {})


@pytest.mark.parametrize("after", [False, True, {}, [], {"a": 1}, ["2"], 1.5])
def test_what_is_no_place_leaves_the_record_in_doubt(after: object) -> None:
    paged, pages = went_on(after)
    assert (paged.statuses, pages) == ([RecordStatus.UNKNOWN], {})
    (error,) = paged.errors
    assert "cannot be read" in error.message
    assert error.indexes == (0,)


@given(st.text(min_size=1, max_size=60).filter(str.strip), st.integers(20, 100))
def test_no_page_is_asked_for_with_more_bytes_than_a_request_may_have(
    after: str, largest: int
) -> None:
    inputs = [planner_of(ASSOCIATED).plan(0, "1")]
    paged, pages = went_on(after, largest)
    if pages:
        (body,) = bodies_of(ASSOCIATED, inputs, pages)
        assert len(body) <= largest
    else:
        assert paged.statuses == [RecordStatus.UNKNOWN]
        assert "longer than" in paged.errors[0].message


@given(st.lists(st.integers(0, 60), min_size=1, max_size=20), st.integers(100, 300))
def test_pages_are_asked_for_in_requests_of_their_size(lengths: list[int], largest: int) -> None:
    planner = planner_of(ASSOCIATED)
    inputs = [planner.plan(at, str(at)) for at in range(len(lengths))]
    pages = {at: PagesRead([], Trail("é" * length + "x")) for at, length in enumerate(lengths)}
    fitting = [item for item in inputs if len(bodies_of(ASSOCIATED, [item], pages)[0]) <= largest]
    parts = in_requests(ASSOCIATED, fitting, pages, largest)
    assert [item for part in parts for item in part] == fitting
    for part in parts:
        assert len(b",".join(bodies_of(ASSOCIATED, part, pages))) <= largest
    for one, other in itertools.pairwise(parts):
        assert len(b",".join(bodies_of(ASSOCIATED, [*one, other[0]], pages))) > largest


@pytest.mark.parametrize(
    ("paging", "status"),
    [
        ({"next": {"link": "?after=2"}}, RecordStatus.UNKNOWN),
        ({"next": True}, RecordStatus.UNKNOWN),
        ({"next": "?after=2"}, RecordStatus.UNKNOWN),
        ({"next": {"after": None}}, RecordStatus.SUCCEEDED),
        ({"next": {}}, RecordStatus.SUCCEEDED),
        ({"next": None}, RecordStatus.SUCCEEDED),
        (None, RecordStatus.SUCCEEDED),
    ],
)
def test_a_next_page_without_a_place_leaves_the_record_in_doubt(
    paging: object, status: RecordStatus
) -> None:
    inputs = [planner_of(ASSOCIATED).plan(0, "1")]
    row = RowResult({"from": {"id": "1"}, "to": [1], "paging": paging})
    answer = Correlation([RecordStatus.SUCCEEDED], [row], [None], [])
    assert follow_pages(ASSOCIATED, inputs, answer, {}, 1_000).correlation.statuses == [status]
