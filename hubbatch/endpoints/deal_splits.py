"""Deal splits: how the amount of a deal is shared among its owners.

HubSpot: "Deal splits".
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["DEAL_SPLITS_READ", "DEAL_SPLITS_UPSERT"]

_SCOPES = ("crm.dealsplits.read_write",)


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/objects/v3/deals/splits/batch/{verb}", ("v3",)),
        Path(f"/deal-splits/{{version}}/batch/{verb}", (DATED,)),
    )


DEAL_SPLITS_READ = Endpoint(
    "deal-splits-read",
    _paths("read"),
    input=InputKind.ID,
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=_SCOPES,
    documentation="Reads the splits of deals.",
)

DEAL_SPLITS_UPSERT = Endpoint(
    "deal-splits-upsert",
    _paths("upsert"),
    input=InputKind.VALUES,
    required=("id", "splits"),
    identity=("id",),
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    scopes=_SCOPES,
    documentation="Sets the splits of deals; those that were there are replaced.",
)
