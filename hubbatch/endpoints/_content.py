"""What the rows of the CMS have in common: archived and read by bare ids, updated by id, created by a name.

It knows nothing of where they are found.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubbatch.endpoints._kinds import AnswerKind, Doubt, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["archive_row", "create_row", "read_row", "update_row"]

_SCOPES = ("content",)


def create_row(name: str, paths: Sequence[Path], things: str, *, called: str = "name") -> Endpoint:
    """Return the row that creates things; `called`: the field that tells which result is for which input."""
    return Endpoint(
        f"{name}-create",
        paths,
        input=InputKind.VALUES,
        required=(called,),
        identity=(called,),
        names={called: called},
        result=ResultShape.ROW,
        effect=Effect.CREATES,
        doubt=Doubt.STAYS,
        scopes=_SCOPES,
        documentation=f"Creates {things}; each needs a `{called}`, by which its result is found.",
    )


def read_row(name: str, paths: Sequence[Path], things: str) -> Endpoint:
    """Return the row that reads things by id."""
    return Endpoint(
        f"{name}-read",
        paths,
        input=InputKind.TEXT,
        query=("archived",),
        names={"id": ""},
        result=ResultShape.ROW,
        effect=Effect.READS,
        scopes=_SCOPES,
        documentation=f"Reads {things} by id.",
    )


def update_row(name: str, paths: Sequence[Path], things: str) -> Endpoint:
    """Return the row that changes things by id."""
    return Endpoint(
        f"{name}-update",
        paths,
        input=InputKind.VALUES,
        query=("archived",),
        required=("id",),
        identity=("id",),
        names={"id": "id"},
        result=ResultShape.ROW,
        effect=Effect.CHANGES,
        scopes=_SCOPES,
        documentation=f"Changes {things} by id.",
    )


def archive_row(name: str, paths: Sequence[Path], things: str) -> Endpoint:
    """Return the row that archives things by id."""
    return Endpoint(
        f"{name}-archive",
        paths,
        input=InputKind.TEXT,
        answer=AnswerKind.NOTHING,
        result=ResultShape.ROW,
        effect=Effect.CHANGES,
        missing_is_done=True,
        scopes=_SCOPES,
        documentation=f"Archives {things} by id; what is not there counts as archived.",
        no_content="archived, or not there",
    )
