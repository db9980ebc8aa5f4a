"""What commands that read out have in common: which properties, and where they go, in which form."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from attrs import frozen

from hubbatch import UsageError
from hubbatch.cli._outputs import is_standard_output
from hubbatch.files import Kind, output_delimiter, output_kind

__all__ = [
    "OF_AN_EXPORT",
    "AllProperties",
    "Archived",
    "ExportDelimiter",
    "Nested",
    "OutputDelimiter",
    "OutputFormat",
    "OutputPath",
    "Properties",
    "Target",
    "WithHistory",
    "target_of",
]

_READ_OUT = "What is read, and where it goes"


_DELIMITERS = frozenset(",;|\t")
_TABS = {"tab": "\t", "\\t": "\t"}
"""How a tab is typed."""


class Format(StrEnum):
    """How objects are written."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


Properties = Annotated[
    list[str] | None,
    typer.Option(
        "--property",
        "-p",
        metavar="NAMES",
        rich_help_panel=_READ_OUT,
        help="Properties to read, with commas between them; repeat it. Default: the few that HubSpot gives.",
    ),
]
OutputPath = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        rich_help_panel=_READ_OUT,
        help="Where the objects go: .csv, .tsv, .ndjson or .parquet; - is standard output.",
    ),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        rich_help_panel=_READ_OUT,
        help="Default: by the suffix; NDJSON on standard output. Values are text in each.",
    ),
]
_AS_DELIMITER = (
    "Character between the columns of a CSV: , ; | or tab. Default: a comma, in .tsv a tab."
)
OF_AN_EXPORT, OF_A_READ = ("--delimiter", "--output-delimiter"), ("--output-delimiter",)
"""How that is typed: a read has another delimiter, of its input."""
ExportDelimiter = Annotated[
    str | None,
    typer.Option(*OF_AN_EXPORT, rich_help_panel=_READ_OUT, help=_AS_DELIMITER),
]
OutputDelimiter = Annotated[
    str | None,
    typer.Option(*OF_A_READ, rich_help_panel=_READ_OUT, help=_AS_DELIMITER),
]
AllProperties = Annotated[
    bool,
    typer.Option(
        "--all-properties",
        rich_help_panel=_READ_OUT,
        help="Read all properties that the account has, in its order.",
    ),
]
Nested = Annotated[
    bool,
    typer.Option(
        "--nested",
        rich_help_panel=_READ_OUT,
        help="NDJSON as HubSpot has it, with times, in place of one field for each property.",
    ),
]
WithHistory = Annotated[
    bool,
    typer.Option(
        "--with-history",
        rich_help_panel=_READ_OUT,
        help="Read the properties with their history; as with --nested.",
    ),
]
Archived = Annotated[
    bool,
    typer.Option("--archived", rich_help_panel=_READ_OUT, help="Read archived objects instead."),
]


@frozen
class Target:
    """Where objects go, in which form, and which of their properties."""

    path: str
    kind: Kind
    properties: Sequence[str]
    """None are named: HubSpot chooses."""
    with_history: bool = False
    nested: bool = False
    delimiter: str | None = None
    """None: as the suffix says."""
    all_properties: bool = False
    """Whether all that the account has are wanted, which `properties` lists once they are known."""
    append: bool = False
    force: bool = False

    @property
    def is_standard_output(self) -> bool:
        """Whether that is standard output."""
        return is_standard_output(self.path)

    @property
    def separator(self) -> str | None:
        """What stands between the columns of a CSV; None: it is none."""
        return output_delimiter(self.path, self.delimiter) if self.kind is Kind.CSV else None

    @property
    def histories(self) -> Sequence[str]:
        """The properties that are wanted with their history."""
        return self.properties if self.with_history else ()


def target_of(
    path: str,
    output_format: Format | None,
    properties: Sequence[str] | None,
    *,
    nested: bool = False,
    with_history: bool = False,
    delimiter: str | None = None,
    delimiter_options: Sequence[str] = OF_A_READ,
    all_properties: bool = False,
    append: bool = False,
    force: bool = False,
) -> Target:
    """Return where objects go. Raises `typer.BadParameter` for what does not go together.

    `delimiter_options`: what the delimiter is typed as.
    """
    names = [name.strip() for text in properties or () for name in text.split(",")]
    names = list(dict.fromkeys(filter(None, names)))
    if all_properties and names:
        raise typer.BadParameter(
            "all properties are read: leave --property out", param_hint="--all-properties"
        )
    if "id" in names:
        raise typer.BadParameter(
            "id is a column in any case: leave it out", param_hint="--property"
        )
    if with_history and not (names or all_properties):
        raise typer.BadParameter(
            "name the properties whose history is wanted: --property NAME",
            param_hint="--with-history",
        )
    try:
        target = Target(
            path,
            output_kind(path, output_format),
            names,
            with_history=with_history,
            nested=nested or with_history,
            delimiter=None if delimiter is None else _TABS.get(delimiter, delimiter),
            all_properties=all_properties,
            append=append,
            force=force,
        )
    except UsageError as error:
        raise typer.BadParameter(str(error), param_hint="--output") from None
    if target.delimiter is not None and (
        target.kind is not Kind.CSV or target.delimiter not in _DELIMITERS
    ):
        raise typer.BadParameter(
            "it is one of , ; | or tab, and for CSV only", param_hint=list(delimiter_options)
        )
    if target.nested and target.kind is not Kind.NDJSON:
        raise typer.BadParameter(
            f"{target.kind.upper()} is flat: histories and nested objects are written as NDJSON",
            param_hint="--with-history" if with_history else "--nested",
        )
    return target
