"""Records in files, read one file after another, beside the event loop and only as fast as they are taken."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import closing
from typing import Any, Literal, Protocol

import hubbatch
from hubbatch import UsageError
from hubbatch.files._bytes import RawFile, Stream, all_paths
from hubbatch.files._columns import Columns
from hubbatch.files._csv import csv_blocks
from hubbatch.files._encodings import Encoding, check_encoding, encoding_of
from hubbatch.files._entries import BadLine, Ended, Entry, Fingerprint, Kind, Opened, Row
from hubbatch.files._errors import BrokenInputError, InputError
from hubbatch.files._intake import FileIntake, JudgeHeader, ReadOptions, Tally
from hubbatch.files._json import array_blocks, ndjson_blocks
from hubbatch.files._kinds import binary_kind, text_kind, undecided
from hubbatch.files._packing import unpacked
from hubbatch.files._tables import arrow_blocks, excel_blocks, parquet_blocks

__all__ = ["Source", "read"]

Notice = Opened | BadLine | Ended
"""What a source tells beside its records."""

_BOUND = '"\r\n'


def read(
    *paths: str | os.PathLike[str],
    kind: Kind | str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    key: str | None = None,
    columns: Columns | None = None,
    keep_empty: bool = False,
    bare: str | None = None,
    bad_lines: Literal["stop", "reject"] = "stop",
    notice: Callable[[Notice], object] | None = None,
    header: JudgeHeader | None = None,
) -> Source:
    """Return the records in files.

    `client.upsert("contacts", read("people.csv", key="email"), id_property="email")` reads beside the event loop.

    `paths`: files, patterns such as `exports/*.csv`, or `-` for standard input; read in this order as one input. Files
    packed with gzip, zstd, or as a zip of one file are unpacked. `kind`, `encoding`, `delimiter`: found by the content
    where they are not given; what was assumed stands in the `Opened` of each file. `sheet`: of a workbook; else the
    first. `key`: the property that every table must have. `columns`: which property each column is. `keep_empty`: an
    empty cell is `""`, which clears the property, instead of being left out. `bare`: the property that a JSON text or
    whole number is which stands in place of an object.

    `bad_lines`: a line that is no record raises `InputError` after the records before it ("stop"), or is passed over
    and handed to `notice` ("reject"), as are the files' beginnings and ends. `notice` is called in the event loop, in
    order with the records. `header` is called with the columns of each table and the property that each is (None: left
    out), before a record of it is read. It returns the columns to leave out besides; a `UsageError` that it raises
    refuses the file.

    Nothing is opened before the first record is asked for, or `check` is called. Raises `UsageError` for options that
    cannot be.
    """
    if not paths:
        raise UsageError("name at least one file to read")
    if delimiter is not None and (len(delimiter) != 1 or delimiter in _BOUND):
        raise UsageError(f"delimiter must be one character, such as ';', not {delimiter!r}")
    if bad_lines not in {"stop", "reject"}:
        raise UsageError(f"bad_lines must be 'stop' or 'reject', not {bad_lines!r}")
    if bad_lines == "reject" and notice is None:
        raise UsageError(
            "bad_lines='reject' wants a notice= that takes the bad lines, or they would be lost"
        )
    options = ReadOptions(
        kind=_checked_kind(kind, encoding),
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        key=key,
        columns=columns or Columns(),
        keep_empty=keep_empty,
        bare=bare,
        bad_lines=bad_lines,
        header=header,
    )
    return Source(tuple(os.fspath(path) for path in paths), options, notice)


def _checked_kind(kind: Kind | str | None, encoding: str | None) -> Kind | None:
    """Return the kind of a name; raise `UsageError` for what is no kind, or no encoding."""
    try:
        if encoding is not None:
            check_encoding(encoding)
        return None if kind is None else Kind(kind)
    except (BrokenInputError, ValueError) as error:
        raise UsageError(str(error)) from None


class RowIterator(Protocol):
    """The records of some files, one after another."""

    def __aiter__(self) -> AsyncIterator[Row]:
        """Return itself."""

    async def __anext__(self) -> Row:
        """Return the next record."""

    async def aclose(self) -> None:
        """Close the file that is being read."""


class Source:
    """The records of some files; see `read`. It can be read once."""

    def __init__(
        self,
        paths: tuple[str, ...],
        options: ReadOptions,
        notice: Callable[[Notice], object] | None,
    ) -> None:
        self._given = paths
        self._paths: tuple[str, ...] = ()
        self._options = options
        self._notice = notice
        self._tally = Tally()
        self._raw: RawFile | None = None
        self._intake: FileIntake | None = None
        self._begun = 0
        self._first: Opened | None = None

    def check(self) -> tuple[str, ...]:
        """Return the files, patterns made out. Raises `InputError` for one that is not there or may not be read.

        It looks at the files, which may take a while: call it before an event loop, or in a thread.
        """
        self._paths = self._paths or all_paths(self._given)
        return self._paths

    @property
    def records(self) -> int:
        """How many records were read so far."""
        return self._tally.records

    @property
    def bad(self) -> int:
        """How many bad lines there were so far."""
        return self._tally.bad

    @property
    def blank(self) -> int:
        """How many rows without any value were passed over so far."""
        return self._tally.blank

    def blank_before(self, position: int) -> int:
        """Return how many of these stand before a record or bad line of the block that was given last."""
        return self._tally.blank_before(position)

    @property
    def is_closed(self) -> bool:
        """Whether no file is open any more, or yet."""
        return self._raw is None or self._raw.is_closed

    def fraction(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1; None where that is not known."""
        part = None if self._raw is None else self._raw.fraction()
        return None if part is None else (self._begun - 1 + part) / len(self._paths)

    def fingerprint(self) -> Fingerprint | None:
        """Return what was read of the present file so far: its bytes, packed as they are, and their hash."""
        return None if self._raw is None else self._raw.fingerprint()

    def __aiter__(self) -> RowIterator:
        """Give the records, read in a thread; the rest goes to `notice`."""
        return hubbatch.in_blocks(self._rows())

    async def _rows(self) -> AsyncGenerator[list[Row], None]:
        """Give the records that stand between two notices, as many as have arrived."""
        async with hubbatch.in_thread(self.blocks(), read_ahead=2) as blocks:
            async for block in blocks:
                rows: list[Row] = []
                for entry in block:
                    if isinstance(entry, Row):
                        rows.append(entry)
                        continue
                    yield rows
                    rows = []
                    if self._notice is not None:
                        self._notice(entry)
                yield rows

    def __iter__(self) -> Iterator[Row]:
        """Give the records, read in this thread; the rest goes to `notice`."""
        for entry in self.entries():
            if isinstance(entry, Row):
                yield entry
            elif self._notice is not None:
                self._notice(entry)

    def entries(self) -> Iterator[Entry]:
        """Give all that is read, in order."""
        for block in self.blocks():
            yield from block

    def blocks(self) -> Generator[list[Entry], None, None]:
        """Give all that is read, in order, as many entries at once as have arrived. Raises `InputError`."""
        if self._begun:
            raise UsageError("a source is read once: make a new one")
        for path in self.check():
            self._begun += 1
            with closing(RawFile(path)) as raw:
                self._raw = raw
                yield from self._file(raw)

    def _file(self, raw: RawFile) -> Iterator[list[Entry]]:
        before = (self._tally.records, self._tally.bad, self._tally.blank)
        self._intake = intake = FileIntake(raw.name, raw.path, "", self._options, self._tally)
        try:
            for block in _parsed(raw, intake):
                yield from self._checked(block)
                self._tally.begin_block()
        except BrokenInputError as error:
            raise InputError(raw.name, intake.line, str(error)) from None
        records, bad, blank = self._tally.records, self._tally.bad, self._tally.blank
        if (records, bad) == before[:2]:
            raise InputError(
                raw.name, intake.line, "there is no record in it: is this the right file?"
            )
        yield [
            Ended(
                raw.name,
                records - before[0],
                bad - before[1],
                blank - before[2],
                raw.fingerprint(),
            )
        ]

    def _checked(self, block: list[Entry]) -> Iterator[list[Entry]]:
        """Give a block on, up to its first bad line where that is the end."""
        if block and isinstance(block[0], Opened):
            self._check_alike(block[0])
        if self._tally.bad and self._options.bad_lines == "stop":
            for number, entry in enumerate(block):
                if isinstance(entry, BadLine):
                    yield block[:number]
                    raise InputError(entry.file, entry.line, entry.reason)
        yield block

    def _check_alike(self, opened: Opened) -> None:
        """Refuse a file that cannot be loaded along with the one before it: rejects of both would fit in no file."""
        first = self._first = self._first or opened
        if first.kind.is_table != opened.kind.is_table:
            raise InputError(
                opened.file,
                None,
                f"this is {opened.kind}, and {first.file} is {first.kind}: load them one after the other",
            )
        if set(first.columns) != set(opened.columns):
            lacks = sorted(set(first.columns) - set(opened.columns))[:5]
            has = sorted(set(opened.columns) - set(first.columns))[:5]
            raise InputError(
                opened.file,
                self._intake.line if self._intake else None,
                f"its columns are not those of {first.file} (it lacks {', '.join(lacks) or 'none'}, and has"
                f" besides {', '.join(has) or 'none'}): make them alike, or load it by itself",
            )


