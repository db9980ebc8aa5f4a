"""Objects that were read out as lines: of CSV, of flat JSON, or of JSON as HubSpot has it.

Values stand as they are, so that a file that is loaded again gives the same values; but for characters that cannot
stand in such a file, which are shown.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Protocol

import orjson
from attrs import frozen

from hubbatch import Counts, ObjectResult, RecordOutcome, RecordStatus
from hubbatch._output.file import OutputFile
from hubbatch.files._shown_values import ShownValues

__all__ = ["CsvLines", "FlatLines", "NestedLines", "ObjectLines"]

_MARK = "\ufeff"
"""Tells spreadsheets, and us, that a file is UTF-8."""


class _Lines(Protocol):
    """How objects are written as lines."""

    @property
    def quoted(self) -> bool:
        """Whether a line end may stand within quotes."""

    def head(self) -> bytes:
        """Return what stands before the first object."""

    def lines(self, objects: Sequence[ObjectResult]) -> bytes:
        """Return objects as whole lines."""


class ObjectLines:
    """Objects written as lines. Raises `OutputError` if the file that is appended to holds something else."""

    def __init__(self, file: OutputFile, lines: _Lines) -> None:
        self._file = file
        self._lines = lines
        file.begin(lines.head(), quoted=lines.quoted)

    def write(self, objects: Sequence[ObjectResult]) -> None:
        """Write objects in one go."""
        self._file.write(self._lines.lines(objects))

    def close(self) -> None:
        """Do nothing: what is written is whole."""


@frozen
class CsvLines:
    """A column `id`, and one for each property; a property without a value is an empty cell."""

    properties: Sequence[str]
    shown: ShownValues
    delimiter: str = ","
    marked: bool = True
    """Whether a byte order mark stands first."""
    quoted: bool = True

    def head(self) -> bytes:
        """Return the header."""
        return (_MARK.encode() if self.marked else b"") + self._rows([["id", *self.properties]])

    def lines(self, objects: Sequence[ObjectResult]) -> bytes:
        """Return a row for each object."""
        names = self.properties
        return self._rows([[each.id, *map(each.properties.get, names)] for each in objects])

    def _rows(self, rows: Sequence[Sequence[str | None]]) -> bytes:
        text = self._text(rows)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return self._shown_rows(rows)
        return self._shown_rows(rows) if b"\0" in data else data

    def _shown_rows(self, rows: Sequence[Sequence[str | None]]) -> bytes:
        names, value = ("id", *self.properties), self.shown.value
        return self._text([list(map(value, names, row)) for row in rows]).encode()

    def _text(self, rows: Sequence[Sequence[str | None]]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter).writerows(rows)
        return text.getvalue()


@frozen
class FlatLines:
    """A JSON object a line: `id`, and each property; one without a value is null."""

    properties: Sequence[str] | None
    """None: whatever an object has."""
    shown: ShownValues
    quoted: bool = False

    def head(self) -> bytes:
        """Return nothing: each line says what it holds."""
        return b""

    def lines(self, objects: Sequence[ObjectResult]) -> bytes:
        """Return a line for each object."""
        names = self.properties
        return b"".join(
            _json(
                {"id": each.id, **each.properties}
                | {"id": each.id}  # of two ids it is the object's
                if names is None
                else {"id": each.id, **{name: each.properties.get(name) for name in names}},
                self.shown,
            )
            for each in objects
        )


@frozen
class NestedLines:
    """A JSON object a line, as HubSpot has it in `results`: with times, histories, and all properties of the answer."""

    shown: ShownValues
    quoted: bool = False

    def head(self) -> bytes:
        """Return nothing: each line says what it holds."""
        return b""

    def lines(self, objects: Sequence[ObjectResult]) -> bytes:
        """Return a line for each object."""
        from hubbatch import Outcome  # noqa: PLC0415 (it loads cattrs, which a help text needs not)

        count = len(objects)
        records = [
            RecordOutcome(index, None, RecordStatus.SUCCEEDED, result=each)
            for index, each in enumerate(objects)
        ]
        written = Outcome(counts=Counts(count, count), records=records).to_dict()["results"]
        return b"".join(_json(each, self.shown) for each in written)


def _json(value: object, values: ShownValues) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half of a character
        return orjson.dumps(values.tree(value), option=orjson.OPT_APPEND_NEWLINE)
