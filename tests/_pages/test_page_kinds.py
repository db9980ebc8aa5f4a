"""What is asked for each page, and what its answer means for the next, by each kind of reading."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hubbatch import UsageError
from hubbatch._pages.cursor import Position
from hubbatch._pages.listing import Listing
from hubbatch._pages.page import NoPageError, Query
from hubbatch._pages.searching import IdSearch, SortedSearch
from hubbatch._protocol.diagnosis import diagnose
from hubbatch._protocol.exchange import Reply
from hubbatch._protocol.symptoms import Symptom
from hubbatch.endpoints._pages import LIST, SEARCH
from hubbatch.models import BatchResponse

SORT = {"propertyName": "amount", "direction": "DESCENDING"}
LISTING = Listing("/p", "deals", 100, ["a", "b"])
BY_ID = IdSearch("/p/search", "deals", 200)
SORTED = SortedSearch("/p/search", "deals", 200, sort=SORT)


def answer(*ids: Any, total: int | None = None, after: Any = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"results": [{"id": str(each), "properties": {}} for each in ids]}
    if total is not None:
        body["total"] = total
    if after is not None:
        body["paging"] = {"next": {"after": after}}
    return {**body, **more}


def response(body: dict[str, Any]) -> BatchResponse:
    found = diagnose(SEARCH, Reply(200, {}, orjson.dumps(body))).response
    assert found is not None
    return found


def ids(query: Query, at: Position, body: dict[str, Any]) -> list[str]:
    return [each.id for each in query.read(at, response(body)).records]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"total": 0},
        {"results": None},
        {"results": {}},
        {"results": [1]},
        {"results": [{}]},
        {"results": [{"id": 7}]},
        {"results": [{"id": ""}]},
        {"results": [{"id": str(n)} for n in range(5_000)]},
        {"results": [], "category": "X"},
        {"results": [], "message": "no"},
        {"results": [], "status": "COMPLETE"},
        {"results": [], "status": "error"},
        {"results": [], "errors": []},
        {"results": [], "numErrors": 1},
    ],
)
def test_a_success_that_is_no_page_is_none(body: Any) -> None:
    for row in (LIST, SEARCH):
        judged = diagnose(row, Reply(200, {}, orjson.dumps(body)))
        assert judged.symptom is Symptom.UNREADABLE
        assert judged.response is None


def test_no_content_is_no_page() -> None:
    for status in (200, 202, 204):
        assert diagnose(LIST, Reply(status)).symptom is Symptom.UNREADABLE


def test_a_page_of_the_list_is_asked_for_by_the_services_cursor() -> None:
    first = LISTING.request(Position())
    assert (first.method, first.path, first.body) == ("GET", "/p", b"")
    assert first.query == {"limit": "100", "archived": "false", "properties": "a,b"}
    assert LISTING.request(Position("x y&z")).query["after"] == "x y&z"


def test_a_page_of_a_search_is_asked_for_by_the_last_id() -> None:
    one = {"propertyName": "a", "operator": "EQ", "value": "1"}
    query = IdSearch("/p", "deals", 200, [[one], [one]], ["a"], "words")
    first, later = (orjson.loads(query.request(Position(at)).body) for at in ("", "7"))
    beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": "7"}
    assert first == {
        "limit": 200,
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "filterGroups": [{"filters": [one]}, {"filters": [one]}],
        "properties": ["a"],
        "query": "words",
    }
    assert later == {**first, "filterGroups": [{"filters": [one, beyond]}] * 2}
    assert orjson.loads(BY_ID.request(Position("7")).body)["filterGroups"] == [
        {"filters": [beyond]}
    ]


def test_a_page_of_a_sorted_search_is_asked_for_by_its_offset_and_none_goes_beyond_the_end() -> (
    None
):
    body = orjson.loads(SORTED.request(Position("9900")).body)
    assert body == {"limit": 100, "sorts": [SORT], "after": "9900"}


@pytest.mark.parametrize(
    ("query", "at", "body", "says"),
    [
        (LISTING, "", answer(after="3"), "empty"),
        (LISTING, "3", answer(1, after="3"), "is itself"),
        (LISTING, "", answer(1, paging={"next": {}}), "does not say where"),
        (LISTING, "", answer(1, paging=[]), "does not say where"),
        (LISTING, "", answer(1, after="x" * 2_000), "does not say where"),
        (BY_ID, "", answer(1), "no total"),
        (BY_ID, "", answer(1, total=True), "no total"),
        (BY_ID, "", answer(1, total=-1), "no total"),
        (BY_ID, "", answer(1, 2, total=3), "ends although its total"),
        (BY_ID, "", answer(total=3), "ends although its total"),
        (BY_ID, "", answer(total=3, after="200"), "empty although"),
        (BY_ID, "", answer(total=0, after="200"), "empty although"),
        (BY_ID, "", answer(2, 1, total=2), "not in the order"),
        (BY_ID, "5", answer(4, 6, total=2), "not in the order"),
        (BY_ID, "5", answer(5, 6, total=2), "not in the order"),
        (BY_ID, "", answer("a", total=1), "not in the order"),
        (SORTED, "", answer(1, total=2), "ends although its total"),
        (SORTED, "2", answer(1, total=4), "ends although its total"),
        (SORTED, "2", answer(total=4, after="4"), "empty"),
    ],
)
def test_a_page_that_does_not_add_up_is_none(
    query: Query, at: str, body: dict[str, Any], says: str
) -> None:
    with pytest.raises(NoPageError, match=says):
        query.read(Position(at), response(body))


def test_a_page_that_ends_is_the_last_one() -> None:
    for query, body in (
        (LISTING, answer(1, 2)),
        (LISTING, answer()),
        (LISTING, answer(1, paging={})),
        (BY_ID, answer(1, 2, total=2)),
        (BY_ID, answer(total=0)),
        (SORTED, answer(2, 1, total=2)),
    ):
        page = query.read(Position(), response(body))
        assert page.following is None
        assert len(page.records) == len(body["results"])


def test_what_stands_twice_is_given_once() -> None:
    assert ids(LISTING, Position("", ("2",)), answer(2, 3, 3, 4)) == ["3", "4"]
    assert ids(BY_ID, Position("2"), answer(3, 3, 4, total=3)) == ["3", "4"]


def test_what_was_given_of_a_longer_page_is_not_given_again_after_a_shorter_one() -> None:
    page = LISTING.read(Position("1", ("1", "2", "3")), response(answer(1, 2, after="3")))
    assert page.records == []
    assert page.following == Position("3", ("3",))
    assert ids(LISTING, page.following, answer(3, 4)) == ["4"]


@pytest.mark.parametrize("query", [LISTING, BY_ID, SORTED])
def test_a_position_within_a_page_leads_to_the_rest_of_it(query: Query) -> None:
    body = answer(1, 2, 3, total=9, after="3")
    page = query.read(Position(), response(body))
    assert query.position(page, 0) == Position()
    at = query.position(page, 2)
    if query is not LISTING:
        assert at == Position("2")
        body = answer(3, total=9 if query is SORTED else 7, after="3")
    assert ids(query, at, body) == ["3"]
    assert query.position(page, 3) == page.following


def test_more_than_can_be_sorted_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"10001 records match.*leave sorts out"):
        SORTED.read(Position(), response(answer(1, total=10_001, after="1")))


def test_a_sorted_search_of_all_it_can_have_ends_there() -> None:
    last = SORTED.read(Position("9999"), response(answer(1, total=10_000, after="10000")))
    assert last.following is None


@pytest.mark.parametrize(
    ("query", "after"), [(BY_ID, "x"), (BY_ID, "9" * 21), (SORTED, "x"), (SORTED, "10001")]
)
def test_a_position_of_another_kind_is_a_usage_error(query: Query, after: str) -> None:
    with pytest.raises(UsageError, match="cursor"):
        query.check(Position(after))


def test_a_search_that_hubspot_would_not_take_is_a_usage_error() -> None:
    names = [f"property_{number:03}" for number in range(300)]
    with pytest.raises(UsageError, match=r"would have \d+ characters, and HubSpot takes 3000"):
        IdSearch("/p", "deals", 200, properties=names)
    with pytest.raises(UsageError, match="3000"):
        SortedSearch("/p", "deals", 200, sort=SORT, query="x" * 3_000)


def test_the_last_page_of_a_long_search_is_not_too_long_either() -> None:
    def length(size: int, at: str) -> int:
        return len(IdSearch("/p", "deals", 200, query="x" * size).request(Position(at)).body)

    longest = "9" * 20
    size = 3_000 - length(1, longest) + 1
    assert length(size, longest) == 3_000
    with pytest.raises(UsageError, match="3001"):
        length(size + 1, "")
