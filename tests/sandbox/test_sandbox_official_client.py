"""HubSpot's own Python client, unmodified, against a strict sandbox: its models accept every reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hubbatch.sandbox import FaultKind, Sandbox

pytest.importorskip("hubspot", reason="needs the extra `test`")

import hubspot
from hubspot.crm import contacts, deals, objects, properties
from hubspot.crm.associations import v4


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(latency=0.0, rate_limit=None, strict=True).in_thread() as running:
        running.account().define_list("7", "contacts")
        yield running


@pytest.fixture
def crm(sandbox: Sandbox) -> Any:
    return hubspot.HubSpot(access_token="any").crm


def at(sandbox: Sandbox, api: Any) -> Any:
    """Return an API of the client that talks to the sandbox."""
    api.api_client.configuration.host = sandbox.base_url
    return api


def create_input(trace_id: str, **values: str) -> Any:
    return contacts.SimplePublicObjectBatchInputForCreate(
        properties=values, object_write_trace_id=trace_id, associations=[]
    )


def created(api: Any, *inputs: Any) -> Any:
    return api.create(contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=[*inputs]))


def people(sandbox: Sandbox, count: int) -> list[str]:
    return [sandbox.add("contacts", {"email": f"p{n}@b.c"}).id for n in range(count)]


def test_batches_of_contacts(sandbox: Sandbox, crm: Any) -> None:
    api = at(sandbox, crm.contacts.batch_api)
    whole = created(api, create_input("a", email="a@b.c"), create_input("b", email="b@b.c"))
    ids = {one.object_write_trace_id: one.id for one in whole.results}
    assert (whole.status, sorted(ids)) == ("COMPLETE", ["a", "b"])

    partial = created(
        api,
        create_input("c", email="A@b.c"),
        create_input("d", email="d@b.c"),
        create_input("e", lifecyclestage="nothing"),
    )
    assert {error.context["objectWriteTraceId"][0] for error in partial.errors} == {"c", "e"}
    assert len(partial.results) == 1

    inputs = [
        contacts.SimplePublicObjectBatchInput(id=ids["a"], properties={"phone": "1"}),
        contacts.SimplePublicObjectBatchInput(id="99999", properties={"phone": "1"}),
    ]
    updated = api.update(contacts.BatchInputSimplePublicObjectBatchInput(inputs=inputs))
    assert [error.context for error in updated.errors] == [{"ids": ["99999"]}]

    upsert = contacts.SimplePublicObjectBatchInputUpsert(
        id="new@b.c", id_property="email", properties={"firstname": "New"}
    )
    content = contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[upsert])
    assert api.upsert(content).results[0].new is True

    wanted = [contacts.SimplePublicObjectId(id=one) for one in ids.values()]
    asked = contacts.BatchReadInputSimplePublicObjectId(
        inputs=wanted, properties=["email"], properties_with_history=[]
    )
    assert {one.properties["email"] for one in api.read(asked).results} == {"a@b.c", "b@b.c"}

    api.archive(contacts.BatchInputSimplePublicObjectId(inputs=wanted))
    assert all(sandbox.objects("contacts")[one].archived for one in ids.values())


def test_single_deals_and_notes(sandbox: Sandbox, crm: Any) -> None:
    api = at(sandbox, crm.deals.basic_api)
    deal = api.create(
        deals.SimplePublicObjectInputForCreate(properties={"dealname": "Big"}, associations=[])
    )
    api.update(deal.id, deals.SimplePublicObjectInput(properties={"amount": "7"}))
    assert api.get_by_id(deal.id, properties=["amount"]).properties["amount"] == "7"
    assert [one.id for one in api.get_page(limit=10).results] == [deal.id]
    api.archive(deal.id)
    with pytest.raises(deals.ApiException) as caught:
        api.get_by_id(deal.id)
    assert caught.value.status == 404

    notes = at(sandbox, crm.objects.notes.basic_api)
    content = objects.notes.SimplePublicObjectInputForCreate(
        properties={"hs_note_body": "x"}, associations=[]
    )
    with pytest.raises(objects.notes.ApiException) as refused:
        notes.create(content)
    assert refused.value.status == 400
    content.properties["hs_timestamp"] = "2026-03-01T10:00:00Z"
    assert notes.create(content).properties["hs_note_body"] == "x"


def test_search_and_lists_page_through(sandbox: Sandbox, crm: Any) -> None:
    keys = people(sandbox, 5)
    api = at(sandbox, crm.contacts.search_api)
    found = contacts.Filter(property_name="email", operator="CONTAINS_TOKEN", value="*@b.c")
    request = contacts.PublicObjectSearchRequest(
        filter_groups=[contacts.FilterGroup(filters=[found])], limit=3
    )
    page = api.do_search(request)
    assert (page.total, len(page.results), page.paging.next.after) == (5, 3, "3")
    basic = at(sandbox, crm.contacts.basic_api)
    first = basic.get_page(limit=4)
    rest = basic.get_page(limit=4, after=first.paging.next.after)
    assert [one.id for one in (*first.results, *rest.results)] == keys


def test_associations(sandbox: Sandbox, crm: Any) -> None:
    (ada, bob), deal = people(sandbox, 2), sandbox.add("deals", {}).id
    api = at(sandbox, crm.associations.v4.batch_api)

    def end(key: str) -> Any:
        return v4.PublicObjectId(id=key)

    kind = v4.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=4)
    pair = v4.PublicAssociationMultiPost(_from=end(ada), to=end(deal), types=[kind])
    content = v4.BatchInputPublicAssociationMultiPost(inputs=[pair])
    (result,) = api.create("contacts", "deals", content).results
    assert (result.from_object_id, result.to_object_id) == (ada, deal)

    default = v4.PublicDefaultAssociationMultiPost(_from=end(bob), to=end(deal))
    content = v4.BatchInputPublicDefaultAssociationMultiPost(inputs=[default])
    assert len(api.create_default("contacts", "deals", content).results) == 2

    asked = [v4.PublicFetchAssociationsBatchRequest(id=key) for key in (deal, "999")]
    content = v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=asked)
    read = api.get_page("deals", "contacts", content)
    assert {target.to_object_id for target in read.results[0].to} == {ada, bob}
    assert read.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"

    apart = v4.PublicAssociationMultiArchive(_from=end(ada), to=[end(deal)])
    content = v4.BatchInputPublicAssociationMultiArchive(inputs=[apart])
    api.archive("contacts", "deals", content)
    assert sandbox.account().associated("deals", deal, "contacts") == {bob}


def test_properties_lists_owners_pipelines_and_schemas(sandbox: Sandbox, crm: Any) -> None:
    known = at(sandbox, crm.properties.core_api).get_all("contacts").results
    assert "lifecyclestage" in {one.name for one in known}
    definition = properties.PropertyCreate(
        name="deal_ref", label="Ref", type="string", field_type="text", group_name="dealinformation"
    )
    content = properties.BatchInputPropertyCreate(inputs=[definition])
    made = at(sandbox, crm.properties.batch_api).create("deals", content)
    assert [one.name for one in made.results] == ["deal_ref"]
    (ada,) = people(sandbox, 1)
    changed = at(sandbox, crm.lists.memberships_api).add("7", [ada, "999"])
    assert changed.records_ids_added in ([ada], None)
    assert sandbox.account().members("7") == {ada}
    assert at(sandbox, crm.owners.owners_api).get_page().results[0].id == "101"
    assert at(sandbox, crm.pipelines.pipelines_api).get_all("deals").results[0].id == "default"
    assert at(sandbox, crm.schemas.core_api).get_all().results == []


@pytest.mark.parametrize("kind", [FaultKind.RATE_ROLLING, FaultKind.RATE_SECONDLY])
def test_a_429_is_one_to_the_client_too(kind: FaultKind) -> None:
    with Sandbox(latency=0.0, faults=[kind]).in_thread() as sandbox:
        api = at(sandbox, hubspot.HubSpot(access_token="any").crm.contacts.basic_api)
        with pytest.raises(contacts.ApiException) as caught:
            api.get_page()
    assert caught.value.status == 429
