"""The four verbs that write as commands: what each takes of its own, and the job it makes of it.

What carries the job out is imported when there is one: a help text needs no client.
"""

from __future__ import annotations

from typing import Annotated

import attrs
import typer

from hubbatch import UsageError
from hubbatch.cli._job import Job, Layout
from hubbatch.cli._settings import COLUMNS, LoadSettings, Settings
from hubbatch.cli._taking_settings import takes_settings
from hubbatch.files import Columns, InputError, MapFile, read_map_file

__all__ = [
    "ClearEmpty",
    "Files",
    "IdProperty",
    "ObjectType",
    "archive",
    "create",
    "execute",
    "layout_of",
    "update",
    "upsert",
]

ObjectType = Annotated[
    str, typer.Argument(metavar="OBJECT", help="Object's name or id: contacts, 0-3, p_mycustom.")
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="CSV, TSV, NDJSON, JSON, Parquet, Arrow or Excel, packed or not, as one input; - is standard input.",
    ),
]
IdProperty = Annotated[
    str | None,
    typer.Option(help="Unique property that names the objects; else column id holds record ids."),
]
ClearEmpty = Annotated[
    bool,
    typer.Option(
        "--clear-empty", help='Let an empty CSV cell clear its property (""); else it is left out.'
    ),
]
Validate = Annotated[
    bool,
    typer.Option(
        "--validate",
        rich_help_panel=COLUMNS,
        help="Let rows fail, and send nothing of them, whose values the account would certainly refuse.",
    ),
]


@takes_settings
def create(
    object_type: ObjectType,
    files: Files,
    *,
    unique_property: Annotated[
        str | None,
        typer.Option(help="Property with unique values, which tells the records apart."),
    ] = None,
    clear_empty: ClearEmpty = False,
    retry_unknown: Annotated[
        bool,
        typer.Option(
            "--retry-unknown",
            help="Create also what a rejects file says is UNKNOWN: it may be there already.",
        ),
    ] = False,
    validate: Validate = False,
    settings: LoadSettings,
) -> None:
    """Create an object for each record."""
    layout = layout_of(unique_property, settings, clear_empty=clear_empty)
    layout = attrs.evolve(layout, holds_unknown=not retry_unknown)
    options = {"unique_property": unique_property}
    _load(Job("create", object_type, files, layout, options, validate=validate), settings)


@takes_settings
def update(
    object_type: ObjectType,
    files: Files,
    *,
    id_property: IdProperty = None,
    clear_empty: ClearEmpty = False,
    validate: Validate = False,
    settings: LoadSettings,
) -> None:
    """Update the objects that the records name."""
    layout = layout_of(id_property or "id", settings, clear_empty=clear_empty)
    options = {"id_property": id_property}
    _load(Job("update", object_type, files, layout, options, validate=validate), settings)


@takes_settings
def upsert(
    object_type: ObjectType,
    files: Files,
    *,
    id_property: Annotated[
        str, typer.Option(help="Unique property that names the objects, such as email.")
    ],
    clear_empty: ClearEmpty = False,
    validate: Validate = False,
    settings: LoadSettings,
) -> None:
    """Update the objects that the records name, or create them."""
    layout = layout_of(id_property, settings, clear_empty=clear_empty)
    options = {"id_property": id_property}
    _load(Job("upsert", object_type, files, layout, options, validate=validate), settings)


@takes_settings
def archive(object_type: ObjectType, files: Files, *, settings: LoadSettings) -> None:
    """Archive the objects whose record ids are in the file."""
    _load(Job("archive", object_type, files, layout_of("id", settings, ids_only=True)), settings)


def _load(job: Job, settings: LoadSettings) -> None:
    """Carry out a job that writes to the account, or check it."""
    if not settings.dry_run:
        execute(job, settings)
        return
    from hubbatch.cli._checking_run import check_job  # noqa: PLC0415 (it loads the client and the sandbox)

    check_job(job, settings)


def execute(job: Job, settings: Settings) -> None:
    """Carry out a job and exit."""
    from hubbatch.cli import _executing  # noqa: PLC0415 (it loads the client and the sandbox)

    _executing.execute(job, settings)


def layout_of(
    key: str | None, settings: Settings, *, ids_only: bool = False, clear_empty: bool = False
) -> Layout:
    """Return what a verb wants from the files, and what the user has said of them."""
    return Layout(
        key,
        ids_only=ids_only,
        clear_empty=clear_empty,
        kind=settings.format,
        encoding=settings.encoding,
        delimiter=settings.delimiter and settings.delimiter.replace("\\t", "\t"),
        columns=_columns(settings),
        bad_lines=settings.bad_lines,
        skip=settings.skip,
        limit=settings.limit,
    )


def _columns(settings: Settings) -> Columns:
    try:
        file = MapFile(()) if settings.map_file is None else read_map_file(settings.map_file)
    except InputError as error:
        raise typer.BadParameter(f"cannot read {error}", param_hint="--map-file") from None
    if file.assumed and not settings.quiet:
        typer.echo(f"{settings.map_file}: read as {file.assumed}", err=True)
    try:
        return Columns.parse(
            map=settings.map or (),
            map_lines=file.lines,
            only=settings.columns or (),
            drop=settings.drop or (),
            set=settings.set or (),
        )
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
