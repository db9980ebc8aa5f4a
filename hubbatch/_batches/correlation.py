"""Which input of a batch each result and each error is for, and so what became of every input.

Pure: inputs and a decoded reply in, one status an input out. By trace id, else by record id or unique value, else
by the property values sent; never by position, for HubSpot answers out of order. What cannot be decided is UNKNOWN.

A result that names a record is its success whatever the reply says of the batch (CANCELED, PENDING): it is the object
as it was written, and the batch's status speaks of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import frozen

from hubbatch._batches.match_values import one_to_one
from hubbatch._batches.matches import Matches
from hubbatch._batches.name_strategy import is_done, names_and_matches
from hubbatch._batches.names import Names
from hubbatch._batches.names_rows import RowNames
from hubbatch._batches.problems import is_about_an_object
from hubbatch._protocol.converter import MOST_DETAILS
from hubbatch._protocol.results import ObjectResults
from hubbatch._protocol.rows import RowResults
from hubbatch._records.planning import Input, NamedInput
from hubbatch._records.spelling import CONTACTS, Spelling
from hubbatch.endpoints import AnswerKind, Endpoint, InputKind, ResultShape
from hubbatch.models import (
    NO_ANSWER,
    OBJECT_NOT_FOUND,
    BatchError,
    BatchResponse,
    BatchStatus,
    RecordStatus,
    Result,
)

__all__ = ["Correlation", "correlate", "indexes_of"]


@frozen
class Correlation:
    """A reply, input by input. `statuses`, `results` and `causes` have one item for each input, in their order."""

    statuses: Sequence[RecordStatus]
    results: Sequence[Result | None]
    causes: Sequence[BatchError | None]
    """Why an input has not succeeded."""
    errors: Sequence[BatchError]
    """All errors, with their `indexes`. Where there is none, all inputs have succeeded."""
    nameless: BatchError | None = None
    """The first error that names no record. It may be about any input that the answer leaves out, but no other."""


def correlate(
    endpoint: Endpoint,
    inputs: Sequence[Input],
    response: BatchResponse,
    spelling: Spelling = CONTACTS,
) -> Correlation:
    """Return what became of every input of a batch, by the reply to it."""
    if (results := _one_each(endpoint, inputs, response)) is not None:
        return _all_succeeded(results)
    names, matches = names_and_matches(endpoint, inputs, response, spelling)
    matched = matches.results
    if not response.errors and len(matched) == len(inputs):
        all_results = [*map(matched.get, range(len(inputs)))]
        if type(None) not in set(map(type, all_results)):  # as nearly always
            return _all_succeeded(all_results)
    assigned = _assign_errors(endpoint, inputs, names, matches, response)
    causes, errors, nameless = assigned.causes, assigned.errors, assigned.nameless
    statuses = [RecordStatus.SUCCEEDED] * len(inputs)
    for position in causes:
        # Both a result and an error, or a result that may be its own: which of them is true is not known.
        # So it is with several pairs of one input: what is said of one of them is not said of the others.
        # And so with pairs that share the object which an error names, if it is about one of them.
        doubtful = position in matched or matches.left_over or _is_several(inputs[position])
        doubtful = doubtful or position in assigned.ambiguous
        statuses[position] = RecordStatus.UNKNOWN if doubtful else RecordStatus.FAILED
    for position, result in matched.items():
        if result is None:
            statuses[position] = RecordStatus.UNKNOWN
            causes[position] = _contradiction(inputs[position])
            errors.append(causes[position])
    already_gone = _already_gone(endpoint, names, response.errors)
    unmentioned = [
        position
        for position in range(len(inputs))
        if position not in matched and position not in causes and position not in already_gone
    ]
    if unmentioned and not _unmentioned_succeeded(
        endpoint, len(inputs), matches, response, nameless
    ):
        error = _no_answer(inputs, unmentioned, response, nameless)
        errors.append(error)
        for position in unmentioned:
            statuses[position] = RecordStatus.UNKNOWN
            causes[position] = error
    positions = range(len(inputs))
    return Correlation(
        statuses,
        [*map(matched.get, positions)],
        [*map(causes.get, positions)],
        errors,
        nameless=nameless[0] if nameless else None,
    )


def _all_succeeded(results: Sequence[Result | None]) -> Correlation:
    number = len(results)
    return Correlation([RecordStatus.SUCCEEDED] * number, results, [None] * number, [])


def _one_each(
    endpoint: Endpoint, inputs: Sequence[Input], response: BatchResponse
) -> Sequence[Result] | None:
    """Return the results in the order of the inputs if every input has just one, and no more is said.

    So it is nearly always: by the fields that name it, by trace id or, where creates are not echoed theirs, by the very
    values sent. To see it beforehand saves 4 % of a run's CPU.
    """
    results, rows = response.results, response.rows
    if response.errors:
        return None
    if isinstance(rows, RowResults):
        return RowNames(endpoint, inputs).one_each(rows) if len(rows) == len(inputs) else None
    if not endpoint.trace_ids or len(results) != len(inputs):
        return None
    if not isinstance(results, ObjectResults):
        results = ObjectResults(built=results)
    places = _by_trace_id(inputs, results)
    if places is None and endpoint.input is InputKind.NEW_OBJECT:
        places = one_to_one(inputs, results)
    return None if places is None else results.in_order(places)


def _by_trace_id(inputs: Sequence[Input], results: ObjectResults) -> list[int] | None:
    places = {trace_id: place for place, trace_id in enumerate(results.trace_ids)}
    places.pop(None, None)
    try:
        return [places.pop(item.trace_id) for item in inputs]
    except KeyError:
        return None


def _of_errors(
    names: Names, matches: Matches, errors: Sequence[BatchError]
) -> tuple[list[Sequence[int]], set[int]]:
    """Return for each error the positions of the inputs that it is about, and those which it may not be about.

    Some errors name what several inputs share, as one object in many pairs. They are about those without a result and
    without an error of their own. All of them are refused if it is about the object itself, or if there is an error for
    each. If there are fewer such errors it is not known which of them they mean.
    """
    named: list[Sequence[int]] = [names.of_error(error) for error in errors]
    groups: dict[tuple[int, ...], list[int]] = {}
    settled = set(matches.results)
    for number, (positions, error) in enumerate(zip(named, errors, strict=True)):
        if len(positions) > 1 and names.names_what_is_shared(error):
            groups.setdefault(tuple(positions), []).append(number)
        else:
            settled.update(positions)
    ambiguous: set[int] = set()
    for positions, numbers in groups.items():
        left = [at for at in positions if at not in settled] or positions
        for count, number in enumerate(numbers):
            named[number] = [left[count % len(left)]]
        if len(numbers) < len(left):
            named[numbers[0]] = left
            if not is_about_an_object(errors[numbers[0]]):
                ambiguous.update(left)
    return named, ambiguous


def _already_gone(endpoint: Endpoint, names: Names, errors: Sequence[BatchError]) -> set[int]:
    """Return the inputs of an archive whose objects are not there: that is what an archive is to bring about."""
    if not endpoint.missing_is_done:
        return set()
    named = [names.of_error(error) for error in errors if error.category == OBJECT_NOT_FOUND]
    return set().union(*{id(positions): positions for positions in named}.values())


@frozen
class _Assigned:
    """The errors of a reply, given to inputs by position."""

    causes: dict[int, BatchError]
    """The first error of each."""
    errors: list[BatchError]
    """All of them, with their indexes."""
    nameless: list[BatchError]
    ambiguous: set[int]
    """The inputs that their errors may not be about."""


def _assign_errors(
    endpoint: Endpoint,
    inputs: Sequence[Input],
    names: Names,
    matches: Matches,
    response: BatchResponse,
) -> _Assigned:
    """Give errors to inputs."""
    causes: dict[int, BatchError] = {}
    indexed, nameless = [], []
    # What has no words of HubSpot's is no rejection, whichever record it is about.
    refusals = [each for each in response.errors if each.category or each.correlation_id]
    positions_of, ambiguous = _of_errors(names, matches, refusals)
    about = iter(positions_of)
    for item in response.errors:
        from_hubspot = bool(item.category or item.correlation_id)
        positions = next(about) if from_hubspot else ()
        alone = len(inputs) == 1 and not response.results and not response.rows
        if from_hubspot and alone and not positions and not names.names_a_record(item):
            positions = [0]  # there is nobody else whom it could mean
        if positions and is_done(endpoint, names, item):
            continue
        error = attrs.evolve(item, indexes=indexes_of([inputs[position] for position in positions]))
        indexed.append(error)
        if not positions:
            nameless.append(error)
        for position in positions:
            causes.setdefault(position, error)
    return _Assigned(causes, indexed, nameless, ambiguous)


def _unmentioned_succeeded(
    endpoint: Endpoint,
    inputs: int,
    matches: Matches,
    response: BatchResponse,
    nameless: Sequence[BatchError],
) -> bool:
    """Whether an input that a reply does not mention was dealt with: an archive's answer names nobody."""
    says_all = endpoint.answer is AnswerKind.NOTHING
    if endpoint.answer is AnswerKind.IDS:
        says_all = (
            not matches.left_over
        )  # lists with ids that nobody sent are not about this request
    if endpoint.result is ResultShape.ROW and not endpoint.names and not response.errors:
        says_all = True  # each has a result, and none of them says whose it is
        if endpoint.answer is AnswerKind.RESULTS:
            says_all = endpoint.results_per_input == 1 and len(response.rows) == inputs
    return (
        says_all
        and response.status is BatchStatus.COMPLETE
        and response.num_errors <= len(response.errors)
        and not nameless
        and all(len(error.errors) < MOST_DETAILS for error in response.errors)
    )


def _no_answer(
    inputs: Sequence[Input],
    positions: Sequence[int],
    response: BatchResponse,
    nameless: Sequence[BatchError],
) -> BatchError:
    if response.status is not BatchStatus.COMPLETE:
        message = f"the service has not completed the batch: it answered {response.status}"
    else:
        message = "the reply mentions this record neither among its results nor among its errors"
    if nameless:
        message += f"; it has an error that names no record: {nameless[0].message}"
    return BatchError(
        NO_ANSWER, message, indexes=indexes_of([inputs[position] for position in positions])
    )


def _is_several(item: Input) -> bool:
    return isinstance(item, NamedInput) and item.several


def _contradiction(item: Input) -> BatchError:
    return BatchError(
        NO_ANSWER,
        "the reply contradicts itself about this record: it has several results with different ids",
        indexes=indexes_of([item]),
    )


def indexes_of(inputs: Sequence[Input]) -> tuple[int, ...]:
    """Return where the records of some inputs stood in the caller's input."""
    alone = tuple([item.index for item in inputs if item.followers is None])
    if len(alone) == len(inputs):  # as nearly always
        return alone
    return tuple(member.index for item in inputs for member in item.members())
