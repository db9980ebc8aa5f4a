"""One process at a time writes a journal: a lock that the system takes back when its process dies.

SQLite does the locking of a file that is empty for ever, so that it works wherever SQLite does. The journal itself
cannot be locked as a whole: others may look into it while it is written.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from hubbatch.journal._errors import JournalError, plain
from hubbatch.journal._files import LOCK, address, make

__all__ = ["Lock", "is_locked"]

_PATIENCE = 0.3
"""Seconds: somebody may just look whether a journal is in use."""
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_TRIES = 20
"""The process that had it before may be deleting the file meanwhile."""


class Lock:
    """The lock of a journal. Raises `JournalError` if another process, or another part of this one, has it."""

    def __init__(self, path: str) -> None:
        self._path = path + LOCK
        self._released = False
        for _ in range(_TRIES):
            if self._taken(path):
                return
        raise _in_use(path)

    def _taken(self, path: str) -> bool:
        """Take the lock; return False if its file was deleted meanwhile, so that it locks nothing."""
        make(self._path)
        before = _identity(self._path)
        self._database = sqlite3.connect(
            address(self._path, "rw"),
            uri=True,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._database.execute(
                "PRAGMA journal_mode=MEMORY"
            )  # no file beside it: nothing is written
            self._database.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._database.close()
            if _identity(self._path) != before:
                return False
            if error.sqlite_errorcode & 0xFF in _HELD:
                raise _in_use(path) from None
            raise plain(error, path) from None
        if before is not None and _identity(self._path) == before:
            return True
        self._database.close()
        return False

    def release(self) -> None:
        """Give the lock back and delete its file. Twice is fine."""
        if self._released:
            return  # by now the file is that of the next process
        self._released = True
        deleted = _is_deleted(self._path)  # while it is held: later it might be another's
        self._database.close()
        if (
            not deleted
        ):  # a system that deletes no open file deletes none that another has open, either
            _is_deleted(self._path)


def is_locked(path: str) -> bool:
    """Say whether a process has a journal open for writing. False where that cannot be found out."""
    if _identity(path + LOCK) is None:
        return False
    try:
        with closing(
            sqlite3.connect(address(path + LOCK, "ro"), uri=True, timeout=0.0)
        ) as database:
            database.execute("SELECT * FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        return error.sqlite_errorcode & 0xFF in _HELD
    return False


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name; None if there is none."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_deleted(path: str) -> bool:
    """Delete a file; return whether it is gone."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _in_use(path: str) -> JournalError:
    return JournalError(
        f"the journal {path} is in use by another process: wait for its end or stop it, then try again; `hubbatch"
        " journal show` may look into it meanwhile"
    )
