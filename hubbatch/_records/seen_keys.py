"""Every key that has come, exactly, in bounded memory.

It knows nothing of what a key that comes again means.
"""

from __future__ import annotations

from hubbatch._records.spelling import Key

__all__ = ["SeenKeys"]


class SeenKeys:
    """Keys, and where each came first: SQLite spills its private table to a temporary file."""

    def __init__(self) -> None:
        import sqlite3  # noqa: PLC0415 (a fifth of the time that it takes to import us, and seldom wanted)

        self._database = sqlite3.connect("", isolation_level=None)  # "": private and temporary
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA cache_size=-16384")  # KiB
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, place INTEGER) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")  # one transaction for all: nothing here needs to be durable

    def add(self, key: Key, place: int = 0) -> int | None:
        """Remember a key; return the place where it came before, None if it is new."""
        text = f"{key[0] or ''}\0{key[1]}"
        cursor = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (text, place))
        if cursor.rowcount == 1:
            return None
        (found,) = self._database.execute("SELECT place FROM seen WHERE key = ?", (text,))
        earlier: int = found[0]
        return earlier

    def close(self) -> None:
        """Free what is kept."""
        self._database.close()
