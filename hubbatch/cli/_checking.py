"""The commands that look before a load: `check`, and `properties`. What each takes, and the job it makes of it.

What carries them out is imported when there is something to do: a help text needs no client.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from hubbatch.cli._job import Job
from hubbatch.cli._settings import Settings
from hubbatch.cli._taking_settings import takes_settings, takes_some_settings
from hubbatch.cli._verbs import ClearEmpty, Files, IdProperty, ObjectType, layout_of

__all__ = ["check", "properties"]


class CheckedVerb(StrEnum):
    """What is to be done with the records."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    ARCHIVE = "archive"


@takes_settings
def check(
    object_type: ObjectType,
    files: Files,
    *,
    verb: Annotated[
        CheckedVerb | None,
        typer.Option(help="What is to be done; default: upsert with --id-property, else create."),
    ] = None,
    id_property: IdProperty = None,
    unique_property: Annotated[
        str | None, typer.Option(help="As create takes it: the property that tells records apart.")
    ] = None,
    clear_empty: ClearEmpty = False,
    settings: Settings,
) -> None:
    """Read and check everything, send nothing, and say what would be sent and what would fail.

    Values are held against the account's properties, as a load with --validate does: what is refused is certain.
    Exit codes: 0 nothing to say, 1 something would fail or is to be looked at, 2 the input cannot be right.
    """
    from hubbatch.cli._checking_run import check_job  # noqa: PLC0415 (it loads the client and the sandbox)

    verb = verb or (CheckedVerb.UPSERT if id_property else CheckedVerb.CREATE)
    creates, archives = verb is CheckedVerb.CREATE, verb is CheckedVerb.ARCHIVE
    if id_property and (creates or archives):
        raise typer.BadParameter(f"{verb} takes none", param_hint="--id-property")
    if unique_property and not creates:
        raise typer.BadParameter(f"{verb} takes none", param_hint="--unique-property")
    if settings.rejects is not None:
        raise typer.BadParameter(
            "a check writes no rejects, it names lines: a load writes them, and with --validate sends nothing of them",
            param_hint="--rejects",
        )
    if verb is CheckedVerb.UPSERT and not id_property:
        raise typer.BadParameter("upsert needs one", param_hint="--id-property")
    key = unique_property if creates else id_property or "id"
    layout = layout_of(key, settings, ids_only=archives, clear_empty=clear_empty)
    options = {"unique_property": unique_property} if creates else {"id_property": id_property}
    job = Job(verb, object_type, files, layout, {} if archives else options)
    check_job(job, settings)


@takes_some_settings("api_version", "base_url", "sandbox", "quiet")
def properties(
    object_type: ObjectType,
    *,
    settings: Settings,
) -> None:
    """Write the account's properties of an object type as JSON, for --properties."""
    from hubbatch.cli._checking_run import write_properties  # noqa: PLC0415 (it loads the client)

    write_properties(object_type, settings)
