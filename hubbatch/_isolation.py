"""Who is to blame when a batch is rejected as a whole: named in the answer, or found by halving.

Pure but for one memory: what the last single records were refused for, since a reason that they all share is no
record's fault. It knows nothing of how or when the parts are sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from hubbatch._correlation import Names
from hubbatch._operations import Operation
from hubbatch._planning import Input
from hubbatch.models import BatchError

__all__ = ["Isolation", "Isolator"]

_SYSTEMIC = re.compile(r"non-unique|\bidProperty\b|by property .* does not exist", re.IGNORECASE)
"""What no splitting helps against: the call names a property that cannot name objects."""

_ALIKE = 8
"""Single records that were refused in a row for the same reason: it is not theirs."""

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

    def isolate(self, inputs: Sequence[Input], error: BatchError) -> Isolation:
        """Tell which inputs of a rejected batch are refused, and how to send the others again."""
        if len(inputs) == 1:
            self._alike = self._alike + 1 if error.message == self._reason else 1
            self._reason = error.message
            return Isolation(inputs, ())
        systemic = _SYSTEMIC.search(error.message) is not None
        if systemic or (self._alike >= _ALIKE and error.message == self._reason):
            return Isolation(inputs, ())
        named = set(Names(self._operation, inputs).of_error(error)) or _carriers(inputs, error)
        if named:
            rest = [item for position, item in enumerate(inputs) if position not in named]
            refused = [item for position, item in enumerate(inputs) if position in named]
            return Isolation(refused, (rest,) if rest else ())
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
