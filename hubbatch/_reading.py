"""The calls of a client that read everything out: `scan` and `search`. Each makes a reader and sends nothing.

They check what is asked for. How pages follow one another is not their business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from hubbatch._checks import check_count
from hubbatch._options import check_names
from hubbatch._pages.filtering import check_query, filter_groups, sort_of
from hubbatch._pages.listing import Listing
from hubbatch._pages.page import Query
from hubbatch._pages.searching import ID, IdSearch, SortedSearch
from hubbatch.endpoints import Endpoint
from hubbatch.endpoints._pages import LIST, SEARCH
from hubbatch.errors import UsageError
from hubbatch.filters import Filter
from hubbatch.reader import ObjectReader

__all__ = ["Readers"]

_LISTED, _LISTED_WITH_HISTORY, _FOUND = 100, 50, 200
"""Records a page, at most: of a list, of one with histories, of a search."""

OneFilter: TypeAlias = Filter | Mapping[str, Any]
Filters: TypeAlias = OneFilter | Iterable[OneFilter | Sequence[OneFilter]] | None


class Readers(ABC):
    """What a client can be asked to read out."""

    def scan(
        self,
        object_type: str,
        *,
        properties: Sequence[str] = (),
        properties_with_history: Sequence[str] = (),
        archived: bool = False,
        after: str | None = None,
        page_size: int | None = None,
    ) -> ObjectReader:
        """Read all objects of a type: `async for contact in client.scan("contacts", properties=["email"])`.

        `properties`: what to read; by default what HubSpot gives for the type. `archived`: archived objects instead.
        `after`: the `cursor` of an earlier scan of the type, to go on there.
        `page_size`: objects a request, at most 100, the default, or 50 with histories.

        See `ObjectReader` for what comes, and what is raised. Raises `UsageError` for what is wrong with the call.
        """
        history = check_names("properties_with_history", properties_with_history)
        if not isinstance(archived, bool):
            raise UsageError(f"archived must be True or False, not {archived!r}")
        most = _LISTED_WITH_HISTORY if history else _LISTED
        listing = Listing(
            self._path(LIST, object_type),
            object_type,
            most if page_size is None else check_count("page_size", page_size, most=most),
            _check_commas("properties", properties),
            _check_commas("properties_with_history", history),
            archived,
        )
        return self._reader(listing, after)

    def search(
        self,
        object_type: str,
        filters: Filters = (),
        *,
        properties: Sequence[str] = (),
        sorts: str | Mapping[str, str] | Sequence[str | Mapping[str, str]] = (),
        query: str | None = None,
        after: str | None = None,
        page_size: int | None = None,
    ) -> ObjectReader:
        """Read the objects that match, however many: `client.search("deals", [Filter("amount", "GT", 100)])`.

        `filters`: `Filter`s, or mappings as HubSpot writes them, all of which have to match; or a list of such lists,
        of which one has to match. HubSpot takes 5 lists, 6 filters in each and 18 in all; of these one in each list
        is needed to go past 10,000 results.
        `properties`: what to read. `query`: words that are looked for in the type's searched properties.
        `sorts`: one property, `"-amount"` for the other way round. Objects come in the order of their ids without it.
        With it no more than 10,000 can match, else the first page raises `UsageError`; and pages are counted by
        offset, so that while others write an object may be missed, or come twice.
        `after`: the `cursor` of an earlier search of the same, to go on there. `page_size`: at most 200, the default.

        See `ObjectReader` for what comes, and what is raised. Raises `UsageError` for what is wrong with the call,
        such as an operator that HubSpot does not have, or a request of more than its 3,000 characters.
        """
        sort = sort_of(sorts)
        by_id = sort is None or sort == {"propertyName": ID, "direction": "ASCENDING"}
        kind = IdSearch if by_id else SortedSearch
        search = kind(
            self._path(SEARCH, object_type),
            object_type,
            _FOUND if page_size is None else check_count("page_size", page_size, most=_FOUND),
            filter_groups(filters, keyset=by_id),
            check_names("properties", properties),
            check_query(query),
            None if by_id else sort,
        )
        return self._reader(search, after)

    @abstractmethod
    def _path(self, endpoint: Endpoint, object_type: str) -> str:
        """Return the path of an endpoint in the client's version."""

    @abstractmethod
    def _reader(self, query: Query, after: str | None) -> ObjectReader:
        """Make a reader."""


def _check_commas(option: str, names: Sequence[str]) -> list[str]:
    """Return a list of property names that can be written with commas between them."""
    for name in (checked := check_names(option, names)):
        if "," in name:
            raise UsageError(f"{option} must be a list of property names, and {name!r} has a comma")
    return checked
