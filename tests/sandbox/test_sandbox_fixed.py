"""What every account has alike: details, owners, pipelines; schemas of custom types; who lacks scopes."""

from __future__ import annotations

import pytest
from sandbox_driver import Driver


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_the_account_tells_of_itself(version: str) -> None:
    driver = Driver(accounts={"acme": 7})
    assert driver.ask("GET", f"/account-info/{version}/details").body["portalId"] == 123
    other = driver.send(
        f"/account-info/{version}/details", b"", method="GET", authorization="Bearer acme"
    )
    assert (other.body["portalId"], other.body["timeZone"]) == (7, "UTC")


@pytest.mark.parametrize("path", ["/crm/v3/owners", "/crm/v3/owners/", "/crm/owners/2026-03"])
def test_owners_are_listed_and_found(path: str) -> None:
    driver = Driver()
    all_of_them = driver.ask("GET", path).results
    assert [one["id"] for one in all_of_them] == ["101", "102"]
    one = driver.ask("GET", path, email="alan@example.com").results
    assert one == all_of_them[1:]
    single = f"{path.rstrip('/')}/101"
    assert driver.ask("GET", single).body == all_of_them[0]
    assert driver.ask("GET", f"{path.rstrip('/')}/9").status == 404


@pytest.mark.parametrize("form", ["/crm/v3/pipelines", "/crm/pipelines/2026-03"])
def test_deals_and_tickets_have_a_pipeline(form: str) -> None:
    driver = Driver()
    (sales,) = driver.ask("GET", f"{form}/deals").results
    assert sales["id"] == "default"
    assert "closedwon" in [stage["id"] for stage in sales["stages"]]
    (support,) = driver.ask("GET", f"{form}/ticket").results
    assert support["stages"][3]["metadata"] == {"ticketState": "CLOSED"}
    assert driver.ask("GET", f"{form}/0-3/default").body == sales
    assert driver.ask("GET", f"{form}/deals/other").status == 404
    assert driver.ask("GET", f"{form}/contacts").results == []


@pytest.mark.parametrize("form", ["/crm/v3/schemas", "/crm-object-schemas/2026-03/schemas"])
def test_custom_types_have_schemas(form: str) -> None:
    driver = Driver()
    driver.service.define_object_type("p_cars", "2-1234")
    driver.service.define_property("p_cars", "plate", unique=True)
    (schema,) = driver.ask("GET", form).results
    assert (schema["objectTypeId"], schema["name"]) == ("2-1234", "cars")
    assert schema["fullyQualifiedName"] == "p123_cars"
    assert "plate" in [one["name"] for one in schema["properties"]]
    assert driver.ask("GET", f"{form}/2-1234").body == schema
    assert driver.ask("GET", f"{form}/foos").status == 404
    batch = driver.ask("POST", f"{form}/batch/read", {"inputs": ["p_cars", "foos"]})
    assert (batch.body["status"], batch.results) == ("COMPLETE", [schema])


def test_a_type_without_scopes_is_refused_everywhere() -> None:
    driver = Driver(forbidden=["companies"])
    for method, path in (
        ("GET", "/crm/v3/objects/companies"),
        ("GET", "/crm/v3/objects/companies/1"),
        ("POST", "/crm/v3/objects/companies/search"),
        ("POST", "/crm/v3/objects/companies/merge"),
        ("GET", "/crm/v3/properties/companies"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/read"),
    ):
        refused = driver.ask(method, path, {})
        assert (refused.status, refused.body["category"]) == (403, "MISSING_SCOPES")
    assert driver.ask("GET", "/crm/v3/objects/contacts").status == 200
