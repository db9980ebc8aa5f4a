"""The command line as a whole: its commands with an example or two, and the options that stand before them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from hubbatch.cli import _resuming, _verbs
from hubbatch.cli._checking import check, properties
from hubbatch.cli._commands import Command, Group, epilog
from hubbatch.cli._exporting import export
from hubbatch.cli._reading import read
from hubbatch.cli._trials import demo, sandbox

__all__ = ["app"]

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"hubbatch {version('hubbatch')}")
        raise typer.Exit


@app.callback(
    epilog=epilog(
        "hubbatch upsert contacts people.csv --id-property email --sandbox",
        "hubbatch upsert --help",
    )
)
def start(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Move any number of records in and out of HubSpot, without losing one.

    The access token comes from the environment variable HUBSPOT_ACCESS_TOKEN.

    Exit codes: 0 all succeeded, 1 some did not, 2 usage (nothing was sent),
    3 stopped early, 4 the input broke after something was sent.
    """


LOADING = "Loading"
READING = "Reading"
TRYING = "Trying it out, without an account"
"""The groups of commands in the help text."""


journal = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Look into the journal of a load, or delete it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(journal, name="journal", rich_help_panel=LOADING)


def _add(
    command: Callable[..., None], group: str | None, *examples: str, to: typer.Typer = app
) -> None:
    to.command(cls=Command, epilog=epilog(*examples), rich_help_panel=group)(command)


_add(
    _verbs.create,
    LOADING,
    "hubbatch create contacts people.csv --unique-property email --rejects bad.csv",
    "hubbatch create 0-3 deals.ndjson --sandbox",
)
_add(
    _verbs.update,
    LOADING,
    "hubbatch update companies changes.xlsx --id-property domain",
    "hubbatch update contacts changes.csv --drop notes --set lifecyclestage=lead",
)
_add(
    _verbs.upsert,
    LOADING,
    "hubbatch upsert contacts people.csv --id-property email --rejects bad.csv",
    "hubbatch upsert contacts people.csv --id-property email --journal load.journal",
    "hubbatch upsert contacts 'exports/*.csv' --id-property email --map 'Email Address=email'",
    "cat deals.ndjson | hubbatch upsert 0-3 - --id-property deal_ref",
)
_add(_verbs.archive, LOADING, "hubbatch archive contacts ids.csv --max-failures 100")
_add(
    check,
    LOADING,
    "hubbatch check contacts people.csv --id-property email",
    "hubbatch check contacts people.csv --id-property email --properties contacts.json",
)
_add(
    _resuming.resume,
    LOADING,
    "hubbatch resume load.journal",
)
_add(_resuming.show, None, "hubbatch journal show load.journal", to=journal)
_add(_resuming.delete, None, "hubbatch journal delete load.journal", to=journal)
_add(
    read,
    READING,
    "hubbatch read contacts people.csv --id-property email -p email,firstname -o people.csv",
    "hubbatch read companies ids.csv -p name | jq .name",
)
_add(
    export,
    READING,
    "hubbatch export contacts -p email,firstname -o all.parquet",
    "hubbatch export deals -p dealname,amount -o won.csv --where 'amount>=1000' --where 'dealstage IN won,paid'",
    "hubbatch export companies -p name,domain --since 2026-11-01 | jq .domain",
)
_add(
    properties,
    READING,
    "hubbatch properties contacts",
    "hubbatch properties 0-3 | jq .results",
)
_add(demo, TRYING, "hubbatch demo --records 100_000")
_add(
    sandbox,
    TRYING,
    "hubbatch sandbox --rate 190/10 --faults flaky",
    "hubbatch sandbox --port 8642 --unique 0-3.deal_ref",
)
