"""Lists: records put on one and taken from it, and the lists that records are on.

HubSpot: "Lists", memberships. Records that are on a list already, or are not on it, are passed over: they are done.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import (
    ARRAY,
    AnswerKind,
    Body,
    Effect,
    IdLists,
    InputKind,
    ResultShape,
)
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["LISTS_ADD", "LISTS_ADD_AND_REMOVE", "LISTS_MEMBERSHIPS_READ", "LISTS_REMOVE"]

_MISSING = "recordIdsMissing"
_MOST_RECORDS = 100_000
"""Record ids in one request, at most."""


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/v3/lists/{{list_id}}/memberships/{verb}", ("v3",)),
        Path(f"/crm/lists/{{version}}/{{list_id}}/memberships/{verb}", (DATED,)),
    )


LISTS_ADD = Endpoint(
    "lists-add",
    _paths("add"),
    method="PUT",
    input=InputKind.TEXT,
    body=ARRAY,
    answer=AnswerKind.IDS,
    id_lists=IdLists("recordsIdsAdded", _MISSING),
    result=ResultShape.ROW,
    max_inputs=_MOST_RECORDS,
    effect=Effect.CHANGES,
    scopes=("crm.lists.write",),
    documentation="Puts records on a list by record id.",
)

LISTS_REMOVE = Endpoint(
    "lists-remove",
    _paths("remove"),
    method="PUT",
    input=InputKind.TEXT,
    body=ARRAY,
    answer=AnswerKind.IDS,
    id_lists=IdLists("recordIdsRemoved", _MISSING),
    result=ResultShape.ROW,
    max_inputs=_MOST_RECORDS,
    effect=Effect.CHANGES,
    scopes=("crm.lists.write",),
    documentation="Takes records from a list by record id.",
)

LISTS_ADD_AND_REMOVE = Endpoint(
    "lists-add-and-remove",
    _paths("add-and-remove"),
    method="PUT",
    input=InputKind.TEXT,
    body=Body(("recordIdsToAdd", "recordIdsToRemove")),
    answer=AnswerKind.IDS,
    id_lists=IdLists(("recordsIdsAdded", "recordIdsRemoved"), _MISSING),
    result=ResultShape.ROW,
    max_inputs=_MOST_RECORDS,
    effect=Effect.CHANGES,
    scopes=("crm.lists.write",),
    documentation="Puts records on a list and takes others from it, both in one request.",
)

LISTS_MEMBERSHIPS_READ = Endpoint(
    "lists-memberships-read",
    [
        Path("/crm/v3/lists/records/memberships/batch/read", ("v3",)),
        Path("/crm/lists/{version}/records/memberships/batch/read", (DATED,)),
    ],
    input=InputKind.VALUES,
    required=("objectTypeId", "recordId"),
    identity=("objectTypeId", "recordId"),
    names={"objectTypeId": "objectTypeId", "recordId": "recordId"},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=("crm.lists.read",),
    documentation="Reads the lists that records are on.",
)
