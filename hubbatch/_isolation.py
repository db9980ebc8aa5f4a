"""Who is to blame when a batch is rejected as a whole: named in the answer, or found by halving.

Pure but for a memory of what was refused for which reason, since a reason that all share is no record's fault. It
knows nothing of how or when the parts are sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from hubbatch._batching import Batch
from hubbatch._names import Names, texts
from hubbatch._operations import Operation
from hubbatch._planning import Input
from hubbatch.models import BatchError

__all__ = ["FIRST_BATCHES", "Isolation", "Isolator", "is_systemic"]

_SYSTEMIC = re.compile(r"non-unique|\bidProperty\b|by property .* does not exist", re.IGNORECASE)
"""The call names a property that cannot name objects."""

_ALIKE = 8
"""Single records of a batch, its first, that were all refused for the same reason: it is not theirs."""

FIRST_BATCHES = 3
"""A run stops when so many batches, its first, were each refused as one, for one reason."""

_UNKNOWN_PROPERTY = "PROPERTY_DOESNT_EXIST"
_MISSING_PROPERTY = "REQUIRED_PROPERTIES_MISSING"


@frozen
class Isolation:
    """A rejected batch, taken apart."""

    refused: Sequence[Input]
    """Those that the error is about."""
    again: Sequence[Sequence[Input]]
    """The others, in the parts in which to send them again."""


class Isolator:
    """Takes the rejected batches of one run apart."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._singles: dict[int, tuple[str, int] | None] = {}
        """For each batch that was rejected: for what its single records were refused, and how many, so far all for
        the same; None once they were not, or one of its records was accepted."""
        self._first: dict[int, str] = {}

    def note_acceptance(self, batch: Batch) -> None:
        """Note that a batch, or a part of it, was accepted: what is left of it is refused for its own sake."""
        if batch.number in self._singles:
            self._singles[batch.number] = None

    @property
    def everybodys_fault(self) -> str | None:
        """The reason for which each of the run's first batches was refused as one, if they all were."""
        reasons = set(self._first.values())
        return min(reasons) if len(self._first) == FIRST_BATCHES and len(reasons) == 1 else None

    def isolate(self, batch: Batch, error: BatchError) -> Isolation:
        """Tell which inputs of a rejected batch are refused, and how to send the others again."""
        inputs = batch.inputs
        if is_systemic(error):
            return self._refuse_all(batch, error)
        alike = self._singles.setdefault(batch.number, ("", 0))
        if len(inputs) == 1:
            if alike is not None:
                reason, count = alike
                same = count == 0 or reason == error.message
                self._singles[batch.number] = (error.message, count + 1) if same else None
            return Isolation(inputs, ())
        if alike is not None and alike[1] >= _ALIKE and alike[0] == error.message:
            return self._refuse_all(batch, error)
        carriers = _carriers(inputs, error)
        if len(carriers) == len(inputs) and batch.whole:
            return self._refuse_all(batch, error)
        named = set(Names(self._operation, inputs).of_error(error)) or carriers
        if named:
            rest = [item for position, item in enumerate(inputs) if position not in named]
            refused = [item for position, item in enumerate(inputs) if position in named]
            return Isolation(refused, (rest,) if rest else ())
        return Isolation((), _halves(inputs, _suspects(inputs, error)))

    def _refuse_all(self, batch: Batch, error: BatchError) -> Isolation:
        """Refuse a batch, or what is left of it, for a reason that its records share."""
        if batch.number < FIRST_BATCHES:
            self._first[batch.number] = f"{error.category}: {error.message}"
        return Isolation(batch.inputs, ())


def is_systemic(error: BatchError) -> bool:
    """Whether an error is the call's and no record's, so that no splitting helps."""
    return _SYSTEMIC.search(error.message) is not None


def _halves(inputs: Sequence[Input], suspects: set[int]) -> tuple[Sequence[Input], ...]:
    """Return a batch in two parts: the suspects by themselves if they are few, else the middle between them."""
    ordered = sorted(range(len(inputs)), key=suspects.__contains__)
    few = 0 < len(suspects) <= len(inputs) / 2
    cut = len(inputs) - len(suspects) if few else len(inputs) // 2
    return (
        [inputs[position] for position in ordered[:cut]],
        [inputs[position] for position in ordered[cut:]],
    )


def _carriers(inputs: Sequence[Input], error: BatchError) -> set[int]:
    """Return the inputs that carry a property which does not exist, or lack one that is required."""
    unknown = _properties(error, _UNKNOWN_PROPERTY)
    required = _properties(error, _MISSING_PROPERTY)
    if not (unknown or required):
        return set()  # as mostly: nothing to read the inputs for
    return {
        position
        for position, item in enumerate(inputs)
        for properties in (item.properties,)
        if not unknown.isdisjoint(properties) or not all(properties.get(name) for name in required)
    }


def _suspects(inputs: Sequence[Input], error: BatchError) -> set[int]:
    """Return the inputs that carry a property which the error names: one of their values may be wrong."""
    named = _properties(error, None)
    if not named:
        return set()
    return {
        position for position, item in enumerate(inputs) if not named.isdisjoint(item.properties)
    }


def _properties(error: BatchError, code: str | None) -> set[str]:
    """Return the properties that an error's details name, of one code or of any."""
    return {
        name
        for detail in error.errors
        if code is None or detail.code == code
        if isinstance(detail.context, Mapping)
        for field in ("propertyName", "properties")
        for name in texts(detail.context.get(field))
    }
