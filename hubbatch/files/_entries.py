"""What reading gives, in order: a file begins, records and bad lines follow, the file ends. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from hubbatch.files._unreadable import has_no_text

__all__ = [
    "BAD_BYTES",
    "BAD_LINE",
    "IGNORED",
    "OWN",
    "BadLine",
    "Ended",
    "Entry",
    "Fingerprint",
    "Kind",
    "Opened",
    "Row",
]

OWN = ("_file", "_line", "_status", "_category", "_message")
"""The columns that a rejects file has beside those of its input; reading takes no property from them."""


IGNORED = frozenset({*OWN, "_index", "_id", "_new"})
"""The columns that are no properties: of a rejects file, and of what `Outcome.to_csv` writes."""

BAD_LINE = "BAD_LINE"
"""The category, in a rejects file, of a line that is no record."""
BAD_BYTES = "BAD_BYTES"
"""The category of a line in which bytes are no text, or NUL: a CSV of rejects shows them, as `<0xEB>`."""


_SHOWN = 10
"""Columns that a message lists."""


class Kind(StrEnum):
    """How a file holds records. TSV is CSV with another delimiter."""

    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"
    PARQUET = "parquet"
    ARROW = "arrow"
    EXCEL = "excel"

    @property
    def is_table(self) -> bool:
        """Whether all records have the same columns."""
        return self not in {Kind.NDJSON, Kind.JSON}


@frozen
class Opened:
    """A file begins: what it is, and what had to be assumed of it."""

    file: str
    kind: Kind
    packed: str = ""
    """What it was unpacked from: gzip, zstd, zip, or nothing."""
    encoding: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] = ()
    """The names of the header, without the columns of a rejects file; empty where a file has no header."""
    own: tuple[int, ...] = ()
    """Where in the header the columns of a rejects file stand."""
    assumptions: tuple[str, ...] = ()
    unnamed: tuple[int, ...] = ()
    """Columns without a name, from 1, which are passed over: a row that has a value there is a bad line."""

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing about it that its reader should hear of."""
        return not (self.assumptions or self.unnamed)

    def __str__(self) -> str:
        assumed = self.assumptions or (self.kind.value,)
        how = "with" if assumed[0].startswith("delimiter ") else "as"
        said = f"{self.file}: read {how} {', '.join(assumed)}"
        if self.packed:
            said += f", unpacked from {self.packed}"
        if self.unnamed:
            which = ", ".join(map(str, self.unnamed[:_SHOWN]))
            more = ", …" if len(self.unnamed) > _SHOWN else ""
            columns, have = ("column", "has") if len(self.unnamed) == 1 else ("columns", "have")
            said += f"; {columns} {which}{more} {have} no name, and must be empty"
        return said


class Row(dict[str, Any]):
    """One record: property names and values, ready for a verb, and where it stands.

    `origin`: the file. `line`: the line where it begins, from 1, or the row of a sheet; None where there are no lines.
    `position`: how many records and bad lines come before it in the whole input. `raw`: its text in the
    file, line end included, or its values by column where the file is no text.
    """

    __slots__ = ("line", "origin", "position", "raw")

    origin: Opened
    line: int | None
    position: int
    raw: str | Mapping[str, Any]

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.origin.file

    @property
    def status(self) -> str:
        """What became of it in an earlier run, if it comes from a rejects file: a `RecordStatus`; else empty."""
        return ""


class RejectedRow(Row):
    """A record of a rejects file."""

    __slots__ = ("_status",)

    _status: str

    @property
    def status(self) -> str:
        """What became of it in an earlier run: a `RecordStatus`."""
        return self._status

    def set_status(self, status: str) -> None:
        """Note what the rejects file says."""
        self._status = status


@frozen
class BadLine:
    """A line that is no record."""

    origin: Opened
    line: int | None
    position: int
    raw: str = field(repr=False)
    """Its text, line end included; lone surrogates stand for bytes that cannot be decoded (surrogateescape)."""
    reason: str
    """What is wrong and what to do, without the line's values."""
    cut: bool = False
    """Whether `raw` is the beginning only, of a line that is longer than any record."""

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.origin.file

    @property
    def category(self) -> str:
        """Whether its bytes are no text, `BAD_BYTES`, or its text is no record, `BAD_LINE`."""
        return BAD_BYTES if has_no_text(self.raw) else BAD_LINE

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.reason}"


@frozen
class Fingerprint:
    """What a file is known by again: how many bytes were read of it, and their SHA-256."""

    size: int
    sha256: str


@frozen
class Ended:
    """A file is read to its end."""

    file: str
    records: int
    bad: int
    blank: int
    """Rows without any value; they are no records."""
    fingerprint: Fingerprint


Entry = Opened | Row | BadLine | Ended
