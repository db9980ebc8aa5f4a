"""Which property each column is: a pure value, made from options, applied to a header or to single records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Self

from attrs import define, field, frozen

from hubbatch import UsageError
from hubbatch.files._column_texts import names_in, pairs_in, pairs_of_lines
from hubbatch.files._entries import IGNORED

__all__ = ["Columns", "Renaming"]


@frozen(kw_only=True)
class Columns:
    """How columns become properties.

    `map`: column to property. `only`: the columns, or properties, that are wanted; empty: all. `drop`: those that are
    not. `set`: properties that every record gets with one value. `labels`: property name to its label, where the
    account was asked: a column that is called like a label is that property, as HubSpot's own import has it; a name
    beats a label.

    The columns that a rejects file has of its own (`_file`, `_line`, …) are never properties.
    """

    map: Mapping[str, str] = field(factory=dict)
    only: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    set: Mapping[str, str] = field(factory=dict)
    labels: Mapping[str, str] = field(factory=dict)
    _by_label: dict[str, list[str]] = field(init=False, repr=False, eq=False)

    @_by_label.default
    def _by_label_default(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, label in self.labels.items():
            found.setdefault(_plain(label), []).append(name)
        return found

    @classmethod
    def parse(
        cls,
        *,
        map: Iterable[str] = (),  # noqa: A002 (as the options are called)
        map_lines: Iterable[str] = (),
        only: Iterable[str] = (),
        drop: Iterable[str] = (),
        set: Iterable[str] = (),  # noqa: A002
    ) -> Self:
        """Make it from texts as a command line has them.

        `map`: `Email Address=email`. `map_lines`: the lines of a map file, of the same form; blank ones, and what
        follows a `#` at the beginning or after a pair and a blank, are passed over. `only`, `drop`: names, or several
        with commas between them. `set`: `property=value`. A name that holds a comma, a `=` or what looks like a comment
        is quoted as in CSV: `"Name, first"`, `"a=b"=property`.

        Raises `UsageError` for what has not this form, or names a column twice.
        """
        return cls(
            map=pairs_in([*map, *pairs_of_lines(map_lines)], "COLUMN=property", last=True),
            only=names_in(only),
            drop=names_in(drop),
            set=pairs_in(set, "property=value", last=False),
        )

    def property_of(self, column: str) -> str | None:
        """Return the property that a column is, or None for one that is left out. Raises `UsageError` for a doubt."""
        if column in IGNORED or column in self.drop:
            return None
        name = self.map.get(column)
        if name is None:
            name = self._known(column)
        if name in self.drop:
            return None
        if self.only and column not in self.only and name not in self.only:
            return None
        return name

    def properties_of(self, header: Iterable[str]) -> list[str | None]:
        """Return the property of each column of a header, None for one that is left out.

        Raises `UsageError` for two columns of one property, and for a name in `map`, `only`, `drop` that is no column.
        """
        columns = list(header)
        found = [self.property_of(column) for column in columns]
        self._check_names(columns)
        named: dict[str, str] = {}
        for column, name in zip(columns, found, strict=True):
            if name is None:
                continue
            if name in named:
                raise UsageError(
                    f"the columns {named[name]!r} and {column!r} are both the property {name!r}: map or drop one"
                )
            if name in self.set:
                raise UsageError(
                    f"{name!r} is set for all records, and is the column {column!r}: drop the column, or set nothing"
                )
            named[name] = column
        return found

    def _known(self, column: str) -> str:
        if column in self.labels:
            return column
        plain = _plain(column)
        if plain in self.labels:
            return plain
        names = self._by_label.get(plain, [])
        if len(names) > 1:
            raise UsageError(
                f"the column {column!r} is the label of several properties ({', '.join(sorted(names)[:5])}):"
                " map it to the one that is meant"
            )
        return names[0] if names else column

    def _check_names(self, columns: list[str]) -> None:
        left = set(columns) - self.map.keys() - set(self.drop) - IGNORED
        known = {*columns, *map(self._known, left), *self.map.values()}
        for option, names in (("map", self.map), ("only", self.only), ("drop", self.drop)):
            for name in names:
                if name not in known:
                    near = get_close_matches(name, columns, 1)
                    hint = f" (is {near[0]!r} meant?)" if near else ""
                    if len(columns) == 1 and (marks := [m for m in ";,\t|" if m in columns[0]]):
                        hint = f"; the header is one column: is the delimiter {marks[0]!r} meant?"
                    raise UsageError(
                        f"{option!r} names the column {name!r}, which is not in the header{hint}"
                    )


@define
class Renaming:
    """`Columns` applied to records that each have keys of their own, such as JSON objects."""

    _columns: Columns
    _known: dict[str, str | None] = field(factory=dict)

    def apply(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record with its properties. Raises `UsageError` for two keys of one property.

        In an object as a read gives it (`{"id": …, "properties": {…}}`) the properties are what is renamed.
        """
        inner = record.get("properties")
        if isinstance(inner, dict):
            return {**self._without_own(record), "properties": self._renamed(inner)}
        return self._renamed(record)

    def _without_own(self, record: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in record.items() if name not in IGNORED}

    def _renamed(self, record: dict[str, Any]) -> dict[str, Any]:
        renamed: dict[str, Any] = {}
        for column, value in record.items():
            if column not in self._known:
                if len(self._known) > _MOST_KNOWN:
                    self._known.clear()
                self._known[column] = self._columns.property_of(column)
            name = self._known[column]
            if name is None:
                continue
            if name in renamed or name in self._columns.set:
                raise UsageError(f"the property {name!r} comes twice: map or drop one of the keys")
            renamed[name] = value
        renamed.update(self._columns.set)
        return renamed


_MOST_KNOWN = 10_000


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
