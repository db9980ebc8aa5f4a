"""From lines to records: CSV with a header, or NDJSON. Each record knows the line where it stands.

What is wrong with the file is an `InputError` with its line; what is wrong with a record is the run's to say.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any, NoReturn

from attrs import frozen

from hubbatch.cli._faults import InputError
from hubbatch.cli._lines import Lines

__all__ = ["MAX_FIELD", "Format", "Layout", "Row", "csv_rows", "ndjson_rows"]

MAX_FIELD = 2**20
"""Characters of one CSV field: what follows a quote that is never closed ends here."""


_MOST_DEPTH = 50
"""Brackets within brackets; what lies deeper is no record, and brings every parser to its limits."""
_BRACKET_OR_TEXT = re.compile(r'[][{}]|"(?:[^"\\]|\\.)*+"?')
_DEPTH_OF = {"[": 1, "{": 1, "]": -1, "}": -1}
_MOST_DIGITS_SHOWN = 30


class _NumberError(ValueError):
    """A number of a JSON text cannot be had as it is."""


class Format(StrEnum):
    """How a file holds records."""

    CSV = "csv"
    NDJSON = "ndjson"


class Row(dict[str, Any]):
    """One record and its line."""

    __slots__ = ("line",)

    line: int

    @classmethod
    def at(cls, line: int, record: dict[str, Any]) -> Row:
        """Return a record that stands on a line."""
        row = cls(record)
        row.line = line
        return row


@frozen
class Layout:
    """What a verb wants from the file."""

    key: str | None
    """The column that names the object; None for a create."""
    ids_only: bool = False
    """Whether the key is all there is to read."""
    delimiter: str = ","
    clear_empty: bool = False
    """Whether an empty cell clears the property instead of being left out."""


def csv_rows(lines: Lines, layout: Layout) -> Iterator[Row]:
    """Read CSV; the first line that is not blank holds the names."""
    csv.field_size_limit(MAX_FIELD)
    reader = _numbered(lines, csv.reader(lines, delimiter=layout.delimiter, strict=True))
    line, cells = next(reader, (1, []))
    header = [cell.strip() for cell in cells]
    _check_header(line, header, layout)
    for line, cells in reader:
        if len(cells) != len(header):
            raise InputError(
                line,
                f"the row has {len(cells)} cells where the header has {len(header)}: mend the row,"
                ' and quote ("…") a cell that holds the delimiter or a line break',
            )
        if layout.ids_only:
            yield Row.at(line, {"id": cells[header.index(layout.key or "id")]})
        else:
            yield Row.at(
                line,
                {
                    name: cell
                    for name, cell in zip(header, cells, strict=True)
                    if cell or layout.clear_empty
                },
            )


def _numbered(lines: Lines, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not blank the number of its first line."""
    while True:
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                line, f"{_csv_problem(str(error))}, in the row that begins here"
            ) from None
        if cells:
            yield line, cells


def _csv_problem(problem: str) -> str:
    if "field limit" in problem:
        return 'a cell is longer than 1 MiB: look for a quote (") that is never closed'
    if "unexpected end of data" in problem:
        return 'a quote (") is never closed'
    return f"{problem}: look at the quotes"


def _check_header(line: int, header: list[str], layout: Layout) -> None:
    if not header:
        raise InputError(line, "there is no header: the first line must name the properties")
    if "" in header:
        raise InputError(
            line, f"column {header.index('') + 1} has no name: name it in the header, or remove it"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(line, f"the header names {', '.join(twice)} twice: rename or remove one")
    if layout.key is not None and layout.key not in header:
        hint = "name the column of the record ids so, or give --id-property where the verb has it"
        if layout.key != "id":
            hint = "rename the column that is meant, or name it with --id-property"
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            hint = "name the character between the columns with --delimiter"
        raise InputError(
            line,
            f"the header has no column {layout.key!r} (it has {', '.join(header[:10])}): {hint}",
        )


def ndjson_rows(lines: Lines, layout: Layout) -> Iterator[Row]:
    """Read JSON, one record a line; blank lines are passed over."""
    read = _id_of if layout.ids_only else _object_of
    for text in lines:
        if text.strip():
            value = _decoded(text.strip(), lines.number)
            yield Row.at(lines.number, read(value, layout, lines.number))


def _decoded(text: str, line: int) -> Any:
    if text.count("[") + text.count("{") > _MOST_DEPTH and _is_deep(text):
        raise InputError(
            line, "the JSON is nested too deeply: a record is one object of plain values"
        )
    try:
        return _DECODER.decode(text)
    except _NumberError as error:
        raise InputError(line, f"{error}: write it as text, in quotes") from None
    except ValueError as error:
        raise InputError(
            line, f"not JSON ({error}): put each record on a line of its own"
        ) from None


def _is_deep(text: str) -> bool:
    """Say whether brackets stand within brackets too often; those within text do not count."""
    depth = 0
    for found in _BRACKET_OR_TEXT.finditer(text):
        depth += _DEPTH_OF.get(found.group(), 0)
        if depth > _MOST_DEPTH:
            return True
    return False


def _object_of(value: Any, _: Layout, line: int) -> dict[str, Any]:
    if isinstance(value, dict):
        return _rejected(value)
    raise InputError(line, f"a record must be a JSON object, not {_kind(value)}")


def _rejected(value: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a line of a rejects file, which can be fed back as it is; else the object itself."""
    record = value.get("record")
    if isinstance(record, dict) and {"index", "status"} <= value.keys():
        return record
    return value


def _id_of(value: Any, layout: Layout, line: int) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"id": _rejected(value).get(layout.key or "id")}
    if isinstance(value, str | int) and not isinstance(value, bool):
        return {"id": value}
    raise InputError(
        line, f"an id must be text, a whole number, or an object that has it, not {_kind(value)}"
    )


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list (write its elements one a line: jq -c '.[]')"
    return {dict: "an object", str: "text", bool: "true or false", type(None): "null"}.get(
        type(value), "a number"
    )


def _shown(number: str) -> str:
    return number if len(number) <= _MOST_DIGITS_SHOWN else f"{number[:_MOST_DIGITS_SHOWN]}…"


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _NumberError(f"the number {_shown(text)} has too many digits") from None


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise _NumberError(f"the number {_shown(text)} is out of range") from None


def _no_constant(name: str) -> NoReturn:
    raise _NumberError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_decimal, parse_constant=_no_constant)
"""Numbers keep all their digits."""

ROWS: dict[Format, Callable[[Lines, Layout], Iterator[Row]]] = {
    Format.CSV: csv_rows,
    Format.NDJSON: ndjson_rows,
}
