"""Which records have a key that a record before them had, over any number of records in little memory.

SQLite keeps a number for each key in a private table, which it spills to a temporary file: no key gets to a disk. Two
keys share a number once in some billions of loads. It knows nothing of what becomes of such records.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self

from attrs import define, field

from hubbatch.files import Row
from hubbatch.rehearsal import compared_key

__all__ = ["Places", "Repeats"]

_AT_ONCE = 1_000
_EXAMPLES = 3
_FIRST = "SELECT place FROM seen WHERE key = ?"


@define
class Places:
    """How many records something is true of, and where the first of them stand."""

    count: int = 0
    examples: list[str] = field(factory=list)

    def add(self, place: str) -> None:
        """Note one more."""
        self.count += 1
        if self.wants_examples:
            self.examples.append(place)

    @property
    def shown(self) -> str:
        """The examples in words."""
        return f"e.g. {', '.join(self.examples)}"

    @property
    def wants_examples(self) -> bool:
        """Whether there is room for one more example."""
        return len(self.examples) < _EXAMPLES


class Repeats:
    """Finds records whose key has been seen before.

    `key`: the property that names an object; None: there is none. `object_type`: how its values are spelled depends on
    that. `by_lines`: whether a record is known by its line, which it is in an input of one file.
    """

    def __init__(
        self, key: str | None, *, object_type: str = "contacts", by_lines: bool = True
    ) -> None:
        self._key = key
        self._object_type = object_type
        self._by_lines = by_lines
        self._found = Places()
        self._waiting: list[tuple[int, int]] = []
        if key is None:
            return
        self._seen = sqlite3.connect("", isolation_level=None)  # "": private and temporary
        for line in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA cache_size=-8192",  # KiB
            "CREATE TABLE seen (key INTEGER PRIMARY KEY, place INTEGER)",
            "BEGIN",  # one transaction for all: nothing here needs to be durable
        ):
            self._seen.execute(line)

    def note(self, record: Row) -> None:
        """Look at the key of a record."""
        if self._key is None:
            return
        text = compared_key(self._object_type, self._key, record.get(self._key))
        if text is None:
            return
        self._waiting.append((hash(text), self._place(record)))
        if len(self._waiting) >= _AT_ONCE:
            self._look()

    @property
    def found(self) -> Places | None:
        """How many records repeat a key, and which for example; None where records have no key."""
        if self._key is None:
            return None
        self._look()
        return self._found

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

    def _place(self, record: Row) -> int:
        """Return a line, or less than zero for the position of a record that is known by that."""
        line = record.line if self._by_lines else None
        return -1 - record.position if line is None else line

    def _look(self) -> None:
        new = self._seen.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", self._waiting)
        repeated = len(self._waiting) - max(0, new.rowcount)
        if repeated and self._found.wants_examples:
            self._show_some()
        self._found.count += repeated
        self._waiting.clear()

    def _show_some(self) -> None:
        for number, place in self._waiting:
            (first,) = self._seen.execute(_FIRST, (number,)).fetchone()
            if first != place:
                # The later one may be settled first.
                earlier, later = sorted((first, place), key=abs)
                self._found.examples.append(f"{_words(later)} as {_words(earlier)}")
                if not self._found.wants_examples:
                    return


def _words(place: int) -> str:
    return f"line {place}" if place >= 0 else f"record {-1 - place}"
