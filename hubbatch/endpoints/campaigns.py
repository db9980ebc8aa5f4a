"""Marketing campaigns.

HubSpot: "Campaigns", batch: at most 50 a request.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Doubt, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["CAMPAIGNS_ARCHIVE", "CAMPAIGNS_CREATE", "CAMPAIGNS_READ", "CAMPAIGNS_UPDATE"]

_MOST = 50


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/marketing/v3/campaigns/batch/{verb}", ("v3",)),
        Path(f"/marketing/campaigns/{{version}}/batch/{verb}", (DATED,)),
    )


CAMPAIGNS_CREATE = Endpoint(
    "campaigns-create",
    _paths("create"),
    input=InputKind.VALUES,
    required=("properties.hs_name",),
    identity=("properties.hs_name",),
    names={"properties.hs_name": "properties.hs_name"},
    result=ResultShape.ROW,
    max_inputs=_MOST,
    effect=Effect.CREATES,
    doubt=Doubt.STAYS,
    scopes=("marketing.campaigns.write",),
    documentation="Creates campaigns; each needs a name, `hs_name`.",
)

CAMPAIGNS_READ = Endpoint(
    "campaigns-read",
    _paths("read"),
    input=InputKind.ID,
    query=("startDate", "endDate", "properties"),
    names={"id": "id"},
    result=ResultShape.ROW,
    max_inputs=_MOST,
    effect=Effect.READS,
    scopes=("marketing.campaigns.read",),
    documentation="Reads campaigns with their assets.",
)

CAMPAIGNS_UPDATE = Endpoint(
    "campaigns-update",
    _paths("update"),
    input=InputKind.VALUES,
    required=("id", "properties"),
    identity=("id",),
    names={"id": "id"},
    result=ResultShape.ROW,
    max_inputs=_MOST,
    effect=Effect.CHANGES,
    scopes=("marketing.campaigns.write",),
    documentation="Changes properties of campaigns.",
)

CAMPAIGNS_ARCHIVE = Endpoint(
    "campaigns-archive",
    _paths("archive"),
    input=InputKind.ID,
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    max_inputs=_MOST,
    effect=Effect.CHANGES,
    missing_is_done=True,
    scopes=("marketing.campaigns.write",),
    documentation="Deletes campaigns; one that is not there counts as deleted.",
    no_content="deleted, or not there",
)
