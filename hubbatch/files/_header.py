"""A table's header: checked, and made into how a row of cells becomes a record."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from attrs import evolve, field, frozen

from hubbatch import UsageError
from hubbatch.files._entries import IGNORED
from hubbatch.files._errors import BrokenInputError
from hubbatch.files._intake import ReadOptions

__all__ = ["Header", "header_of"]

_SHOWN = 10


@frozen
class Header:
    """The columns of a table and their properties."""

    names: tuple[str, ...]
    """All of them, as they stand in the file."""
    properties: tuple[str | None, ...]
    """The property of each column; None for one that is left out, or has no name."""
    own: tuple[int, ...]
    """Where the columns of a rejects file stand."""
    unnamed: tuple[int, ...]
    """Where columns without a name stand, as spreadsheets export them: their cells have to be empty."""
    constants: dict[str, str]
    kept: tuple[str, ...] = field(init=False)
    """The properties, without the columns that are left out."""
    all_kept: bool = field(init=False)
    """Whether the cells of a row are the values of a record as they stand."""

    @kept.default
    def _kept(self) -> tuple[str, ...]:
        return tuple(name for name in self.properties if name is not None)

    @all_kept.default
    def _all_kept(self) -> bool:
        return len(self.kept) == len(self.names) and not self.constants

    @property
    def columns(self) -> tuple[str, ...]:
        """The names without the columns of a rejects file."""
        return tuple(name for number, name in enumerate(self.names) if number not in self.own)

    @property
    def described(self) -> dict[str, Any]:
        """What an `Opened` says of it."""
        unnamed = tuple(number + 1 for number in self.unnamed)
        return {"columns": self.columns, "own": self.own, "unnamed": unnamed}

    def record(self, cells: Sequence[Any], *, keep_empty: bool) -> dict[str, Any]:
        """Return the record of a row that is as wide as the header; empty cells are left out, or kept as ""."""
        record = {
            name: "" if cell is None else cell
            for name, cell in zip(self.properties, cells, strict=True)
            if name is not None and (keep_empty or (cell is not None and cell != ""))
        }
        record.update(self.constants)
        return record

    def flaw(self, cells: Sequence[Any]) -> str | None:
        """Return what is wrong with a row that has a value in a column without a name; None if it has none."""
        for number in self.unnamed:
            cell = cells[number]
            if cell is not None and str(cell).strip():
                return (
                    f"column {number + 1} has a value here and no name in the header: name the column, or empty its"
                    " cells"
                )
        return None

    def without_own(self, cells: Sequence[Any]) -> list[Any]:
        """Return a row's cells without those of a rejects file."""
        return [cell for number, cell in enumerate(cells) if number not in self.own]

    def note(self, cells: Sequence[Any], name: str) -> str:
        """Return what an earlier run has noted of a row in a column of its own; empty if it has not."""
        place = self.names.index(name) if name in self.names else len(cells)
        return str(cells[place] or "") if place < len(cells) else ""


def header_of(cells: Sequence[Any], options: ReadOptions) -> Header:
    """Return the header that a first row is. Raises `BrokenInputError` if records cannot be read with it."""
    names = tuple("" if cell is None else str(cell).strip() for cell in cells)
    if not any(names):
        raise BrokenInputError("there is no header: the first line must name the properties")
    named = [name for name in names if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise BrokenInputError(f"the header names {', '.join(twice)} twice: rename or remove one")
    own = tuple(number for number, name in enumerate(names) if name in IGNORED)
    unnamed = tuple(number for number, name in enumerate(names) if not name)
    try:
        found = dict(zip(named, options.columns.properties_of(named), strict=True))
        properties = tuple(found.get(name) for name in names)
        header = Header(names, properties, own, unnamed, dict(options.columns.set))
    except UsageError as error:
        raise BrokenInputError(str(error)) from None
    missing = _without_key(header, options.key)
    if missing and len(named) == 1:  # the delimiter is wrong, or that column is the key
        raise BrokenInputError(missing)
    try:
        left_out = options.header(found) if options.header is not None else ()
    except UsageError as error:  # all that is wrong with a header is said at once
        raise BrokenInputError("; ".join(filter(None, (missing, str(error))))) from None
    if missing:
        raise BrokenInputError(missing)
    return evolve(
        header, properties=tuple(None if name in left_out else found.get(name) for name in names)
    )


def _without_key(header: Header, key: str | None) -> str:
    """Return what to do about a header that lacks the key; empty if it has it."""
    known = [name for name in header.properties if name is not None] + [*header.constants]
    if key is None or key in known:
        return ""
    columns = [name for name in header.columns if name]
    near = get_close_matches(key, columns, 1, 0.5) or [
        name for name in columns if key.casefold() in name.casefold()
    ]
    hint = (
        f"rename or map the column that is meant ({near[0]!r}?)"
        if near
        else "rename or map the column that is meant"
    )
    if key == "id":
        hint += ", or name the unique property that the records are known by"
    if len(columns) == 1 and any(mark in columns[0] for mark in ",;\t|^:"):
        hint = "name the delimiter between the columns"
    return f"the header has no column {key!r} (it has {', '.join(columns[:_SHOWN])}): {hint}"
