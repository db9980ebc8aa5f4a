"""The records in memory, and what the account knows of its types."""

from __future__ import annotations

from datetime import datetime

import pytest
from sandbox_driver import Driver, ids, keyed, new

from hubbatch.errors import UsageError
from hubbatch.sandbox import OBJECT_TYPE_IDS, Options, Service


@pytest.mark.parametrize(("name", "type_id"), OBJECT_TYPE_IDS.items())
def test_a_type_and_its_id_are_the_same_store(name: str, type_id: str) -> None:
    driver = Driver()
    reply = driver.batch("create", [new(hs_timestamp="1", title="x")], kind=name)
    assert reply.status == 201
    assert list(driver.service.objects(type_id)) == [reply.results[0]["id"]]
    assert list(driver.service.objects(name)) == [reply.results[0]["id"]]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("contact", "contacts"),
        ("CONTACT", "contacts"),
        ("Company", "companies"),
        ("COMPANIES", "companies"),
        ("deal", "deals"),
        ("Line_Item", "line_items"),
        ("tax", "taxes"),
        ("payment", "payments"),
        ("feedback_submission", "feedback_submissions"),
        ("postal_mail", "postal_mail"),
    ],
)
def test_a_type_goes_by_aliases_too(alias: str, name: str) -> None:
    driver = Driver()
    reply = driver.batch("create", [new(title="x")], kind=alias)
    assert list(driver.service.objects(name)) == [reply.results[0]["id"]]


@pytest.mark.parametrize("name", ["contracts", "partner_clients", "partner_services"])
def test_some_types_go_by_their_names_alone(name: str) -> None:
    driver = Driver()
    assert driver.batch("create", [new(title="x")], kind=name).status == 201
    assert len(driver.service.objects(name)) == 1


@pytest.mark.parametrize("kind", ["p_cars", "2-1234"])
def test_custom_types_exist_as_soon_as_they_are_named(kind: str) -> None:
    driver = Driver()
    assert driver.batch("create", [new(colour="red")], kind=kind).status == 201
    assert len(driver.service.objects(kind)) == 1


def test_a_custom_type_can_have_a_name_and_an_id() -> None:
    driver = Driver()
    driver.service.define_object_type("p_cars", "2-1234")
    driver.batch("create", [new(colour="red")], kind="p_cars")
    assert len(driver.service.objects("2-1234")) == 1
    with pytest.raises(UsageError, match="before it is first used"):
        driver.service.define_object_type("p_cars", "2-1234")
    with pytest.raises(UsageError, match="'p_…'"):
        driver.service.define_object_type("cars", "2-1")


def test_looking_at_an_unknown_type_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no object type 'foos'"):
        Service().objects("foos")


def test_the_server_makes_an_id_and_times() -> None:
    driver = Driver()
    driver.batch("create", [new(email="a@b.c")], at=2.5)
    driver.batch("create", [new(name="Acme")], kind="companies")
    (contact,) = driver.service.objects("contacts").values()
    stamp = "2026-01-01T00:00:02.500Z"
    assert contact.properties == {
        "email": "a@b.c",
        "hs_object_id": contact.id,
        "createdate": stamp,
        "lastmodifieddate": stamp,
    }
    (company,) = driver.service.objects("companies").values()
    assert company.properties.keys() == {
        *("name", "hs_object_id", "createdate", "hs_lastmodifieddate")
    }
    car = driver.service.add("p_cars", {"name": "Beetle"})
    assert car.properties.keys() == {
        *("name", "hs_object_id", "hs_createdate", "hs_lastmodifieddate")
    }
    assert company.id != contact.id


def test_a_contact_keeps_its_email_in_lower_case_and_nothing_else() -> None:
    driver = Driver()
    reply = driver.batch("create", [new(email="Ada@Example.COM", firstname="Ada")])
    assert reply.results[0]["properties"]["email"] == "ada@example.com"
    assert reply.results[0]["properties"]["firstname"] == "Ada"
    company = driver.batch("create", [new(email="Ada@Example.COM")], kind="companies")
    assert company.results[0]["properties"]["email"] == "Ada@Example.COM"


def test_an_empty_string_clears_a_property() -> None:
    driver = Driver()
    key = driver.add(firstname="Ada", phone="1")
    reply = driver.batch("update", [keyed(key, firstname="")])
    assert reply.results[0]["properties"]["firstname"] == ""
    stored = driver.service.objects("contacts")[key]
    assert "firstname" not in stored.properties
    assert stored.properties["phone"] == "1"


def test_a_cleared_email_is_free_again() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    driver.batch("update", [keyed(key, email="")])
    assert driver.batch("create", [new(email="A@b.c")]).status == 201


