"""The file of a journal, open for writing: its lock, its transactions, its end. Blocking, for one thread at a time.

It knows nothing of what is noted when.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import field, frozen

from hubbatch.journal import _files
from hubbatch.journal._contents import Contents, Mark
from hubbatch.journal._errors import JournalError, damaged, plain
from hubbatch.journal._format import (
    check_beginning,
    check_kind,
    load,
    make_tables,
    mark_rows,
    page_row,
)
from hubbatch.journal._lock import Lock
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
        self.path = path
        _files.check(path)
        self._lock = Lock(path)
        self._made = False
        try:
            if _files.is_there(path):
                check_beginning(path)
            else:
                self._made = _files.make(path)
            self._database = self._opened()
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
        try:
            database = sqlite3.connect(
                Path(self.path).absolute().as_uri() + "?mode=rw",
                uri=True,
                timeout=_PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise plain(error, self.path) from None
        try:
            self._prepare(database)
        except BaseException as error:
            database.close()
            if isinstance(error, sqlite3.Error):
                raise plain(error, self.path) from None
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Check it, make it a journal if it is new, and choose how it is written."""
        database.execute("PRAGMA synchronous=FULL")  # a commit survives power loss
        database.execute("PRAGMA fullfsync=1")  # macOS: an fsync alone does not
        database.execute("PRAGMA checkpoint_fullfsync=1")
        [[tables]] = database.execute("SELECT count(*) FROM sqlite_master")
        if tables:
            check_kind(self.path, database)
            self._check_whole(database)
        else:
            make_tables(database)
        _files.close_to_others(self.path)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("BEGIN IMMEDIATE")
            database.execute("COMMIT")
        except sqlite3.OperationalError:  # a drive without shared memory
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            database.execute("PRAGMA journal_mode=DELETE")

    def _check_whole(self, database: sqlite3.Connection) -> None:
        [first, *_] = database.execute("PRAGMA quick_check(1)").fetchone()
        if first != "ok":
            raise damaged(self.path, "parts of the file are missing or overwritten")

    def load(self) -> Contents:
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
        many = self._database.executemany
        if changes.only_tries:
            self._database.execute("DELETE FROM tries")
        many("REPLACE INTO facts VALUES (?, ?)", list(changes.facts.items()))
        many("REPLACE INTO marks VALUES (?, ?)", mark_rows(changes.marks))
        many(
            "REPLACE INTO pages VALUES (?, ?, ?)",
            [page_row(*page) for page in changes.pages.items()],
        )
        many("INSERT INTO tries VALUES (?, ?, ?)", [(t.first, t.last, t.at) for t in changes.tries])
        many("DELETE FROM checkpoints WHERE records = ?", [(each,) for each in changes.gone])
        many("REPLACE INTO checkpoints VALUES (?, ?)", list(changes.checkpoints.items()))

    def close(self, *, discard: bool = False) -> None:
        """Close it and give the lock back. `discard`: delete it, if it was made for this."""
        with suppress(sqlite3.Error):  # somebody looks into it: the next one folds the WAL in
            self._database.execute("PRAGMA busy_timeout=0")
            self._database.execute("PRAGMA journal_mode=DELETE")  # one file, which can be copied
        self._database.close()
        if discard and self._made:
            with suppress(JournalError):
                _files.remove(self.path)
        self._lock.release()
