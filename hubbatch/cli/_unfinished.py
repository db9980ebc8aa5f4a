"""A note beside a file of objects that says how far an export into it is: one that was killed can be gone on with.

It is there from before the first object is written until the export has ended well. It holds ids, and no other values.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import orjson
from attrs import asdict, frozen

from hubbatch.cli._faults import CommandError
from hubbatch.cli._output_options import Target
from hubbatch.files import Kind, descriptor_of

__all__ = ["FileForm", "Unfinished", "UnfinishedNote"]

_OWNER_ONLY = 0o600
_MOST_BYTES = 8 * 2**20
"""A cursor, and the names of columns: an account's limits are far below."""


@frozen
class FileForm:
    """How objects stand in a file."""

    kind: str
    nested: bool
    with_history: bool
    delimiter: str | None
    """Of a CSV; None: it is none."""

    @classmethod
    def of(cls, target: Target) -> Self:
        """Return that in which objects go to a target."""
        return cls(target.kind.value, target.nested, target.with_history, target.separator)

    def instead_of(self, other: Self) -> str:
        """Say by what option this form differs from another; empty if it does not."""
        if self.kind != other.kind:
            return f"with --output-format {self.kind}"
        if self.with_history != other.with_history:
            return f"{'with' if self.with_history else 'without'} --with-history"
        if self.nested != other.nested:
            return f"{'with' if self.nested else 'without'} --nested"
        if self.delimiter != other.delimiter:
            shown = "tab" if self.delimiter == "\t" else repr(self.delimiter)
            return f"with --delimiter {shown}"
        return ""


@frozen
class Unfinished:
    """How far an export is."""

    cursor: str | None
    """Where the reading goes on; None: at the beginning."""
    size: int
    """How many bytes of the file are of objects before that."""
    tail: str
    """A digest of the last of these bytes."""
    form: FileForm
    columns: list[str] | None = None
    """The columns, or fields, after `id`, whoever named them; None: whatever an object has."""
    objects: int = 0
    """How many were written, by all processes."""
    began: str | None = None
    """The cursor that was typed with it, at last; None: none was, it began at the beginning."""


@frozen
class UnfinishedNote:
    """The note of a file."""

    target: str

    @classmethod
    def of(cls, target: Target) -> Self | None:
        """Return the note of where objects go; None where they go into no file that can be gone on with."""
        lasts = target.kind is not Kind.PARQUET and descriptor_of(target.path) is None
        return cls(target.path) if lasts else None

    @property
    def path(self) -> str:
        """Its name."""
        return f"{self.target}.unfinished"

    def found(self) -> Unfinished | None:
        """Return what it says; None if there is none, or no file that it is about. Raises `CommandError`."""
        try:
            if not Path(self.target).stat().st_size:
                return None
            with Path(self.path).open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError:
            return None
        with suppress(orjson.JSONDecodeError, TypeError, KeyError):
            fields = orjson.loads(content)
            value = Unfinished(**{**fields, "form": FileForm(**fields["form"])})
            if _is_sound(value):
                return value
        raise CommandError(
            f"{self.path} should say how far an export into {self.target} was, and cannot be read: remove it, and"
            f" export anew"
        )

    def write(self, value: Unfinished) -> None:
        """Write it anew, whole or not at all, and wait until it is on the disk. Raises `OSError`."""
        other = Path(f"{self.path}.new")
        other.unlink(missing_ok=True)
        number = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(number, "wb") as file:
            file.write(orjson.dumps(asdict(value)))
            file.flush()
            os.fsync(file.fileno())
        other.replace(self.path)
        _sync_folder(other.parent)

    def remove(self) -> None:
        """Remove it: the export has ended well."""
        with suppress(OSError):
            Path(self.path).unlink()


def _sync_folder(folder: Path) -> None:
    """Have what a folder lists on the disk, the name of a new file too, where the system has that."""
    with suppress(OSError):  # Windows opens no folder, and some file systems sync none
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _is_sound(value: Unfinished) -> bool:
    columns: Any = value.columns
    return (
        {type(value.cursor), type(value.began)} <= {str, type(None)}
        and type(value.size) is int
        and value.size >= 0
        and type(value.objects) is int
        and isinstance(value.tail, str)
        and (columns is None or (isinstance(columns, list) and {*map(type, columns)} <= {str}))
    )
