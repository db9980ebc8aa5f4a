"""Schemas of custom objects, read by any of their names.

HubSpot: "Custom objects", schemas.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["SCHEMAS_READ"]

SCHEMAS_READ = Endpoint(
    "schemas-read",
    [Path("/crm-object-schemas/{version}/schemas/batch/read", ("v3", DATED))],
    input=InputKind.TEXT,
    fields={
        "includeAssociationDefinitions": True,
        "includeAuditMetadata": True,
        "includePropertyDefinitions": True,
    },
    names=[{"objectTypeId": ""}, {"fullyQualifiedName": ""}, {"name": ""}, {"id": ""}],
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=("crm.schemas.custom.read",),
    documentation="Reads the schemas of object types by id, fully qualified name or name.",
)
