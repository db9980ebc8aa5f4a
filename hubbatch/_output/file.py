"""A file that grows by whole lines: made for its owner alone, never over another.

What it holds is not its business, but for where a line ends.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from hubbatch._output.descriptors import descriptor_of
from hubbatch._printable import printable
from hubbatch.errors import HubbatchError, UsageError

__all__ = ["ChangedFileError", "OutputError", "OutputFile", "ReaderGoneError"]

_FLAGS: int = os.O_RDWR | getattr(os, "O_BINARY", 0)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NEW_PIPE: int = os.O_WRONLY | getattr(os, "O_BINARY", 0)
_STDOUT = 1
_OWNER_ONLY = 0o600
"""Records are a customer's data."""
_CHUNK = 2**20
_NO_ROOM = ": make room, or name a file on another disk"
_ADVICE = {
    errno.ENOSPC: _NO_ROOM,
    getattr(errno, "EDQUOT", errno.ENOSPC): _NO_ROOM,
    errno.EFBIG: ": name a file where files may grow further",
    errno.ENOENT: ": make the folder first, or name a file in one that is there",
    errno.EACCES: ": name a file in a folder that you may write to",
    errno.EROFS: ": name a file on a disk that may be written to",
    errno.EISDIR: ": name a file in it",
}
_TAIL = 4096
"""Bytes at the end of what was written by which a file is known again."""


class OutputError(HubbatchError):
    """A file cannot be written (further)."""


class ChangedFileError(OutputError):
    """A file that is to be gone on with is not what it was when it was left: its owner has worked on it since."""


class ReaderGoneError(OutputError):
    """Who read a pipe that is written to has gone."""


