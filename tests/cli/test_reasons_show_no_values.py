"""What a local check says of a record is for its outcome: neither the log nor the grouped reasons hold its values."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from support import World

from hubbatch import Client, RecordStatus, Run
from hubbatch.cli._reasons import Reasons
from hubbatch.testing import virtual_time

SECRET = "patSecretValue"


class Odd:
    """A value of which only its text is known."""

    def __repr__(self) -> str:
        return SECRET


def begin(client: Client, verb: str, record: Any) -> Run[Any]:
    records = [record]
    match verb:
        case "upsert":
            return client.upsert("contacts", records, id_property="email")
        case "campaigns":
            return client.campaigns.update(records)
        case "lists":
            return client.lists.add("7", records)
        case "associations":
            return client.associations("contacts", "companies").create_default(records)
        case "merge":
            return client.merge("contacts", records)
    run: Run[Any] = getattr(client, verb)("contacts", records)
    return run


@pytest.mark.parametrize(
    ("verb", "record"),
    [
        ("create", SECRET),
        ("create", {Odd(): "x"}),
        ("create", {"firstname": Odd()}),
        ("create", {"firstname": [f"{SECRET};b"]}),
        ("create", {"firstname": [[SECRET]]}),
        ("create", {"firstname": f"{SECRET}\ud800"}),
        ("create", {"properties": {}, "associations": SECRET}),
        ("create", {"properties": {}, "associations": [{"to": SECRET, "types": SECRET}]}),
        ("upsert", {"email": [SECRET, None]}),
        ("upsert", {"firstname": SECRET}),
        ("campaigns", {"id": [SECRET], "hs_name": "x"}),
        ("lists", [SECRET]),
        ("lists", SECRET),
        ("associations", (SECRET, "7")),
        ("associations", {"from": "7", "to": [SECRET]}),
        ("associations", SECRET),
        ("merge", (SECRET, "7")),
        ("merge", SECRET),
    ],
)
@virtual_time
async def test_a_local_check_shows_no_value(
    verb: str, record: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with World() as world:
        outcome = await begin(world.client, verb, record)
    (found,) = outcome.records
    assert found.status is RecordStatus.FAILED
    reasons = Reasons()
    reasons.add(found)
    assert SECRET not in str(reasons.top(10)) + str(reasons.kept())
    assert SECRET not in caplog.text
