"""NDJSON files that a run writes: results that were read.

Lines are written beside the event loop, as soon as they are there; a slow reader slows the run and blocks nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, BinaryIO

from hubbatch import Counts, Outcome, RecordOutcome
from hubbatch._printable import printable
from hubbatch.cli._outputs import (
    Identity,
    ReplacedFile,
    leave,
    open_output,
    standard_output,
)
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import OutputError

__all__ = ["LineWriter", "result", "writing"]

_MOST_WAITING = 1_000


@asynccontextmanager
async def writing(path: str | None, taken: set[Identity]) -> AsyncIterator[LineWriter | None]:
    """Give a writer to a file while the block lasts, or None where no file is wanted.

    `taken`: files that the command reads or writes already. Raises `CommandError`.
    """
    if path is None:
        yield None
        return
    # It may wait for the other end of a pipe.
    file = standard_output() if path == "-" else await call_in_thread(open_output, path, taken)
    writer = LineWriter(file, path)
    try:
        yield writer
    finally:
        await writer.aclose()  # what it could not write, it says in `failure`


class LineWriter:
    """Writes one JSON object a line."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._on_screen = file.isatty()
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        self.failure: OutputError | None = None
        """Why it cannot write any more."""
        self.begun = False
        """Whether what an earlier run has left in the file is gone at the end."""
        self._task = asyncio.create_task(self._work())

    async def write(self, value: Mapping[str, Any]) -> None:
        """Hand over one line. Raises `OutputError` once the file cannot be written any more."""
        if self.failure is not None:
            raise self.failure
        line = json.dumps(value, ensure_ascii=False, default=_plain)
        await self._waiting.put(printable(line) if self._on_screen else line)

    async def aclose(self) -> None:
        """Write what is left, and close the file."""
        await self._waiting.put(None)
        await self._task
        try:
            if self.begun and isinstance(self._file, ReplacedFile):
                self._file.replace()
            if self._name != "-":
                self._file.close()
        except OSError as error:
            self._fail(error)

    async def _work(self) -> None:
        going_on = True
        while going_on:
            lines = [await self._waiting.get()]
            while not self._waiting.empty():
                lines.append(self._waiting.get_nowait())
            going_on = lines[-1] is not None
            text = "".join(f"{line}\n" for line in lines if line is not None)
            if self.failure is None:
                await self._write(text)

    async def _write(self, text: str) -> None:
        try:
            # A lone surrogate has no UTF-8; its backslash form is JSON's own.
            await call_in_thread(_write_all, self._file, text.encode(errors="backslashreplace"))
        except OSError as error:
            self._fail(error)
            if sys.stdout is not None and self._file is sys.stdout.buffer:
                leave(sys.stdout)

    def _fail(self, error: OSError) -> None:
        self.failure = self.failure or OutputError(f"cannot write {self._name}: {error.strerror}")


def result(record: RecordOutcome) -> dict[str, Any]:
    """Return the object that was read, in HubSpot's own field names."""
    written: dict[str, Any] = Outcome(counts=Counts(1, 1), records=[record]).to_dict()["results"][0]
    return written


def _write_all(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.flush()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")  # pragma: no cover (rows hold JSON)
