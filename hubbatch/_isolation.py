"""Who is to blame when a batch is rejected as a whole: named in the answer, or found by halving.

Pure but for a memory of what was refused for which reason, since a reason that all share is no record's fault. It
knows nothing of how or when the parts are sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from hubbatch._batching import Batch
from hubbatch._correlation import Names
from hubbatch._operations import Operation
from hubbatch._planning import Input
from hubbatch.models import BatchError

__all__ = ["FIRST_BATCHES", "Isolation", "Isolator"]

_SYSTEMIC = re.compile(r"non-unique|\bidProperty\b|by property .* does not exist", re.IGNORECASE)
"""What no splitting helps against: the call names a property that cannot name objects."""

_ALIKE = 8
"""Single records that were refused in a row for the same reason: it is not theirs."""

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
        self._reason = ""
        self._alike = 0
        self._first: dict[int, str] = {}

    @property
    def everybodys_fault(self) -> str | None:
        """The reason for which each of the run's first batches was refused as one, if they all were."""
        reasons = set(self._first.values())
        return min(reasons) if len(self._first) == FIRST_BATCHES and len(reasons) == 1 else None

    def isolate(self, batch: Batch, error: BatchError) -> Isolation:
        """Tell which inputs of a rejected batch are refused, and how to send the others again."""
        inputs = batch.inputs
        if _SYSTEMIC.search(error.message) is not None:
            return self._all(batch, error)
        if len(inputs) == 1:
            self._alike = self._alike + 1 if error.message == self._reason else 1
            self._reason = error.message
            return Isolation(inputs, ())
        if self._alike >= _ALIKE and error.message == self._reason:
            return self._all(batch, error)
        named = set(Names(self._operation, inputs).of_error(error)) or _carriers(inputs, error)
        if len(named) == len(inputs):
            return self._all(batch, error)
        if named:
            rest = [item for position, item in enumerate(inputs) if position not in named]
            refused = [item for position, item in enumerate(inputs) if position in named]
            return Isolation(refused, (rest,))
        suspects = _suspects(inputs, error)
        if 0 < len(suspects) < len(inputs):
            return Isolation(
                (),
                (
                    [item for position, item in enumerate(inputs) if position not in suspects],
                    [item for position, item in enumerate(inputs) if position in suspects],
                ),
            )
        middle = len(inputs) // 2
        return Isolation((), (inputs[:middle], inputs[middle:]))

    def _all(self, batch: Batch, error: BatchError) -> Isolation:
        """Refuse a batch, or what is left of it, for a reason that its records share."""
        if batch.number < FIRST_BATCHES:
            self._first[batch.number] = f"{error.category}: {error.message}"
        return Isolation(batch.inputs, ())


def _carriers(inputs: Sequence[Input], error: BatchError) -> set[int]:
    """Return the inputs that carry a property which does not exist, or lack one that is required."""
    unknown = _properties(error, _UNKNOWN_PROPERTY)
    required = _properties(error, _MISSING_PROPERTY)
    return {
        position
        for position, item in enumerate(inputs)
        for properties in (item.wire.get("properties", {}),)
        if not unknown.isdisjoint(properties) or not all(properties.get(name) for name in required)
    }


def _suspects(inputs: Sequence[Input], error: BatchError) -> set[int]:
    """Return the inputs that carry a property which the error names: one of their values may be wrong."""
    named = _properties(error, None)
    return {
        position
        for position, item in enumerate(inputs)
        if not named.isdisjoint(item.wire.get("properties", {}))
    }


def _properties(error: BatchError, code: str | None) -> set[str]:
    """Return the properties that an error's details name, of one code or of any."""
    return {
        name
        for detail in error.errors
        if code is None or detail.code == code
        if isinstance(detail.context, Mapping)
        for field in ("propertyName", "properties")
        for name in detail.context.get(field) or ()
        if isinstance(name, str)
    }
