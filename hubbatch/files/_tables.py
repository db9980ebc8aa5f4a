"""Parquet, Arrow and workbooks: tables of typed values, with the libraries that read them.

They are read out of order, so they have to be files; only an Arrow stream may come through a pipe.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from hubbatch._output.cells import cell_text, csv_text
from hubbatch.files._bytes import RawFile, Stream
from hubbatch.files._entries import Entry, Kind
from hubbatch.files._errors import BrokenInputError
from hubbatch.files._extras import needed
from hubbatch.files._header import Header, header_of
from hubbatch.files._intake import FileIntake
from hubbatch.files._packing import readable
from hubbatch.files._rejected_rows import with_bytes

__all__ = ["arrow_blocks", "excel_blocks", "parquet_blocks"]

_ROWS = 1_000
_MAX_UNPACKED = 2 * 2**30
"""Bytes that a workbook may unpack to: it is held in memory as a whole."""


def parquet_blocks(raw: RawFile, intake: FileIntake) -> Iterator[list[Entry]]:
    """Read Parquet, some rows at a time."""
    parquet = needed("parquet")
    with _reading("Parquet", needed("arrow").lib.ArrowException):
        file = parquet.ParquetFile(raw.path)
        header = header_of(file.schema_arrow.names, intake.options)
        raw.reached = 0.0
        yield [intake.open(Kind.PARQUET, **header.described)]
        seen, total = 0, max(1, file.metadata.num_rows)
        for batch in file.iter_batches(batch_size=_ROWS):
            yield _rows(batch, header, intake)
            seen += batch.num_rows
            raw.reached = raw.size * seen / total


def arrow_blocks(raw: RawFile, stream: Stream, intake: FileIntake) -> Iterator[list[Entry]]:
    """Read an Arrow file (Feather, version 2) or an Arrow stream."""
    arrow = needed("arrow")
    with _reading("Arrow", arrow.lib.ArrowException):
        if stream.look().startswith(b"ARROW1"):
            reader = arrow.open_file(arrow.lib.memory_map(raw.path))
            found, raw.reached = _batches_of(reader, raw), 0.0
        else:
            found = reader = arrow.open_stream(readable(stream))
        header = header_of(reader.schema.names, intake.options)
        yield [intake.open(Kind.ARROW, **header.described)]
        for batch in found:
            for start in range(0, batch.num_rows, _ROWS):
                yield _rows(batch.slice(start, _ROWS), header, intake)


def _batches_of(reader: Any, raw: RawFile) -> Iterator[Any]:
    for number in range(reader.num_record_batches):
        raw.reached = raw.size * number / reader.num_record_batches
        yield reader.get_batch(number)


def excel_blocks(raw: RawFile, intake: FileIntake) -> Iterator[list[Entry]]:
    """Read one sheet of a workbook; its first row that is not blank holds the names."""
    calamine = needed("excel")
    _check_size(raw)
    with _reading("a workbook", calamine.CalamineError):
        book = calamine.CalamineWorkbook.from_path(raw.path)
        sheet = _chosen(book.sheet_names, intake.options.sheet)
        rows = book.get_sheet_by_name(sheet).iter_rows()
        assumed = f"sheet {sheet!r} of {len(book.sheet_names)}"
        is_assumed = intake.options.sheet is None and len(book.sheet_names) > 1
        yield from _sheet(rows, intake, (assumed,) if is_assumed else ())


@contextmanager
def _reading(what: str, error_kind: type[Exception]) -> Iterator[None]:
    """Turn what a library says of a damaged file into one sentence."""
    try:
        yield
    except BrokenInputError:
        raise
    except BaseException as error:
        expected = isinstance(error, (error_kind, OSError, ValueError, MemoryError))
        if not expected and type(error).__name__ != "PanicException":  # a library in Rust gave up
            raise
        raise BrokenInputError(
            f"this cannot be read as {what} ({_first_line(error)}): fetch the file again, or save it anew"
        ) from None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]


def _rows(batch: Any, header: Header, intake: FileIntake) -> list[Entry]:
    entries: list[Entry] = []
    for cells in zip(*map(_values, batch.columns), strict=True):
        _take(cells, None, header, entries, intake)
    return entries


def _values(column: Any) -> list[Any]:
    """Return a column's values; moments beyond the microsecond are cut, for Python has no finer ones."""
    if str(column.type).startswith("timestamp[ns"):
        column = (
            column.cast(str(column.type).replace("[ns", "[us", 1), safe=False)
            if column.type.tz is None
            else (column.cast(needed("arrow").lib.timestamp("us", tz=column.type.tz), safe=False))
        )
    values: list[Any] = column.to_pylist()
    return values


