"""What can be wrong with a journal, and what SQLite says in plain words."""

from __future__ import annotations

import sqlite3

from hubbatch.errors import HubbatchError

__all__ = ["JournalError", "damaged", "plain"]


class JournalError(HubbatchError):
    """A journal cannot be opened, read or written; what was durable in it stays."""


def damaged(path: str, why: str) -> JournalError:
    """Return the error for a journal that cannot be trusted."""
    return JournalError(
        f"the journal {path} is damaged ({why}): which records were sent cannot be read from it. Put back a copy of it"
        " if there is one. Otherwise load again with another journal, by upsert or with a unique property: a plain"
        " create might make twice what is there already"
    )


_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full: make room, then go on with the same call or `hubbatch resume`",
    sqlite3.SQLITE_BUSY: "another program holds it: close that one, then try again",
    sqlite3.SQLITE_LOCKED: "another program holds it: close that one, then try again",
    sqlite3.SQLITE_READONLY: "it cannot be written to: it needs a folder and a file that may be written to",
    sqlite3.SQLITE_PERM: "it cannot be written to: it needs a folder and a file that may be written to",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: it needs a folder that exists and may be written to",
    sqlite3.SQLITE_IOERR: (
        "the disk failed, is full, or is a network drive that cannot lock files: put the journal on a disk of this"
        " machine that has room, then go on with the same call or `hubbatch resume`"
    ),
    sqlite3.SQLITE_PROTOCOL: "the drive cannot lock files: put the journal on a disk of this machine",
}
"""By SQLite's primary code: what is wrong and what to do."""

_DAMAGE = {
    sqlite3.SQLITE_CORRUPT: "parts of the file are missing or overwritten",
    sqlite3.SQLITE_NOTADB: "its beginning is overwritten",
}


def plain(error: sqlite3.Error, path: str) -> JournalError:
    """Return what SQLite raised as an error that says what to do."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGE:
        return damaged(path, _DAMAGE[code])
    if code in _ADVICE:
        return JournalError(f"the journal {path}: {_ADVICE[code]}")
    if code == sqlite3.SQLITE_ERROR:  # a table or a column that is not there
        return damaged(path, "its tables are not those of a journal")
    return JournalError(f"the journal {path} cannot be used: {error}")
