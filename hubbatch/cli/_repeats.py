"""How many records have a key that a record before them had, over any number of records in little memory.

SQLite keeps a number for each key in a private table, which it spills to a temporary file: no key gets to a disk. Two
keys share a number once in some billions of loads. It knows nothing of what becomes of such records.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Any, Self

__all__ = ["Repeats"]

_AT_ONCE = 1_000


class Repeats:
    """Counts records whose key has been seen before. `key`: the property that names an object; None: there is none."""

    def __init__(self, key: str | None) -> None:
        self._key = key
        self._count = 0
        self._waiting: list[tuple[int]] = []
        if key is None:
            return
        self._seen = sqlite3.connect("", isolation_level=None)  # "": private and temporary
        for line in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA cache_size=-8192",  # KiB
            "CREATE TABLE seen (key INTEGER PRIMARY KEY)",
            "BEGIN",  # one transaction for all: nothing here needs to be durable
        ):
            self._seen.execute(line)

    def note(self, record: Any) -> None:
        """Look at the key of a record."""
        if self._key is None:
            return
        value = record.get(self._key)
        if value is None or value == "":
            return
        text = str(value)
        # HubSpot takes addresses in any case for one.
        self._waiting.append((hash(text.strip().lower() if self._key == "email" else text),))
        if len(self._waiting) >= _AT_ONCE:
            self._look()

    @property
    def count(self) -> int | None:
        """How many records repeat a key; None where records have no key."""
        if self._key is None:
            return None
        self._look()
        return self._count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._key is not None:
            self._seen.close()

    def _look(self) -> None:
        new = self._seen.executemany("INSERT OR IGNORE INTO seen VALUES (?)", self._waiting)
        self._count += len(self._waiting) - max(0, new.rowcount)
        self._waiting.clear()
