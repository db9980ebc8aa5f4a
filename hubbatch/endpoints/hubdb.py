"""HubDB: rows of a table, published and draft.

HubSpot: "CMS", HubDB: at most 100 a request. What is written is a draft until the table is published.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Doubt, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import Path
from hubbatch.endpoints._row import Endpoint

__all__ = [
    "HUBDB_DRAFTS_CLONE",
    "HUBDB_DRAFTS_CREATE",
    "HUBDB_DRAFTS_PURGE",
    "HUBDB_DRAFTS_READ",
    "HUBDB_DRAFTS_REPLACE",
    "HUBDB_DRAFTS_UPDATE",
    "HUBDB_ROWS_READ",
]

_SCOPES = ("hubdb",)


def _paths(rest: str) -> tuple[Path, ...]:
    return (
        Path(f"/cms/v3/hubdb/tables/{{table_id_or_name}}/rows/{rest}", ("v3",)),
        Path(f"/cms/hubdb/{{version}}/tables/{{table_id_or_name}}/rows/{rest}", ("2026-03",)),
    )


def _read(name: str, rest: str, things: str) -> Endpoint:
    return Endpoint(
        name,
        _paths(rest),
        input=InputKind.TEXT,
        names={"id": ""},
        result=ResultShape.ROW,
        effect=Effect.READS,
        scopes=_SCOPES,
        documentation=f"Reads {things} rows by id.",
    )


def _write(verb: str, what: str) -> Endpoint:
    return Endpoint(
        f"hubdb-drafts-{verb}",
        _paths(f"draft/batch/{verb}"),
        input=InputKind.VALUES,
        required=("id",),
        identity=("id",),
        names={"id": "id"},
        result=ResultShape.ROW,
        effect=Effect.CHANGES,
        scopes=_SCOPES,
        documentation=what,
    )


HUBDB_ROWS_READ = _read("hubdb-rows-read", "batch/read", "published")
HUBDB_DRAFTS_READ = _read("hubdb-drafts-read", "draft/batch/read", "draft")
HUBDB_DRAFTS_UPDATE = _write("update", "Changes columns of draft rows by id.")
HUBDB_DRAFTS_REPLACE = _write("replace", "Replaces draft rows by id: columns left out are emptied.")

HUBDB_DRAFTS_CREATE = Endpoint(
    "hubdb-drafts-create",
    _paths("draft/batch/create"),
    input=InputKind.VALUES,
    required=("values",),
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    doubt=Doubt.STAYS,
    scopes=_SCOPES,
    documentation="Creates draft rows. Results say not for which input they are: only `batch_size=1` gives ids.",
)

HUBDB_DRAFTS_CLONE = Endpoint(
    "hubdb-drafts-clone",
    _paths("draft/batch/clone"),
    input=InputKind.VALUES,
    required=("id",),
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    doubt=Doubt.STAYS,
    scopes=_SCOPES,
    documentation="Copies draft rows. Results say not for which input they are: only `batch_size=1` gives ids.",
)

HUBDB_DRAFTS_PURGE = Endpoint(
    "hubdb-drafts-purge",
    _paths("draft/batch/purge"),
    input=InputKind.TEXT,
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    scopes=_SCOPES,
    documentation="Deletes draft rows by id; one that is not there counts as deleted.",
    no_content="deleted, or not there",
)
