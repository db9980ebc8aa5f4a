"""Which inputs are at fault when a whole batch is rejected: those that the error names, or candidates.

Pure. It knows nothing of what is done with them, or with the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from hubbatch._batches.error_contexts import contexts_of, texts
from hubbatch._batches.name_strategy import names_of
from hubbatch._batches.problems import (
    MISSING_PROPERTY,
    PROPERTY_PROBLEMS,
    ReportedProblem,
    is_about_an_object,
    problems_in,
)
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint, InputKind
from hubbatch.models import OBJECT_NOT_FOUND, BatchError

__all__ = ["AtFault", "bisect", "find_at_fault"]


@frozen
class AtFault:
    """Which inputs a rejection is about, by position in the batch."""

    named: frozenset[int] = frozenset()
    """Inputs at fault: the error names them, or they have what it is about."""
    by_properties: bool = False
    """Whether they are those that carry a property which cannot be written."""
    candidates: frozenset[int] = frozenset()
    """Inputs that carry a property which the error names, or lack it: one of their values may be wrong, or missing."""


def find_at_fault(
    endpoint: Endpoint, inputs: Sequence[Input], error: BatchError, spelling: Spelling
) -> AtFault:
    """Tell which inputs of a rejected batch the error is about."""
    names = names_of(endpoint, inputs, spelling)
    named = names.of_error(error)
    if len(named) > 1 and names.names_what_is_shared(error) and not is_about_an_object(error):
        return AtFault(candidates=frozenset(named))  # one object in many pairs: which is meant?
    if not named and endpoint.input is InputKind.NEW_OBJECT:
        named = _associated(inputs, error)
    problems = problems_in(error)
    every = {name for problem in problems for name in problem.properties}
    contents = [item.properties for item in inputs] if every else []
    if carriers := _having(contents, _named(problems, PROPERTY_PROBLEMS)):
        return AtFault(carriers.union(named), by_properties=True)
    if named or not every:
        return AtFault(frozenset(named))
    # Who lacks a property may not need it: the object may have it already, or it is required of some only.
    lacking = _lacking(contents, _named(problems, {MISSING_PROPERTY}))
    return AtFault(candidates=lacking or _having(contents, every))


def bisect(
    inputs: Sequence[Input], candidates: frozenset[int]
) -> tuple[Sequence[Input], Sequence[Input]]:
    """Return a batch in two parts: the candidates by themselves if they are few, else the middle between them."""
    ordered = sorted(range(len(inputs)), key=candidates.__contains__)
    few = 0 < len(candidates) <= len(inputs) / 2
    cut = len(inputs) - len(candidates) if few else len(inputs) // 2
    return (
        [inputs[position] for position in ordered[:cut]],
        [inputs[position] for position in ordered[cut:]],
    )


def _associated(inputs: Sequence[Input], error: BatchError) -> list[int]:
    """Return the inputs that are to be associated with an object that is not there."""
    if error.category != OBJECT_NOT_FOUND:
        return []
    missing = {
        value
        for context in contexts_of(error)
        for field in ("ids", "id")
        for value in texts(context.get(field))
    }
    return [
        position
        for position, item in enumerate(inputs)
        if b'"associations"' in item.body
        and any(_target(each) in missing for each in item.wire.get("associations", ()))
    ]


def _target(association: Mapping[str, object]) -> str | None:
    to = association.get("to")
    return str(to.get("id")) if isinstance(to, Mapping) else None


def _named(problems: Sequence[ReportedProblem], codes: Collection[str]) -> set[str]:
    return {name for problem in problems if problem.code in codes for name in problem.properties}


def _having(contents: Sequence[Mapping[str, str]], names: set[str]) -> frozenset[int]:
    return frozenset(
        position for position, properties in enumerate(contents) if not names.isdisjoint(properties)
    )


def _lacking(contents: Sequence[Mapping[str, str]], names: set[str]) -> frozenset[int]:
    if not names:
        return frozenset()
    return frozenset(
        position
        for position, properties in enumerate(contents)
        if not all(properties.get(name) for name in names)
    )
