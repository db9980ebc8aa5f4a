"""The rows of CRM objects: every path is one that HubSpot has, in every version and form."""

from __future__ import annotations

import pytest

from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint

ROWS = [CREATE, UPDATE, UPSERT, READ, ARCHIVE]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
@pytest.mark.parametrize(
    ("version", "object_type", "begin"),
    [
        ("v3", "contacts", "/crm/v3/objects/contacts"),
        ("v3", "p_mine", "/crm/v3/objects/p_mine"),
        ("v3", "0-3", "/crm/v3/objects/0-3"),
        ("v3", "projects", "/crm/objects/v3/projects"),
        ("v3", "0-421", "/crm/objects/v3/0-421"),
        ("2025-09", "notes", "/crm/objects/2025-09/notes"),
        ("2026-03", "projects", "/crm/objects/2026-03/projects"),
        ("2026-09-beta", "deals", "/crm/objects/2026-09-beta/deals"),
        ("2027-03-beta", "0-970", "/crm/objects/2027-03-beta/0-970"),
    ],
)
def test_a_verb_has_its_path_in_every_version(
    row: Endpoint, version: str, object_type: str, begin: str
) -> None:
    assert row.path(version, {"object_type": object_type}) == f"{begin}/batch/{row.name}"


def test_what_writes_can_be_read_again_by_a_row_of_the_same_fields() -> None:
    for row in ROWS:
        if row.reader is not None:
            assert row.reader is READ
            assert row.reader.path_fields == row.path_fields
