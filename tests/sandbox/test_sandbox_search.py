"""Search: what matches, in which order, on which page; its limits, and the lag of its index."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver, Reply, ids, keyed, new

from hubbatch import RateLimit, UsageError
from hubbatch.sandbox import FaultKind, Options

DEALS = "/crm/objects/2026-03/deals/search"


def where(name: str, op: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """Return a filter."""
    return {"propertyName": name, "operator": op, "value": value, **more}


def search(driver: Driver, *groups: list[dict[str, Any]], at: float = 0.0, **more: Any) -> Reply:
    content = {"filterGroups": [{"filters": group} for group in groups], **more}
    return driver.ask("POST", DEALS, content, at=at)


def found(driver: Driver, *groups: list[dict[str, Any]], **more: Any) -> list[str]:
    reply = search(driver, *groups, **{"limit": 200, **more})
    assert reply.status == 200, reply.body
    assert reply.body["total"] == len(reply.results)
    return [result["id"] for result in reply.results]


@pytest.fixture
def driver() -> Driver:
    driver = Driver()
    for name, amount in (("Big Deal", "900"), ("small deal", "70"), ("Other", "70.0")):
        driver.add("deals", dealname=name, amount=amount, closedate="2026-03-01T00:00:00Z")
    driver.add("deals", dealname="Mail", reply_to="ada.lovelace@example.com")
    return driver


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (where("amount", "EQ", "70"), ["small deal", "Other"]),
        (where("amount", "EQ", 70), ["small deal", "Other"]),
        (where("amount", "NEQ", "70"), ["Big Deal"]),
        (where("amount", "LT", "100"), ["small deal", "Other"]),
        (where("amount", "GT", "70"), ["Big Deal"]),
        (where("amount", "GTE", "70"), ["Big Deal", "small deal", "Other"]),
        (where("amount", "LTE", "70"), ["small deal", "Other"]),
        (where("amount", "BETWEEN", "70", highValue="100"), ["small deal", "Other"]),
        (where("amount", "IN", values=["900", "1"]), ["Big Deal"]),
        (where("amount", "NOT_IN", values=["900", "1"]), ["small deal", "Other"]),
        (where("amount", "HAS_PROPERTY"), ["Big Deal", "small deal", "Other"]),
        (where("amount", "NOT_HAS_PROPERTY"), ["Mail"]),
        (where("dealname", "EQ", "big deal"), ["Big Deal"]),
        (where("dealname", "CONTAINS_TOKEN", "deal"), ["Big Deal", "small deal"]),
        (where("dealname", "CONTAINS_TOKEN", "dea"), []),
        (where("dealname", "CONTAINS_TOKEN", "dea*"), ["Big Deal", "small deal"]),
        (where("dealname", "NOT_CONTAINS_TOKEN", "deal"), ["Other", "Mail"]),
        (where("reply_to", "CONTAINS_TOKEN", "*@example.com"), ["Mail"]),
        (where("closedate", "GTE", "1772323200000"), ["Big Deal", "small deal", "Other"]),
        (where("closedate", "LT", "2026-03-01"), []),
        (where("hs_object_id", "GT", "102"), ["Other", "Mail"]),
        (where("hs_object_id", "IN", values=[101]), ["Big Deal"]),
        (where("createdate", "GTE", "2026-01-01"), ["Big Deal", "small deal", "Other", "Mail"]),
        (where("hs_is_closed", "EQ", value=True), []),
    ],
)
def test_each_operator_finds_what_it_says(
    driver: Driver, condition: dict[str, Any], names: list[str]
) -> None:
    held = driver.service.objects("deals")
    assert [held[key].properties["dealname"] for key in found(driver, [condition])] == names


def test_of_groups_one_must_match_and_within_a_group_all(driver: Driver) -> None:
    small, big = where("amount", "LT", "100"), where("amount", "GT", "100")
    named = where("dealname", "EQ", "Other")
    assert len(found(driver, [small, named])) == 1
    assert len(found(driver, [small, big])) == 0
    assert len(found(driver, [small, named], [big])) == 2
    assert len(found(driver)) == 4
    assert len(driver.ask("POST", DEALS, {"filters": [big]}).results) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"filterGroups": {}},
        {"filterGroups": [7]},
        {"filterGroups": [{"filters": [7]}]},
        {"filterGroups": [{"filters": [where("amount", "LIKE", "7")]}]},
        {"filterGroups": [{"filters": [where("", "EQ", "7")]}]},
        {"filterGroups": [{"filters": [where("amount", "EQ")]}]},
        {"filterGroups": [{"filters": [where("amount", "IN", "7")]}]},
        {"filterGroups": [{"filters": [where("amount", "BETWEEN", "7")]}]},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [where("amount", "HAS_PROPERTY")] * 7}]},
        {"filterGroups": [{"filters": [where("amount", "HAS_PROPERTY")] * 5}] * 4},
        {"limit": 201},
        {"limit": -1},
        {"limit": "x"},
        {"after": "x"},
        {"properties": "amount"},
        {"sorts": [{}]},
        {"sorts": ["amount", "dealname"]},
        {"sorts": [{"propertyName": "amount", "direction": "UP"}]},
        {"query": 7},
        {"query": "x" * 3_000},
    ],
)
def test_what_hubspot_would_not_take_is_refused(content: dict[str, Any]) -> None:
    refused = Driver().ask("POST", DEALS, content)
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


def test_six_filters_in_three_groups_are_taken() -> None:
    groups = [[where("amount", "HAS_PROPERTY")] * 6] * 3
    assert search(Driver(), *groups).status == 200


def test_results_can_be_sorted(driver: Driver) -> None:
    def order(*sorts: Any) -> list[str]:
        held = driver.service.objects("deals")
        return [held[key].properties["dealname"] for key in found(driver, sorts=[*sorts])]

    ascending = {"propertyName": "amount", "direction": "ASCENDING"}
    descending = {"propertyName": "dealname", "direction": "DESCENDING"}
    assert order(ascending) == ["Mail", "small deal", "Other", "Big Deal"]
    assert order(descending) == ["small deal", "Other", "Mail", "Big Deal"]
    assert order("-hs_object_id") == ["Mail", "Other", "small deal", "Big Deal"]
    assert order("hs_object_id") == ["Big Deal", "small deal", "Other", "Mail"]


def test_words_are_looked_for_in_the_usual_properties(driver: Driver) -> None:
    assert len(found(driver, query="DEAL")) == 2
    assert len(found(driver, query="deal big")) == 1
    assert len(found(driver, query="lovelace")) == 0


def test_a_result_shows_the_properties_that_were_asked_for(driver: Driver) -> None:
    reply = search(driver, [where("dealname", "EQ", "Mail")], properties=["amount", "reply_to"])
    shown = reply.results[0]["properties"]
    assert (shown["amount"], shown["reply_to"]) == (None, "ada.lovelace@example.com")


def test_an_archived_record_is_not_found(driver: Driver) -> None:
    key = found(driver, query="mail")[0]
    driver.batch("archive", ids(key), kind="deals")
    assert found(driver, query="mail") == []


def test_there_are_no_pages_beyond_ten_thousand() -> None:
    driver = Driver(keep_writes=0)
    for _ in range(10_050):
        driver.add("deals")
    last = search(driver, limit=200, after="9800")
    assert (last.body["total"], len(last.results)) == (10_050, 200)
    assert last.body["paging"]["next"]["after"] == "10000"
    refused = search(driver, limit=200, after="10000")
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")
    assert search(driver, limit=200, after="9801").status == 400


def test_searches_are_five_a_second_for_the_account_and_have_a_429_of_their_own() -> None:
    driver = Driver(rate_limit=RateLimit(1, 10.0), retry_after=True, accounts={"other": 7})
    replies = [search(driver, at=0.1) for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert replies[5].body["category"] == "RATE_LIMITS"
    assert replies[5].body["message"] == "You have reached your secondly limit."
    assert "policyName" not in replies[5].body
    assert not [name for reply in replies for name in reply.headers if "RateLimit" in name]
    assert replies[5].headers["Retry-After"] == "1"
    assert search(driver, at=1.2).status == 200
    assert driver.batch("read", ids("1"), at=1.2).status == 207  # they leave the interval alone
    elsewhere = driver.send(DEALS, b"{}", authorization="Bearer other", at=1.2)
    assert elsewhere.status == 200


def test_a_search_sees_what_was_written_only_after_the_lag_of_its_index() -> None:
    driver = Driver(search_lag=10.0)
    created = driver.batch("create", [new(amount="1")], kind="deals", at=1.0)
    key = created.results[0]["id"]
    assert found(driver, at=10.9) == []
    assert driver.batch("read", ids(key), kind="deals", at=1.0).status == 200
    assert found(driver, at=11.0) == [key]
    driver.batch("update", [keyed(key, amount="2")], kind="deals", at=20.0)
    assert found(driver, [where("amount", "EQ", "2")], at=29.0) == []
    assert found(driver, [where("amount", "EQ", "1")], at=29.0) == [key]
    assert found(driver, [where("amount", "EQ", "2")], at=30.0) == [key]
    driver.batch("archive", ids(key), kind="deals", at=40.0)
    assert found(driver, at=49.0) == [key]
    assert found(driver, at=50.0) == []


def test_a_lag_is_a_number_of_seconds() -> None:
    with pytest.raises(UsageError, match="search_lag"):
        Options(search_lag=-1.0)


def test_of_a_strict_type_only_declared_properties_can_be_searched_for() -> None:
    driver = Driver()
    driver.service.declare_strict("deals", ["amount"])
    assert search(driver, [where("amount", "EQ", "1")]).status == 200
    assert search(driver, [where("amuont", "EQ", "1")]).status == 400
    assert search(driver, sorts=["amuont"]).status == 400


def test_faults_befall_searches_too() -> None:
    driver = Driver(faults=[FaultKind.RATE_SECONDLY, FaultKind.BAD_GATEWAY, FaultKind.OMITTED])
    driver.add("deals")
    assert [search(driver).status for _ in range(3)] == [429, 502, 200]


COMPARISONS = {
    "EQ": operator.eq,
    "NEQ": operator.ne,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


@given(
    st.lists(st.integers(-3, 3), max_size=40),
    st.sampled_from(sorted(COMPARISONS)),
    st.integers(-3, 3),
    st.integers(1, 7),
)
def test_pages_give_each_match_once_and_nothing_else(
    amounts: list[int], comparison: str, bound: int, limit: int
) -> None:
    driver = Driver(search_limit=None)
    keys = {driver.add("deals", amount=str(amount)): amount for amount in amounts}
    seen: list[str] = []
    after = "0"
    while after:
        reply = search(driver, [where("amount", comparison, str(bound))], limit=limit, after=after)
        seen += [result["id"] for result in reply.results]
        after = reply.body.get("paging", {}).get("next", {}).get("after", "")
    assert seen == [key for key, amount in keys.items() if COMPARISONS[comparison](amount, bound)]


@given(st.integers(0, 40), st.integers(1, 7), st.sets(st.integers(0, 39)))
def test_windows_of_ids_give_each_match_once_while_others_archive(
    count: int, limit: int, archived: set[int]
) -> None:
    driver = Driver(search_limit=None)
    keys = [driver.add("deals") for _ in range(count)]
    gone = {keys[number] for number in archived if number < count}
    seen: list[str] = []
    last = "0"
    while True:
        page = search(
            driver, [where("hs_object_id", "GT", last)], limit=limit, sorts=["hs_object_id"]
        ).results
        if not page:
            break
        seen += [result["id"] for result in page]
        last = seen[-1]
        for key in sorted(gone - {*seen}, key=int)[:1]:
            driver.batch("archive", ids(key), kind="deals")
    assert len(seen) == len({*seen})
    assert {*keys} - gone <= {*seen} <= {*keys}