def _parsed(raw: RawFile, intake: FileIntake) -> Iterator[list[Entry]]:
    """Unpack a file, find out its kind, and read it."""
    packing = unpacked(Stream(raw.read), raw)
    with closing(packing):
        stream = packing.stream
        intake.packed, intake.inner_name = packing.packed, packing.name
        kind = intake.options.kind or _binary(stream)
        if kind in _OUT_OF_ORDER or (kind is Kind.ARROW and stream.look().startswith(b"ARROW1")):
            _check_is_file(raw, packing.packed, kind)
        if kind in _OUT_OF_ORDER:
            yield from _OUT_OF_ORDER[kind](raw, intake)
        elif kind is Kind.ARROW:
            yield from arrow_blocks(raw, stream, intake)
        else:
            encoding = _encoding(stream, intake.options.encoding)
            kind = kind or _text_kind(stream, encoding, intake.inner_name)
            yield from _IN_ORDER[kind](stream, encoding.of(kind), intake)
    raw.read_to_the_end()


def _binary(stream: Stream) -> Kind | None:
    head = stream.look()
    while undecided(head) and not stream.ended:
        head = stream.look(further=True)
    return binary_kind(head)


def _encoding(stream: Stream, named: str | None) -> Encoding:
    sample = stream.look()
    return encoding_of(sample, named, whole=stream.ended)


def _text_kind(stream: Stream, encoding: Encoding, name: str) -> Kind:
    head = encoding.beginning(stream.look())
    while undecided(head) and not stream.ended and len(head) < _MOST_BLANK:
        head = encoding.beginning(stream.look(further=True))
    return text_kind(head, name)


def _check_is_file(raw: RawFile, packed: str, kind: Kind | None) -> None:
    if packed:
        raise BrokenInputError(
            f"this is {kind} within {packed}: unpack it first (gunzip, unzstd or unzip)"
        )
    if not raw.regular:
        raise BrokenInputError(
            f"{kind} cannot be read from a pipe: save it as a file and name that"
        )


_MOST_BLANK = 2**20

_OUT_OF_ORDER: dict[Any, Callable[[RawFile, FileIntake], Iterator[list[Entry]]]] = {
    Kind.PARQUET: parquet_blocks,
    Kind.EXCEL: excel_blocks,
}
_IN_ORDER: dict[Kind, Callable[[Stream, Encoding, FileIntake], Iterator[list[Entry]]]] = {
    Kind.CSV: csv_blocks,
    Kind.NDJSON: ndjson_blocks,
    Kind.JSON: array_blocks,
}
