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

__all__ = ["Unfinished", "UnfinishedNote"]

_OWNER_ONLY = 0o600
_MOST_BYTES = 8 * 2**20
"""A cursor, and the names of columns: an account's limits are far below."""


@frozen
class Unfinished:
    """How far an export is."""

    cursor: str | None
    """Where the reading goes on; None: at the beginning."""
    size: int
    """How many bytes of the file are of objects before that."""
    tail: str
    """A digest of the last of these bytes."""
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
        with suppress(orjson.JSONDecodeError, TypeError):
            value = Unfinished(**orjson.loads(content))
            if _is_sound(value):
                return value
        raise CommandError(
            f"{self.path} should say how far an export into {self.target} was, and cannot be read: remove it, and"
            f" export anew"
        )

    def write(self, value: Unfinished) -> None:
        """Write it anew, whole or not at all. Raises `OSError`."""
        other = Path(f"{self.path}.new")
        other.unlink(missing_ok=True)
        number = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(number, "wb") as file:
            file.write(orjson.dumps(asdict(value)))
        other.replace(self.path)

    def remove(self) -> None:
        """Remove it: the export has ended well."""
        with suppress(OSError):
            Path(self.path).unlink()


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
