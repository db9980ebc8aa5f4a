"""Pages of one input: joined once, at the end, and never followed in a circle."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from other_endpoints import ASSOCIATED

from hubbatch._batches.correlation import Correlation
from hubbatch._batches.paging import Page, follow_pages
from hubbatch._records.planners import planner_of
from hubbatch.models import RecordStatus, RowResult


def read(places: list[str], size: int = 2) -> tuple[Correlation, list[Page]]:
    """Read the pages of one input, each of which goes on at the next place, and the last one at none."""
    inputs = [planner_of(ASSOCIATED).plan(0, "1")]
    pages: list[Page] = []
    for number, after in enumerate([*places, ""]):
        fields: dict[str, Any] = {"from": {"id": "1"}, "to": [(number, at) for at in range(size)]}
        if after:
            fields["paging"] = {"next": {"after": after}}
        answer = Correlation([RecordStatus.SUCCEEDED], [RowResult(fields)], [None], [])
        before = {0: pages[-1]} if pages else {}
        paged = follow_pages(ASSOCIATED, inputs, answer, before)
        if not paged.pages:
            return paged.told, pages
        pages.append(paged.pages[0])
    raise AssertionError


def test_pages_are_joined_once_in_their_order() -> None:
    told, pages = read([str(number) for number in range(3_000)])
    assert [len(page.items) for page in pages] == [2] * 3_000
    (result,) = told.results
    assert isinstance(result, RowResult)
    assert result["to"] == [(number, at) for number in range(3_001) for at in range(2)]


@given(st.integers(0, 40), st.integers(1, 40))
def test_places_that_come_again_are_noticed_soon(start: int, circle: int) -> None:
    places = [f"s{number}" for number in range(start)]
    places += [f"c{number % circle}" for number in range(4 * (start + circle))]
    told, pages = read(places)
    assert told.statuses == [RecordStatus.UNKNOWN]
    assert len(pages) <= 3 * (start + circle) + 2


@given(st.integers(0, 300))
def test_places_that_differ_are_followed_to_the_end(count: int) -> None:
    told, pages = read([str(number) for number in range(count)])
    assert told.statuses == [RecordStatus.SUCCEEDED]
    assert len(pages) == count
