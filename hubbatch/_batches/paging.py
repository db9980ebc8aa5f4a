"""Inputs whose result did not fit into one answer: where each goes on, and what has come of it so far.

Pure. The pages of one input are joined to one result; what is read of it in the end is all of it or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import field, frozen

from hubbatch._batches.correlation import Correlation, indexes_of
from hubbatch._pages.trail import Trail
from hubbatch._records.paths import steps_of, value_at
from hubbatch._records.planning import Input
from hubbatch.endpoints import Endpoint, Paging
from hubbatch.models import NO_ANSWER, BatchError, RecordStatus, RowResult

__all__ = ["Paged", "PagesRead", "bodies_of", "follow_pages", "in_requests"]

_MOST_PAGES = 10_000
"""Pages of one input, at most: a service that never comes to an end must not be followed for ever."""


@frozen
class PagesRead:
    """What has been read of an input so far: its last page, and those before."""

    items: Sequence[Any] = field(repr=False)
    trail: Trail
    """From where it goes on."""
    before: PagesRead | None = field(default=None, eq=False, repr=False)


@frozen
class Paged:
    """An answer, input by input, as far as inputs are read to their end."""

    correlation: Correlation
    pages: Mapping[int, PagesRead] = field(factory=dict)
    """Those that go on, by the position of the input."""


def bodies_of(
    endpoint: Endpoint, inputs: Sequence[Input], pages: Mapping[int, PagesRead]
) -> list[bytes]:
    """Return inputs as JSON, those that go on with the place where they do. `pages`: by the input's index."""
    paging = endpoint.paging
    bodies = []
    for item in inputs:
        page = pages.get(item.index)
        if page is None or paging is None:
            bodies.append(item.body)
        else:
            bodies.append(orjson.dumps({**item.wire, paging.after: page.trail.after}))
    return bodies


def in_requests(
    endpoint: Endpoint, inputs: Sequence[Input], pages: Mapping[int, PagesRead], largest: int
) -> list[list[Input]]:
    """Put inputs that go on into requests of at most so many bytes of inputs. `pages`: by the input's index."""
    parts: list[list[Input]] = []
    room = 0
    for item in inputs:
        size = _size(endpoint.paging, item, pages[item.index].trail.after) + 1  # the comma
        if size > room:
            parts.append([])
            room = largest + 1
        parts[-1].append(item)
        room -= size
    return parts


def _size(paging: Paging | None, item: Input, after: str) -> int:
    """Return the bytes of an input that goes on, at the most."""
    return len(item.body) + (len(orjson.dumps({paging.after: after})) - 1 if paging else 0)


def follow_pages(
    endpoint: Endpoint,
    inputs: Sequence[Input],
    correlation: Correlation,
    pages: Mapping[int, PagesRead],
    largest: int,
) -> Paged:
    """Join what an answer says of inputs to what was read of them before.

    `pages`: by the input's index. `largest`: the most bytes of one input.
    """
    paging = endpoint.paging
    if paging is None:
        return Paged(correlation)
    statuses, results = list(correlation.statuses), list(correlation.results)
    causes, errors = list(correlation.causes), list(correlation.errors)
    following: dict[int, PagesRead] = {}
    for position, (item, result) in enumerate(zip(inputs, correlation.results, strict=True)):
        if statuses[position] is not RecordStatus.SUCCEEDED or not isinstance(result, RowResult):
            continue
        before = pages.get(item.index)
        after = _place(paging, result)
        if after == "":
            results[position] = _joined(paging, before, result)
            continue
        items = _list(result.fields.get(paging.gathers))
        trail = (Trail() if before is None else before.trail).to(after or "")
        if after is None:
            why = f"from where page {trail.number} goes on cannot be read"
        elif _size(paging, item, after) > largest:
            why = f"from where page {trail.number} goes on is longer than a request may be"
        elif trail.number >= _MOST_PAGES or trail.goes_round:
            why = f"page {trail.number} goes on where an earlier one did, or is one too many"
        else:
            following[position] = PagesRead(items, trail, before)
            continue
        error = BatchError(
            NO_ANSWER, f"reading it came to no end: {why}", indexes=indexes_of([item])
        )
        errors.append(error)
        statuses[position], results[position] = RecordStatus.UNKNOWN, None
        causes[position] = error
    return Paged(Correlation(statuses, results, causes, errors), following)


def _place(paging: Paging, result: RowResult) -> str | None:
    """Return from where a result goes on: text unchanged, a number as text, as HubSpot takes it.

    `""`: nowhere, it is read to its end. None: it is neither, so whether it ends is not known.
    """
    steps = steps_of(paging.at)
    place = value_at(result.fields, steps)
    if place is None and steps[-2:-1] == ("next",):
        following = value_at(result.fields, steps[:-1])
        if following and not (isinstance(following, dict) and steps[-1] in following):
            return None  # there is a next page, and no word of where
    if place is None or type(place) is int:
        return "" if place is None else str(place)
    if type(place) is str:
        return place if place.strip() else ""
    return None


def _joined(paging: Paging, before: PagesRead | None, result: RowResult) -> RowResult:
    """Return what was read of an input: one list of all pages, and no word of pages."""
    pages = [_list(result.fields.get(paging.gathers))]
    while before is not None:
        pages.append(before.items)
        before = before.before
    items = [item for page in reversed(pages) for item in page]
    fields: dict[str, Any] = {**result.fields, paging.gathers: items}
    fields.pop(paging.at.split(".", maxsplit=1)[0], None)
    return RowResult(fields, result.others)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
