"""The list endpoint: all records of a type, from page to page by the service's own cursor.

The cursor is the service's business. That records are given once is seen to by their ids.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from hubbatch._pages.cursor import Position, fingerprint
from hubbatch._pages.page import NoPageError, Page, following
from hubbatch._protocol.exchange import Request
from hubbatch.endpoints import Endpoint
from hubbatch.endpoints._pages import LIST
from hubbatch.models import BatchResponse

__all__ = ["Listing"]


@frozen
class Listing:
    """Reads all records of a type."""

    path: str
    object_type: str
    page_size: int
    properties: Sequence[str] = ()
    properties_with_history: Sequence[str] = ()
    archived: bool = False
    endpoint: Endpoint = LIST

    @property
    def mark(self) -> str:
        """The fingerprint of its cursors."""
        return fingerprint("list", self.object_type, self.archived)

    def check(self, position: Position) -> None:
        """Take any position: its cursor is the service's."""

    def request(self, position: Position) -> Request:
        """Return the request for the page that begins there."""
        query = {"limit": str(self.page_size), "archived": str(self.archived).lower()}
        if self.properties:
            query["properties"] = ",".join(self.properties)
        if self.properties_with_history:
            query["propertiesWithHistory"] = ",".join(self.properties_with_history)
        if position.after:
            query["after"] = position.after
        return Request(self.path, b"", query, method="GET")

    def read(self, position: Position, response: BatchResponse) -> Page:
        """Return the page that an answer holds."""
        after = following(response)
        if after is not None and after == position.after:
            raise NoPageError("the page that follows it is itself")
        if after is not None and not response.results:
            raise NoPageError("it is empty, and others follow")
        given = set(position.given)
        found = {each.id: each for each in response.results}
        records = [each for key, each in found.items() if key not in given]
        # This page may be shorter than the one on which they were given: the others may come on the next one.
        still = tuple(key for key in position.given if key not in found)
        then = None if after is None else Position(after, still)
        return Page(position, records, then)

    def position(self, page: Page, given: int) -> Position:
        """Return where a reading is that has been given so many records of a page."""
        if page.following is not None and given == len(page.records):
            return page.following
        return Position(
            page.at.after, (*page.at.given, *(each.id for each in page.records[:given]))
        )
