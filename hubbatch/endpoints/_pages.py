"""The rows of what is read page after page: listing the objects of a type, and searching among them.

They take no inputs: `Client.scan` and `Client.search` read them. HubSpot: "CRM objects", "Search the CRM".
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import SINGLE, AnswerKind, Effect, InputKind
from hubbatch.endpoints._paths import DATED, OTHER_FORM, Path
from hubbatch.endpoints._row import Endpoint
from hubbatch.policies import LimitClass

__all__ = ["LIST", "SEARCH"]


def _paths(end: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/objects/v3/{{object_type}}{end}", ("v3",), {"object_type": OTHER_FORM}),
        Path(f"/crm/v3/objects/{{object_type}}{end}", ("v3",)),
        Path(f"/crm/objects/{{version}}/{{object_type}}{end}", (DATED,)),
    )


LIST = Endpoint(
    "scan",
    _paths(""),
    method="GET",
    input=InputKind.ID,
    body=SINGLE,
    max_inputs=1,
    results_per_input=100,
    effect=Effect.READS,
    answer=AnswerKind.PAGE,
    scopes=("crm.objects.{object_type}.read",),
    documentation="Reads all objects of a type, page after page.",
)

SEARCH = Endpoint(
    "search",
    _paths("/search"),
    input=InputKind.ID,
    body=SINGLE,
    max_inputs=1,
    results_per_input=200,
    effect=Effect.READS,
    answer=AnswerKind.PAGE,
    limit_class=LimitClass.SEARCH,
    scopes=("crm.objects.{object_type}.read",),
    documentation="Reads the objects that match filters, page after page.",
)
