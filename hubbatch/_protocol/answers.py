"""A success, read by what its endpoint answers: objects, rows, lists of ids, one result, nothing.

Pure. It distinguishes what is no answer to a batch from one that says little. Which inputs it is for, it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from hubbatch._protocol.codec import has_own_words, read_response, within_bounds
from hubbatch._protocol.converter import converter
from hubbatch._protocol.rows import RowResults, kept_fields
from hubbatch.endpoints import AnswerKind, Endpoint, ResultShape
from hubbatch.models import OBJECT_NOT_FOUND, BatchError, BatchResponse, ObjectResult

__all__ = ["holds_results", "read_answer"]

_OBJECTS = frozenset({dict})
_IDS = frozenset({str, int})
_REFUSAL = frozenset({"category", "error", "message"})
_NOT_OF_A_PAGE = frozenset({*_REFUSAL, "status", "errors", "numErrors"})


def holds_results(endpoint: Endpoint, body: bytes) -> bool:
    """Whether a reply is an answer to a batch, or part of one, whatever its status says."""
    lists = endpoint.id_lists
    names = ("results",) if lists is None else ("results", *lists.done, *lists.missing)
    return any(f'"{name}"'.encode() in body for name in names)


def read_answer(endpoint: Endpoint, value: Any, inputs: int | None) -> BatchResponse | None:
    """Read the JSON of a success; None if it is not an answer to a batch of so many inputs."""
    return _READERS[endpoint.answer](endpoint, value, inputs)


def _results(endpoint: Endpoint, value: Any, inputs: int | None) -> BatchResponse | None:
    if endpoint.result is ResultShape.OBJECT:
        return read_response(value, inputs)
    if type(value) is not dict:
        return None
    results = value.get("results")
    if results is not None and not _are_objects(results):
        return None
    if not within_bounds(len(results or ()), inputs, endpoint.results_per_input):
        return None
    response = read_response({**value, "results": []}, inputs)
    if response is None or not results:
        return response
    rows, errors = _rows(endpoint, results)
    return attrs.evolve(response, rows=rows, errors=[*response.errors, *errors])


def _nothing(endpoint: Endpoint, value: Any, inputs: int | None) -> BatchResponse | None:
    """Read an answer of an endpoint that has no results: how far it came, and its errors if there are any.

    Anything else it says may be a rejection in an unknown form, and silence must not pass for success.
    """
    if type(value) is not dict or "status" not in value:
        return None
    if value.get("results"):
        if endpoint.result is ResultShape.OBJECT or not _are_objects(value["results"]):
            return None
        value = {**value, "results": []}  # they name nobody
    number = value.get("numErrors", 0)
    if type(number) is not int or not value.keys().isdisjoint(_REFUSAL):
        return None
    return read_response(value, inputs)


def _are_objects(results: Any) -> bool:
    return type(results) is list and _OBJECTS.issuperset(map(type, results))


def _ids(endpoint: Endpoint, value: Any, inputs: int | None) -> BatchResponse | None:
    """Read lists of ids: those that were done, and an error that names those that are missing."""
    lists = endpoint.id_lists
    if lists is None or type(value) is not dict or not value.keys().isdisjoint(_REFUSAL):
        return None
    if value.get("status", "COMPLETE") != "COMPLETE" or value.get("errors"):
        return None
    if value.get("numErrors"):
        return None
    found: dict[str, list[str]] = {}
    for name in (*lists.done, *lists.missing):
        if name in value:
            ids = [] if value[name] is None else value[name]
            if type(ids) is not list or not _IDS.issuperset(map(type, ids)):
                return None
            found[name] = [str(each) for each in ids]
    if lists.done and found.keys().isdisjoint(lists.done):
        return None  # it says nothing of what was done
    if not found or not within_bounds(sum(map(len, found.values())), inputs, None):
        return None
    rows = RowResults(
        [{"id": each, "list": name} for name in lists.done for each in found.get(name, ())]
    )
    errors = [
        BatchError(OBJECT_NOT_FOUND, f"it is among the {name}", context={"ids": found[name]})
        for name in lists.missing
        if found.get(name)
    ]
    return BatchResponse(rows=rows, errors=errors, num_errors=len(errors))


def _one(endpoint: Endpoint, value: Any, _: int | None) -> BatchResponse | None:
    """Read a result that is the whole body."""
    if type(value) is not dict or has_own_words(value) or value.get("status") == "error":
        return None
    if not value.keys().isdisjoint(_REFUSAL) or value.get("errors") or value.get("numErrors"):
        return None
    if endpoint.result is ResultShape.ROW:
        rows, errors = _rows(endpoint, [value])
        return BatchResponse(rows=rows, errors=errors) if value else None
    if not value.get("id"):
        return None
    return BatchResponse(results=[converter.structure(value, ObjectResult)])


def _page(endpoint: Endpoint, value: Any, _: int | None) -> BatchResponse | None:
    """Read a page: objects that have an id, and nothing that could be a refusal or a half-done batch."""
    if type(value) is not dict or not _NOT_OF_A_PAGE.isdisjoint(value):
        return None
    results = value.get("results")
    if results is None or not _are_objects(results):
        return None
    if not all(isinstance(each.get("id"), str) and each["id"] for each in results):
        return None
    if not within_bounds(len(results), 1, endpoint.results_per_input):
        return None
    return read_response(value)


def _rows(
    endpoint: Endpoint, values: Sequence[dict[str, Any]]
) -> tuple[RowResults, Sequence[BatchError]]:
    """Return results that are rows, and an error for each that cannot be kept.

    Of a write's result some fields may be missing: the others prove the write. What is read is read whole or not.
    """
    kept = kept_fields(values)
    if kept is values:
        return RowResults(values), ()
    rows, errors = [], []
    for value, fields in zip(values, kept, strict=True):
        if fields is value or (fields and endpoint.writes):
            rows.append(fields)
        else:
            errors.append(BatchError("", "a result is nested too deep to be kept"))
    return RowResults(rows), errors


_READERS: Mapping[AnswerKind, Callable[[Endpoint, Any, int | None], BatchResponse | None]] = {
    AnswerKind.RESULTS: _results,
    AnswerKind.NOTHING: _nothing,
    AnswerKind.IDS: _ids,
    AnswerKind.ONE: _one,
    AnswerKind.PAGE: _page,
}
"""How each kind of answer is read."""
