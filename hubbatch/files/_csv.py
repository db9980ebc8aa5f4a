"""CSV and TSV: rows of text cells under a header, with the standard library's parser.

A line that is no row costs no other row. A quote that is never closed would swallow what follows it: then the line
where the record began is the bad one, and what follows is read again from the next line on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import compress, islice

from attrs import define, field

from hubbatch._output.cells import csv_text
from hubbatch.files._bytes import Stream
from hubbatch.files._delimiters import delimiter_of, named_delimiter
from hubbatch.files._encodings import Encoding
from hubbatch.files._entries import Entry, Kind, Opened, Row
from hubbatch.files._errors import BrokenInputError
from hubbatch.files._header import Header, header_of
from hubbatch.files._intake import FileIntake
from hubbatch.files._lines import MAX_LINE, Block, flaw_of, line_blocks
from hubbatch.files._rejected_rows import with_bytes

__all__ = ["csv_blocks"]

MAX_RECORD = 2**20
"""Characters of one record; one that goes on for longer has a quote that is never closed."""
_MOST_READ_AGAIN = 64 * 2**20
"""Characters that are read again, for quotes that are not closed, before whole stretches are given up instead."""


def csv_blocks(stream: Stream, encoding: Encoding, intake: FileIntake) -> Iterator[list[Entry]]:
    """Read CSV; the first row that is not blank holds the names."""
    reader = _CsvReader(intake, encoding)
    intake.line = 1
    for block in line_blocks(stream, encoding.codec):
        if entries := reader.entries(block):
            yield entries
        intake.line = block.first + len(block.lines)
    reader.check_end()


@define
class _CsvReader:
    """Finds the header, and keeps the lines that are not a whole row yet for the next block."""

    _intake: FileIntake
    _encoding: Encoding
    _rows: _Rows | None = None
    _kept: list[str] = field(factory=list)
    _kept_flawed: bool = False

    def entries(self, block: Block) -> list[Entry]:
        """Return what a block of lines completes."""
        entries: list[Entry] = []
        if block.cut:
            self._take_cut(block, entries)
            return entries
        kept = len(self._kept)
        lines = Block(
            self._kept + block.lines,
            block.first - kept,
            block.flawed or self._kept_flawed,
            last=block.last,
        )
        start = self._take_header(lines, entries) if self._rows is None else 0
        if self._rows is not None:
            start = self._rows.take(lines, start, entries)
        self._kept = lines.lines[start:]
        self._kept_flawed = lines.flawed and bool(self._kept)
        return entries

    def check_end(self) -> None:
        """Refuse a file without a header."""
        if self._rows is None:
            raise BrokenInputError(
                "the file is empty, there is no header: the first line must name the properties"
            )

    def _take_cut(self, block: Block, entries: list[Entry]) -> None:
        """Reject a line that is too long; a row that was to go on there is none either."""
        if self._rows is None:
            raise BrokenInputError(
                f"the header is longer than {MAX_LINE // 2**20} MiB: is this a CSV?"
            )
        if self._kept:
            first = block.first - len(self._kept)
            self._rows.take(Block(self._kept, first, self._kept_flawed, last=True), 0, entries)
            self._kept = []
        reason = f"it is longer than {MAX_LINE // 2**20} MiB: put each record on a line of its own"
        entries.append(self._intake.bad(block.first, block.lines[0], reason, cut=True))

    def _take_header(self, block: Block, entries: list[Entry]) -> int:
        """Read the header; return how many lines it took, 0 if it is not whole yet."""
        lines, start = block.lines, 0
        named = named_delimiter(lines[0]) if block.first == 1 and lines else None
        start += named is not None
        while start < len(lines) and not lines[start].strip():
            start += 1
        if start == len(lines):
            return 0 if named else start
        given = self._intake.options.delimiter
        delimiter = given or named or delimiter_of(lines[start:])
        reader = csv.reader(islice(lines, start, None), delimiter=delimiter, strict=True)
        self._intake.line = block.first + start
        try:
            cells = next(reader)
        except csv.Error as error:
            if _is_open(error) and not block.last:
                return 0
            raise BrokenInputError(f"{_problem(error)}, in the header") from None
        end = start + reader.line_num
        if (flaw := flaw_of("".join(lines[start:end]), self._encoding.codec)) is not None:
            raise BrokenInputError(flaw)
        header = header_of(cells, self._intake.options)
        if not header.own:  # of a rejects file the name says what its bytes were that were no text
            self._encoding.check_mark()
        assumed = (
            self._encoding.assumed,
            _named(delimiter) if delimiter != (given or named or ",") else "",
        )
        opened = self._intake.open(
            Kind.CSV,
            encoding=self._encoding.codec,
            delimiter=delimiter,
            assumptions=tuple(filter(None, assumed)),
            **header.described,
        )
        entries.append(opened)
        self._rows = _Rows(self._intake, header, opened)
        return end


@define
class _Rows:
    """Lines under a known header to records and bad lines."""

    _intake: FileIntake
    _header: Header
    _opened: Opened
    _read_again: int = 0

    def take(self, block: Block, start: int, entries: list[Entry]) -> int:
        """Take the rows of a block from a line on; return where one begins that is not whole yet."""
        lines, first, flawed, base = block.lines, block.first, block.flawed, -1
        header, intake, append = self._header, self._intake, entries.append
        fast = header.all_kept and not header.own and not flawed and not intake.options.keep_empty
        kept, width, tally, opened = header.kept, len(header.names), intake.tally, self._opened
        while start < len(lines):
            if base < 0:
                base = start
                reader = csv.reader(
                    islice(lines, start, None), delimiter=opened.delimiter, strict=True
                )
            try:
                for cells in reader:
                    end = base + reader.line_num
                    raw = lines[start] if end == start + 1 else "".join(lines[start:end])
                    if fast and len(cells) == width and cells[0] and not cells[0].isspace():
                        # As `Intake.row`, without a call for each of millions of rows.
                        row = Row(compress(zip(kept, cells, strict=False), cells))
                        row.origin, row.line, row.raw = opened, first + start, raw
                        row.position = tally.records + tally.bad
                        tally.records += 1
                        append(row)
                    else:
                        self._take(cells, raw, first + start, entries, flawed=flawed)
                    start = end
            except csv.Error as error:
                end = base + reader.line_num
                whole = sum(map(len, islice(lines, start, end)))
                if _is_open(error) and not block.last and whole < MAX_RECORD:
                    return start
                start = self._take_broken(block, start, end, entries, error)
                if start != end:
                    base = -1  # the parser goes on after an error, but does not go back
        return start

    def _take_broken(
        self, block: Block, start: int, end: int, entries: list[Entry], error: csv.Error
    ) -> int:
        """Reject the line where a row began that is none; return where reading goes on."""
        lines = block.lines
        if end > start + 1:
            self._read_again += sum(map(len, islice(lines, start + 1, end)))
        stop = start + 1 if self._read_again <= _MOST_READ_AGAIN else end
        for number in range(start, stop):
            text = lines[number]
            reason = (
                flaw_of(text, self._opened.encoding)
                or f"{_problem(error)}, in the row that begins here"
            )
            entries.append(self._intake.bad(block.first + number, text, reason))
        return stop

    def _take(
        self, cells: list[str], raw: str, line: int, entries: list[Entry], *, flawed: bool
    ) -> None:
        header, intake = self._header, self._intake
        if not cells or (not cells[0].strip() and not any(map(str.strip, cells))):
            intake.tally.pass_over()
            return
        flaw = None
        if header.own:
            cells, flaw = with_bytes(header, cells, intake.options.encoding)
        elif flawed:
            flaw = flaw_of(raw, self._opened.encoding)
        if flaw is not None:
            entries.append(intake.bad(line, self._as_came(cells, raw), flaw))
        elif len(cells) != len(header.names):
            reason = (
                f"the row has {len(cells)} cells where the header has {len(header.names)}: mend the row,"
                ' and quote ("…") a cell that holds the delimiter or a line break'
            )
            entries.append(intake.bad(line, self._as_came(cells, raw), reason))
        elif (flaw := header.flaw(cells)) is not None:
            entries.append(intake.flawed(line, self._as_came(cells, raw), flaw))
        elif header.own:
            self._take_rejected(cells, line, entries)
        elif header.all_kept and (intake.options.keep_empty or "" not in cells):
            entries.append(intake.row(zip(header.kept, cells, strict=True), line, raw))
        else:
            record = header.record(cells, keep_empty=intake.options.keep_empty)
            entries.append(intake.row(record, line, raw))

    def _take_rejected(self, cells: list[str], line: int, entries: list[Entry]) -> None:
        header, intake = self._header, self._intake
        rest = header.without_own(cells)
        if not any(map(str.strip, rest)):
            intake.tally.pass_over()
            return
        record = header.record(cells, keep_empty=intake.options.keep_empty)
        text = csv_text(rest, self._opened.delimiter)
        entries.append(intake.rejected_row(record, line, text, header.note(cells, "_status")))

    def _as_came(self, cells: list[str], raw: str) -> str:
        """Return a bad row without what a rejects file has put before it."""
        own = self._header.own
        first = own == tuple(range(len(own))) and len(cells) > len(own)
        if own and (first or len(cells) == len(self._header.names)):
            return csv_text(self._header.without_own(cells), self._opened.delimiter)
        return raw


def _named(delimiter: str) -> str:
    return "delimiter tab" if delimiter == "\t" else f"delimiter '{delimiter}'"


def _is_open(error: csv.Error) -> bool:
    return "unexpected end of data" in str(error)


def _problem(error: csv.Error) -> str:
    if "field limit" in str(error):
        limit = csv.field_size_limit()
        return (
            f'a cell is longer than {limit:,} characters: look for a quote (") that is never closed'
        )
    if _is_open(error):
        return 'a quote (") is never closed'
    return f"{error}: look at the quotes"
