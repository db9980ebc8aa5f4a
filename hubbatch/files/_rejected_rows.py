"""Rows of a rejects file whose bytes were no text: read anew where their encoding is named, else still bad. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubbatch._output.cells import SHOWN
from hubbatch.files._entries import BAD_BYTES
from hubbatch.files._header import Header
from hubbatch.files._lines import flaw_of_rejected
from hubbatch.files._unreadable import has_marks, read_anew, restored

__all__ = ["with_bytes"]


def with_bytes(
    header: Header, cells: Sequence[Any], named: str | None
) -> tuple[list[Any], str | None]:
    """Return the cells of a rejected row as they came, and what is wrong with their characters, if anything is.

    `named`: the encoding that their bytes may be read with.
    """
    found = list(cells)
    places = [
        place
        for place, cell in enumerate(cells)
        if isinstance(cell, str) and place not in header.own
    ]
    # Any other row was read as text, whatever stands in it.
    if header.note(cells, "_category") == BAD_BYTES and any(
        SHOWN in cells[place] for place in places
    ):
        for place in places:
            found[place] = restored(cells[place])
        if named is not None and any(has_marks(found[place]) for place in places):
            anew = [read_anew(found[place], named) for place in places]
            if None not in anew:
                for place, text in zip(places, anew, strict=True):
                    found[place] = text
    return found, flaw_of_rejected("".join(found[place] for place in places))
