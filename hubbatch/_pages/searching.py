"""The search endpoint, in two ways: by id past its 10,000 results, or sorted by something else within them.

Search tells no cursor that outlives others' writes: offsets lose rows while records are archived. So each page asks
for ids beyond the last one (a keyset), and its order is checked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import frozen

from hubbatch._pages.cursor import Position, fingerprint
from hubbatch._pages.page import NoPageError, Page, following, total_of
from hubbatch._protocol.exchange import Request
from hubbatch.endpoints import Endpoint
from hubbatch.endpoints._pages import SEARCH
from hubbatch.errors import UsageError
from hubbatch.models import BatchResponse

__all__ = ["ID", "IdSearch", "SortedSearch"]

ID = "hs_object_id"
_MOST_RESULTS = 10_000
_LONGEST_BODY = 3_000
"""Characters ("Search the CRM", limitations): more is refused with 400."""
_LONGEST_ID = 20


@frozen
class _Search(ABC):
    path: str
    object_type: str
    page_size: int
    groups: Sequence[Sequence[Mapping[str, Any]]] = ()
    properties: Sequence[str] = ()
    query: str | None = None
    sort: Mapping[str, str] | None = None
    endpoint: Endpoint = SEARCH

    def __attrs_post_init__(self) -> None:
        try:
            length = len(self._body(self._longest(), self.page_size).decode())
        except TypeError:
            raise UsageError("the search holds text that is not valid Unicode") from None
        if length > _LONGEST_BODY:
            raise UsageError(
                f"the search would have {length} characters, and HubSpot takes {_LONGEST_BODY}: ask for fewer"
                " properties (client.read() takes any number, for the ids that are found), or shorten the filters"
            )

    @property
    def mark(self) -> str:
        """The fingerprint of its cursors."""
        return fingerprint("search", self.object_type, self.groups, self.query, self.sort)

    def request(self, position: Position) -> Request:
        """Return the request for the page that begins there."""
        return Request(self.path, self._body(position.after, self._limit(position)))

    def _limit(self, position: Position) -> int:
        del position
        return self.page_size

    @abstractmethod
    def _longest(self) -> str:
        """Return the longest text that may tell where a page begins."""

    @abstractmethod
    def _fields(self, after: str) -> dict[str, Any]:
        """Return what tells which records are on the page."""

    def _body(self, after: str, limit: int) -> bytes:
        fields = {"limit": limit, **self._fields(after)}
        if self.properties:
            fields["properties"] = self.properties
        if self.query is not None:
            fields["query"] = self.query
        return orjson.dumps(fields)


class IdSearch(_Search):
    """Reads all records that match, in the order of their ids."""

    def check(self, position: Position) -> None:
        """Raise `UsageError` for a position that is no id."""
        if position.after and not _is_id(position.after):
            raise UsageError("after must be the `cursor` of an earlier search")

    def read(self, position: Position, response: BatchResponse) -> Page:
        """Return the page that an answer holds."""
        total, more, results = total_of(response), following(response), response.results
        if more is None and total > len(results):
            raise NoPageError("it ends although its total says that there are more")
        if not results and (more is not None or total):
            raise NoPageError("it is empty although there are more")
        last = int(position.after or -1)
        records = []
        for each in results:
            if not _is_id(each.id) or (number := int(each.id)) < last or each.id == position.after:
                raise NoPageError(
                    f"it is not in the order of {ID}, or begins before what was asked for"
                )
            if number > last:
                records.append(each)
            last = number
        then = None if more is None else Position(str(last))
        return Page(position, records, then, total)

    def position(self, page: Page, given: int) -> Position:
        """Return where a reading is that has been given so many records of a page."""
        return Position(page.records[given - 1].id) if given else page.at

    def _longest(self) -> str:
        return "9" * _LONGEST_ID

    def _fields(self, after: str) -> dict[str, Any]:
        groups = [list(group) for group in self.groups]
        if after:
            beyond = {"propertyName": ID, "operator": "GT", "value": after}
            groups = [[*group, beyond] for group in groups] or [[beyond]]
        fields: dict[str, Any] = {"sorts": [{"propertyName": ID, "direction": "ASCENDING"}]}
        return (
            {"filterGroups": [{"filters": group} for group in groups], **fields}
            if groups
            else fields
        )


class SortedSearch(_Search):
    """Reads records that match, sorted: 10,000 at most, by offset."""

    def check(self, position: Position) -> None:
        """Raise `UsageError` for a position that is no offset."""
        after = position.after
        if after and not (_is_id(after) and int(after) <= _MOST_RESULTS):
            raise UsageError("after must be the `cursor` of an earlier search")

    def read(self, position: Position, response: BatchResponse) -> Page:
        """Return the page that an answer holds; raise `UsageError` if more match than can be read in an order."""
        total, more, results = total_of(response), following(response), response.results
        if total > _MOST_RESULTS:
            raise UsageError(
                f"{total} records match, and HubSpot sorts the first {_MOST_RESULTS} only: leave sorts out, or narrow"
                " the filters"
            )
        end = int(position.after or 0) + len(results)
        if more is None and total > end:
            raise NoPageError("it ends although its total says that there are more")
        if more is not None and not results:
            raise NoPageError("it is empty, and others follow")
        then = Position(str(end)) if more is not None and end < _MOST_RESULTS else None
        return Page(position, results, then, total)

    def position(self, page: Page, given: int) -> Position:
        """Return where a reading is that has been given so many records of a page."""
        at = int(page.at.after or 0) + given
        return Position(str(at)) if at else Position()

    def _limit(self, position: Position) -> int:
        return min(self.page_size, _MOST_RESULTS - int(position.after or 0))

    def _longest(self) -> str:
        return str(_MOST_RESULTS - 1)

    def _fields(self, after: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"sorts": [self.sort]}
        if self.groups:
            fields["filterGroups"] = [{"filters": group} for group in self.groups]
        return {**fields, "after": after} if after else fields


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID
