"""The files of a journal: what may be one, how a new one is made for its owner alone, how all are deleted."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from hubbatch.errors import UsageError
from hubbatch.journal._errors import JournalError

__all__ = [
    "LOCK",
    "address",
    "check",
    "close_to_others",
    "is_there",
    "make",
    "remove",
]

LOCK = "-lock"
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside its file while it is in use, and after a process has died."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_OWNER_ONLY = 0o600
"""Which records were sent, and where from, is a customer's data."""


def check(path: str) -> None:
    """Raise `UsageError` for what cannot be a journal: a folder, a link, a device."""
    for each in (path, *(path + suffix for suffix in (*_BESIDE, LOCK))):
        try:
            mode = Path(each).lstat().st_mode
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise _unusable(path, error) from None
        if stat.S_ISLNK(mode):
            raise UsageError(f"{each} is a symbolic link: name the file that it points to")
        if stat.S_ISDIR(mode) and each == path:
            raise UsageError(f"{path} is a folder: name a file in it, such as load.journal")
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise UsageError(f"{each} is no regular file: a journal needs one")


def is_there(path: str) -> bool:
    """Say whether there is a journal, or something else, and not just an empty file."""
    try:
        return Path(path).stat().st_size > 0 or Path(path + "-journal").exists()
    except OSError:
        return False


def make(path: str) -> bool:
    """Make an empty file for its owner alone, unless there is one; return whether it is new."""
    try:
        os.close(os.open(path, _NEW, _OWNER_ONLY))
    except FileExistsError:
        return False
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from None
    return True


def address(path: str, mode: str) -> str:
    """Return a file as SQLite takes it, whatever its name holds; `mode`: `ro` or `rw`."""
    return f"{Path(path).absolute().as_uri()}?mode={mode}"


def close_to_others(path: str) -> None:
    """Have a file that is there read by its owner alone, where the system knows of that."""
    with suppress(OSError):
        Path(path).chmod(_OWNER_ONLY)


def remove(path: str) -> None:
    """Delete a journal's files, those of a process that has died too, but for the lock; they may be gone already."""
    for each in (*(path + suffix for suffix in _BESIDE), path):
        try:
            Path(each).unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(each, error) from None


def _unusable(path: str, error: Exception) -> JournalError:
    words = getattr(error, "strerror", None) or str(error)
    return JournalError(
        f"the journal {path} cannot be used: {words}. It needs a folder that exists and may be written to"
    )
