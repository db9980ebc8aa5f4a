"""The tables of a journal, and how they are read into memory and checked.

It knows nothing of locks, threads or who writes.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from hubbatch.journal._contents import Mark
from hubbatch.journal._description import parsed
from hubbatch.journal._errors import JournalError, damaged
from hubbatch.journal._memory import Memory
from hubbatch.journal._raw import first_bytes
from hubbatch.journal._states import RecordState, States
from hubbatch.journal._tries import Try, still_in_doubt

__all__ = [
    "check_beginning",
    "check_kind",
    "check_whole",
    "is_empty",
    "load",
    "make_tables",
    "mark_rows",
    "page_rows",
    "try_rows",
]

APPLICATION = 0x4842_6A6C
"""SQLite's `application_id`: what tells a journal from any other database."""

VERSION = 1
"""Of the tables. A newer one is refused."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pages (page INTEGER PRIMARY KEY, states BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE tries (first INTEGER NOT NULL, last INTEGER NOT NULL, at REAL NOT NULL);
CREATE TABLE checkpoints (records INTEGER PRIMARY KEY, digest BLOB NOT NULL);
PRAGMA application_id={APPLICATION};
PRAGMA user_version={VERSION};
COMMIT;
"""

_HEADER = 100
_MAGIC = b"SQLite format 3\0"


def make_tables(database: sqlite3.Connection) -> None:
    """Make an empty database a journal."""
    database.executescript(_TABLES)


def is_empty(database: sqlite3.Connection) -> bool:
    """Say whether a database has no tables, so that it can become a journal."""
    return database.execute("SELECT count(*) FROM sqlite_master").fetchall() == [(0,)]


def check_kind(path: str, database: sqlite3.Connection) -> None:
    """Raise `JournalError` for another program's file, and for a journal that a newer hubbatch wrote."""
    [[application]] = database.execute("PRAGMA application_id")
    [[version]] = database.execute("PRAGMA user_version")
    if application != APPLICATION:
        raise _foreign(path, "another program's SQLite database")
    if version > VERSION:
        raise JournalError(
            f"the journal {path} was written by a newer hubbatch (its tables have version {version}, this one knows"
            f" {VERSION}): update hubbatch"
        )
    if version < 1:
        raise damaged(path, "it has no version")


def check_beginning(path: str) -> None:
    """Raise `JournalError` for a file that begins as no journal does, before SQLite touches it."""
    if Path(path + "-journal").exists():  # SQLite's own copy of the beginning may be the true one
        return
    beginning = first_bytes(path, _HEADER)
    if beginning is None:  # it was checked when it was opened
        return
    if not _MAGIC.startswith(beginning[: len(_MAGIC)]):
        raise _foreign(path, "no journal of hubbatch")
    if len(beginning) < _HEADER:
        raise damaged(path, "it ends within its first lines")
    if int.from_bytes(beginning[68:72], "big") != APPLICATION:
        raise _foreign(path, "another program's SQLite database")


def check_whole(path: str, database: sqlite3.Connection) -> None:
    """Raise `JournalError` for a file of which parts are missing, or are no part of a database."""
    [[pages]] = database.execute("PRAGMA page_count")
    [[size]] = database.execute("PRAGMA page_size")
    # What a log has need not be in the file itself yet.
    is_short = Path(path).stat().st_size < pages * size and not Path(path + "-wal").exists()
    if is_short or database.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
        raise damaged(path, "parts of the file are missing or overwritten")


def load(path: str, database: sqlite3.Connection) -> Memory:
    """Return what a journal holds. Raises `JournalError` for what no journal can hold."""
    facts = dict(database.execute("SELECT name, value FROM facts"))
    description = parsed(facts.get("description", "{}"))
    if description is None:
        raise damaged(path, "what the load is about cannot be read")
    states = _load_states(path, database)
    return Memory(
        description=description,
        complete=facts.get("complete") == "1",
        marks=_load_marks(path, database),
        checkpoints=_load_checkpoints(path, database),
        states=states,
        tries=_load_tries(path, database, states),
    )


def page_rows(pages: Mapping[int, bytes]) -> list[tuple[int, bytes, int]]:
    """Return the rows of pages."""
    return [(page, states, _checksum(page, states)) for page, states in pages.items()]


def try_rows(tries: Sequence[Try]) -> list[tuple[int, int, float]]:
    """Return the rows of tries."""
    return [(each.first, each.last, each.at) for each in tries]


def mark_rows(marks: Mapping[str, Mark]) -> list[tuple[str, str]]:
    """Return the rows of marks."""
    return [(name, json.dumps(value)) for name, value in marks.items()]


def _load_states(path: str, database: sqlite3.Connection) -> States:
    states = States()
    with closing(database.execute("SELECT page, states, checksum FROM pages")) as rows:
        for page, data, checksum in rows:
            if not isinstance(data, bytes) or checksum != _checksum(page, data):
                raise damaged(path, "what it holds of some records is overwritten")
            if not states.load(page, data):
                raise damaged(path, "what it holds of some records is nothing that a journal holds")
    return states


def _load_tries(path: str, database: sqlite3.Connection, states: States) -> list[Try]:
    with closing(database.execute("SELECT first, last, at FROM tries ORDER BY rowid")) as rows:
        return still_in_doubt(
            (_try(path, row) for row in rows), states.ranges(RecordState.IN_DOUBT)
        )


def _load_marks(path: str, database: sqlite3.Connection) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    for name, text in database.execute("SELECT name, value FROM marks").fetchall():
        try:
            value = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            value = None
        if not isinstance(value, int | str):
            raise damaged(path, "a mark cannot be read")
        marks[str(name)] = value
    return marks


def _load_checkpoints(path: str, database: sqlite3.Connection) -> dict[int, bytes]:
    rows = database.execute("SELECT records, digest FROM checkpoints").fetchall()
    if not all(isinstance(digest, bytes) for _, digest in rows):
        raise damaged(path, "a digest of the source cannot be read")
    return dict(rows)


def _try(path: str, row: tuple[Any, Any, Any]) -> Try:
    first, last, at = row
    if not (isinstance(first, int) and isinstance(last, int) and isinstance(at, float)):
        raise damaged(path, "when some records were tried cannot be read")
    return Try(first, last, at)


def _checksum(page: int, states: bytes) -> int:
    return zlib.crc32(states, page & 0xFFFF_FFFF)


def _foreign(path: str, what: str) -> JournalError:
    return JournalError(
        f"{path} is {what}, and stays as it is: give the journal a name of its own, such as load.journal"
    )
