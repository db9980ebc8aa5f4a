"""Definitions of properties: what the account has is listed, added to and taken from."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_driver import Driver, new

from hubbatch.sandbox import FaultKind

FORMS = ["/crm/v3/properties", "/crm/properties/v3", "/crm/properties/2026-03"]
DEALS = "/crm/properties/2026-03/deals"


def definition(name: str, **more: Any) -> dict[str, Any]:
    """Return an input that defines a property."""
    return {
        "name": name,
        "label": "A label",
        "type": "string",
        "fieldType": "text",
        "groupName": "dealinformation",
        **more,
    }


def names(driver: Driver, path: str = DEALS) -> set[str]:
    return {one["name"] for one in driver.ask("GET", path).results}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("strict", [True, False])
def test_the_properties_of_a_type_are_listed(form: str, strict: bool) -> None:
    reply = Driver(strict=strict).ask("GET", f"{form}/contact")
    assert reply.status == 200
    known = {one["name"]: one for one in reply.results}
    email, stage, made = known["email"], known["lifecyclestage"], known["createdate"]
    assert (email["type"], email["fieldType"], email["hasUniqueValue"]) == ("string", "text", True)
    assert (stage["type"], stage["fieldType"], stage["label"]) == (
        "enumeration",
        "radio",
        "Lifecycle Stage",
    )
    assert stage["options"][0]["value"] == "subscriber"
    assert (made["type"], made["modificationMetadata"]["readOnlyValue"]) == ("datetime", True)
    assert known["days_to_close"]["calculated"] is True
    assert known["hubspot_owner_id"]["externalOptions"] is True
    assert all(one["hubspotDefined"] for one in known.values())


def test_what_an_account_defines_and_what_its_records_hold_is_listed_too() -> None:
    driver = Driver()
    driver.service.define_property("p_cars", "plate", unique=True, label="Number plate")
    driver.batch("create", [new(colour="red")], kind="p_cars")
    known = {one["name"]: one for one in driver.ask("GET", f"{FORMS[0]}/p_cars").results}
    assert known.keys() == {
        *("plate", "colour", "hs_object_id", "hs_createdate", "hs_lastmodifieddate")
    }
    assert (known["plate"]["label"], known["plate"]["hasUniqueValue"]) == ("Number plate", True)
    assert known["hs_object_id"]["modificationMetadata"]["readOnlyValue"] is True


def test_of_a_type_that_was_declared_only_those_properties_are_listed() -> None:
    driver = Driver()
    driver.service.declare_strict("deals", ["amount", "deal_ref"])
    assert {"amount", "deal_ref"} <= names(driver)
    assert "dealname" not in names(driver)
    assert driver.ask("GET", f"{DEALS}/dealname").status == 404


@pytest.mark.parametrize("strict", [True, False])
def test_a_property_lives_from_create_to_archive(strict: bool) -> None:
    driver = Driver(strict=strict)
    created = driver.ask("POST", DEALS, definition("deal_ref", hasUniqueValue=True))
    assert (created.status, created.body["name"]) == (201, "deal_ref")
    assert driver.ask("GET", f"{DEALS}/deal_ref").body["hasUniqueValue"] is True
    upsert = {"id": "r1", "idProperty": "deal_ref", "properties": {}}
    assert driver.batch("upsert", [upsert], kind="deals").status == 200
    again = driver.ask("POST", DEALS, definition("deal_ref"))
    assert (again.status, again.body["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert driver.ask("DELETE", f"{DEALS}/deal_ref").status == 204
    assert driver.ask("GET", f"{DEALS}/deal_ref").status == 404
    assert driver.batch("upsert", [upsert], kind="deals").status == 400
    (deal,) = driver.service.objects("deals").values()
    assert "deal_ref" not in deal.properties
    assert driver.ask("DELETE", f"{DEALS}/amount").status == 400
    assert driver.ask("GET", DEALS, archived="true").results == []


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"name": "x"},
        definition("Size"),
        definition("9size"),
        definition("size", type="colour"),
        definition("size", type="enumeration", fieldType="select"),
        definition("size", options={}),
        definition("size", label=7),
        [],
    ],
)
def test_a_definition_that_hubspot_would_not_take_is_refused(content: Any) -> None:
    refused = Driver().ask("POST", DEALS, content)
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


def test_what_was_defined_is_held_to_its_type() -> None:
    driver = Driver(strict=True)
    size = definition("size", type="enumeration", options=[{"label": "S", "value": "S"}])
    formula = definition("twice", type="number", calculationFormula="amount * 2")
    for content in (size, formula):
        assert driver.ask("POST", DEALS, content).status == 201
    for name, value, code in (("size", "L", "INVALID_OPTION"), ("twice", "1", "READ_ONLY_VALUE")):
        reply = driver.batch("create", [new(**{name: value})], kind="deals")
        assert reply.errors[0]["code"] == code


def test_batches_create_read_and_archive() -> None:
    driver = Driver(strict=True)
    inputs = [definition("a_1"), definition("amount"), definition("B"), definition("a_2")]
    created = driver.ask("POST", f"{DEALS}/batch/create", {"inputs": inputs})
    assert created.status == 207
    assert [one["name"] for one in created.results] == ["a_1", "a_2"]
    assert [error["context"] for error in created.errors] == [{"name": ["amount"]}, {"name": ["B"]}]
    asked = {"inputs": [{"name": "a_1"}, {"name": "nothing"}]}
    read = driver.ask("POST", f"{DEALS}/batch/read", asked)
    assert (read.status, [one["name"] for one in read.results]) == (207, ["a_1"])
    assert read.errors[0]["category"] == "OBJECT_NOT_FOUND"
    archived = driver.ask("POST", f"{DEALS}/batch/archive", asked)
    assert archived.status == 204
    assert {"a_2"} <= names(driver)
    assert "a_1" not in names(driver)
    for verb in ("create", "read", "archive"):
        many = {"inputs": [{"name": "x"}] * 101}
        assert driver.ask("POST", f"{DEALS}/batch/{verb}", many).status == 400
        wrongs: list[Any] = [{}, 7]
        for wrong in wrongs:
            assert driver.ask("POST", f"{DEALS}/batch/{verb}", {"inputs": [wrong]}).status == 400


def test_a_type_has_a_thousand_properties_of_its_own_at_most() -> None:
    driver = Driver()
    for start in range(0, 1_000, 100):
        inputs = [definition(f"a_{number}") for number in range(start, start + 100)]
        assert driver.ask("POST", f"{DEALS}/batch/create", {"inputs": inputs}).status == 201
    assert driver.ask("POST", DEALS, definition("one_more")).status == 400
    driver.ask("DELETE", f"{DEALS}/a_7")
    assert driver.ask("POST", DEALS, definition("one_more")).status == 201


def test_faults_of_batches_befall_them() -> None:
    driver = Driver(faults=[FaultKind.OMITTED, FaultKind.STRANGER, FaultKind.CONTRADICTION])
    for number, (results, errors) in enumerate([(0, 0), (2, 0), (1, 1)]):
        inputs = [definition(f"a_{number}")]
        reply = driver.ask("POST", f"{DEALS}/batch/create", {"inputs": inputs})
        assert (len(reply.results), len(reply.errors)) == (results, errors)
