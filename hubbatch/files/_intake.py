"""What the reader of one file works with: the options, the counts over all files, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

from attrs import define, field, frozen

from hubbatch.files._columns import Columns
from hubbatch.files._entries import BadLine, Kind, Opened, RejectedRow, Row
from hubbatch.files._errors import BrokenInputError

__all__ = ["FileIntake", "JudgeHeader", "ReadOptions", "Tally"]

JudgeHeader = Callable[[Mapping[str, str | None]], Collection[str]]
"""Is given the columns of each table and their properties; returns those to leave out, or raises `UsageError`."""


@frozen(kw_only=True)
class ReadOptions:
    """What the caller says of the files; None is left to the files themselves."""

    kind: Kind | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    key: str | None = None
    """The property that every record must have, by which a wrong header is known."""
    columns: Columns = field(factory=Columns)
    keep_empty: bool = False
    """Whether an empty cell is a value (it clears the property) instead of being left out."""
    bare: str | None = None
    """The property of a JSON text or whole number that stands in place of an object."""
    bad_lines: Literal["stop", "reject"] = "stop"
    header: JudgeHeader | None = None


@define
class Tally:
    """Counts over all files of a source."""

    records: int = 0
    bad: int = 0
    blank: int = 0
    _blank_at: list[list[int]] = field(factory=list)
    """Where the blank rows of the present block stand: the position of the record after them, and how many."""

    def pass_over(self) -> None:
        """Count a blank row."""
        self.blank += 1
        if self._blank_at and self._blank_at[-1][0] == self.position:
            self._blank_at[-1][1] += 1
        else:
            self._blank_at.append([self.position, 1])

    def blank_before(self, position: int) -> int:
        """Return how many blank rows stand before a record or bad line of the present block."""
        return self.blank - sum(number for at, number in self._blank_at if at > position)

    def begin_block(self) -> None:
        """Forget where the blank rows of blocks stand that were taken already."""
        self._blank_at.clear()

    @property
    def position(self) -> int:
        """The position of the next record or bad line."""
        return self.records + self.bad


@define
class FileIntake:
    """One file that is being read."""

    name: str
    """What the file is called in messages."""
    inner_name: str
    """Its path without what it was packed with, by which its kind may be known."""
    packed: str
    options: ReadOptions
    tally: Tally
    line: int | None = None
    """The line that is being read, for what goes wrong below the lines."""
    opened: Opened = field(init=False)
    _first: int = field(init=False, default=0)
    """The position of its first record or bad line."""

    def open(self, kind: Kind, **known: Any) -> Opened:
        """Note what the file is."""
        self.opened = Opened(self.name, kind, self.packed, **known)
        self._first = self.tally.position
        return self.opened

    def row(
        self,
        record: Mapping[str, Any] | Iterable[tuple[str, Any]],
        line: int | None,
        raw: str | Mapping[str, Any],
    ) -> Row:
        """Return a record of this file, counted."""
        return self._placed(Row(record), line, raw)

    def rejected_row(
        self, record: Mapping[str, Any], line: int | None, raw: str | Mapping[str, Any], status: str
    ) -> Row:
        """Return a record that an earlier run has rejected, counted."""
        row = RejectedRow(record)
        row.set_status(status)
        return self._placed(row, line, raw)

    def _placed(self, row: Row, line: int | None, raw: str | Mapping[str, Any]) -> Row:
        row.origin = self.opened
        row.line = line
        row.raw = raw
        row.position = self.tally.position
        self.tally.records += 1
        return row

    def flawed(self, line: int | None, raw: str, reason: str) -> BadLine:
        """Return a row as a bad line that has a value in a column without a name.

        Where already the first row has one, the header is what is wrong: then it raises `BrokenInputError`. Rejects are
        mended row by row.
        """
        if self.tally.position == self._first and not self.opened.own:
            self.line = line
            raise BrokenInputError(reason)
        return self.bad(line, raw, reason)

    def bad(self, line: int | None, raw: str, reason: str, *, cut: bool = False) -> BadLine:
        """Return a line that is no record, counted."""
        bad = BadLine(self.opened, line, self.tally.position, raw, reason, cut)
        self.tally.bad += 1
        return bad
