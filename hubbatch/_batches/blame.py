"""Which inputs a rejection of a whole batch is about: those it names, or those it may be about.

Pure. What is done with the others, and with a batch of which no input is named, is not its business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from hubbatch._batches.contexts import contexts_of, texts
from hubbatch._batches.faults import MISSING_PROPERTY, PROPERTY_FAULTS, Fault, faults_in
from hubbatch._batches.naming import names_of
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint, InputKind
from hubbatch.models import OBJECT_NOT_FOUND, BatchError

__all__ = ["Blame", "blame", "halves"]


@frozen
class Blame:
    """Whom a rejection is about, by position in the batch."""

    named: frozenset[int] = frozenset()
    """Inputs that are refused: they are named, or have what the error is about."""
    by_property: bool = False
    """Whether they are those that carry a property which nobody may write."""
    suspects: frozenset[int] = frozenset()
    """Inputs that carry a property which the error names, or lack it: one of their values may be wrong, or missing."""


def blame(
    endpoint: Endpoint, inputs: Sequence[Input], error: BatchError, spelling: Spelling
) -> Blame:
    """Tell which inputs of a rejected batch the error is about."""
    named = names_of(endpoint, inputs, spelling).of_error(error)
    if not named and endpoint.input is InputKind.NEW_OBJECT:
        named = _associated(inputs, error)
    faults = faults_in(error)
    every = {name for fault in faults for name in fault.properties}
    contents = [item.properties for item in inputs] if every else []
    if carriers := _having(contents, _named(faults, PROPERTY_FAULTS)):
        return Blame(carriers.union(named), by_property=True)
    if named or not every:
        return Blame(frozenset(named))
    # Who lacks a property may not need it: the object may have it already, or it is required of some only.
    lacking = _lacking(contents, _named(faults, {MISSING_PROPERTY}))
    return Blame(suspects=lacking or _having(contents, every))


def halves(
    inputs: Sequence[Input], suspects: frozenset[int]
) -> tuple[Sequence[Input], Sequence[Input]]:
    """Return a batch in two parts: the suspects by themselves if they are few, else the middle between them."""
    ordered = sorted(range(len(inputs)), key=suspects.__contains__)
    few = 0 < len(suspects) <= len(inputs) / 2
    cut = len(inputs) - len(suspects) if few else len(inputs) // 2
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


def _named(faults: Sequence[Fault], codes: Collection[str]) -> set[str]:
    return {name for fault in faults if fault.code in codes for name in fault.properties}


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
