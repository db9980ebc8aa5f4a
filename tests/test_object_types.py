"""The constants for HubSpot's object types."""

from __future__ import annotations

import json

import pytest
from support import World

from hubbatch import ObjectType
from hubbatch.sandbox import OBJECT_TYPE_IDS
from hubbatch.testing import virtual_time


def test_a_constant_is_the_text_of_its_id() -> None:
    deals: str = ObjectType.DEALS
    assert deals == "0-3"
    assert f"{deals}" == str(deals) == "0-3"
    assert json.dumps(ObjectType.DEALS) == '"0-3"'
    assert {"0-3": 1}[ObjectType.DEALS] == 1


def test_payments_go_by_two_names() -> None:
    payments: str = ObjectType.PAYMENTS
    assert payments is ObjectType.COMMERCE_PAYMENTS


def test_the_sandbox_knows_all_of_them() -> None:
    known = {*OBJECT_TYPE_IDS.values(), "contracts", "partner_clients", "partner_services"}
    assert {kind.value for kind in ObjectType} == known


@virtual_time
@pytest.mark.parametrize("kind", [ObjectType.COMPANIES, "0-2", "companies", "Company"])
async def test_a_client_takes_a_constant_or_any_text(kind: str) -> None:
    async with World() as world:
        outcome = await world.client.create(kind, [{"name": "Acme"}])
    outcome.raise_for_errors()
    assert len(world.service.objects("companies")) == 1
