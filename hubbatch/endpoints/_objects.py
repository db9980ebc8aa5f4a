"""The rows of CRM objects: create, update, upsert, read and archive, in all three forms of their paths.

HubSpot: "CRM objects", batch endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hubbatch.endpoints._kinds import AnswerKind, Doubt, Effect, InputKind
from hubbatch.endpoints._paths import DATED, OTHER_FORM, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["ARCHIVE", "CREATE", "READ", "UPDATE", "UPSERT"]


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/objects/v3/{{object_type}}/batch/{verb}", ("v3",), {"object_type": OTHER_FORM}),
        Path(f"/crm/v3/objects/{{object_type}}/batch/{verb}", ("v3",)),
        Path(f"/crm/objects/{{version}}/{{object_type}}/batch/{verb}", (DATED,)),
    )


READ = Endpoint(
    "read",
    _paths("read"),
    input=InputKind.ID,
    effect=Effect.READS,
    fields=("properties", "propertiesWithHistory", "idProperty"),
    query=("archived",),
    max_inputs_with_history=50,
    scopes=("crm.objects.{object_type}.read",),
    documentation="Reads objects by record id, or by the value of a unique property.",
)

CREATE = Endpoint(
    "create",
    _paths("create"),
    input=InputKind.NEW_OBJECT,
    effect=Effect.CREATES,
    trace_ids=True,
    doubt=Doubt.LOOK_UP,
    reader=READ,
    scopes=("crm.objects.{object_type}.write",),
    documentation="Creates objects, with associations if wanted.",
)

UPDATE = Endpoint(
    "update",
    _paths("update"),
    input=InputKind.OBJECT,
    effect=Effect.CHANGES,
    trace_ids=True,
    reader=READ,
    scopes=("crm.objects.{object_type}.write",),
    documentation="Changes properties of objects named by record id, or by the value of a unique property.",
)

UPSERT = Endpoint(
    "upsert",
    _paths("upsert"),
    input=InputKind.OBJECT,
    effect=Effect.CHANGES,
    trace_ids=True,
    reader=READ,
    scopes=("crm.objects.{object_type}.write",),
    documentation="Changes the objects that have a value of a unique property, or creates them.",
)

ARCHIVE = Endpoint(
    "archive",
    _paths("archive"),
    input=InputKind.ID,
    effect=Effect.CHANGES,
    answer=AnswerKind.NOTHING,
    missing_is_done=True,
    scopes=("crm.objects.{object_type}.write",),
    documentation="Archives objects by record id; one that is not there counts as archived.",
    no_content="archived, or not there",
)

OBJECT_VERBS: Mapping[str, Endpoint] = MappingProxyType(
    {"create": CREATE, "read": READ, "update": UPDATE, "upsert": UPSERT, "archive": ARCHIVE}
)
"""The rows of a client's verbs for objects, by the names of the verbs."""