class OutputFile:
    """A file that is written to. Raises `OutputError` if it cannot be opened, and `UsageError` if it is there already.

    One that is there and empty is taken as new. `append`: go on after what it holds. `force`: take the place of what it
    holds, with the first line and not earlier.
    A pipe, a device or an open descriptor (`-` is standard output) is written to as it is; a terminal gets no character
    that steers it.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, append: bool = False, force: bool = False
    ) -> None:
        if append and force:
            raise UsageError(
                "a file is appended to, or replaced: give append=True or force=True, not both"
            )
        self.path = os.fspath(path)
        self._replaces = force
        number = descriptor_of(self.path)
        if number == _STDOUT and sys.stdout is None:  # by now that descriptor may be another file
            raise OutputError("standard output is closed: name a file")
        try:
            if number is None:
                self._file, self._new = self._opened(may_exist=append or force)
            else:
                self._file, self._new = io.FileIO(os.dup(number), "wb"), False
        except FileExistsError:
            raise UsageError(
                f"{self.path} is there already: append to it (append=True), replace it (force=True), or give"
                " another name"
            ) from None
        except OSError as error:
            raise self._failed(error) from None
        status = os.fstat(self._file.fileno())
        self._regular = stat.S_ISREG(status.st_mode) and number is None
        self._on_screen = self._file.isatty()
        self.identity = (status.st_dev, status.st_ino)
        self._size = status.st_size if self._regular and append else 0

    @property
    def is_regular(self) -> bool:
        """Whether it is a file on a disk, which can be cut and gone on with, and not a pipe, device or descriptor."""
        return self._regular

    @property
    def size(self) -> int:
        """How many bytes of whole lines it holds, those that were there before included."""
        return self._size

    def read(self, most: int) -> bytes:
        """Return the beginning of what it holds and is not to be replaced."""
        if not self._size:
            return b""
        self._file.seek(0)
        return self._file.read(min(most, self._size)) or b""

    def check(self, head: bytes, *, quoted: bool) -> None:
        """Raise `OutputError` if the file holds anything else than whole lines after this head; nothing is written.

        `quoted`: whether a line end may stand within quotes.
        """
        if self._lacks(head):
            return
        if not self.read(max(1, len(head))).startswith(head or b"{"):
            raise self._unfit("it has other columns: give another name")
        if not self.is_whole(quoted=quoted):
            raise self._unfit(
                "its last line has no end: mend or remove that line, or give another name"
            )

    def begin(self, head: bytes, *, quoted: bool) -> None:
        """Write what stands before the first line, or go on after a file that begins with it: see `check`."""
        self.check(head, quoted=quoted)
        if self._lacks(head):
            self.cut(0)  # a kill may have left a part of it
            if head:
                self.write(head)

    def is_whole(self, *, quoted: bool) -> bool:
        """Say whether what it holds ends with a line end; `quoted`: and not within quotes."""
        self._file.seek(0)
        seen, quotes, last = 0, 0, b"\n"
        while seen < self._size and (chunk := self._file.read(_CHUNK)):
            seen, quotes, last = seen + len(chunk), quotes + chunk.count(b'"'), chunk[-1:]
        return last == b"\n" and not (quoted and quotes % 2)

    def tail(self, size: int | None = None) -> str:
        """Return a digest of the last bytes before a size, or before its end."""
        end = self._size if size is None else size
        if not self._regular:
            return ""
        self._file.seek(max(0, end - _TAIL))
        return hashlib.sha256(self._file.read(min(end, _TAIL)) or b"").hexdigest()

    def cut(self, size: int, tail: str | None = None, aside: str | None = None) -> None:
        """Remove what comes after so many bytes; a new file `aside` takes it first, if there is any.

        Raises `ChangedFileError` if it does not hold as many, or has another `tail` there.
        """
        if not self._regular:
            return
        if size > self._size:
            raise ChangedFileError(
                f"cannot append to {self.path}: it holds {self._size:,} bytes where {size:,} were written; it was"
                " changed since: give another name"
            )
        if tail is not None and tail != self.tail(size):
            raise ChangedFileError(
                f"cannot append to {self.path}: it was changed since it was written: give another name"
            )
        if aside is not None and size < self._size:
            self._copy(size, aside)
        self._truncate(size)

    def write(self, data: bytes) -> None:
        """Write whole lines. Raises `OutputError`; then nothing of them is in the file, if it is a regular one."""
        if self._replaces:
            self._truncate(0)
            self._replaces = False
        rest = memoryview(_on_screen(data) if self._on_screen else data)
        try:
            if self._regular:
                self._file.seek(self._size)
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            if self._regular:
                with suppress(OSError):
                    self._file.truncate(self._size)
            raise self._failed(error) from None
        self._size += len(data)

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        try:
            if self._regular:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from None

    def close(self, *, nothing_wrong: bool = True, keep: bool = False) -> None:
        """Close it. A new one that is empty is removed, unless `keep`; one to be replaced is emptied if all is well."""
        if self._file.closed:
            return
        try:
            if self._replaces and not self._new and nothing_wrong and self._regular:
                self._truncate(0)
            self._file.close()
        except OSError as error:
            raise self._failed(error) from None
        if self._new and not (self._size or keep):
            with suppress(OSError):
                Path(self.path).unlink()

    def _lacks(self, head: bytes) -> bool:
        """Say whether the file holds nothing, or less than its head."""
        begun = self.read(max(1, len(head)))
        return not begun or (len(begun) < len(head) and head.startswith(begun))

    def _opened(self, *, may_exist: bool) -> tuple[io.FileIO, bool]:
        """Return the file, and whether it is new."""
        flags = _FLAGS | os.O_CREAT | os.O_EXCL
        with suppress(FileExistsError):
            return io.FileIO(os.open(self.path, flags, _OWNER_ONLY), "r+b"), True
        if _is_device(self.path):
            return io.FileIO(os.open(self.path, _NEW_PIPE), "wb"), False
        if not may_exist and not _is_empty(self.path):
            raise FileExistsError
        if _is_link(self.path):
            raise OSError(0, "it is a symbolic link; name the file that it points to")
        return io.FileIO(os.open(self.path, _FLAGS | _NOFOLLOW), "r+b"), False

    def _copy(self, begin: int, path: str) -> None:
        """Copy what comes after so many bytes to a new file, and have that on the disk."""
        other = OutputFile(path)
        try:
            self._file.seek(begin)
            while chunk := self._file.read(_CHUNK):
                other.write(chunk)
            other.sync()
        except OSError as error:
            raise self._failed(error) from None
        finally:
            other.close()

    def _truncate(self, size: int) -> None:
        try:
            if self._regular:
                self._file.truncate(size)
        except OSError as error:
            raise self._failed(error) from None
        self._size = size

    def _unfit(self, problem: str) -> OutputError:
        return OutputError(f"cannot append to {self.path}: {problem}")

    def _failed(self, error: OSError) -> OutputError:
        kind = ReaderGoneError if isinstance(error, BrokenPipeError) else OutputError
        advice = _ADVICE.get(error.errno or 0, "")
        return kind(f"cannot write {self.path}: {error.strerror or type(error).__name__}{advice}")


def _on_screen(data: bytes) -> bytes:
    lines = data.decode(errors="backslashreplace").replace("\r\n", "\n").split("\n")
    return "\n".join(map(printable, lines)).encode()


def _is_link(path: str) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(Path(path).lstat().st_mode)
    return False


def _is_empty(path: str) -> bool:
    """Say whether a path is a file without content."""
    with suppress(OSError):
        status = Path(path).lstat()
        return stat.S_ISREG(status.st_mode) and not status.st_size
    return False


def _is_device(path: str) -> bool:
    """Say whether a path is something that no file's content is lost in: a pipe, a terminal, a device."""
    with suppress(OSError):
        mode = Path(path).stat().st_mode
        return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return False
