"""Limits of associations: to how many records one may be associated by a type.

HubSpot: "Associations", definitions and configurations.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["ASSOCIATION_LIMITS_CREATE", "ASSOCIATION_LIMITS_PURGE", "ASSOCIATION_LIMITS_UPDATE"]

_TYPE = ("category", "typeId")
_NAMES = {"category": "category", "typeId": "typeId"}


def _paths(verb: str) -> tuple[Path, ...]:
    template = "/crm/associations/{version}/definitions/configurations/{from_object_type}/{to_object_type}/batch/"
    return (Path(template + verb, ("v4", DATED)),)


ASSOCIATION_LIMITS_CREATE = Endpoint(
    "association-limits-create",
    _paths("create"),
    input=InputKind.VALUES,
    required=(*_TYPE, "maxToObjectIds"),
    identity=_TYPE,
    names=_NAMES,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    documentation="Sets limits for types of associations that have none.",
)

ASSOCIATION_LIMITS_UPDATE = Endpoint(
    "association-limits-update",
    _paths("update"),
    input=InputKind.VALUES,
    required=(*_TYPE, "maxToObjectIds"),
    identity=_TYPE,
    names=_NAMES,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    documentation="Changes the limits of types of associations.",
)

ASSOCIATION_LIMITS_PURGE = Endpoint(
    "association-limits-purge",
    _paths("purge"),
    input=InputKind.VALUES,
    required=_TYPE,
    identity=_TYPE,
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    documentation="Takes the limits from types of associations.",
    no_content="purged, or not there",
)
