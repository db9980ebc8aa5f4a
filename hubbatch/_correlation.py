"""Which input of a batch each result and each error is for, and so what became of every input.

Pure: inputs and a decoded reply in, one verdict an input out. By trace id, else by record id or unique value, else
by the property values sent; never by position, for HubSpot answers out of order. What cannot be told is UNKNOWN.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs
from attrs import frozen

from hubbatch._names import Names
from hubbatch._operations import Operation
from hubbatch._planning import Input
from hubbatch.models import (
    NO_ANSWER,
    BatchError,
    BatchResponse,
    BatchStatus,
    ObjectResult,
    RecordStatus,
)

__all__ = ["Correlation", "correlate"]


@frozen
class Correlation:
    """A reply, told apart. `statuses`, `results` and `causes` have one item for each input, in their order."""

    statuses: Sequence[RecordStatus]
    results: Sequence[ObjectResult | None]
    causes: Sequence[BatchError | None]
    """Why an input has not succeeded."""
    errors: Sequence[BatchError]
    """All errors, with their `indexes`. Where there is none, all inputs have succeeded."""


def correlate(
    operation: Operation, inputs: Sequence[Input], response: BatchResponse
) -> Correlation:
    """Tell what became of every input of a batch from the reply to it."""
    if (results := _one_each(inputs, response)) is not None:
        succeeded = [RecordStatus.SUCCEEDED] * len(inputs)
        return Correlation(succeeded, results, [None] * len(inputs), [])
    names = Names(operation, inputs)
    claimed = _claim(operation, inputs, names, response.results)
    blamed, errors, anonymous = _blame(inputs, names, response.errors, claimed)
    statuses = [RecordStatus.SUCCEEDED] * len(inputs)
    for position in blamed:
        # Both a result and an error: which of them is true cannot be told.
        statuses[position] = RecordStatus.UNKNOWN if position in claimed else RecordStatus.FAILED
    for position, result in claimed.items():
        if result is None:
            statuses[position] = RecordStatus.UNKNOWN
            blamed[position] = _contradiction(inputs[position])
            errors.append(blamed[position])
    silent = [
        position
        for position in range(len(inputs))
        if position not in claimed and position not in blamed
    ]
    if silent and not _silence_is_success(operation, response, anonymous):
        error = _no_answer(inputs, silent, response, anonymous)
        errors.append(error)
        for position in silent:
            statuses[position] = RecordStatus.UNKNOWN
            blamed[position] = error
    positions = range(len(inputs))
    return Correlation(
        statuses, [*map(claimed.get, positions)], [*map(blamed.get, positions)], errors
    )


def _one_each(inputs: Sequence[Input], response: BatchResponse) -> Sequence[ObjectResult] | None:
    """Return the results in the order of the inputs if every input has one by trace id, and no more is said.

    So it is nearly always, and to tell it beforehand saves 4 % of a run's CPU.
    """
    results = response.results
    if response.errors or len(results) != len(inputs):
        return None
    by_trace_id = {result.object_write_trace_id: result for result in results}
    by_trace_id.pop(None, None)
    try:
        return [by_trace_id.pop(item.trace_id) for item in inputs]
    except KeyError:
        return None


def _claim(
    operation: Operation, inputs: Sequence[Input], names: Names, results: Sequence[ObjectResult]
) -> dict[int, ObjectResult | None]:
    """Give results to inputs; None marks an input that two different objects claim to be."""
    claimed: dict[int, ObjectResult | None] = {}
    nameless = []
    for result in results:
        position = names.of_result(result)
        if position is None:
            nameless.append(result)
        elif (earlier := claimed.setdefault(position, result)) is None or earlier.id != result.id:
            claimed[position] = None
    if nameless and operation.writes_properties and not operation.keyed:
        unclaimed = [position for position in range(len(inputs)) if position not in claimed]
        untraced = {  # one result said twice is one
            result.id or index: result
            for index, result in enumerate(nameless)
            if result.object_write_trace_id is None
        }
        claimed.update(_match_by_properties(inputs, unclaimed, list(untraced.values())))
    alone = not claimed and len(inputs) == len(results) == 1
    if alone and _may_be_renamed(operation, inputs[0], results[0]):
        claimed[0] = results[0]
    return claimed


def _may_be_renamed(operation: Operation, item: Input, result: ObjectResult) -> bool:
    """Whether the only result may be the only input's although it goes by another name.

    An object read by a secondary e-mail address has another primary one; created values may be reformatted.
    """
    if operation.writes_properties:
        return item.key is None and result.object_write_trace_id is None
    return item.key is not None and item.key[0] is not None


def _match_by_properties(
    inputs: Sequence[Input], positions: Sequence[int], results: Sequence[ObjectResult]
) -> dict[int, ObjectResult]:
    """Match creates to results by the values sent, as long as each match is the only possible one.

    Identical inputs are interchangeable. A match takes its input out of the game, which may settle others.
    """
    twins: dict[_Signature, list[int]] = defaultdict(list)
    for position in positions:
        twins[_signature_of(inputs[position].wire["properties"].items())].append(position)
    shapes = {tuple(name for name, _ in signature) for signature in twins}
    candidates = [
        (
            result,
            {
                signature
                for shape in shapes
                if (
                    signature := _signature_of(
                        (name, result.properties.get(name)) for name in shape
                    )
                )
                in twins
            },
        )
        for result in results
    ]
    matched: dict[int, ObjectResult] = {}
    while True:
        certain: dict[_Signature, list[ObjectResult]] = defaultdict(list)
        for result, possible in candidates:
            if len(possible) == 1:
                certain[min(possible)].append(result)
        if not certain:
            return matched
        candidates = [(result, possible) for result, possible in candidates if len(possible) > 1]
        for signature, found in certain.items():
            alike = twins[signature]
            if len(found) <= len(alike):
                matched.update(zip(alike, found, strict=False))
                del alike[: len(found)]
            else:
                alike.clear()  # more results than inputs: which is whose cannot be told
        for _, possible in candidates:
            possible -= {signature for signature in possible if not twins[signature]}


_Signature = tuple[tuple[str, str], ...]


def _signature_of(pairs: Iterable[tuple[str, str | None]]) -> _Signature:
    """Return property values in a form that survives the service: it trims, and lower-cases e-mails."""
    return tuple(
        sorted(
            (name, text.lower() if name == "email" else text)
            for name, value in pairs
            for text in ((value or "").strip(),)
        )
    )


def _blame(
    inputs: Sequence[Input],
    names: Names,
    errors: Sequence[BatchError],
    claimed: Mapping[int, ObjectResult | None],
) -> tuple[dict[int, BatchError], list[BatchError], list[BatchError]]:
    """Give errors to inputs: the first error of each input, all errors with indexes, those that name nobody."""
    blamed: dict[int, BatchError] = {}
    indexed, anonymous = [], []
    for item in errors:
        positions = names.of_error(item)
        if not positions and len(inputs) == 1 and not claimed:
            positions = [0]  # there is nobody else whom it could mean
        error = attrs.evolve(item, indexes=_indexes(inputs, positions))
        indexed.append(error)
        if not positions:
            anonymous.append(error)
        for position in positions:
            blamed.setdefault(position, error)
    return blamed, indexed, anonymous


def _silence_is_success(
    operation: Operation, response: BatchResponse, anonymous: Sequence[BatchError]
) -> bool:
    """Whether an input that a reply does not mention was dealt with: an archive's answer names nobody."""
    return (
        not operation.answers_results
        and response.status is BatchStatus.COMPLETE
        and response.num_errors == len(response.errors)
        and not anonymous
    )


def _no_answer(
    inputs: Sequence[Input],
    positions: Sequence[int],
    response: BatchResponse,
    anonymous: Sequence[BatchError],
) -> BatchError:
    if response.status is not BatchStatus.COMPLETE:
        message = f"the service has not completed the batch: it answered {response.status}"
    else:
        message = "the reply mentions this record neither among its results nor among its errors"
    if anonymous:
        message += f"; it has an error that names no record: {anonymous[0].message}"
    return BatchError(NO_ANSWER, message, indexes=_indexes(inputs, positions))


def _contradiction(item: Input) -> BatchError:
    return BatchError(
        NO_ANSWER,
        "the reply contradicts itself about this record: it has several results with different ids",
        indexes=_indexes([item], [0]),
    )


def _indexes(inputs: Sequence[Input], positions: Iterable[int]) -> tuple[int, ...]:
    """Return where the records of some inputs stood in the caller's input."""
    return tuple(item.index for position in positions for item in inputs[position].everyone())
