"""The bytes of an input: paths made out, files opened, bytes counted and hashed as they are read.

It reads as much as there is and no more, so a pipe that trickles is handed on at once. It knows nothing of what the
bytes mean.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
import select
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from hubbatch.files._entries import Fingerprint
from hubbatch.files._errors import BrokenInputError, InputError

__all__ = ["CHUNK", "RawFile", "Stream", "all_paths", "name_of"]

CHUNK = 64 * 2**10
_STDIN = 0
_SHORT_WAIT = 0.01
_STANDARD_INPUT = "standard input"


def name_of(path: str) -> str:
    """Return what a path is called in messages."""
    return _STANDARD_INPUT if path == "-" else path


def all_paths(paths: Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Return each path, and in place of a pattern (`*.csv`) the files that match it, sorted.

    Raises `InputError` for what is not there, or may not be read.
    """
    found: list[str] = []
    for given in paths:
        path = os.fspath(given)
        if path != "-" and glob.has_magic(path) and not Path(path).exists():
            matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (a pattern may be absolute)
            if not matches:
                raise InputError(path, None, "no file matches this pattern: look at the folder")
            found += matches
        else:
            found.append(path)
    for path in found:
        _check(path)
    return tuple(found)


def _check(path: str) -> None:
    """Find out early that a file cannot be read. A pipe is left alone: it can be opened once only."""
    try:
        if path == "-":
            os.fstat(_STDIN)
        elif stat.S_ISREG(Path(path).stat().st_mode) or Path(path).is_dir():
            io.FileIO(path).close()
    except (OSError, ValueError) as error:
        raise InputError(name_of(path), None, _problem(error)) from None


def _problem(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "No such file: look at the name and the folder"
    if isinstance(error, IsADirectoryError):
        return "Is a directory: name the files in it, such as 'FOLDER/*.csv'"
    if isinstance(error, PermissionError):
        return "Permission denied: ask its owner for leave to read it (chmod), or copy it"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror or type(error).__name__}"
    return "this is no name of a file"


class RawFile:
    """An open file or standard input. Raises `InputError` if it cannot be opened."""

    def __init__(self, path: str) -> None:
        self.name = name_of(path)
        self.path = path
        try:
            self._file = io.FileIO(_STDIN, closefd=False) if path == "-" else io.FileIO(path)
        except (OSError, ValueError) as error:
            raise InputError(self.name, None, _problem(error)) from None
        status = os.fstat(self._file.fileno())
        self.regular = path != "-" and stat.S_ISREG(status.st_mode)
        self.identity = (status.st_dev, status.st_ino)
        self.size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        """Bytes of the whole file; 0 where that is not known."""
        self.done = 0
        """Bytes read so far."""
        self.reached: float | None = None
        """How far those have come who read it out of order, in bytes."""
        self._hash = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        """Return the next bytes, none at the end."""
        try:
            while (chunk := self._file.read(size)) is None:
                _wait(self._file)  # a pipe that somebody made non-blocking
        except OSError as error:
            raise BrokenInputError(f"it cannot be read: {error.strerror}") from None
        self.done += len(chunk)
        self._hash.update(chunk)
        return chunk

    def read_to_the_end(self) -> None:
        """Read what is left, for the fingerprint of a file that others read out of order."""
        while self.read(2**20):
            pass
        self.reached = None

    def fraction(self) -> float | None:
        """Return how much was read, from 0 to 1; None where that is not known."""
        reached = self.done if self.reached is None else self.reached
        return min(1.0, reached / self.size) if self.size else None

    def fingerprint(self) -> Fingerprint:
        """Return what was read so far as a value."""
        return Fingerprint(self.done, self._hash.copy().hexdigest())

    @property
    def is_closed(self) -> bool:
        """Whether it is closed."""
        return self._file.closed

    def close(self) -> None:
        """Close it."""
        self._file.close()


def _wait(file: io.FileIO) -> None:
    with suppress(OSError, ValueError):  # where only sockets can be waited for
        select.select([file], [], [])
        return
    time.sleep(_SHORT_WAIT)  # pragma: no cover (Windows has no such pipes by itself)


class Stream:
    """Bytes that can be looked at before they are read."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._ahead = b""
        self.ended = False

    def look(self, *, further: bool = False) -> bytes:
        """Return the next bytes without consuming them; `further`: more than were looked at before."""
        if (further or not self._ahead) and not self.ended:
            chunk = self._read(CHUNK)
            self.ended = not chunk
            self._ahead += chunk
        return self._ahead

    def read(self, size: int = CHUNK) -> bytes:
        """Return at most so many bytes, as many as can be had without waiting; none at the end."""
        if size < 0:
            raise ValueError("reading has a bound")
        if not self._ahead:
            return b"" if self.ended else self._read(size)
        chunk, self._ahead = self._ahead[:size], self._ahead[size:]
        return chunk
