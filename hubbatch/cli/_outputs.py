"""Files to write to, opened so that nothing is lost by a command that goes wrong.

What a file held before goes with the first line that takes its place, and not earlier; a new file is its owner's
alone; a link is not followed. It knows nothing of what is written.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from hubbatch.cli._faults import CommandError
from hubbatch.files import descriptor_of

__all__ = [
    "Identity",
    "ReplacedFile",
    "is_standard_output",
    "leave",
    "open_output",
    "standard_output",
    "standard_streams",
]

Identity = tuple[int, int]
"""Which file something is, whatever its name: device and inode."""

_FLAGS: int = os.O_WRONLY | getattr(os, "O_BINARY", 0)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_STDOUT, _STDERR = 1, 2
_OWNER_ONLY = 0o600
"""Records are a customer's data."""


class ReplacedFile(io.FileIO):
    """A regular file that keeps its old content until something takes its place.

    One that was made for this command is gone again if nothing does. `path`: where it stands.
    """

    def __init__(self, descriptor: int, path: str, *, new: bool) -> None:
        super().__init__(descriptor, "wb")
        self._path = path
        self._new = new
        self._old = True

    def write(self, data: Any) -> int:
        """Write, in place of the old content if this is the first time."""
        self.replace()
        return super().write(data)

    def replace(self) -> None:
        """Remove the old content, unless that has been done."""
        if self._old:
            self.truncate(0)
            self._old = False

    def close(self) -> None:
        """Close the file, and remove it if it is new and nothing was to be said in it."""
        if not self.closed and self._new and self._old:
            with suppress(OSError):
                Path(self._path).unlink()
        super().close()


def is_standard_output(path: str | None) -> bool:
    """Say whether a path names standard output."""
    return path is not None and descriptor_of(path) == _STDOUT


def standard_output() -> BinaryIO:
    """Return standard output for bytes. Raises `CommandError` if it is closed."""
    if sys.stdout is None:
        raise CommandError("standard output is closed: name a file with --output")
    return sys.stdout.buffer


def leave(stream: IO[Any]) -> None:
    """Send what is left for a stream nowhere, or the interpreter would complain of it at its exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def open_output(path: str, taken: set[Identity]) -> BinaryIO:
    """Open a file to write to, unless it is one that the command reads or writes already. Raises `CommandError`.

    It may wait for the other end of a pipe.
    """
    number = descriptor_of(path)
    try:
        descriptor, new = _open(path) if number is None else (os.dup(number), False)
    except OSError as error:
        link = number is None and _is_link(path)
        problem = (
            "it is a symbolic link; name the file that it points to" if link else error.strerror
        )
        raise CommandError(f"cannot write {path}: {problem}") from None
    status = os.fstat(descriptor)
    if number is not None or not stat.S_ISREG(status.st_mode):
        return io.FileIO(descriptor, "wb")  # the shell's, a pipe or a device: nothing is replaced
    identity = (status.st_dev, status.st_ino)
    if identity in taken | standard_streams():
        os.close(descriptor)
        raise CommandError(f"{path} is in use as another file of this command: give another name")
    taken.add(identity)
    return ReplacedFile(descriptor, path, new=new)


def _open(path: str) -> tuple[int, bool]:
    """Return a descriptor, and whether the file is new."""
    with suppress(FileExistsError):
        return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), True
    if not _NOFOLLOW and _is_link(path):
        raise OSError
    return os.open(path, _FLAGS | _NOFOLLOW), False


def _is_link(path: str) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(Path(path).lstat().st_mode)
    return False


def standard_streams() -> set[Identity]:
    """Return what standard output and standard error are: a file that the shell sends them to is in use."""
    streams = set[Identity]()
    for number in (_STDOUT, _STDERR):
        with suppress(OSError):  # it is closed
            status = os.fstat(number)
            streams.add((status.st_dev, status.st_ino))
    return streams
