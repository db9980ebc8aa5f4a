"""The command `export`: what it takes, and the reading that it makes of it."""

from __future__ import annotations

from typing import Annotated

import typer
from attrs import frozen

from hubbatch import Filter, UsageError
from hubbatch.cli._output_options import (
    OF_AN_EXPORT,
    AllProperties,
    Archived,
    ExportDelimiter,
    Nested,
    OutputFormat,
    OutputPath,
    Properties,
    Target,
    WithHistory,
    target_of,
)
from hubbatch.cli._settings import Settings
from hubbatch.cli._taking_settings import takes_some_settings
from hubbatch.cli._verbs import ObjectType
from hubbatch.cli._where import filters_of, since

__all__ = ["Export", "export"]

_WHICH = "Which objects"

Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        rich_help_panel=_WHICH,
        help="Only objects for which this holds, such as 'amount>=1000', 'dealstage IN won,lost',"
        " 'email HAS_PROPERTY'; of several all have to. Quote it for the shell.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        rich_help_panel=_WHICH,
        help="Only objects modified since: 2026-11-01, or a moment; UTC unless it says otherwise.",
    ),
]
Query = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        rich_help_panel=_WHICH,
        help="Only objects with these words in what HubSpot searches by default.",
    ),
]
After = Annotated[
    str | None,
    typer.Option(
        metavar="CURSOR",
        rich_help_panel=_WHICH,
        help="Go on where an export of the same objects has ended; it tells the cursor then.",
    ),
]


@frozen
class Export:
    """What is to be read out, and where it goes."""

    object_type: str
    target: Target
    filters: tuple[Filter, ...] = ()
    query: str | None = None
    archived: bool = False
    after: str | None = None


@takes_some_settings(
    *("append", "force", "rate", "api_version", "base_url", "sandbox", "lenient", "properties"),
    *("check", "json", "quiet", "verbose"),
)
def export(
    object_type: ObjectType,
    *,
    where: Where = None,
    since_: Since = None,
    query: Query = None,
    archived: Archived = False,
    after: After = None,
    property_: Properties = None,
    all_properties: AllProperties = False,
    output: OutputPath = "-",
    output_format: OutputFormat = None,
    delimiter: ExportDelimiter = None,
    nested: Nested = False,
    with_history: WithHistory = False,
    settings: Settings,
) -> None:
    """Read out all objects of a type, or those that match."""
    try:
        filters = filters_of(where or ())
        if since_ is not None:
            filters.append(since(since_, object_type))
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    searches = bool(filters) or query is not None
    for name, given in (("--archived", archived), ("--with-history", with_history)):
        if given and searches:
            raise typer.BadParameter(
                "HubSpot's search knows neither archived objects nor histories: leave"
                f" {name} out, or --where, --since and --query",
                param_hint=name,
            )
    target = target_of(
        output,
        output_format,
        property_,
        nested=nested,
        with_history=with_history,
        delimiter=delimiter,
        delimiter_options=OF_AN_EXPORT,
        all_properties=all_properties,
        append=settings.append,
        force=settings.force,
    )
    from hubbatch.cli._export_run import execute  # noqa: PLC0415 (it loads client and sandbox)

    execute(Export(object_type, target, tuple(filters), query, archived, after), settings)
