"""A strict account says no where HubSpot would: unknown properties, options, types, what is read-only."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_driver import Driver, Reply, keyed, new

from hubbatch import Property, PropertyOption, Schema
from hubbatch.sandbox._standard import standard_properties


def create(kind: str, properties: dict[str, str], *, strict: bool = True) -> Reply:
    return Driver(strict=strict).batch("create", [new(**properties)], kind=kind)


WHEN = {"hs_timestamp": "2026-03-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("contacts", {"email": "a@b.c", "firstname": "Ada", "lifecyclestage": "lead"}),
        ("contacts", {"hs_buying_role": "CHAMPION;END_USER"}),
        ("contacts", {"hs_buying_role": ";CHAMPION", "closedate": "1772323200000"}),
        ("contacts", {"hubspot_owner_id": "4711", "phone": "ask Ada"}),
        ("companies", {"name": "Acme", "domain": "acme.com", "numberofemployees": "12"}),
        ("companies", {"industry": "COMPUTER_SOFTWARE", "is_public": "true"}),
        ("0-3", {"dealname": "Big", "amount": "12.50", "dealstage": "anything", "pipeline": "x"}),
        ("deals", {"createdate": "2020-01-01T00:00:00Z"}),
        ("tickets", {"subject": "Help", "hs_ticket_priority": "HIGH"}),
        ("products", {"name": "Nut", "price": "1", "hs_sku": "N1"}),
        ("line_items", {"name": "Nut", "quantity": "3", "hs_product_id": "1"}),
        ("notes", {**WHEN, "hs_note_body": "<p>Hi</p>"}),
        ("tasks", {**WHEN, "hs_task_subject": "Call", "hs_task_status": "NOT_STARTED"}),
        ("calls", {**WHEN, "hs_call_direction": "INBOUND", "hs_call_duration": "3000"}),
        ("meetings", {**WHEN, "hs_meeting_outcome": "SCHEDULED"}),
        ("emails", {**WHEN, "hs_email_direction": "EMAIL", "hs_email_status": "SENT"}),
        ("communications", {**WHEN, "hs_communication_channel_type": "SMS"}),
        ("p_cars", {"colour": "red"}),
        ("orders", {"hs_order_name": "x"}),
    ],
)
def test_what_hubspot_takes_is_taken(kind: str, properties: dict[str, str]) -> None:
    reply = create(kind, properties)
    assert reply.status == 201, reply.body
    held = reply.results[0]["properties"]
    assert {name: held[name] for name in properties} == properties


@pytest.mark.parametrize(
    ("kind", "properties", "code", "words"),
    [
        ("contacts", {"fristname": "Ada"}, "PROPERTY_DOESNT_EXIST", "does not exist"),
        ("contacts", {"dealname": "Big"}, "PROPERTY_DOESNT_EXIST", "does not exist"),
        ("contacts", {"email": "nonsense"}, "INVALID_EMAIL", "not a valid e-mail"),
        ("contacts", {"lifecyclestage": "Lead"}, "INVALID_OPTION", "Lead was not one of the"),
        ("contacts", {"hs_buying_role": "CHAMPION;BOSS"}, "INVALID_OPTION", "BOSS was not one of"),
        (
            "contacts",
            {"createdate": "2026-01-01"},
            "READ_ONLY_VALUE",
            '"createdate" is a read only',
        ),
        ("contacts", {"hs_object_id": "7"}, "READ_ONLY_VALUE", "is a read only property"),
        ("contacts", {"hs_email_domain": "x"}, "READ_ONLY_VALUE", "is a read only property"),
        ("contacts", {"closedate": "soon"}, "INVALID_LONG", "soon was not a valid long."),
        ("companies", {"numberofemployees": "many"}, "INVALID_NUMBER", "not a valid number"),
        ("companies", {"is_public": "yes"}, "INVALID_OPTION", "options: [true, false]"),
        ("companies", {"numberofemployees": " 7"}, "LEADING_TRAILING_WHITESPACE", '" 7" includes'),
        ("deals", {"amount": "12,50"}, "INVALID_NUMBER", "not a valid number"),
        ("deals", {"dealtype": "big"}, "INVALID_OPTION", "[newbusiness, existingbusiness]"),
        ("deals", {"hs_is_closed": "true"}, "READ_ONLY_VALUE", "is a read only property"),
        ("products", {"hs_recurring_billing_start_date": "x"}, "INVALID_DATE", "not a valid date"),
        (
            "products",
            {"hs_recurring_billing_start_date": "1786334400001"},
            "INVALID_DATE",
            "not midnight",
        ),
        ("tasks", {**WHEN, "hs_task_status": "DONE"}, "INVALID_OPTION", "[NOT_STARTED, IN_PROG"),
        ("notes", {"hs_note_body": "x"}, "REQUIRED_PROPERTIES_MISSING", "creating NOTE"),
        ("tasks", {"hs_task_subject": "x"}, "REQUIRED_PROPERTIES_MISSING", "creating TASK"),
        ("calls", {"hs_call_title": "x"}, "REQUIRED_PROPERTIES_MISSING", "creating CALL"),
        ("meetings", {"hs_meeting_title": "x"}, "REQUIRED_PROPERTIES_MISSING", "MEETING"),
    ],
)
def test_what_hubspot_refuses_is_refused_in_its_words(
    kind: str, properties: dict[str, str], code: str, words: str
) -> None:
    reply = create(kind, properties)
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    (detail,) = reply.errors
    assert detail["code"] == code
    assert words in detail["message"]


def test_an_account_that_is_not_strict_takes_nearly_anything() -> None:
    odd = {"fristname": "Ada", "lifecyclestage": "x", "closedate": "soon", "createdate": "x"}
    assert create("contacts", odd, strict=False).status == 201


def test_an_update_is_held_to_the_same_and_needs_nothing_required() -> None:
    driver = Driver(strict=True)
    key = driver.add("notes", **WHEN)
    assert driver.batch("update", [keyed(key, hs_note_body="x")], kind="notes").status == 200
    refused = driver.batch("update", [keyed(key, body="x")], kind="notes")
    assert refused.errors[0]["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    single = driver.ask("PATCH", f"/crm/v3/objects/notes/{key}", new(body="x"))
    assert (single.status, single.errors[0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")


def test_one_bad_record_of_a_batch_is_named() -> None:
    inputs = [new("a", phone="1"), new("b", fristname="x"), new("c", lifecyclestage="x")]
    reply = Driver(strict=True).batch("create", inputs)
    assert reply.status == 207
    named = [error["context"]["objectWriteTraceId"] for error in reply.errors]
    assert named == [["b"], ["c"]]


def test_a_property_that_is_defined_exists() -> None:
    driver = Driver(strict=True)
    driver.service.define_property("deals", "deal_ref", unique=True)
    driver.service.define_property("deals", "size", options=["S", "M"])
    driver.service.define_property("deals", "score", kind="number", read_only=True)
    upsert = keyed("r1", by="deal_ref", size="S")
    assert driver.batch("upsert", [upsert], kind="deals").results[0]["new"] is True
    for name, value, code in (("size", "L", "INVALID_OPTION"), ("score", "1", "READ_ONLY_VALUE")):
        reply = driver.batch("create", [new(**{name: value})], kind="deals")
        assert reply.errors[0]["code"] == code


def test_one_of_hubspots_own_that_is_made_unique_stays_what_it_is() -> None:
    driver = Driver(strict=True)
    driver.service.define_property("products", "hs_sku", unique=True)
    driver.service.define_property("products", "price", unique=True)
    upsert = keyed("N1", by="hs_sku", price="cheap")
    refused = driver.batch("upsert", [upsert], kind="products")
    assert refused.errors[0]["code"] == "INVALID_NUMBER"
    assert driver.service.account().schema.get("products").own["hs_sku"].label == "SKU"


def test_definitions_hold_in_an_account_that_is_not_strict_too() -> None:
    driver = Driver()
    driver.service.define_property("contacts", "size", options=["S", "M"])
    assert driver.batch("create", [new(size="L")]).errors[0]["code"] == "INVALID_OPTION"
    assert driver.batch("create", [new(size="M", anything="x")]).status == 201


def test_a_date_of_creation_is_kept_where_it_may_be_set() -> None:
    driver = Driver(strict=True)
    created = driver.batch("create", [new(createdate="2020-01-01T00:00:00Z")], kind="deals")
    key = created.results[0]["id"]
    driver.batch("update", [keyed(key, amount="1")], kind="deals")
    held = driver.service.objects("deals")[key].properties
    assert held["createdate"] == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("kind", ["0-1", "0-2", "0-3", "0-5", "0-7", "0-8", "0-14", "0-27", "0-46"])
def test_the_tables_are_well_formed(kind: str) -> None:
    table = standard_properties(kind)
    assert len(table) > 20
    for name, definition in table.items():
        shown: dict[str, Any] = definition.as_json("now")
        assert name == shown["name"]
        assert name == name.lower()
        assert shown["label"]
        if shown["type"] == "enumeration":
            assert bool(shown["options"]) is not shown["externalOptions"]
        assert shown["modificationMetadata"]["readOnlyValue"] or not shown["calculated"]


# The account's own rules


def test_rules_of_the_account_bind_version_2026_09_and_later_only() -> None:
    for version, status in (
        ("v3", 201),
        ("2026-03", 201),
        ("2026-09", 400),
        ("2026-09-beta", 400),
        ("2027-03-beta", 400),
    ):
        driver = Driver()
        driver.service.require_property("deals", "amount")
        reply = driver.batch("create", [new(dealname="x")], kind="deals", version=version)
        assert reply.status == status
        if status == 400:
            assert reply.body["category"] == "VALIDATION_ERROR"
            assert reply.errors[0]["code"] == "REQUIRED_PROPERTIES_MISSING"
            assert reply.errors[0]["context"] == {"properties": ["amount"]}


def test_a_property_can_be_required_where_another_has_a_value() -> None:
    driver = Driver()
    driver.service.require_property("deals", "closed_lost_reason", when={"dealstage": "closedlost"})
    key = driver.add("deals", dealstage="closedwon")

    def update(**properties: str) -> int:
        inputs = [keyed(key, **properties)]
        return driver.batch("update", inputs, kind="deals", version="2026-09").status

    assert update(amount="1") == 200
    assert update(dealstage="closedlost") == 207
    assert update(dealstage="closedlost", closed_lost_reason="price") == 200
    assert update(closed_lost_reason="") == 207
    single = driver.ask("PATCH", f"/crm/objects/2026-09/deals/{key}", new(closed_lost_reason=""))
    assert single.status == 400
    assert driver.ask("PATCH", f"/crm/v3/objects/deals/{key}", new(amount="2")).status == 200


def defined(kind: str, *names: str) -> Driver:
    """Return a sandbox with the properties of an account that has all that HubSpot's own has, and these."""
    mine = [
        Property(
            "colour", "Colour", "enumeration", "checkbox", options=[*map(PropertyOption, "RG")]
        ),
        *(Property(name, has_unique_value=True) for name in names),
        Property("score", type="number", calculated=True),
        Property("place", type="object_coordinates"),
        Property("email"),
    ]
    driver = Driver(strict=True)
    driver.service.account().define_schema(kind, Schema.from_json(Schema(mine).to_json()))
    return driver


@pytest.mark.parametrize("kind", ["contacts", "p_cars"])
def test_an_account_can_be_given_the_properties_of_another(kind: str) -> None:
    driver = defined(kind, "ref")
    good = {"email": "a@b.cz", "colour": "R;G", "place": "anywhere"}

    assert driver.batch("create", [new(**good)], kind=kind).status == 201
    assert driver.batch("upsert", [keyed("r1", by="ref", colour="R")], kind=kind).status == 200
    for bad, code in (
        ({"colour": "R;B"}, "INVALID_OPTION"),
        ({"score": "7"}, "READ_ONLY_VALUE"),
        ({"firstname": "Ada"}, "PROPERTY_DOESNT_EXIST"),
    ):
        assert code in str(driver.batch("create", [new(**bad)], kind=kind).body)


def test_what_is_known_of_hubspots_own_texts_stays_known() -> None:
    reply = defined("contacts").batch("create", [new(email="nonsense")])
    assert "INVALID_EMAIL" in str(reply.body)
