"""Inputs whose result did not fit into one answer: where each goes on, and what has come of it so far.

Pure. The pages of one input are joined to one result; what is read of it in the end is all of it or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import field, frozen

from hubbatch._batches.correlation import Correlation, indexes_of
from hubbatch._records.paths import steps_of, text_of, value_at
from hubbatch._records.planning import Input
from hubbatch.endpoints import Endpoint, Paging
from hubbatch.models import NO_ANSWER, BatchError, RecordStatus, RowResult

__all__ = ["Page", "Paged", "bodies_of", "follow_pages"]

_MOST_PAGES = 10_000
"""Pages of one input, at most: a service that never comes to an end must not be followed for ever."""


@frozen
class Page:
    """What has been read of an input so far: its last page, and those before."""

    items: Sequence[Any] = field(repr=False)
    after: str
    """From where it goes on."""
    before: Page | None = field(default=None, eq=False, repr=False)
    number: int = 1
    landmark: str = ""
    """A place that it came by: at the latest one whose number is a power of two (Brent's way to find a circle)."""

    def next(self, items: Sequence[Any], after: str) -> Page:
        """Return the page that follows."""
        landmark = self.after if self.number & (self.number - 1) == 0 else self.landmark
        return Page(items, after, self, self.number + 1, landmark)

    @property
    def goes_round(self) -> bool:
        """Whether it goes on at a place that it came by before."""
        return self.after == self.landmark


@frozen
class Paged:
    """An answer, told apart, as far as inputs are read to their end."""

    told: Correlation
    pages: Mapping[int, Page] = field(factory=dict)
    """Those that go on, by the position of the input."""


def bodies_of(
    endpoint: Endpoint, inputs: Sequence[Input], pages: Mapping[int, Page]
) -> list[bytes]:
    """Return inputs as JSON, those that go on with the place where they do. `pages`: by the input's index."""
    paging = endpoint.paging
    bodies = []
    for item in inputs:
        page = pages.get(item.index)
        if page is None or paging is None:
            bodies.append(item.body)
        else:
            bodies.append(orjson.dumps({**item.wire, paging.after: page.after}))
    return bodies


def follow_pages(
    endpoint: Endpoint, inputs: Sequence[Input], told: Correlation, pages: Mapping[int, Page]
) -> Paged:
    """Join what an answer tells of inputs to what was read of them before. `pages`: by the input's index."""
    paging = endpoint.paging
    if paging is None:
        return Paged(told)
    statuses, results = list(told.statuses), list(told.results)
    causes, errors = list(told.causes), list(told.errors)
    following: dict[int, Page] = {}
    for position, (item, result) in enumerate(zip(inputs, told.results, strict=True)):
        if statuses[position] is not RecordStatus.SUCCEEDED or not isinstance(result, RowResult):
            continue
        before = pages.get(item.index)
        if not (after := text_of(value_at(result.fields, steps_of(paging.at)))):
            results[position] = _joined(paging, before, result)
            continue
        items = _list(result.fields.get(paging.gathers))
        page = Page(items, after) if before is None else before.next(items, after)
        if page.number >= _MOST_PAGES or page.goes_round:
            error = BatchError(
                NO_ANSWER,
                f"reading it came to no end: page {page.number} goes on where an earlier one did, or is one too many",
                indexes=indexes_of([item]),
            )
            statuses[position], results[position], causes[position] = (
                RecordStatus.UNKNOWN,
                None,
                error,
            )
            errors.append(error)
        else:
            following[position] = page
    return Paged(Correlation(statuses, results, causes, errors), following)


def _joined(paging: Paging, before: Page | None, result: RowResult) -> RowResult:
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
