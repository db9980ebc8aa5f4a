"""The input of a run: a file or a pipe, read beside the event loop and only as fast as records are taken."""

from __future__ import annotations

import io
import os
import select
import stat
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from hubbatch.cli._faults import CommandError, InputError
from hubbatch.cli._lines import Lines
from hubbatch.cli._rows import ROWS, Format, Layout, Row
from hubbatch.cli._threads import in_thread

__all__ = ["Source"]

_HOP = 500
"""Records read at once: enough to make the hop to another thread cheap."""
_STDIN = 0
_SUFFIXES = {
    ".csv": Format.CSV,
    ".json": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".ndjson": Format.NDJSON,
}


class Source:
    """An open input and the records in it. Raises `CommandError` if it cannot be opened."""

    def __init__(
        self, path: str, layout: Layout, *, encoding: str = "utf-8", form: Format | None = None
    ) -> None:
        self.name = "standard input" if path == "-" else path
        try:
            self._file = io.FileIO(_STDIN, closefd=False) if path == "-" else io.FileIO(path)
        except OSError as error:
            raise CommandError(f"cannot read {self.name}: {error.strerror}") from None
        self._layout = layout
        self._format = form or (None if path == "-" else _SUFFIXES.get(Path(path).suffix.lower()))
        self._bytes = 0
        try:
            self._lines = Lines(self._read, encoding)
        except CommandError:
            self._file.close()
            raise
        self._rows: Iterator[Row] | None = None
        self._fault: CommandError | None = None
        status = os.fstat(self._file.fileno())
        self.identity = (status.st_dev, status.st_ino)
        self._size = status.st_size if stat.S_ISREG(status.st_mode) else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def fraction(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1; None for a pipe."""
        return min(1.0, self._bytes / self._size) if self._size else None

    async def records(self) -> AsyncGenerator[Row, None]:
        """Read the records. Raises `InputError` at the first line that is wrong, after the records before it."""
        while rows := await in_thread(self._take):
            for row in rows:
                yield row

    def _take(self) -> list[Row]:
        """Return the next records, as many as can be had without waiting for more; none at the end."""
        if self._fault is not None:
            raise self._fault
        taken: list[Row] = []
        try:
            for row in self._open_rows():
                taken.append(row)
                if self._lines.drained or len(taken) >= _HOP:
                    break
        except InputError as error:
            self._fault = CommandError(f"{self.name}, {error} (nothing is taken in from here on)")
            if not taken:
                raise self._fault from None
        return taken

    def _open_rows(self) -> Iterator[Row]:
        if self._rows is None:
            if self._format is None:
                is_json = self._lines.first_character() == "{"
                self._format = Format.NDJSON if is_json else Format.CSV
            self._rows = ROWS[self._format](self._lines, self._layout)
        return self._rows

    def _read(self, size: int) -> bytes:
        while (chunk := self._file.read(size)) is None:  # a pipe that somebody made non-blocking
            select.select([self._file], [], [])
        self._bytes += len(chunk)
        return chunk
