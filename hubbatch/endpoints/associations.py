"""Associations between records: created, read and archived, in v4 and dated versions; v3 besides.

HubSpot: "Associations". A create may answer once for each direction; association batches are exempt from the interval.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import (
    AnswerKind,
    Effect,
    InputKind,
    NothingFound,
    Paging,
    ResultShape,
)
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint
from hubbatch.policies import LimitClass

__all__ = [
    "ASSOCIATIONS_ARCHIVE",
    "ASSOCIATIONS_ARCHIVE_LABELS",
    "ASSOCIATIONS_CREATE",
    "ASSOCIATIONS_CREATE_DEFAULT",
    "ASSOCIATIONS_READ",
    "ASSOCIATIONS_V3_ARCHIVE",
    "ASSOCIATIONS_V3_CREATE",
    "ASSOCIATIONS_V3_READ",
]

_TYPES = "{from_object_type}/{to_object_type}"
_READ = "crm.objects.{from_object_type}.read", "crm.objects.{to_object_type}.read"
_WRITE = "crm.objects.{from_object_type}.write", "crm.objects.{to_object_type}.write"
_MOST_CREATED, _MOST_READ = 2_000, 1_000


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/crm/v4/associations/{_TYPES}/batch/{verb}", ("v4",)),
        Path(f"/crm/associations/{{version}}/{_TYPES}/batch/{verb}", (DATED,)),
    )


def _v3(verb: str) -> tuple[Path, ...]:
    return (Path(f"/crm/v3/associations/{_TYPES}/batch/{verb}", ("v3",)),)


ASSOCIATIONS_CREATE = Endpoint(
    "associations-create",
    _paths("create"),
    input=InputKind.PAIR,
    required=("from.id", "to.id", "types"),
    identity=("from.id", "to.id", "types"),
    names={"fromObjectId": "from.id", "toObjectId": "to.id"},
    result=ResultShape.ROW,
    results_per_input=2,
    max_inputs=_MOST_CREATED,
    effect=Effect.CHANGES,
    limit_class=LimitClass.EXEMPT,
    scopes=_WRITE,
    documentation="Associates pairs with the types, that is the labels, of each.",
)

ASSOCIATIONS_CREATE_DEFAULT = Endpoint(
    "associations-create-default",
    _paths("associate/default"),
    input=InputKind.PAIR,
    names={"from.id": "from.id", "to.id": "to.id"},
    result=ResultShape.ROW,
    results_per_input=2,
    max_inputs=_MOST_CREATED,
    effect=Effect.CHANGES,
    limit_class=LimitClass.EXEMPT,
    scopes=_WRITE,
    documentation="Associates pairs without a label.",
)

ASSOCIATIONS_READ = Endpoint(
    "associations-read",
    _paths("read"),
    input=InputKind.ID,
    names={"from.id": "id"},
    result=ResultShape.ROW,
    paging=Paging("to"),
    nothing_found=NothingFound(
        "crm.associations.NO_ASSOCIATIONS_FOUND", named="fromObjectId", at="from.id"
    ),
    max_inputs=_MOST_READ,
    effect=Effect.READS,
    limit_class=LimitClass.EXEMPT,
    scopes=_READ,
    documentation="Reads with what records are associated, page after page to the end of each.",
)

ASSOCIATIONS_ARCHIVE = Endpoint(
    "associations-archive",
    _paths("archive"),
    input=InputKind.PAIR_IN_LIST,
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    limit_class=LimitClass.EXEMPT,
    scopes=_WRITE,
    documentation="Takes pairs apart, whatever their labels; one that is not associated counts as archived.",
    no_content="archived, or not there",
)

ASSOCIATIONS_ARCHIVE_LABELS = Endpoint(
    "associations-archive-labels",
    _paths("labels/archive"),
    input=InputKind.PAIR,
    required=("from.id", "to.id", "types"),
    identity=("from.id", "to.id", "types"),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    limit_class=LimitClass.EXEMPT,
    scopes=_WRITE,
    documentation="Takes labels from pairs, which stay associated by others.",
    no_content="archived, or not there",
)

ASSOCIATIONS_V3_CREATE = Endpoint(
    "associations-v3-create",
    _v3("create"),
    input=InputKind.PAIR,
    required=("from.id", "to.id", "type"),
    identity=("from.id", "to.id", "type"),
    names={"from.id": "from.id", "to.id": "to.id"},
    result=ResultShape.ROW,
    results_per_input=2,
    effect=Effect.CHANGES,
    limit_class=LimitClass.EXEMPT,
    scopes=_WRITE,
    documentation="Associates pairs by the name of a type, as v3 has it; newer: `ASSOCIATIONS_CREATE`.",
)

ASSOCIATIONS_V3_READ = Endpoint(
    "associations-v3-read",
    _v3("read"),
    input=InputKind.ID,
    names={"from.id": "id"},
    result=ResultShape.ROW,
    max_inputs=_MOST_READ,
    effect=Effect.READS,
    limit_class=LimitClass.EXEMPT,
    scopes=_READ,
    documentation="Reads the first page of associations: v3 cannot go on, and a result with `paging` is not all.",
)

ASSOCIATIONS_V3_ARCHIVE = Endpoint(
    "associations-v3-archive",
    _v3("archive"),
    input=InputKind.PAIR,
    required=("from.id", "to.id", "type"),
    identity=("from.id", "to.id", "type"),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    limit_class=LimitClass.EXEMPT,
    scopes=_WRITE,
    documentation="Takes pairs of a type apart, as v3 has it; newer: `ASSOCIATIONS_ARCHIVE`.",
    no_content="archived, or not there",
)
