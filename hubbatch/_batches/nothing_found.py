"""Inputs of which the service says that there is nothing to be read: no failure, but an answer with an empty list.

Pure. HubSpot has an error for each of them in the answer to a batch that succeeded otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from hubbatch._batches.error_contexts import contexts_of, texts
from hubbatch._records.planning import Input, NamedInput
from hubbatch.endpoints import Endpoint
from hubbatch.models import BatchError, BatchResponse, RowResult

__all__ = ["with_empty_results"]


def with_empty_results(
    endpoint: Endpoint, inputs: Sequence[Input], response: BatchResponse
) -> BatchResponse:
    """Return an answer in which errors that say so have become results whose list is empty.

    An error that names nobody stays one, unless there is nobody else whom it could mean.
    """
    if endpoint.nothing_found is None or not response.errors:
        return response
    errors, rows = [], list(response.rows)
    alone = len(inputs) == 1 and not response.rows
    for error in response.errors:
        names = [*_names(endpoint, error)]
        if not names and alone and _says_so(endpoint, error):
            names = [*_own_name(inputs[0])]
        if names:
            rows += [_empty(endpoint, name) for name in names]
        else:
            errors.append(error)
    gone = len(response.errors) - len(errors)
    number = max(len(errors), response.num_errors - gone)
    return attrs.evolve(response, errors=errors, rows=rows, num_errors=number)


def _says_so(endpoint: Endpoint, error: BatchError) -> bool:
    kind = endpoint.nothing_found
    return kind is not None and error.sub_category == kind.sub_category


def _names(endpoint: Endpoint, error: BatchError) -> Iterator[str]:
    kind = endpoint.nothing_found
    if kind is not None and _says_so(endpoint, error):
        for context in contexts_of(error):
            yield from texts(context.get(kind.named))


def _own_name(item: Input) -> Sequence[str]:
    return item.name if isinstance(item, NamedInput) else ()


def _empty(endpoint: Endpoint, name: str) -> RowResult:
    kind, paging = endpoint.nothing_found, endpoint.paging
    value: object = name
    for step in reversed(kind.at.split(".") if kind is not None else ()):
        value = {step: value}
    fields = value if isinstance(value, dict) else {}
    return RowResult({**fields, **({} if paging is None else {paging.gathers: []})})
