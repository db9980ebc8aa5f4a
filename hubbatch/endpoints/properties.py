"""Properties of an object type: created, read and archived by name.

HubSpot: "Properties".
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["PROPERTIES_ARCHIVE", "PROPERTIES_CREATE", "PROPERTIES_READ"]


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/v3/properties/{{object_type}}/batch/{verb}", ("v3",)),
        Path(f"/crm/properties/{{version}}/{{object_type}}/batch/{verb}", (DATED,)),
    )


PROPERTIES_CREATE = Endpoint(
    "properties-create",
    _paths("create"),
    input=InputKind.VALUES,
    required=("name", "label", "groupName", "type", "fieldType"),
    identity=("name",),
    names={"name": "name"},
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    scopes=("crm.schemas.{object_type}.write",),
    documentation="Creates properties; a name is there once.",
)

PROPERTIES_READ = Endpoint(
    "properties-read",
    _paths("read"),
    input=InputKind.VALUES,
    fields={"archived": False, "dataSensitivity": "non_sensitive"},
    query=("locale",),
    required=("name",),
    identity=("name",),
    names={"name": "name"},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=("crm.schemas.{object_type}.read",),
    documentation="Reads the definitions of properties.",
)

PROPERTIES_ARCHIVE = Endpoint(
    "properties-archive",
    _paths("archive"),
    input=InputKind.VALUES,
    required=("name",),
    identity=("name",),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    scopes=("crm.schemas.{object_type}.write",),
    documentation="Archives properties; one that is not there counts as archived.",
    no_content="archived, or not there",
)
