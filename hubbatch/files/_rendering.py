"""Rows and bad lines as the text of a file that is loaded again as it is. Pure.

Our own columns stand first, so that a row keeps its text as it was, whatever is wrong with it: a row with too few
cells stays a row with too few cells.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, Self

from attrs import frozen

from hubbatch._output.cells import cell_text, csv_text, defused, json_text, shown
from hubbatch.files._delimiters import SNIFFED
from hubbatch.files._entries import OWN, BadLine, Kind, Opened, Row
from hubbatch.files._unreadable import marked, shown_line

__all__ = ["RAW", "Form", "one_row"]

RAW = "_raw"
"""Where an NDJSON file keeps a line that is no JSON: corrected there, it is read again as that line."""
_NDJSON = {".ndjson", ".jsonl", ".json"}
_BEYOND = re.compile(r"[^\x00-\x7f]+")
_LINE_ENDS = "\r\n"


def one_row(text: str, delimiter: str) -> list[str] | None:
    """Return the cells of a text that is exactly one row; None if it is none, or more than one."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


@frozen
class Form:
    """How a file is written: as CSV with a delimiter and columns, or as NDJSON.

    `own`: the columns that stand before those of the input.
    """

    kind: Kind
    delimiter: str
    columns: tuple[str, ...]
    own: tuple[str, ...]

    @classmethod
    def like(cls, origin: Opened, path: str, own: tuple[str, ...] = OWN) -> Self:
        """Return the form for rows of a file: CSV, TSV, NDJSON keep theirs; for tables the suffix of `path` decides."""
        kind = origin.kind
        if kind not in {Kind.CSV, Kind.NDJSON}:
            is_json = PurePath(path).suffix.lower() in _NDJSON or not kind.is_table
            kind = Kind.NDJSON if is_json else Kind.CSV
        return cls(kind, origin.delimiter or ",", origin.columns, own)

    def encoded(self, lines: Iterable[str]) -> bytes:
        """Return lines as bytes: UTF-8 throughout."""
        # Half a character in the name of a file; in a row it is shown, or escaped, by then.
        return "".join(lines).encode("utf-8", "backslashreplace")

    def head(self) -> str:
        """Return what stands before the first row. A byte order mark tells spreadsheets, and us, that this is UTF-8."""
        if self.kind is Kind.NDJSON:
            return ""
        named = "" if self.delimiter in SNIFFED else f"sep={self.delimiter}\r\n"
        return f"\ufeff{named}" + csv_text([*self.own, *self.columns], self.delimiter)

    def row(self, row: Row, own: Mapping[str, Any]) -> str:
        """Return a record with our own columns."""
        if self.kind is Kind.NDJSON:
            return self._object(own, self._raw_object(row), row.origin)
        return self._line(own, self._raw_line(row))

    def bad_line(self, bad: BadLine, own: Mapping[str, Any]) -> str:
        """Return a line that is no record, such that reading it again says so again."""
        raw = marked(bad.raw, bad.origin.encoding or "utf-8")
        if self.kind is Kind.NDJSON:
            return self._object(own, json.dumps({RAW: raw}), bad.origin)
        raw, delimiter = shown_line(raw), bad.origin.delimiter or ","
        cells = one_row(raw, delimiter)
        if cells is not None and not bad.cut:
            same = delimiter == self.delimiter and _is_whole(raw)
            return self._line(own, raw if same else csv_text(cells, self.delimiter))
        cells = [raw.rstrip(_LINE_ENDS)]
        if len(self.columns) == 1:
            cells.append("")  # or it would be a good row
        return self._line(own, csv_text(cells, self.delimiter))

    def _line(self, own: Mapping[str, Any], rest: str) -> str:
        texts = [shown(defused(cell_text(own.get(name)))) for name in self.own]
        before = csv_text(texts, self.delimiter)
        return f"{before.rstrip(_LINE_ENDS)}{self.delimiter}{_without_end(rest)}\r\n"

    def _raw_line(self, row: Row) -> str:
        origin, raw = row.origin, row.raw
        if not isinstance(raw, str):
            return csv_text([cell_text(raw.get(name)) for name in self.columns], self.delimiter)
        same = origin.delimiter == self.delimiter and origin.columns == self.columns
        if same and _is_whole(raw):
            return raw
        cells = one_row(raw, origin.delimiter) or []
        values = dict(zip(origin.columns, cells, strict=True))
        return csv_text([values.get(name, "") for name in self.columns], self.delimiter)

    def _raw_object(self, row: Row) -> str:
        if isinstance(row.raw, str) and row.origin.kind is Kind.NDJSON:
            return row.raw.strip()
        if isinstance(row.raw, str):
            cells = one_row(row.raw, row.origin.delimiter) or []
            named = zip(row.origin.columns, cells, strict=True)
            return json_text({name: cell for name, cell in named if name})
        return json_text(row.raw)

    def _object(self, own: Mapping[str, Any], text: str, origin: Opened) -> str:
        """Return a line; in ASCII where the input was not UTF-8: then it is read with whatever encoding is named."""
        line = self._line_of_object(own, text)
        return line if _is_unicode(origin.encoding) else _BEYOND.sub(_escaped, line)

    def _line_of_object(self, own: Mapping[str, Any], text: str) -> str:
        before = json.dumps({name: own.get(name) for name in self.own}, ensure_ascii=False)
        if not text.startswith("{"):  # a bare id
            return f"{before[:-1]}, {json.dumps(RAW)}: {json.dumps(text)}}}\n"
        inner = text[1:].lstrip()
        comma = "" if inner.startswith("}") else ", "
        return f"{before[:-1]}{comma}{inner}\n"


def _is_unicode(encoding: str) -> bool:
    return encoding.replace("_", "-").lower() in {"", "utf-8", "utf-8-sig", "utf8"}


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found.group())[1:-1]


def _is_whole(raw: str) -> bool:
    """Say whether a row's text ends where its quotes say so: then a cut-off file differs from a whole one."""
    return raw.count('"') % 2 == 0


def _without_end(text: str) -> str:
    if text.endswith("\r\n"):
        return text[:-2]
    return text[:-1] if text.endswith(("\n", "\r")) else text
