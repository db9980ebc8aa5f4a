"""Looking into a journal that others may write, and deleting one that none writes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from hubbatch.errors import UsageError
from hubbatch.journal import _files
from hubbatch.journal._contents import Contents
from hubbatch.journal._errors import JournalError, plain
from hubbatch.journal._format import check_beginning, check_kind, check_whole, is_empty, load
from hubbatch.journal._lock import Lock, is_locked

__all__ = ["delete", "in_use", "read"]


def read(path: str | os.PathLike[str]) -> Contents:
    """Return what a journal holds at this moment. It blocks for as long as the file takes to be read.

    A load that is under way goes on meanwhile. Raises `JournalError` for what is no journal, or a damaged one.
    """
    name = os.path.abspath(path)  # noqa: PTH100 (a link stays one)
    _files.check(name)
    if not Path(name).exists():
        raise UsageError(f"there is no journal {name}")
    if not _files.is_there(name):
        return Contents()
    try:
        check_beginning(name)
        # A process died within a transaction: whoever reads the file first undoes its changes.
        mode = "rw" if Path(name + "-journal").exists() else "ro"
        uri = _files.address(name, mode)
        with closing(sqlite3.connect(uri, uri=True, timeout=10.0, isolation_level=None)) as found:
            found.execute("BEGIN")  # one moment for all tables
            if is_empty(found):
                return Contents()  # its process has died while it was made
            check_kind(name, found)
            check_whole(name, found)
            return load(name, found).snapshot()
    except sqlite3.Error as error:
        raise plain(error, name) from None
    except OSError as error:
        raise JournalError(
            f"the journal {name} cannot be read: {error.strerror or error}"
        ) from None


def in_use(path: str | os.PathLike[str]) -> bool:
    """Say whether a process carries out the load of a journal now."""
    return is_locked(os.path.abspath(path))  # noqa: PTH100 (as above)


def delete(path: str | os.PathLike[str]) -> None:
    """Delete all files of a journal. Raises `JournalError` if it is in use, or is none."""
    name = os.path.abspath(path)  # noqa: PTH100 (a link stays one)
    _files.check(name)
    if not Path(name).exists():
        raise UsageError(f"there is no journal {name}")
    lock = Lock(name)
    try:
        if _files.is_there(name):
            check_beginning(name)
        _files.remove(name)
    except OSError as error:
        raise JournalError(
            f"the journal {name} cannot be deleted: {error.strerror or error}"
        ) from None
    finally:
        lock.release()
