"""Objects that were read out as Parquet, some thousands of rows at a time; every column is text.

The table of contents of such a file comes last: it can be read once it is closed, and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubbatch import ObjectResult
from hubbatch._output.file import OutputFile
from hubbatch.files._extras import needed_to_write
from hubbatch.files._shown_values import ShownValues

__all__ = ["ObjectTable"]

_MOST_ROWS = 50_000
_MOST_BYTES = 32 * 2**20
"""Of values that are held until they are written, about."""
_CELL = 60
"""Bytes that any text takes in memory beside its characters, about."""


class ObjectTable:
    """A column `id`, and one for each property. Raises `UsageError` if the library for it is not installed."""

    def __init__(self, file: OutputFile, properties: Sequence[str], shown: ShownValues) -> None:
        self._shown = shown
        self._arrow: Any = needed_to_write("arrow")
        parquet = needed_to_write("parquet")
        lib = self._arrow.lib
        self._names = tuple(properties)
        self._schema = lib.schema(
            [lib.field("id", lib.string(), nullable=False)]
            + [lib.field(shown.value(name, name), lib.string()) for name in properties]
        )
        self._writer = parquet.ParquetWriter(_Bytes(file), self._schema)
        self._clear()

    def write(self, objects: Sequence[ObjectResult]) -> None:
        """Take objects; write what is held once it is much."""
        for each in objects:
            self._ids.append(self._shown.value("id", each.id))
            for name, column in zip(self._names, self._columns, strict=True):
                value = each.properties.get(name)
                if value is not None and not value.isascii():
                    value = self._shown.value(name, value)
                column.append(value)
                self._bytes += _CELL + (0 if value is None else len(value))
            if self._bytes >= _MOST_BYTES or len(self._ids) >= _MOST_ROWS:
                self._flush()

    def close(self) -> None:
        """Write what is left, and the table of contents."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._ids:
            table = self._arrow.lib.Table.from_arrays(
                [
                    self._arrow.lib.array(column, self._arrow.lib.string())
                    for column in (self._ids, *self._columns)
                ],
                schema=self._schema,
            )
            self._writer.write_table(table)
        self._clear()

    def _clear(self) -> None:
        self._ids: list[str] = []
        self._columns: list[list[str | None]] = [[] for _ in self._names]
        self._bytes = 0


class _Bytes:
    """An output as the library wants it."""

    closed = False

    def __init__(self, file: OutputFile) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        """Write some bytes."""
        self._file.write(bytes(data))
        return len(data)

    def tell(self) -> int:
        """Return how many bytes there are."""
        return self._file.size

    def flush(self) -> None:
        """Do nothing: what is written is with the system."""
