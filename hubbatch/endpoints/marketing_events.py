"""Marketing events, by the id of their object.

HubSpot: "Marketing events", batch.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["MARKETING_EVENTS_ARCHIVE", "MARKETING_EVENTS_UPDATE"]

_SCOPES = ("crm.objects.marketing_events.write",)


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/marketing/v3/marketing-events/batch/{verb}", ("v3",)),
        Path(f"/marketing/marketing-events/{{version}}/batch/{verb}", (DATED,)),
    )


MARKETING_EVENTS_UPDATE = Endpoint(
    "marketing-events-update",
    _paths("update"),
    input=InputKind.VALUES,
    required=("objectId",),
    identity=("objectId",),
    names={"objectId": "objectId"},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    scopes=_SCOPES,
    documentation="Changes marketing events.",
)

MARKETING_EVENTS_ARCHIVE = Endpoint(
    "marketing-events-archive",
    _paths("archive"),
    input=InputKind.VALUES,
    required=("objectId",),
    identity=("objectId",),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    scopes=_SCOPES,
    documentation="Deletes marketing events; one that is not there counts as deleted.",
    no_content="deleted, or not there",
)