def test_a_changed_email_is_found_by_its_new_value_only() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    driver.batch("update", [keyed(key, email="new@b.c")])
    found = driver.batch("read", ids("NEW@b.c"), more={"idProperty": "email"})
    assert [result["id"] for result in found.results] == [key]
    assert driver.batch("read", ids("a@b.c"), more={"idProperty": "email"}).results == []


def test_a_secondary_email_is_an_alias_of_its_contact() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c", hs_additional_emails="Second@b.c; third@b.c")
    upserted = driver.batch("upsert", [keyed("second@B.c", by="email", phone="1")])
    (result,) = upserted.results
    assert (result["id"], result["new"]) == (key, False)
    assert result["properties"]["email"] == "a@b.c"
    found = driver.batch("read", ids("third@b.c"), more={"idProperty": "email"})
    assert [result["id"] for result in found.results] == [key]
    taken = driver.batch("create", [new(email="third@b.c")])
    assert taken.body["message"].endswith(f"Existing ID: {key}")
    driver.batch("update", [keyed(key, hs_additional_emails="third@b.c")])
    assert driver.batch("create", [new(email="second@b.c")]).status == 201
    driver.batch("archive", ids(key))
    assert driver.batch("create", [new(email="third@b.c")]).status == 201


def test_only_contacts_have_secondary_emails() -> None:
    driver = Driver()
    driver.service.define_property("companies", "email", unique=True)
    driver.add("companies", email="a@b.c", hs_additional_emails="second@b.c")
    reply = driver.batch("upsert", [keyed("second@b.c", by="email")], kind="companies")
    assert reply.results[0]["new"] is True


def test_the_store_is_a_witness_of_who_wrote_what_how_often() -> None:
    driver = Driver()
    created = driver.batch("create", [new("t1", email="a@b.c")])
    key = created.results[0]["id"]
    driver.batch("update", [keyed(key, phone="1")])
    last = driver.batch("upsert", [keyed("A@B.C", "t2", by="email", phone="2")])
    stored = driver.service.objects("contacts")[key]
    assert (stored.writes, stored.trace_id) == (3, "t1")
    assert (stored.created_by, stored.last_written_by) == (
        created.answer.number,
        last.answer.number,
    )
    assert [
        (write.request_number, write.verb, write.object_type) for write in driver.service.writes
    ] == [
        (1, "create", "0-1"),
        (2, "update", "0-1"),
        (3, "upsert", "0-1"),
    ]
    assert {write.id for write in driver.service.writes} == {key}


def test_the_ledger_and_the_memory_of_requests_are_bounded() -> None:
    driver = Driver(keep_writes=2, keep_requests=3, keep_body_bytes=100)
    for number in range(5):
        driver.batch("create", [new(number=str(number))])
    assert len(driver.service.writes) == 2
    assert [request.number for request in driver.service.requests] == [3, 4, 5]
    assert driver.service.request_count == 5
    assert driver.service.requests[-1].body == b""
    assert driver.service.requests[-1].size > 0


def test_associations_stay_with_the_record() -> None:
    association = {
        "to": {"id": "7"},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}],
    }
    driver = Driver()
    reply = driver.batch(
        "create", [new(hs_timestamp="1") | {"associations": [association]}], kind="notes"
    )
    assert driver.service.objects("notes")[reply.results[0]["id"]].associations == [association]


def test_the_view_of_the_records_cannot_be_written_to() -> None:
    driver = Driver()
    with pytest.raises(TypeError):
        driver.service.objects("contacts")["1"] = None  # type: ignore[index]


def test_merging_needs_two_records_that_exist() -> None:
    driver = Driver()
    key = driver.add()
    with pytest.raises(UsageError, match="exist"):
        driver.service.merge("contacts", key, "1")


def test_a_property_that_becomes_unique_late_finds_the_records_there_are() -> None:
    driver = Driver()
    key = driver.add("0-3", deal_ref="D1")
    driver.service.define_property("deals", "deal_ref", unique=True)
    driver.service.define_property("deals", "deal_ref", unique=True)
    reply = driver.batch("upsert", [keyed("D1", by="deal_ref", amount="5")], kind="0-3")
    assert [result["id"] for result in reply.results] == [key]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latency": -1.0}, "latency"),
        ({"latency": (2.0, 1.0)}, "latency"),
        ({"epoch": datetime(2026, 1, 1)}, "aware"),
        ({"create_status": 204}, "create_status"),
        ({"echo_trace_ids": "few"}, "echo_trace_ids"),
        ({"conflict_shape": "round"}, "conflict_shape"),
        ({"read_lag": -1.0}, "read_lag"),
        ({"missing_read_status": 200}, "missing_read_status"),
        ({"faults": "weird"}, "preset"),
        ({"forbidden": ("foos",)}, "object type"),
    ],
)
def test_a_wrong_option_is_refused_with_its_name(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Service(Options(**options))  # type: ignore[arg-type]
