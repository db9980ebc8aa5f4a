"""The rejects and the results of a load, written beside the event loop, in the order in which records are settled.

Lines are written as soon as they are there; a slow disk slows the run and blocks nothing. It knows nothing of how a
line looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from attrs import define, field

from hubbatch import RecordOutcome, RecordStatus
from hubbatch.cli._faults import CommandError
from hubbatch.cli._outputs import Identity, take
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import BadLine, Opened, OutputError, Rejects, Results

__all__ = ["Item", "LoadFiles", "opened"]

Item = RecordOutcome | BadLine
_Sink = Rejects | Results

_MOST_WAITING = 1_000


@define
class Written:
    """A file, and what went wrong with it."""

    sink: _Sink | None = None
    failure: OutputError | None = None

    def write(self, items: Sequence[Item]) -> None:
        """Write some items in one go, unless there is no file, or it cannot be written any more."""
        if self.sink is None or self.failure is not None or not items:
            return
        try:
            self.sink.write(*items)  # type: ignore[arg-type]  # results are given no bad lines
        except OutputError as error:
            self.failure = error


@define
class LoadFiles:
    """Both files of a load. `failed` is called with the reason when one of them cannot be written any more."""

    rejects: Written = field(factory=Written)
    results: Written = field(factory=Written)
    failed: Callable[[str], object] = lambda _: None
    begun: bool = False
    """Whether what an earlier run has left in files that are to be replaced is gone at the end."""
    _waiting: asyncio.Queue[Item | None] = field(factory=lambda: asyncio.Queue(_MOST_WAITING))

    @property
    def failures(self) -> list[OutputError]:
        """Why files cannot be written any more."""
        return [each.failure for each in (self.rejects, self.results) if each.failure is not None]

    async def check(self, origin: Opened) -> None:
        """Find out before anything is sent whether rows of this input can be appended to the files."""
        for each in (self.rejects, self.results):
            if each.sink is not None:
                try:
                    await call_in_thread(each.sink.check, origin)
                except OutputError as error:
                    raise CommandError(str(error)) from None

    async def note(self, item: Item) -> None:
        """Hand over a record that is settled, or a line that is none; wait while many others wait."""
        await self._waiting.put(item)

    async def work(self) -> None:
        """Write what is handed over, until `end`."""
        going_on = True
        while going_on:
            items = [await self._waiting.get()]
            while not self._waiting.empty():
                items.append(self._waiting.get_nowait())
            going_on = items[-1] is not None
            before = len(self.failures)
            await call_in_thread(self._write, [item for item in items if item is not None])
            if len(self.failures) > before:
                self.failed(str(self.failures[-1]))

    async def end(self) -> None:
        """Let `work` end once all is written."""
        await self._waiting.put(None)

    def close(self, *, nothing_wrong: bool) -> None:
        """Close both. Those that are to be replaced are empty then, if nothing was written to them.

        `nothing_wrong` is false where something went wrong before the first record: then they are as before.
        """
        for each in (self.rejects, self.results):
            if each.sink is not None:
                try:
                    each.sink.close(nothing_wrong=nothing_wrong)
                except OutputError as error:
                    each.failure = each.failure or error

    def _write(self, items: Sequence[Item]) -> None:
        done: list[Item] = []
        rest: list[Item] = []
        for item in items:
            (done if _has_succeeded(item) else rest).append(item)
        self.results.write(done)
        self.rejects.write(rest)


def _has_succeeded(item: Item) -> bool:
    return isinstance(item, RecordOutcome) and item.status is RecordStatus.SUCCEEDED


@asynccontextmanager
async def opened(
    rejects: str | None,
    results: str | None,
    taken: set[Identity],
    *,
    append: bool = False,
    force: bool = False,
) -> AsyncIterator[LoadFiles]:
    """Give the files with these names, which are written to while the block lasts; all is written after it.

    `taken`: files that the command reads or writes already. Raises `CommandError`, and then no file is another than
    before.
    """
    files = LoadFiles()
    try:
        for each, kind, path in (
            (files.rejects, Rejects, rejects),
            (files.results, Results, results),
        ):
            if path is not None:
                # It may wait for the other end of a pipe.
                make = partial(_made, kind, path, append=append, force=force)
                each.sink = await call_in_thread(make)
                take(each.sink, path, taken)
        task = asyncio.create_task(files.work())
        try:
            yield files
        finally:
            await files.end()
            await task
    finally:
        await call_in_thread(partial(files.close, nothing_wrong=files.begun))


def _made(kind: type[Rejects | Results], path: str, *, append: bool, force: bool) -> _Sink:
    if append and force:
        raise CommandError(
            "--append and --force: a file is gone on with, or replaced; give one of them"
        )
    try:
        return kind(path, append=append, force=force)
    except OutputError as error:
        raise CommandError(str(error)) from None
