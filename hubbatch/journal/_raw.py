"""The first bytes of a journal, read past SQLite, which must not be done to one that this process has open.

POSIX takes all locks of a process on a file back when the process closes that file, whoever in it has opened it: SQLite
would go on without them, and another process could write at the same time.
"""

from __future__ import annotations

import threading
from pathlib import Path

__all__ = ["closed_here", "first_bytes", "opened_here"]

_Identity = tuple[int, int]
_GUARD = threading.Lock()
"""Held while a file is read, so that SQLite does not open it meanwhile."""
_open: list[_Identity] = []


def opened_here(path: str) -> _Identity:
    """Note that this process is about to open a journal by SQLite; return what tells the file from others."""
    status = Path(path).stat()
    found = (status.st_dev, status.st_ino)
    with _GUARD:
        _open.append(found)
    return found


def closed_here(identity: _Identity) -> None:
    """Note that this process has closed a journal."""
    with _GUARD:
        _open.remove(identity)


def first_bytes(path: str, most: int) -> bytes | None:
    """Return how a file begins; None if this process has it open as a journal. Raises `OSError`."""
    with _GUARD:
        status = Path(path).stat()
        if (status.st_dev, status.st_ino) in _open:
            return None
        with Path(path).open("rb") as file:
            return file.read(most)
