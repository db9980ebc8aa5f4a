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
    """What has been read of an input so far."""

    row: RowResult
    after: str
    """From where it goes on."""
    number: int = 1


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
        whole = _joined(paging, before, result)
        results[position] = whole
        if not (after := text_of(value_at(result.fields, steps_of(paging.at)))):
            continue
        number = 1 if before is None else before.number + 1
        if number >= _MOST_PAGES or (before is not None and before.after == after):
            error = BatchError(
                NO_ANSWER,
                f"reading it came to no end: page {number} goes on at the same place, or is one too many",
                indexes=indexes_of([item]),
            )
            statuses[position], results[position], causes[position] = (
                RecordStatus.UNKNOWN,
                None,
                error,
            )
            errors.append(error)
        else:
            following[position] = Page(whole, after, number)
    return Paged(Correlation(statuses, results, causes, errors), following)


def _joined(paging: Paging, before: Page | None, result: RowResult) -> RowResult:
    """Return what is known of an input now: one list, and no word of pages."""
    page = _list(result.fields.get(paging.gathers))
    earlier: list[Any] = [] if before is None else _list(before.row.get(paging.gathers))
    fields: dict[str, Any] = {**result.fields, paging.gathers: [*earlier, *page]}
    fields.pop(paging.at.split(".", maxsplit=1)[0], None)
    return RowResult(fields, result.others)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
