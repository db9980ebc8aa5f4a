"""The options that all verbs share, as one value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs
import typer

from hubbatch import RateLimit, UsageError
from hubbatch.cli._job import BadLines
from hubbatch.files import Kind
from hubbatch.policies import Duplicates

__all__ = [
    "ACCOUNT",
    "COLUMNS",
    "INPUT",
    "OUTPUT",
    "SENDING",
    "SERVICE",
    "LoadSettings",
    "Settings",
    "parse_rate",
]

INPUT = "Input"
COLUMNS = "Columns and values"
SENDING = "Sending"
OUTPUT = "Rejects, results and screens"
ACCOUNT = "Account and rehearsal"
"""The groups of options in a help text, in the order in which their first options stand."""

SERVICE = "https://api.hubapi.com"


def parse_rate(text: str) -> RateLimit:
    """Read `190/10`: requests per seconds."""
    requests, _, seconds = text.partition("/")
    try:
        return RateLimit(int(requests), float(seconds))
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not REQUESTS/SECONDS, such as 190/10 for 190 requests in 10 seconds"
        ) from None


Rate = Annotated[
    RateLimit | None,
    typer.Option(
        rich_help_panel=SENDING,
        parser=parse_rate,
        metavar="N/S",
        help="Pin the quota to N requests per S seconds, such as 190/10; else it is learned.",
    ),
]


@attrs.frozen(kw_only=True)
class Settings:
    """What every verb takes; the hints are typer's."""

    format: Annotated[
        Kind | None,
        typer.Option(
            rich_help_panel=INPUT,
            help="Default: by the file's content, and in doubt by its name.",
        ),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=INPUT,
            help="Default: by its byte order mark, or UTF-8, UTF-16, cp1252 by trial.",
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=INPUT,
            help="Character between the columns of a CSV; default: one of , ; tab |",
        ),
    ] = None
    map: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=COLUMNS,
            metavar="COLUMN=PROPERTY",
            help="Read a column as a property; repeat it. A column that holds = is quoted: '\"a=b\"=PROPERTY'.",
        ),
    ] = None
    map_file: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=COLUMNS,
            metavar="FILE",
            help="Read a file of lines COLUMN=PROPERTY; # begins a comment, also after a pair and a blank.",
        ),
    ] = None
    columns: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=COLUMNS,
            metavar="NAMES",
            help="Take these columns only; commas between them; one that holds a comma is quoted: '\"a,b\",c'.",
        ),
    ] = None
    drop: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=COLUMNS,
            metavar="NAMES",
            help="Leave these columns out; as --columns takes them.",
        ),
    ] = None
    set: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=COLUMNS,
            metavar="PROPERTY=VALUE",
            help="Give every record this value; repeat it.",
        ),
    ] = None
    duplicates: Annotated[
        Duplicates,
        typer.Option(
            rich_help_panel=SENDING,
            help="A key that occurs twice: write one after the other, merge them, or refuse it.",
        ),
    ] = Duplicates.SERIAL
    batch_size: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=SENDING, min=1, max=100, help="Records a request; default: the most."
        ),
    ] = None
    linger: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=SENDING,
            min=0,
            help="Seconds that a request which is not full waits for more of a slow input; default: 0.05.",
        ),
    ] = None
    max_failures: Annotated[
        int | None,
        typer.Option(rich_help_panel=SENDING, min=1, help="Stop after so many failed records."),
    ] = None
    deadline: Annotated[
        float | None,
        typer.Option(rich_help_panel=SENDING, help="Seconds after which no more is taken in."),
    ] = None
    rate: Rate = None
    api_version: Annotated[
        str, typer.Option(rich_help_panel=ACCOUNT, help="v3, or a dated one such as 2025-09.")
    ] = "v3"
    base_url: Annotated[
        str,
        typer.Option(rich_help_panel=ACCOUNT, help="Where the service is; https, or this machine."),
    ] = SERVICE
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            rich_help_panel=ACCOUNT,
            help="Use an empty account in memory, thrown away at the end, instead of HubSpot;"
            " no token is needed, and there is no quota unless --rate sets one. It has HubSpot's own"
            " properties and refuses any other, as an account without properties of its own does.",
        ),
    ] = False
    lenient: Annotated[
        bool,
        typer.Option(
            "--lenient",
            rich_help_panel=ACCOUNT,
            help="With --sandbox: take any property and any text as its value.",
        ),
    ] = False
    properties: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=ACCOUNT,
            metavar="FILE",
            help="The account's properties, as `hubbatch properties OBJECT` saves them: what --sandbox has, and what"
            " columns and values are held against instead of asking the account.",
        ),
    ] = None
    check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check",
            rich_help_panel=COLUMNS,
            help="Ask the account for its properties first: columns are read by their labels too, and one that is no"
            " property stops the command before anything is sent.",
        ),
    ] = True
    bad_lines: Annotated[
        BadLines,
        typer.Option(
            rich_help_panel=INPUT,
            help="A line that is no record: reject it, as a failure that --max-failures counts, or stop there.",
        ),
    ] = BadLines.REJECT
    skip: Annotated[
        int,
        typer.Option(
            rich_help_panel=INPUT,
            min=0,
            metavar="N",
            help="Pass over the first N records of the input.",
        ),
    ] = 0
    limit: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=INPUT, min=1, metavar="N", help="Take no more than N records."
        ),
    ] = None
    rejects: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=OUTPUT,
            metavar="FILE",
            help="Write what did not succeed, and why, in the form and with the columns of the input. Mended, it"
            " can be loaded again as it is.",
        ),
    ] = None
    append: Annotated[
        bool,
        typer.Option(
            "--append",
            rich_help_panel=OUTPUT,
            help="Go on after what the files to be written hold.",
        ),
    ] = False
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            rich_help_panel=OUTPUT,
            help="Take the place of what the files to be written hold.",
        ),
    ] = False
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            rich_help_panel=OUTPUT,
            help="Write the outcome as one JSON document on standard output; all else goes to standard error.",
        ),
    ] = False
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            metavar="",
            rich_help_panel=OUTPUT,
            show_default=False,
            help="Log what happens to the run; -vv each request as well. Never a value or a token.",
        ),
    ] = 0
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            rich_help_panel=OUTPUT,
            help="Show no progress, and no outcome if all is well.",
        ),
    ] = False


@attrs.frozen(kw_only=True)
class LoadSettings(Settings):
    """What every verb takes that writes to the account."""

    results: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=OUTPUT,
            metavar="FILE",
            help="Write what succeeded: each row as it is in the input, with its id and whether it is new.",
        ),
    ] = None
    journal: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=OUTPUT,
            metavar="FILE",
            help="Note in this file what became of each record, so that `hubbatch resume FILE` goes on after a kill"
            " or a power cut: no record is lost, and what is settled is not sent again. Of what was in doubt"
            " `hubbatch resume --help` tells.",
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            rich_help_panel=ACCOUNT,
            help="Read and check everything, send nothing, and say what would be sent: as `hubbatch check`.",
        ),
    ] = False
