"""A sink for objects that were read out: CSV, NDJSON or Parquet, flat or as HubSpot has them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import PurePath
from types import TracebackType
from typing import Any, TypeVar

from hubbatch import ObjectResult, UsageError
from hubbatch._output.descriptors import descriptor_of
from hubbatch._output.file import OutputFile
from hubbatch._to_its_end import to_its_end
from hubbatch.files._entries import Kind
from hubbatch.files._errors import OutputError
from hubbatch.files._extras import needed_to_write
from hubbatch.files._object_lines import CsvLines, FlatLines, NestedLines, ObjectLines
from hubbatch.files._object_table import ObjectTable
from hubbatch.files._shown_values import ShownValues
from hubbatch.files._written import WrittenFile

__all__ = ["OUTPUT_KINDS", "ObjectsFile", "output_delimiter", "output_kind", "save"]

OUTPUT_KINDS = (Kind.CSV, Kind.NDJSON, Kind.PARQUET)
_SUFFIXES = {
    ".csv": Kind.CSV,
    ".tsv": Kind.CSV,
    ".tab": Kind.CSV,
    ".ndjson": Kind.NDJSON,
    ".jsonl": Kind.NDJSON,
    ".json": Kind.NDJSON,
    ".parquet": Kind.PARQUET,
    ".pq": Kind.PARQUET,
}
_TABS = {".tsv", ".tab"}
_BOUND = '\r\n"\ufeff'
"""What cannot stand between columns."""
_ID = "id"
_MOST_NAMES = 100
_AT_ONCE = 200
"""Objects that are written in one go: a page of a search."""


def output_kind(path: str | os.PathLike[str], kind: Kind | str | None = None) -> Kind:
    """Return the kind of a file for objects: the given one, or the one of the suffix. Raises `UsageError`.

    Standard output (`-`), and what else a shell has opened, gets NDJSON.
    """
    kinds = ", ".join(OUTPUT_KINDS)
    if kind is not None:
        if kind not in OUTPUT_KINDS:
            raise UsageError(f"objects are written as one of {kinds}, not as {kind}")
        return Kind(kind)
    if descriptor_of(os.fspath(path)) is not None:
        return Kind.NDJSON
    suffix = PurePath(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(
            f"the name {os.fspath(path)!r} does not tell what is to be written: let it end in one of"
            f" {', '.join(_SUFFIXES)}, or name the kind ({kinds})"
        )
    return _SUFFIXES[suffix]


def output_delimiter(path: str | os.PathLike[str], delimiter: str | None = None) -> str:
    """Return what stands between the columns of a CSV: the given character, or the one of the suffix."""
    return delimiter or ("\t" if PurePath(path).suffix.lower() in _TABS else ",")


_Given = TypeVar("_Given")


async def _in_thread(function: Callable[..., _Given], *arguments: Any) -> _Given:
    import asyncio  # noqa: PLC0415 (a help text needs no event loop, which takes long to import)

    return await asyncio.to_thread(function, *arguments)


class ObjectsFile(WrittenFile):
    """A file of objects that were read out: `with ObjectsFile("all.csv", ["email"]) as file: file.write(contact)`.

    It blocks; within an event loop use `save`.

    `properties`: a column, or field, for each, after `id`. None: those of the first objects that are written; flat
    NDJSON has whatever each object has. `kind`: csv, ndjson or parquet; by default the suffix tells.
    `delimiter`: what stands between the columns of a CSV; by default a comma, and in `.tsv` a tab.
    `nested`: NDJSON as HubSpot has it, with times and histories. Values are text in every kind, as HubSpot gives them;
    nothing is guessed of them and nothing is added, so that the file can be given to `update` as it is. (A spreadsheet
    may take a value that begins with `=` for a formula.) Characters that cannot stand in the file are `shown`.

    A path that exists is a `UsageError`, unless `append` (not for Parquet) or `force` is given; with `force` what it
    holds goes with the first object, and not earlier. The file is its owner's alone (0600). Lines are whole after any
    end; Parquet can be read once it is closed. Some thousands of objects are held for Parquet, none for the others.

    `known_size`, `known_tail`, `aside`: append after so many bytes, as `Rejects` does.

    Raises `OutputError` when it cannot be written, `UsageError` for what is wrong with the call.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        properties: Sequence[str] | None = None,
        *,
        kind: Kind | str | None = None,
        nested: bool = False,
        delimiter: str | None = None,
        append: bool = False,
        force: bool = False,
        known_size: int | None = None,
        known_tail: str | None = None,
        aside: str | None = None,
    ) -> None:
        self.kind = output_kind(path, kind)
        if delimiter is not None and self.kind is not Kind.CSV:
            raise UsageError(f"{self.kind.upper()} has no delimiter: leave it out")
        if delimiter is not None and (len(delimiter) != 1 or delimiter in _BOUND):
            raise UsageError(f"delimiter must be one character, such as ';', not {delimiter!r}")
        if nested and self.kind is not Kind.NDJSON:
            raise UsageError(f"{self.kind.upper()} is flat: nested objects are written as NDJSON")
        if append and self.kind is Kind.PARQUET:
            raise UsageError(
                "a Parquet file cannot be appended to: give another name, and read both"
            )
        if self.kind is Kind.PARQUET:
            if descriptor_of(os.fspath(path)) is not None:
                raise UsageError("Parquet goes to a file that has a name, not to standard output")
            needed_to_write("parquet")
        self._properties = None if properties is None else _checked(properties)
        self._nested = nested
        self._delimiter = output_delimiter(path, delimiter)
        file = OutputFile(path, append=append or known_size is not None, force=force)
        super().__init__(file, known_size, known_tail, aside)
        self._writer: ObjectLines | ObjectTable | None = None
        self._closed = False
        self.columns = self._properties
        """The columns, or fields, after `id`, in their order; None while the first objects have not said them."""
        self._columns: frozenset[str] | None = None
        """Those of the first objects, where nobody named any."""
        self._unseen = set(self._properties or ())
        self._left_out: dict[str, None] = {}
        self._shown = ShownValues(self.kind)
        self.cursor: str | None = None
        """Of a reading that is saved: `after=` goes on behind what is in the file."""

    @property
    def unseen(self) -> list[str]:
        """Properties that were named and that no object had, not even without a value; none before the first object."""
        names = self._properties if self.written else None
        return [name for name in names or () if name in self._unseen]

    @property
    def left_out(self) -> list[str]:
        """Properties that came later and have no column, where the columns are those of the first objects."""
        return list(self._left_out)

    @property
    def shown(self) -> list[str]:
        """Properties of which a value has a character that cannot stand in the file: it is `<0x00>`, `<0x-->` there.

        That is half of a character (a lone surrogate), and in CSV a NUL. Of Parquet all are known once it is closed.
        """
        return self._shown.names

    def write(self, *objects: ObjectResult) -> None:
        """Write objects, in one go."""
        if not objects:
            return
        self._begin(objects).write(objects)
        self.written += len(objects)
        self._look_at(objects)

    async def save(
        self,
        objects: AsyncIterator[ObjectResult],
        *,
        in_thread: Callable[..., Awaitable[Any]] = _in_thread,
        note: Callable[[], object] = lambda: None,
    ) -> None:
        """Write all objects of `client.scan(…)`, `client.search(…)` or another iterator, beside the event loop.

        Whatever ends it, a cancellation too, what was taken from the iterator is in the file, unless the file cannot be
        written; `cursor` tells where to go on. `in_thread`: how a call that may block is made. `note`: is called before
        the first objects are written, and whenever some were: `size`, `tail` and `cursor` agree then. It may block.
        """
        block: list[ObjectResult] = []

        async def flush() -> None:
            taken, cursor = block.copy(), getattr(objects, "cursor", None)
            block.clear()
            await to_its_end(in_thread(self._write_up_to, taken, cursor, note))

        try:
            async for each in objects:
                block.append(each)
                if len(block) >= _AT_ONCE:
                    await flush()
        except OutputError:
            raise
        except BaseException as error:
            try:
                await flush()
            except OutputError as failure:
                error.add_note(str(failure))
            raise
        await flush()

    def close(self, *, nothing_wrong: bool = True) -> None:
        """Close the file, whole. Without any object it has its head only; if something went wrong, it is not made.

        Closing twice is fine.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if nothing_wrong:
                self._begin(())
            if self._writer is not None:
                self._writer.close()
        finally:
            self._writer = None
            self._file.close(nothing_wrong=nothing_wrong, keep=nothing_wrong)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
            return
        with suppress(OutputError):  # what went wrong is known
            self.close(nothing_wrong=False)

    def _begin(self, objects: Sequence[ObjectResult]) -> ObjectLines | ObjectTable:
        """Return what writes objects, which writes the head; the first objects tell it if nobody else does."""
        if self._writer is None:
            self._writer = self._made(objects)
        return self._writer

    def _made(self, objects: Sequence[ObjectResult]) -> ObjectLines | ObjectTable:
        file, names = self._file, self._properties
        if self.kind is Kind.NDJSON:
            return ObjectLines(
                file, NestedLines(self._shown) if self._nested else FlatLines(names, self._shown)
            )
        if names is None:
            found = dict.fromkeys(name for each in objects for name in each.properties)
            names = [name for name in found if name != _ID]
            self._columns, self.columns = frozenset(found), names
        if self.kind is Kind.PARQUET:
            return ObjectTable(file, names, self._shown)
        lines = CsvLines(names, self._shown, self._delimiter, marked=file.is_regular)
        return ObjectLines(file, lines)

    def _write_up_to(
        self,
        objects: Sequence[ObjectResult],
        cursor: str | None,
        note: Callable[[], object],
    ) -> None:
        if objects and not self.written:
            note()
        self.write(*objects)
        self.cursor = cursor
        if objects:
            note()

    def _look_at(self, objects: Sequence[ObjectResult]) -> None:
        """Note which properties come, and which have no place."""
        for each in objects:
            if self._unseen:
                self._unseen.difference_update(each.properties)
            if self._columns is not None and not each.properties.keys() <= self._columns:
                new = sorted(each.properties.keys() - self._columns)
                self._left_out.update(dict.fromkeys(new[: _MOST_NAMES - len(self._left_out)]))


async def save(
    objects: AsyncIterator[ObjectResult],
    path: str | os.PathLike[str],
    properties: Sequence[str] | None = None,
    *,
    kind: Kind | str | None = None,
    nested: bool = False,
    delimiter: str | None = None,
    append: bool = False,
    force: bool = False,
) -> ObjectsFile:
    """Write all objects of `client.scan(…)`, `client.search(…)` or another iterator to a file; return it, closed.

    The options are those of `ObjectsFile`. Nothing blocks the event loop. Whatever ends it, what was taken from the
    iterator is in the file, so that the `cursor` of a reading tells where to go on; unless the file cannot be written:
    `OutputError`.
    """
    file = await _in_thread(
        partial(
            ObjectsFile,
            path,
            properties,
            kind=kind,
            nested=nested,
            delimiter=delimiter,
            append=append,
            force=force,
        )
    )
    try:
        await file.save(objects)
    except BaseException:
        with suppress(OutputError):  # what went wrong is known
            await to_its_end(_in_thread(partial(file.close, nothing_wrong=False)))
        raise
    await to_its_end(_in_thread(file.close))
    return file


def _checked(properties: Sequence[str]) -> list[str]:
    """Return the names of columns, each once."""
    names = [properties] if isinstance(properties, str) else list(properties)
    if isinstance(properties, str) or not all(
        isinstance(name, str) and name.strip() for name in names
    ):
        raise UsageError("properties must be a list of property names")
    if _ID in names:
        raise UsageError("id is a column in any case: leave it out of the properties")
    return list(dict.fromkeys(names))
