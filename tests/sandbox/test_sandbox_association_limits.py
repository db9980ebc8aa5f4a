"""Limits that an account sets for a kind of association, and that creating associations is held to."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_driver import Driver, Reply

from hubbatch.sandbox import FaultKind

FORMS = ["/crm/associations/v4", "/crm/associations/2026-03"]


def limit(number: int, most: int | None = None) -> dict[str, Any]:
    more = {} if most is None else {"maxToObjectIds": most}
    return {"category": "HUBSPOT_DEFINED", "typeId": number, **more}


def send(driver: Driver, verb: str, *inputs: Any, form: str = FORMS[0]) -> Reply:
    path = f"{form}/definitions/configurations/deals/contacts/batch/{verb}"
    return driver.ask("POST", path, {"inputs": [*inputs]})


def listed(driver: Driver) -> dict[int, int]:
    path = f"{FORMS[0]}/definitions/configurations/deal/contact"
    results = driver.ask("GET", path).results
    return {one["typeId"]: one["userEnforcedMaxToObjectIds"] for one in results}


@pytest.mark.parametrize(("form", "status"), [(FORMS[0], 204), (FORMS[1], 200)])
def test_a_limit_lives_from_create_to_purge(form: str, status: int) -> None:
    driver = Driver()
    created = send(driver, "create", limit(3, 2), form=form)
    assert created.status == 201
    assert created.results == [limit(3) | {"userEnforcedMaxToObjectIds": 2}]
    assert listed(driver) == {3: 2}
    assert send(driver, "update", limit(3, 5), form=form).status == 200
    assert listed(driver) == {3: 5}
    assert send(driver, "purge", limit(3), form=form).status == status
    assert listed(driver) == {}


def test_what_does_not_fit_is_an_error_item() -> None:
    driver = Driver()
    send(driver, "create", limit(3, 2))
    for verb, number in (("create", 3), ("create", 99), ("update", 99), ("update", 4)):
        reply = send(driver, verb, limit(number, 1))
        assert (reply.status, reply.errors[0]["context"]) == (207, {"id": [str(number)]})
    assert listed(driver) == {3: 2}


@pytest.mark.parametrize("item", [7, {}, limit(3), limit(3, 0), {**limit(3, 1), "typeId": "3"}])
def test_a_malformed_limit_rejects_the_batch(item: Any) -> None:
    assert send(Driver(), "create", item).status == 400


@pytest.mark.parametrize("verb", ["create", "associate/default"])
def test_associations_beyond_the_limit_are_refused_and_named(verb: str) -> None:
    driver = Driver()
    send(driver, "create", limit(3, 2))
    deal, people = driver.add("deals"), [driver.add(phone=str(number)) for number in range(3)]
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
    inputs = [
        {"from": {"id": deal}, "to": {"id": key}, "types": [kind]} for key in (*people, people[0])
    ]
    path = f"/crm/v4/associations/deals/contacts/batch/{verb}"
    reply = driver.ask("POST", path, {"inputs": inputs})
    assert [error["context"] for error in reply.errors] == [{"id": [deal]}]
    linked = driver.service.account().associated("deals", deal, "contacts")
    assert linked == {*people[:2]}


def test_a_limit_for_a_stranger_looks_like_any_other() -> None:
    reply = send(Driver(faults=[FaultKind.STRANGER]), "create", limit(3, 2))
    assert [one["category"] for one in reply.results] == ["HUBSPOT_DEFINED", "USER_DEFINED"]
