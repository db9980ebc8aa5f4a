"""The file of a journal, open for writing: its lock, its transactions, its end. Blocking, for one thread at a time.

It knows nothing of what is noted when.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress

from attrs import field, frozen

from hubbatch.journal import _files
from hubbatch.journal._contents import Mark
from hubbatch.journal._errors import JournalError, plain
from hubbatch.journal._format import (
    check_beginning,
    check_kind,
    check_whole,
    is_empty,
    load,
    make_tables,
    mark_rows,
    page_rows,
    try_rows,
)
from hubbatch.journal._lock import Lock
from hubbatch.journal._memory import Memory
from hubbatch.journal._raw import closed_here, opened_here
from hubbatch.journal._tries import Try

__all__ = ["Changes", "Store"]

_PATIENCE = 10.0
"""Seconds: where there is no WAL, somebody who looks into the journal keeps it from being written meanwhile."""


@frozen
class Changes:
    """What one transaction writes."""

    facts: Mapping[str, str] = field(factory=dict)
    marks: Mapping[str, Mark] = field(factory=dict)
    pages: Mapping[int, bytes] = field(factory=dict)
    tries: Sequence[Try] = ()
    checkpoints: Mapping[int, bytes] = field(factory=dict)
    gone: Sequence[int] = ()
    """Checkpoints that are not wanted any more."""
    only_tries: bool = False
    """Whether these are all tries that there are from now on."""


class Store:
    """A journal's file, locked and open. Raises `JournalError` or `UsageError`, and then holds nothing open."""

    def __init__(self, path: str) -> None:
        self.path = path = os.path.abspath(path)  # noqa: PTH100 (the program may go elsewhere; links stay)
        _files.check(path)
        self._lock = Lock(path)
        self._made = False
        try:
            if _files.is_there(path):
                check_beginning(path)
            else:
                self._made = _files.make(path)
            self._identity = opened_here(path)
            try:
                self._database = self._opened()
            except BaseException:
                closed_here(self._identity)
                raise
        except BaseException as error:
            if self._made:
                with suppress(JournalError):
                    _files.remove(path)
            self._lock.release()
            if isinstance(error, OSError):
                raise JournalError(
                    f"the journal {path} cannot be read: {error.strerror or error}"
                ) from None
            raise

    def _opened(self) -> sqlite3.Connection:
        with suppress(sqlite3.OperationalError):
            return self._connected(log=True)
        try:  # as on a network drive: there is no memory to share, which a log needs
            return self._connected(log=False)
        except sqlite3.Error as error:
            raise plain(error, self.path) from None

    def _connected(self, *, log: bool) -> sqlite3.Connection:
        """Return a connection that writes a log ahead, or one that does without.

        Raises `OperationalError` where that cannot be done, or where nothing can.
        """
        database = sqlite3.connect(
            _files.address(self.path, "rw"),
            uri=True,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not log:
                database.execute("PRAGMA locking_mode=EXCLUSIVE")  # until the log is gone
                database.execute("PRAGMA journal_mode=DELETE")
            self._prepare(database)
            database.execute("PRAGMA locking_mode=NORMAL")
            if log:
                database.execute("PRAGMA journal_mode=WAL")
            database.execute("BEGIN IMMEDIATE")
            database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            database.close()
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise plain(error, self.path) from None
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Check it, or make it a journal if it is new."""
        database.execute("PRAGMA synchronous=FULL")  # a commit survives power loss
        database.execute("PRAGMA fullfsync=1")  # macOS: an fsync alone does not
        database.execute("PRAGMA checkpoint_fullfsync=1")
        if is_empty(database):
            make_tables(database)
        else:
            check_kind(self.path, database)
            check_whole(self.path, database)
        _files.close_to_others(self.path)

    def load(self) -> Memory:
        """Return what the journal holds."""
        try:
            return load(self.path, self._database)
        except sqlite3.Error as error:
            raise plain(error, self.path) from None

    def write(self, changes: Changes) -> None:
        """Write in one transaction; it is durable when this returns. What raises has changed nothing."""
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            try:
                self._write(changes)
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite may have done that itself
                    database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise plain(error, self.path) from None

    def _write(self, changes: Changes) -> None:
        if changes.only_tries:
            self._database.execute("DELETE FROM tries")
        for statement, rows in (
            ("REPLACE INTO facts VALUES (?, ?)", list(changes.facts.items())),
            ("REPLACE INTO marks VALUES (?, ?)", mark_rows(changes.marks)),
            ("REPLACE INTO pages VALUES (?, ?, ?)", page_rows(changes.pages)),
            ("INSERT INTO tries VALUES (?, ?, ?)", try_rows(changes.tries)),
            ("DELETE FROM checkpoints WHERE records = ?", [(each,) for each in changes.gone]),
            ("REPLACE INTO checkpoints VALUES (?, ?)", list(changes.checkpoints.items())),
        ):
            if rows:
                self._database.executemany(statement, rows)

    def close(self, *, discard: bool = False) -> None:
        """Close it and give the lock back. `discard`: delete it, if it was made for this."""
        with suppress(sqlite3.Error):  # somebody looks into it: the next one folds the WAL in
            self._database.execute("PRAGMA busy_timeout=0")
            self._database.execute("PRAGMA journal_mode=DELETE")  # one file, which can be copied
        self._database.close()
        closed_here(self._identity)
        if discard and self._made:
            with suppress(JournalError):
                _files.remove(self.path)
        self._lock.release()
