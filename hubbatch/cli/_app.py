"""The command line as a whole: its commands, and the options that stand before them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from hubbatch.cli import _verbs
from hubbatch.cli._trials import demo, sandbox

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"hubbatch {version('hubbatch')}")
        raise typer.Exit


@app.callback()
def start(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Move any number of records in and out of HubSpot, without losing one.

    The access token comes from the environment variable HUBSPOT_ACCESS_TOKEN.
    Exit codes: 0 all succeeded, 1 some did not, 2 usage, or a line that cannot be read (the outcome says how far
    the run got), 3 stopped before all input was seen through.
    """


for command in (_verbs.create, _verbs.update, _verbs.upsert, _verbs.archive, _verbs.read):
    app.command()(command)
app.command()(demo)
app.command()(sandbox)
