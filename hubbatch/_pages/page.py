"""One page, as a value; what reads pages; and what its answer has to say to be one.

It knows nothing of how pages follow one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from hubbatch._pages.cursor import Position
from hubbatch._protocol.exchange import Request
from hubbatch.endpoints import Endpoint
from hubbatch.models import BatchResponse, ObjectResult

__all__ = ["NoPageError", "Page", "Query", "following", "total_of"]

_LONGEST_CURSOR = 1_000


class NoPageError(Exception):
    """An answer is not the page that was asked for; the message says why, and quotes nothing."""


@frozen(eq=False)
class Page:
    """Records, and where the next ones are."""

    at: Position
    """From where it was read."""
    records: Sequence[ObjectResult]
    """Those of the page that have not been given yet, each once."""
    following: Position | None
    """Where the next page is; None: this one was the last."""
    total: int | None = None
    """How many records the service counts from here on."""


class Query(Protocol):
    """What is read out, and how its pages follow one another."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it is asked."""

    @property
    def object_type(self) -> str:
        """What is read."""

    @property
    def page_size(self) -> int:
        """Records a page, at most."""

    @property
    def mark(self) -> str:
        """The fingerprint of its cursors."""

    def check(self, position: Position) -> None:
        """Raise `UsageError` for a position that a reading of this kind cannot have."""

    def request(self, position: Position) -> Request:
        """Return the request for the page that begins there."""

    def read(self, position: Position, response: BatchResponse) -> Page:
        """Return the page that an answer holds.

        Raises `NoPageError` if it holds none, `UsageError` if what was asked for cannot be read out.
        """

    def position(self, page: Page, given: int) -> Position:
        """Return where a reading is that has been given so many records of a page."""


def following(response: BatchResponse) -> str | None:
    """Return the cursor of the page that follows, as the service tells it; None if it tells of none."""
    paging = response.extra.get("paging")
    if paging is None:
        return None
    after = paging.get("next") if isinstance(paging, dict) else False
    if after is None:
        return None
    cursor = after.get("after") if isinstance(after, dict) else None
    text = str(cursor) if type(cursor) is int else cursor
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_CURSOR:
        raise NoPageError("its paging does not say where the next page is")
    return text


def total_of(response: BatchResponse) -> int:
    """Return how many records a search has found."""
    total = response.extra.get("total")
    if type(total) is not int or total < 0:
        raise NoPageError("it has no total")
    return total
