"""Which kinds of associations there are between two object types: no batch, but what a label is resolved by.

HubSpot: "Associations", v4, association definitions.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import SINGLE, AnswerKind, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["LABELS"]

_TYPES = "{from_object_type}/{to_object_type}"

LABELS = Endpoint(
    "associations-labels",
    [
        Path(f"/crm/v4/associations/{_TYPES}/labels", ("v4",)),
        Path(f"/crm/associations/{{version}}/{_TYPES}/labels", (DATED,)),
    ],
    method="GET",
    input=InputKind.VALUES,
    body=SINGLE,
    max_inputs=1,
    answer=AnswerKind.ONE,
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=("crm.objects.{from_object_type}.read", "crm.objects.{to_object_type}.read"),
    documentation="Reads which kinds of associations there are between two object types.",
)
