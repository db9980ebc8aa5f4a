"""Values spelled anew, as HubSpot does, and found again by any spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver, ids, keyed, new

from hubbatch.errors import UsageError
from hubbatch.sandbox import PropertyType
from hubbatch.sandbox._spelling import respelled

SHORT, LONG = "starts_at", "closedate"
"""Two names of properties whose datetimes are shown without and with milliseconds."""


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (PropertyType.EMAIL, " Ada@Example.COM ", "ada@example.com"),
        (PropertyType.DOMAIN, "Example.COM", "example.com"),
        (PropertyType.STRING, "  007.50 ", "007.50"),
        (PropertyType.STRING, "e\u0301", "é"),
        (PropertyType.ENUMERATION, "High", "High"),
        (PropertyType.NUMBER, "100.0", "100"),
        (PropertyType.NUMBER, "007", "7"),
        (PropertyType.NUMBER, "1e3", "1000"),
        (PropertyType.NUMBER, "-0.0", "0"),
        (PropertyType.NUMBER, "12.3400", "12.34"),
        (PropertyType.NUMBER, "1e999999", "1e999999"),
        (PropertyType.NUMBER, "many", "many"),
        (PropertyType.BOOL, "TRUE", "true"),
        (PropertyType.BOOL, "yes", "yes"),
        (PropertyType.DATE, "2026-01-01T00:00:00.000Z", "2026-01-01"),
        (PropertyType.DATE, "1767225600000", "2026-01-01"),
        (PropertyType.DATE, "2026-01-01", "2026-01-01"),
        (PropertyType.PHONE, "+49 (30) 123-4567", "+4930 123-4567"),
        (PropertyType.PHONE, "5551234567", "555 123-4567"),
        (PropertyType.PHONE, "110", "110"),
        (PropertyType.PHONE, "555-1234567 ext. 5", "555-1234567 ext. 5"),
        (None, "100.0", "100"),
        (None, "007.0", "007.0"),
        (None, "007", "007"),
        (None, "100", "100"),
        (None, "2026-01-01", "2026-01-01"),
        (None, "2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        (None, "Total", "Total"),
        (None, "  ", ""),
    ],
)
def test_each_type_has_its_spelling(kind: PropertyType | None, value: str, shown: str) -> None:
    assert respelled("x", value, kind) == shown


@pytest.mark.parametrize("kind", [None, PropertyType.DATETIME])
@pytest.mark.parametrize(
    "value", ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"]
)
def test_a_datetime_is_shown_in_one_form_for_each_property(
    kind: PropertyType | None, value: str
) -> None:
    assert respelled(SHORT, value, kind) == "2026-01-01T00:00:00Z"
    assert respelled(LONG, value, kind) == "2026-01-01T00:00:00.000Z"
    assert respelled(SHORT, "2026-01-01T00:00:00.250Z", kind) == "2026-01-01T00:00:00.250Z"


@pytest.mark.parametrize("value", ["2026-01-01", "1767225600000", "2026-01-01T00:00:00"])
def test_a_date_is_midnight_where_the_property_was_declared_a_datetime(value: str) -> None:
    assert respelled(SHORT, value, PropertyType.DATETIME) == "2026-01-01T00:00:00Z"


@given(st.text(), st.sampled_from([None, *PropertyType]), st.sampled_from([SHORT, LONG]))
def test_a_spelling_stays_as_it_is(value: str, kind: PropertyType | None, name: str) -> None:
    once = respelled(name, value, kind)
    assert respelled(name, once, kind) == once


def test_values_stay_as_they_were_sent_unless_asked_for() -> None:
    reply = Driver().batch("create", [new(price=" 100.0 ", phone="+49 30 1234567")])
    shown = reply.results[0]["properties"]
    assert (shown["price"], shown["phone"]) == (" 100.0 ", "+49 30 1234567")


def test_results_reads_and_the_store_agree_about_a_spelling() -> None:
    driver = Driver(respell=True)
    sent = {"email": " Ada@B.c", "price": "100.0", SHORT: "2026-01-01T00:00:00.000Z"}
    shown = {"email": "ada@b.c", "price": "100", SHORT: "2026-01-01T00:00:00Z"}
    created = driver.batch("create", [new("t", **sent)])
    key = created.results[0]["id"]
    updated = driver.batch("update", [keyed(key, **sent)])
    read = driver.batch("read", ids(key), more={"properties": list(sent)})
    for reply in (created, updated, read):
        assert shown.items() <= reply.results[0]["properties"].items()
    assert shown.items() <= driver.service.objects("contacts")[key].properties.items()
    cleared = driver.batch("update", [keyed(key, price="  ")])
    assert cleared.results[0]["properties"]["price"] == ""


def test_a_record_is_found_by_any_spelling_of_its_unique_value() -> None:
    driver = Driver(respell=True)
    driver.service.define_property("deals", "number", unique=True, kind="number")
    first = driver.batch("upsert", [keyed("007", by="number", a="1")], kind="deals")
    second = driver.batch("upsert", [keyed(" 7.0", by="number", a="2")], kind="deals")
    assert first.results[0]["id"] == second.results[0]["id"]
    assert second.results[0]["properties"]["number"] == "7"
    read = driver.batch("read", ids("7.00"), kind="deals", more={"idProperty": "number"})
    assert len(read.results) == 1
    twice = driver.batch("read", ids("7", "7.0"), kind="deals", more={"idProperty": "number"})
    assert twice.status == 400
    taken = driver.batch("create", [new(number="7")], kind="deals")
    assert taken.status == 409


def test_a_value_that_its_declared_type_does_not_take_is_refused() -> None:
    driver = Driver()
    driver.service.define_property("deals", "number", kind=PropertyType.NUMBER)
    reply = driver.batch("create", [new("t1", number="1"), new("t2", number="one")], kind="deals")
    assert reply.status == 207
    assert reply.errors[0]["errors"][0]["code"] == "INVALID_NUMBER"
    with pytest.raises(UsageError, match="phone_number"):
        driver.service.define_property("deals", "number", kind="digits")
