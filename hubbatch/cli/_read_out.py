"""What a read gives, written in the order of its input, and what it did not find.

Objects are written beside the event loop, as soon as their turn has come; a slow file slows the run and blocks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs
from attrs import define, field

from hubbatch import ObjectResult, RecordOutcome, RecordStatus
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._following import Ending
from hubbatch.cli._in_order import InOrder
from hubbatch.cli._job import Job
from hubbatch.cli._output_options import Target
from hubbatch.cli._outputs import Identity, take
from hubbatch.cli._screen import harmless
from hubbatch.cli._threads import call_in_thread
from hubbatch.cli._write_queue import WriteQueue
from hubbatch.files import ObjectsFile, OutputError

__all__ = ["ReadOut", "opened_target", "reading_out", "warnings"]

_MOST_NAMED = 20
"""Ids that are listed; `--rejects` lists all."""
_NOT_FOUND = "OBJECT_NOT_FOUND"


def opened_target(target: Target, taken: set[Identity], **known: Any) -> ObjectsFile:
    """Open the file that objects go to; it may wait for the other end of a pipe.

    `taken`: files that the command reads or writes already. `known`: what is known of what it holds. Raises
    `CommandError`.
    """
    file = ObjectsFile(
        target.path,
        target.properties or None,
        kind=target.kind,
        nested=target.nested,
        delimiter=target.delimiter,
        append=target.append,
        force=target.force,
        **known,
    )
    try:
        take(file, target.path, taken)
    except CommandError:
        file.close(nothing_wrong=False)
        raise
    return file


@asynccontextmanager
async def reading_out(job: Job, taken: set[Identity]) -> AsyncIterator[ReadOut | None]:
    """Give the output of a read, which is written to while the block lasts; None for other jobs."""
    if job.target is None:
        yield None
        return
    file = await call_in_thread(opened_target, job.target, taken)
    output = ReadOut(file, job.options.get("id_property") is None)
    task = asyncio.create_task(output.work())
    try:
        yield output
    finally:
        await output.end()
        try:
            await task
        finally:
            await output.close()


def warnings(file: ObjectsFile) -> list[str]:
    """Return what is not in a file although it might be wanted."""
    said = [
        f"no object has a property {harmless(name)!r}: is it spelled right?" for name in file.unseen
    ]
    if names := file.shown:
        said.append(
            f"values of {harmless(', '.join(names))} have characters that cannot stand in the file (NUL, half of a"
            " character): it shows <0x00>, <0x--> in their place, and `update` would send these"
        )
    if late := file.left_out:
        said.append(
            f"left out, for the first objects did not have them: {harmless(', '.join(late))}; name the properties"
            " with -p"
        )
    return said


@define
class ReadOut:
    """The output of a read. `failed` is called with the reason when it cannot be written any more."""

    file: ObjectsFile
    names_ids: bool = True
    """Whether what names an object is its id, which may be shown; a value of a property may not."""
    failed: Callable[[str], object] = lambda _: None
    failure: OutputError | None = None
    begun: bool = False
    """Whether what an earlier run has left in a file that is to be replaced is gone at the end."""
    order: InOrder = field(factory=InOrder)
    not_found: int = 0
    lost: int = 0
    """Objects that could not be written."""
    _named: list[str] = field(factory=list)
    _queue: WriteQueue[ObjectResult] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make what hands objects over."""
        self._queue = WriteQueue(self._write, self._break)

    async def note(self, *records: RecordOutcome) -> None:
        """Take settled records; write those whose turn has come, and wait while many others wait for that."""
        ready = list[RecordOutcome]()
        for record in records:
            if record.error is not None and record.error.category == _NOT_FOUND:
                self._note_missing(record)
            ready += self.order.put(record)
        await self._hand_over(ready)

    async def work(self) -> None:
        """Write what is handed over, until `end`."""
        await self._queue.work()

    async def end(self) -> None:
        """Let `work` end once all is written."""
        await self._hand_over(self.order.rest())
        await self._queue.end()

    async def close(self) -> None:
        """Close the file, whole."""
        whole = self.begun and self.failure is None
        try:
            await call_in_thread(partial(self.file.close, nothing_wrong=whole))
        except OutputError as error:
            self.failure = self.failure or error

    def account_for(self, ending: Ending) -> Ending:
        """Add to the end of a run what it did not find, and what is not in the file."""
        notes = [self._missing()] if self.not_found else []
        notes += [f"warning: {warning}" for warning in warnings(self.file)]
        code = ending.code or (ExitCode.SOME_FAILED if self.file.left_out else ExitCode.OK)
        return attrs.evolve(ending, code=code, notes=tuple(notes))

    def _missing(self) -> str:
        listed = ", ".join(self._named)
        more = self.not_found - len(self._named)
        what = "ids" if self.names_ids else "in the file"
        said = f"{self.not_found:,} not found, {what}: {listed}"
        return f"{said} and {more:,} more; --rejects FILE lists them" if more else said

    def _note_missing(self, record: RecordOutcome) -> None:
        self.not_found += 1
        if len(self._named) < _MOST_NAMED:
            row = record.input
            line = getattr(row, "line", None)
            place = f"record {record.index}" if line is None else f"line {line}"
            self._named.append(harmless(str(row["id"]))[:_MOST_NAMED] if self.names_ids else place)

    async def _hand_over(self, records: list[RecordOutcome]) -> None:
        succeeded = RecordStatus.SUCCEEDED  # looked up once: it takes a call of Python in 3.11
        await self._queue.put(
            *(
                record.result
                for record in records
                if record.status is succeeded and isinstance(record.result, ObjectResult)
            )
        )

    async def _write(self, objects: list[ObjectResult]) -> None:
        if self.failure is None:
            try:
                await call_in_thread(self.file.write, *objects)
            except OutputError as error:
                self._fail(error)
            else:
                return
        self.lost += len(objects)

    def _break(self, error: Exception) -> None:
        self._fail(OutputError(f"the objects cannot be written: {type(error).__name__}"))

    def _fail(self, failure: OutputError) -> None:
        self.failure = failure
        self.failed(str(failure))
