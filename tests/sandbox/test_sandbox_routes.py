"""Which paths are served: each row is reached, each path leads where it should, any fault may befall it."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_driver import Driver

from hubbatch.sandbox import Fault, FaultKind
from hubbatch.sandbox._api.table import ROUTER

DATED = ("2025-09", "2026-03", "2026-09", "2026-09-beta", "2027-03-beta")
OBJECTS = ("v3/objects", "objects/v3", *(f"objects/{version}" for version in DATED))
FAMILIES: dict[str, tuple[str, ...]] = {
    "objects": tuple(f"/crm/{form}/contacts" for form in OBJECTS),
    "associations": (
        "/crm/v4/associations/contact/0-2",
        *(f"/crm/associations/{version}/contact/0-2" for version in DATED),
    ),
    "v3 associations": ("/crm/v3/associations/contact/0-2",),
    "association limits": tuple(
        f"/crm/associations/{version}/definitions/configurations/contact/0-2"
        for version in ("v4", *DATED)
    ),
    "one pair": (
        "/crm/v4/objects/contact/1/associations",
        "/crm/objects/2026-03/contact/1/associations",
    ),
    "campaigns": ("/marketing/v3/campaigns/batch", "/marketing/campaigns/2026-03/batch"),
    "preferences": tuple(
        f"/communication-preferences/{version}/statuses/batch" for version in ("v4", *DATED)
    ),
    "lists": tuple(f"/crm/{form}" for form in ("v3/lists", "lists/v3", "lists/2026-03")),
    "properties": ("/crm/v3/properties/deals", "/crm/properties/2026-03/deals"),
    "events": ("/events/v3/send", "/events/2026-03/send", "/events/custom/2025-09/send"),
    "schemas": ("/crm/v3/schemas", "/crm-object-schemas/2026-03/schemas"),
    "pipelines": ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/deals"),
    "owners": ("/crm/v3/owners", "/crm/owners/2026-03"),
    "account": ("/account-info/v3/details", "/account-info/2026-03/details"),
}
SERVED = {
    "objects": [
        *(f"POST /batch/{verb}" for verb in ("create", "update", "upsert", "read", "archive")),
        *("GET ", "POST ", "GET /7", "PATCH /7", "DELETE /7"),
        *("POST /search", "POST /merge", "POST /gdpr-delete"),
    ],
    "associations": [
        *(f"POST /batch/{verb}" for verb in ("create", "read", "archive")),
        *("POST /batch/associate/default", "POST /batch/labels/archive"),
        *("GET /labels", "POST /labels"),
    ],
    "v3 associations": [
        *(f"POST /batch/{verb}" for verb in ("create", "read", "archive")),
        "GET /types",
    ],
    "association limits": [
        "GET ",
        *(f"POST /batch/{verb}" for verb in ("create", "update", "purge")),
    ],
    "one pair": ["PUT /0-2/2", "PUT /default/0-2/2", "DELETE /0-2/2"],
    "campaigns": [f"POST /{verb}" for verb in ("create", "read", "update", "archive")],
    "preferences": [
        *("POST /read", "POST /write", "POST /unsubscribe-all", "POST /unsubscribe-all/read"),
    ],
    "lists": [
        *("POST ", "GET /7", "DELETE /7"),
        *(f"PUT /7/memberships/{what}" for what in ("add", "remove", "add-and-remove")),
        *("GET /7/memberships", "POST /records/memberships/batch/read"),
    ],
    "properties": [
        *(f"POST /batch/{verb}" for verb in ("create", "read", "archive")),
        *("GET ", "POST ", "GET /amount", "DELETE /amount"),
    ],
    "events": ["POST ", "POST /batch"],
    "schemas": ["GET ", "GET /contacts", "POST /batch/read"],
    "pipelines": ["GET ", "GET /default"],
    "owners": ["GET ", "GET /", "GET /101"],
    "account": ["GET "],
}
REQUESTS = [
    (method, root + rest)
    for family, roots in FAMILIES.items()
    for root in roots
    for method, _, rest in (row.partition(" ") for row in SERVED[family])
]
BODY = {
    "inputs": [
        {
            "id": "1",
            "idProperty": "email",
            "name": "amount",
            "properties": {"email": "a@b.c"},
            "from": {"id": "1"},
            "to": {"id": "2"},
            "types": [],
            "type": "1",
            "objectTypeId": "0-1",
            "recordId": "1",
            "eventName": "x",
            "category": "HUBSPOT_DEFINED",
            "typeId": 1,
            "maxToObjectIds": 7,
            "email": "a@b.c",
        }
    ]
}


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_path_is_served(method: str, path: str) -> None:
    driver = Driver()
    reply = driver.ask(method, path, BODY)
    assert reply.status < 500
    assert (reply.body or {}).get("category") not in {"RESOURCE_NOT_FOUND", "METHOD_NOT_ALLOWED"}


def test_every_row_is_reached_by_one_of_these_paths() -> None:
    reached = set()
    for method, path in REQUESTS:
        match = ROUTER.find(path)
        assert match is not None
        reached.add(match.routes[method])
    assert reached == {*ROUTER.routes}


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v4/objects/contacts",
        "/crm/objects/2026-10/contacts/search",
        "/crm/v3/associations/contacts/companies/batch/associate/default",
        "/crm/v3/associations/contacts/companies/labels",
        "/crm/associations/v4/contacts/companies/batch/create",
        "/crm/lists/2026-03/7/memberships/replace",
        "/events/v4/send",
        "/crm/v3/objects/contacts/7/8/9",
    ],
)
def test_other_paths_are_not(path: str) -> None:
    refused = Driver().ask("POST", path, BODY)
    assert (refused.status, refused.body["category"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("path", ["/crm/v3/objects/contacts/search", "/crm/v3/owners"])
def test_another_method_is_not_allowed(path: str) -> None:
    refused = Driver().ask("PUT", path, BODY)
    assert (refused.status, refused.body["category"]) == (405, "METHOD_NOT_ALLOWED")


ONE_OF_EACH = [(f"{roots[0]}", row) for family, roots in FAMILIES.items() for row in SERVED[family]]


@pytest.mark.parametrize("kind", FaultKind)
def test_any_fault_may_befall_any_endpoint(kind: FaultKind) -> None:
    for root, row in ONE_OF_EACH:
        method, _, rest = row.partition(" ")
        fault = Fault(kind, delay=1.0, retry_after=1.0, size=100, depth=10)
        driver = Driver(faults=[fault])
        driver.service.account().define_list("7", "contacts")
        before = _state(driver)
        answer = driver.ask(method, root + rest, BODY).answer
        assert 200 <= answer.status < 600
        if not kind.writes and kind is not FaultKind.CANCELED:
            assert _state(driver) == before


def _state(driver: Driver) -> Any:
    account = driver.service.account()
    return (
        len(account.writes),
        account.custom_events,
        set(account.schema.get("deals").own),
        len(account.definitions.between("0-1", "0-2")),
    )
