"""One object a request: create, read, update, archive, merge, delete for good."""

from __future__ import annotations

import pytest
from sandbox_driver import Driver, ids, new

from hubbatch.sandbox import FaultKind

FORMS = [
    "/crm/v3/objects",
    "/crm/objects/v3",
    "/crm/objects/2025-09",
    "/crm/objects/2026-09",
    "/crm/objects/2027-03-beta",
]
CONTACTS = "/crm/v3/objects/contacts"


@pytest.mark.parametrize("form", FORMS)
def test_an_object_lives_from_create_to_archive_in_every_form_of_the_path(form: str) -> None:
    driver = Driver()
    created = driver.ask("POST", f"{form}/contacts", new(email="A@b.c"))
    assert created.status == 201
    key = created.body["id"]
    assert created.body["properties"]["email"] == "a@b.c"
    read = driver.ask("GET", f"{form}/0-1/{key}", properties="email,phone")
    assert (read.status, read.body["id"]) == (200, key)
    updated = driver.ask("PATCH", f"{form}/CONTACT/{key}", new(phone="1"))
    assert (updated.status, updated.body["properties"]["phone"]) == (200, "1")
    archived = driver.ask("DELETE", f"{form}/contact/{key}")
    assert (archived.status, archived.answer.body) == (204, b"")
    assert driver.ask("GET", f"{form}/contacts/{key}").status == 404
    assert driver.ask("GET", f"{form}/contacts/{key}", archived="true").body["archived"] is True


def test_an_object_is_read_and_updated_by_a_unique_property() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    read = driver.ask("GET", f"{CONTACTS}/A@B.c", idProperty="email", properties="phone")
    assert (read.body["id"], read.body["properties"]["email"]) == (key, "a@b.c")
    driver.ask("PATCH", f"{CONTACTS}/a@b.c", new(phone="1"), idProperty="email")
    assert driver.service.objects("contacts")[key].properties["phone"] == "1"
    refused = driver.ask("GET", f"{CONTACTS}/1", idProperty="phone")
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


def test_a_read_shows_history_when_asked_for_it() -> None:
    driver = Driver()
    key = driver.add(phone="1")
    driver.ask("PATCH", f"{CONTACTS}/{key}", new(phone="2"))
    read = driver.ask("GET", f"{CONTACTS}/{key}", propertiesWithHistory="phone")
    values = [one["value"] for one in read.body["propertiesWithHistory"]["phone"]]
    assert values == ["2", "1"]


@pytest.mark.parametrize("key", ["4711", "nonsense"])
def test_what_is_not_there_is_not_found(key: str) -> None:
    driver = Driver()
    for method, content in (("GET", {}), ("PATCH", new(phone="1"))):
        refused = driver.ask(method, f"{CONTACTS}/{key}", content)
        assert (refused.status, refused.body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert driver.ask("DELETE", f"{CONTACTS}/{key}").status == 204
    assert not driver.service.writes


def test_a_single_write_is_refused_as_a_batch_of_one_is() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    taken = driver.ask("POST", CONTACTS, new(email="a@b.c"))
    assert (taken.status, taken.body["category"]) == (409, "CONFLICT")
    assert key in taken.body["message"]
    other = driver.add(email="x@b.c")
    moved = driver.ask("PATCH", f"{CONTACTS}/{other}", new(email="a@b.c"))
    assert (moved.status, moved.body["category"]) == (409, "CONFLICT")
    bad = driver.ask("PATCH", f"{CONTACTS}/{key}", new(email="nonsense"))
    assert (bad.status, bad.body["errors"][0]["code"]) == (400, "INVALID_EMAIL")
    assert driver.ask("POST", CONTACTS, {}).status == 400
    assert driver.ask("POST", CONTACTS, []).status == 400
    assert driver.ask("PUT", f"{CONTACTS}/{key}", {}).status == 405


def test_faults_befall_single_requests_too() -> None:
    kinds = ("server_error", "server_error_after_write", "canceled", "omitted")
    driver = Driver(faults=[FaultKind(kind) for kind in kinds])
    statuses = [driver.ask("POST", CONTACTS, new(phone="1")).status for _ in range(4)]
    assert statuses == [500, 500, 201, 201]  # what is of batches only makes no difference
    assert len(driver.service.objects("contacts")) == 3


def test_merging_keeps_what_the_other_alone_has_and_passes_its_id_over() -> None:
    driver = Driver()
    first = driver.add(email="a@b.c", phone="1")
    second = driver.add(email="x@b.c", phone="2", city="Brno")
    content = {"primaryObjectId": first, "objectIdToMerge": second}
    merged = driver.ask("POST", f"{CONTACTS}/merge", content)
    assert (merged.status, merged.body["id"]) == (200, first)
    held = driver.service.objects("contacts")[first].properties
    assert (held["email"], held["phone"], held["city"]) == ("a@b.c", "1", "Brno")
    assert driver.batch("read", ids(second)).body["results"] == []
    assert driver.ask("POST", f"{CONTACTS}/merge", content).status == 404
    assert driver.batch("create", [new(email="x@b.c")]).status == 201


@pytest.mark.parametrize(
    "content",
    [{}, {"primaryObjectId": "1"}, {"primaryObjectId": "1", "objectIdToMerge": 1}],
)
def test_a_merge_needs_two_different_ids(content: dict[str, object]) -> None:
    driver = Driver()
    assert driver.ask("POST", f"{CONTACTS}/merge", content).status == 400


def test_nobody_is_shown_a_former_state_of_what_was_deleted_for_good() -> None:
    driver = Driver(read_lag=60.0)
    created = driver.batch("create", [new(phone="1")], at=1.0)
    key = created.results[0]["id"]
    driver.ask("PATCH", f"{CONTACTS}/{key}", new(phone="2"), at=90.0)
    assert driver.ask("GET", f"{CONTACTS}/{key}", at=91.0, properties="phone").status == 200
    driver.ask("POST", f"{CONTACTS}/gdpr-delete", {"objectId": key}, at=92.0)
    assert driver.ask("GET", f"{CONTACTS}/{key}", at=93.0).status == 404


def test_what_is_deleted_for_good_is_nowhere() -> None:
    driver = Driver(read_lag=60.0)
    key, other = driver.add(email="a@b.c"), driver.add(email="x@b.c")
    path = f"{CONTACTS}/gdpr-delete"
    by_email = {"objectId": "A@b.c", "idProperty": "email"}
    assert driver.ask("POST", path, by_email).status == 204
    assert driver.ask("POST", path, {"objectId": other}).status == 204
    assert driver.ask("POST", path, {"objectId": other}).status == 204
    assert driver.ask("POST", path, {}).status == 400
    assert driver.ask("POST", path, {"objectId": "1", "idProperty": "phone"}).status == 400
    assert not driver.service.objects("contacts")
    assert driver.ask("GET", f"{CONTACTS}/{key}", archived="true").status == 404
    assert [write.verb for write in driver.service.writes][-2:] == ["gdpr-delete"] * 2
