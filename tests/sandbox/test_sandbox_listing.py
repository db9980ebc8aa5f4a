"""The list endpoint: every record once, page after page, whatever happens in between."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver, ids, new

CONTACTS = "/crm/objects/2026-03/contacts"


def pages(driver: Driver, **query: Any) -> list[list[str]]:
    """Read a list to its end; return the ids of each page."""
    found: list[list[str]] = []
    after: str | None = None
    while True:
        more: dict[str, Any] = {} if after is None else {"after": after}
        reply = driver.ask("GET", CONTACTS, **query, **more)
        assert reply.status == 200
        found.append([result["id"] for result in reply.results])
        if "paging" not in reply.body:
            return found
        after = reply.body["paging"]["next"]["after"]


def test_pages_have_ten_records_unless_a_limit_is_given() -> None:
    driver = Driver()
    keys = [driver.add(phone=str(number)) for number in range(25)]
    assert [len(page) for page in pages(driver)] == [10, 10, 5]
    assert pages(driver, limit=100) == [keys]
    assert pages(driver, limit=25) == [keys]


@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"limit": 0}, {"limit": "x"}, {"limit": "-1"}, {"after": "x"}]
)
def test_a_limit_or_cursor_that_is_none_is_refused(query: dict[str, Any]) -> None:
    refused = Driver().ask("GET", CONTACTS, **query)
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


def test_with_history_a_page_has_fifty_at_most() -> None:
    assert Driver().ask("GET", CONTACTS, limit=51, propertiesWithHistory="phone").status == 400


def test_a_list_shows_the_properties_that_were_asked_for() -> None:
    driver = Driver()
    driver.add(phone="1", city="Brno")
    (result,) = driver.ask("GET", CONTACTS, properties="phone,email").results
    assert result["properties"].keys() == {
        *("phone", "email", "hs_object_id", "createdate", "lastmodifieddate")
    }
    assert result["properties"]["email"] is None


def test_archived_records_are_listed_apart() -> None:
    driver = Driver()
    first, second = driver.add(phone="1"), driver.add(phone="2")
    driver.batch("archive", ids(first))
    assert pages(driver) == [[second]]
    assert pages(driver, archived="true") == [[first]]


def test_a_list_lags_as_reading_does() -> None:
    driver = Driver(read_lag=10.0)
    driver.batch("create", [new(phone="1")], at=5.0)
    assert driver.ask("GET", CONTACTS, at=6.0).results == []
    assert len(driver.ask("GET", CONTACTS, at=15.0).results) == 1


@given(st.integers(0, 30), st.integers(1, 12), st.data())
def test_what_is_there_all_the_time_is_listed_once(count: int, limit: int, data: Any) -> None:
    driver = Driver()
    keys = [driver.add(phone=str(number)) for number in range(count)]
    gone: set[str] = set()
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        reply = driver.ask("GET", CONTACTS, limit=limit, **after)
        seen += [result["id"] for result in reply.results]
        if keys and data.draw(st.booleans()):
            key = data.draw(st.sampled_from(keys))
            driver.batch("archive", ids(key))
            gone.add(key)
        driver.add(phone="new") if len(seen) < count else None
        if "paging" not in reply.body:
            break
        after = {"after": reply.body["paging"]["next"]["after"]}
    assert len(seen) == len(set(seen))
    assert {*keys} - gone <= {*seen}


@given(st.lists(st.tuples(st.sampled_from("caamp"), st.integers(0, 9)), max_size=20))
def test_lists_and_searches_agree_with_the_store_whatever_was_done(
    steps: list[tuple[str, int]],
) -> None:
    driver = Driver(search_limit=None)
    keys = [driver.add(phone="1")]
    for step, number in steps:
        key, other = keys[number % len(keys)], keys[-1]
        if step == "c":
            keys.append(driver.add(phone="1"))
        elif step == "a":
            driver.batch("archive", ids(key))
        elif step == "p":
            driver.ask("POST", f"{CONTACTS}/gdpr-delete", {"objectId": key})
        elif step == "m":
            merge = {"primaryObjectId": other, "objectIdToMerge": key}
            driver.ask("POST", f"{CONTACTS}/merge", merge)
        stored = driver.service.objects("contacts").values()
        live = [one.id for one in stored if not one.archived]
        assert [*chain(*pages(driver))] == live
        assert [*chain(*pages(driver, archived="true"))] == [
            one.id for one in stored if one.archived
        ]
        found = driver.ask("POST", f"{CONTACTS}/search", {"limit": 200})
        assert [one["id"] for one in found.results] == live
