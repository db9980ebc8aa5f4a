"""Objects, one a request: what has no batch endpoint. Calls run side by side.

HubSpot: "CRM objects", merge and GDPR delete. Batches of objects are `CREATE`, `READ`, `UPDATE`, `UPSERT`, `ARCHIVE`.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import SINGLE, AnswerKind, Doubt, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["OBJECTS_GDPR_DELETE", "OBJECTS_MERGE"]


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/v3/objects/{{object_type}}/{verb}", ("v3",)),
        Path(f"/crm/objects/{{version}}/{{object_type}}/{verb}", (DATED,)),
    )


OBJECTS_GDPR_DELETE = Endpoint(
    "objects-gdpr-delete",
    _paths("gdpr-delete"),
    input=InputKind.VALUES,
    body=SINGLE,
    max_inputs=1,
    required=("objectId",),
    identity=("objectId", "idProperty"),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    scopes=("crm.objects.{object_type}.write",),
    documentation="Deletes an object for good, by record id or `idProperty`; one that is not there counts as deleted.",
    no_content="deleted, or not there",
)

OBJECTS_MERGE = Endpoint(
    "objects-merge",
    _paths("merge"),
    input=InputKind.VALUES,
    body=SINGLE,
    max_inputs=1,
    required=("primaryObjectId", "objectIdToMerge"),
    identity=("primaryObjectId", "objectIdToMerge"),
    exclusive=(("primaryObjectId",), ("objectIdToMerge",)),
    answer=AnswerKind.ONE,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    doubt=Doubt.STAYS,
    scopes=("crm.objects.{object_type}.write",),
    documentation="Merges one object into another; merges that share an id go one after another.",
)
