"""How the files of a load are opened: anew, or where an earlier process has left them.

Nothing is lost by a command that goes wrong, and no file is written to that its user has worked on since. It knows
nothing of records.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, frozen

from hubbatch.cli._faults import CommandError
from hubbatch.cli._outputs import Identity, free_name, take
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import ChangedFileError, OutputError, Rejects, Results

__all__ = ["FileNames", "Written", "open_sinks"]

_Sink = Rejects | Results
Marks = Mapping[str, int | str]
_KINDS: dict[str, type[_Sink]] = {"rejects": Rejects, "results": Results}


@frozen
class FileNames:
    """What the files of a load are called, and what may happen to what is there."""

    rejects: str | None = None
    results: str | None = None
    append: bool = False
    force: bool = False


@define
class Written:
    """A file, or none, and what went wrong with it."""

    name: str
    """What it is: rejects or results."""
    path: str | None = None
    sink: _Sink | None = None
    failure: OutputError | None = None
    before: int = 0
    """Rows that earlier processes of the load have written to it."""
    lost: int = 0
    """Items that could not be written."""
    aside: str = ""
    """Where this process has moved what stood behind the last noted row; empty if there was nothing."""
    asides: tuple[str, ...] = ()
    """Where any process of the load has moved such rows."""

    @property
    def rows(self) -> int:
        """How many rows of the load stand there."""
        return self.before + (0 if self.sink is None else self.sink.written)

    def write(self, items: Sequence[Any]) -> bool:
        """Write some items in one go; return whether they stand there, or nobody wants them."""
        if not items or self._try(lambda sink: sink.write(*items)):
            return True
        self.lost += len(items)
        return False

    def sync(self) -> bool:
        """Wait until what was written is on the disk; return whether it is."""
        return self._try(lambda sink: sink.sync())

    def close(self, *, nothing_wrong: bool) -> None:
        """Close it; see `hubbatch.files.Rejects.close`."""
        if self.sink is not None:
            try:
                self.sink.close(nothing_wrong=nothing_wrong)
            except OutputError as error:
                self.failure = self.failure or error

    def marks(self, *, closed: bool = False) -> Marks:
        """Return what tells a later process, wherever it works, where to go on.

        `closed`: whether this process writes nothing more, so that whatever comes after that is somebody else's.
        """
        if self.sink is None or self.path is None:
            return {}
        return {
            self.name: os.path.abspath(self.path),  # noqa: PTH100 (links stay as they are)
            f"{self.name} rows": self.rows,
            f"{self.name} size": self.sink.size,
            f"{self.name} tail": self.sink.tail,
            f"{self.name} closed": _digest(self.path) if closed else "",
            **({f"{self.name} asides": json.dumps(self.asides)} if self.asides else {}),
        }

    def _try(self, act: Callable[[Any], object]) -> bool:
        if self.failure is not None:
            return False
        try:
            if self.sink is not None:
                act(self.sink)
        except OutputError as error:
            self.failure = error
            return False
        return True


async def open_sinks(
    names: FileNames,
    marks: Marks,
    taken: set[Identity],
    say: Callable[[str], object],
    *,
    lasting: bool,
) -> list[Written]:
    """Open the rejects and the results.

    `marks`: what an earlier process has noted. `taken`: files that the command reads or writes already. `lasting`: only
    files can be appended to. Raises `CommandError`, and then no file is another than before.
    """
    found = [Written("rejects", names.rejects), Written("results", names.results)]
    try:
        for each in found:
            if each.path is None:
                continue
            # It may wait for the other end of a pipe.
            await call_in_thread(partial(_open, each, names, marks, say))
            _take(each, taken, lasting=lasting)
    except BaseException:
        for each in found:
            await call_in_thread(partial(each.close, nothing_wrong=False))
        raise
    return found


def _open(each: Written, names: FileNames, marks: Marks, say: Callable[[str], object]) -> None:
    if names.append and names.force:
        raise CommandError(
            "--append and --force: a file is appended to, or replaced; give one of them"
        )
    kind, assumed = _KINDS[each.name], each.path
    assert assumed is not None  # noqa: S101 (for the type checker)
    try:
        if each.name not in marks:
            each.sink = kind(assumed, append=names.append, force=names.force)
            return
        each.path = str(marks[each.name])
        each.asides = tuple(json.loads(str(marks.get(f"{each.name} asides", "[]"))))
        size, tail = int(marks[f"{each.name} size"]), str(marks[f"{each.name} tail"])
        try:
            closed = marks.get(f"{each.name} closed")
            # A new file that stayed empty was removed.
            if size and closed and closed != _digest(each.path):
                raise ChangedFileError(f"{each.path} was changed since it was closed")
            aside = free_name(each.path, ".cut")
            each.sink = kind(each.path, known_size=size, known_tail=tail, aside=aside)
            each.before = int(marks.get(f"{each.name} rows", 0))
            if Path(aside).exists():
                each.aside = os.path.abspath(aside)  # noqa: PTH100 (links stay as they are)
                each.asides += (each.aside,)
        except ChangedFileError:
            before, each.path = each.path, free_name(each.path)
            say(
                f"{before} was changed since the load wrote it, and stays as it is: the {each.name} go on in"
                f" {each.path}"
            )
            each.sink = kind(each.path)
    except OutputError as error:
        raise CommandError(str(error)) from None


def _digest(path: str) -> str:
    """Return what a file that nobody writes to is known by; empty where it cannot be read."""
    with suppress(OSError), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


def _take(each: Written, taken: set[Identity], *, lasting: bool) -> None:
    """Note that a file is in use. Raises `CommandError` if it is already."""
    sink = each.sink
    if sink is None:
        return
    if not sink.is_regular:
        if lasting:
            raise CommandError(
                f"--journal goes on with files: {each.path} is none, name one for the {each.name}"
            )
        return
    take(sink, str(each.path), taken)
