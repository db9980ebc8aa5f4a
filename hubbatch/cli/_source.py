"""The input of a run: records in files, as a verb wants them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Any

from hubbatch.cli._faults import CommandError
from hubbatch.cli._job import Layout
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import InputError, Opened, Row, read

__all__ = ["Source"]

_STDIN = 0


class Source:
    """The records in some files. Raises `InputError` if one cannot be opened, `UsageError` for a wrong option."""

    def __init__(
        self, paths: Sequence[str], layout: Layout, say: Callable[[str], object] = lambda _: None
    ) -> None:
        self._layout = layout
        self._say = say
        self._source = read(
            *paths,
            kind=layout.kind,
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            key=layout.key,
            columns=layout.columns,
            keep_empty=layout.clear_empty or layout.ids_only,
            bare=(layout.key or "id") if layout.ids_only else None,
        )
        self.identities = {_identity(path) for path in self._source.check()}

    def fraction(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1; None where nobody knows."""
        return self._source.fraction()

    async def records(self) -> AsyncGenerator[Row, None]:
        """Read the records. Raises `CommandError` at the first line that is wrong, after the records before it."""
        wanted = self._id_of if self._layout.ids_only else _rejected
        blocks = self._source.blocks()
        try:
            while (block := await call_in_thread(next, blocks, None)) is not None:
                for entry in block:
                    if isinstance(entry, Row):
                        yield wanted(entry)
                    elif isinstance(entry, Opened) and entry.assumptions:
                        self._say(str(entry))
        except InputError as error:
            raise CommandError(f"{error} (nothing is taken in from here on)") from None
        finally:
            with suppress(ValueError):  # a pipe is still waited for: that ends with the process
                blocks.close()

    def _id_of(self, row: Row) -> Row:
        return _in_place_of(row, {"id": _rejected(row).get(self._layout.key or "id")})


def _rejected(row: Row) -> Row:
    """Return the record of a line of a rejects file, which can be fed back as it is; else the row itself."""
    record = row.get("record")
    if isinstance(record, dict) and {"index", "status"} <= row.keys():
        return _in_place_of(row, record)
    return row


def _in_place_of(row: Row, record: dict[str, Any]) -> Row:
    new = Row(record)
    new.origin, new.line, new.position, new.raw = row.origin, row.line, row.position, row.raw
    return new


def _identity(path: str) -> tuple[int, int]:
    status = os.fstat(_STDIN) if path == "-" else os.stat(path)  # noqa: PTH116 (beside fstat)
    return status.st_dev, status.st_ino