def _check_size(raw: RawFile) -> None:
    """Refuse a workbook that would fill the memory. Only the newer kinds are packed."""
    try:
        with zipfile.ZipFile(raw.path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        return  # not packed, or damaged, which is for the reader to say
    if size > _MAX_UNPACKED:
        raise BrokenInputError(
            f"the workbook unpacks to {size / 2**30:.1f} GiB, which is more than 2: save the sheet as CSV"
        )


def _chosen(names: list[str], wanted: str | None) -> str:
    if not names:
        raise BrokenInputError("the workbook has no sheet")
    if wanted is None:
        return names[0]
    if wanted not in names:
        raise BrokenInputError(
            f"there is no sheet {wanted!r}: it has {', '.join(map(repr, names[:10]))}"
        )
    return wanted


def _sheet(
    rows: Iterator[list[Any]], intake: FileIntake, assumptions: tuple[str, ...]
) -> Iterator[list[Entry]]:
    header: Header | None = None
    width = 0
    numbered = enumerate(rows, 1)
    while some := list(islice(numbered, _ROWS)):
        entries: list[Entry] = []
        for line, found in some:
            cells = [_excel_value(cell) for cell in found]
            if header is None:
                if any(cell is not None for cell in cells):
                    intake.line = line
                    width = 1 + max(number for number, cell in enumerate(cells) if cell is not None)
                    header = header_of(cells[:width], intake.options)
                    entries.append(
                        intake.open(Kind.EXCEL, assumptions=assumptions, **header.described)
                    )
            elif any(cell is not None for cell in cells[width:]):
                text = csv_text([cell_text(cell) for cell in cells], ",")
                reason = "the row has a cell to the right of the header's last one: name its column, or empty it"
                entries.append(intake.bad(line, text, reason))
            else:
                _take(cells[:width], line, header, entries, intake)
        if entries:
            yield entries
    if header is None:
        raise BrokenInputError("the sheet is empty: its first row must name the properties")


def _excel_value(cell: Any) -> Any:
    """Return a cell's value; a sheet knows no whole numbers, and an empty cell is empty text."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, dt.time | dt.timedelta):
        return str(cell)
    return None if cell == "" else cell


def _take(
    cells: Iterable[Any], line: int | None, header: Header, entries: list[Entry], intake: FileIntake
) -> None:
    values, flaw = list(cells), None
    if header.own:
        values, flaw = with_bytes(header, values, intake.options.encoding)
    kept = header.without_own(values) if header.own else values
    if all(cell is None or cell == "" for cell in kept):
        intake.tally.pass_over()
        return
    if flaw is not None:
        entries.append(intake.bad(line, csv_text([cell_text(cell) for cell in kept], ","), flaw))
        return
    if (flaw := header.flaw(values)) is not None:
        entries.append(intake.flawed(line, csv_text([cell_text(cell) for cell in kept], ","), flaw))
        return
    record = header.record(values, keep_empty=intake.options.keep_empty)
    whole = {name: cell for name, cell in zip(header.columns, kept, strict=True) if name}
    if header.own:
        entries.append(intake.rejected_row(record, line, whole, header.note(values, "_status")))
    else:
        entries.append(intake.row(record, line, whole))
