"""The input of a run: records in files, as a verb wants them."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from typing import Any

from attrs import define

from hubbatch import RecordStatus
from hubbatch._counted import counted
from hubbatch.cli._faults import CommandError
from hubbatch.cli._job import BadLines, Layout
from hubbatch.cli._reasons import Aside
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import BadLine, Ended, Entry, InputError, JudgeHeader, Opened, Row, read

__all__ = ["InputBlocks", "LoadSource"]

_STDIN = 0

PutAside = Callable[[Opened | BadLine | Ended | Row], Awaitable[None]]


class LoadSource:
    """The records in some files. Raises `InputError` if one cannot be opened, `UsageError` for a wrong option."""

    def __init__(
        self, paths: Sequence[str], layout: Layout, header: JudgeHeader | None = None
    ) -> None:
        self._layout = layout
        self._source = read(
            *paths,
            kind=layout.kind,
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            key=layout.key,
            columns=layout.columns,
            header=header,
            keep_empty=layout.clear_empty or layout.ids_only,
            bare=(layout.key or "id") if layout.ids_only else None,
            bad_lines="reject",
            notice=lambda _: None,  # they stand in the blocks
        )
        self.paths = self._source.check()
        """The files, patterns made out."""
        self.identities = {_identity(path) for path in self.paths}

    @property
    def blank(self) -> int:
        """How many rows without any value were passed over so far."""
        return self._source.blank

    def fraction(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1; None where that is not known."""
        return self._source.fraction()

    async def blocks(self, aside: Aside, put_aside: PutAside) -> AsyncGenerator[list[Row], None]:
        """Read the records, as many at once as have arrived; a block may be empty.

        What is no record, or is not to be sent, is put aside, in the order of the input: once the next block is asked
        for, so that the records before it have been taken.

        Raises `InputError` where the files cannot be read further, after the records before that.
        """
        selection, takes_all = _Selection(self._layout, aside), self._layout.takes_all
        entry: Entry | None = None
        blocks = InputBlocks(self._source.blocks())
        try:
            while (block := await call_in_thread(blocks.next)) is not None:
                rows: list[Row] = []
                for entry in block:
                    if takes_all and isinstance(entry, Row):
                        rows.append(entry)  # at once: there are millions of these
                        continue
                    if isinstance(entry, Row) and not selection.holds(entry):
                        if not selection.passes_over(entry):
                            rows.append(self._id_of(entry) if self._layout.ids_only else entry)
                    else:
                        yield rows
                        rows = []
                        if not selection.passes_over(entry):
                            await put_aside(entry)
                    if selection.is_full:
                        yield rows
                        return
                yield rows
                aside.blank, entry = self._source.blank, None
            selection.check_reached()
        finally:
            # What was read ahead of the last record that was taken is not taken in.
            if isinstance(entry, Row | BadLine):
                aside.blank = self._source.blank_before(entry.position)
            else:
                aside.blank = self._source.blank
            blocks.close()

    def _id_of(self, row: Row) -> Row:
        return _in_place_of(row, {"id": row.get(self._layout.key or "id")})


class InputBlocks:
    """Blocks that are read in a thread: whoever is done last closes the file, that thread or who stops reading.

    A pipe that is silent is waited for until the process ends.
    """

    def __init__(self, blocks: Generator[list[Entry], None, None]) -> None:
        self._blocks = blocks
        self._reading = threading.Lock()
        self._closed = False

    def next(self) -> list[Entry] | None:
        """Return the next block, None at the end; it may block."""
        try:
            with self._reading:
                return next(self._blocks, None)
        finally:
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close the file, now or as soon as it is not being read."""
        self._closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._blocks.close()
            finally:
                self._reading.release()


@define
class _Selection:
    """Says which of the entries are wanted: records are counted, and bad lines stand with the record after them."""

    _layout: Layout
    _aside: Aside
    _records: int = 0

    def passes_over(self, entry: Entry) -> bool:
        """Say whether an entry comes before what is wanted. Raises `InputError` for a bad line that is the end."""
        skipped = self._records < self._layout.skip
        if isinstance(entry, Row):
            self._records += 1
            self._aside.skipped += skipped
            return skipped
        if not isinstance(entry, BadLine):
            return False
        if not skipped and self._layout.bad_lines is BadLines.STOP:
            self._aside.end = 1
            raise InputError(entry.file, entry.line, entry.reason)
        return skipped

    def holds(self, row: Row) -> bool:
        """Say whether an earlier load may have created what a row holds."""
        return self._layout.holds_unknown and row.status == RecordStatus.UNKNOWN

    @property
    def is_full(self) -> bool:
        """Whether no more records are wanted."""
        limit = self._layout.limit
        return limit is not None and self._records >= self._layout.skip + limit

    def check_reached(self) -> None:
        """Raise `CommandError` if the input has ended before what is wanted."""
        if self._layout.skip and self._records <= self._layout.skip:
            raise CommandError(
                f"--skip {self._layout.skip} leaves nothing: the input has {counted(self._records, 'record')}"
            )


def _in_place_of(row: Row, record: dict[str, Any]) -> Row:
    new = Row(record)
    new.origin, new.line, new.position, new.raw = row.origin, row.line, row.position, row.raw
    return new


def _identity(path: str) -> tuple[int, int]:
    status = os.fstat(_STDIN) if path == "-" else os.stat(path)  # noqa: PTH116 (beside fstat)
    return status.st_dev, status.st_ino
