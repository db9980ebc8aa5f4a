"""By which names a reply may speak of the inputs of a batch: trace id, record id, unique value.

Pure. It knows nothing of what a reply says of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hubbatch._operations import Operation
from hubbatch._planning import Input, Key, key_of
from hubbatch.models import BatchError, ObjectResult

__all__ = ["Names", "texts"]


class Names:
    """The names by which a reply may speak of an input."""

    def __init__(self, operation: Operation, inputs: Sequence[Input]) -> None:
        self._keyed = operation.keyed
        self.by_trace_id: dict[str, int] = {
            trace_id: position
            for position, item in enumerate(inputs)
            if (trace_id := item.trace_id) is not None
        }
        self._inputs = inputs

    @functools.cached_property
    def by_key(self) -> dict[Key, int]:
        """Positions by record id or unique value; not needed where trace ids are echoed."""
        return {
            item.key: position for position, item in enumerate(self._inputs) if item.key is not None
        }

    @functools.cached_property
    def id_properties(self) -> set[str | None]:
        """The unique properties that keys belong to; None for record ids."""
        return {id_property for id_property, _ in self.by_key}

    def of_result(self, result: ObjectResult) -> int | None:
        """Return the position of the input that a result is for; None if the names do not tell."""
        if self.by_trace_id and result.object_write_trace_id is not None:
            return self.by_trace_id.get(result.object_write_trace_id)
        for id_property in self.id_properties:
            value = result.id if id_property is None else result.properties.get(id_property)
            if value is not None:
                position = self.by_key.get(key_of(id_property, value))
                if position is not None:
                    return position
        return None

    def of_error(self, error: BatchError) -> list[int]:
        """Return the positions of the inputs that an error names, in its own or a nested context."""
        contexts = [
            context
            for context in (error.context, *(detail.context for detail in error.errors))
            if isinstance(context, Mapping)
        ]
        traced = {
            self.by_trace_id[trace_id]
            for context in contexts
            for trace_id in texts(context.get("objectWriteTraceId"))
            if trace_id in self.by_trace_id
        }
        if traced or not self._keyed:
            # Ids next to trace ids are of other objects, such as one that was collided with.
            return sorted(traced)
        return sorted(
            {
                self.by_key[key]
                for context in contexts
                for field in ("ids", "id")
                for value in texts(context.get(field))
                for id_property in self.id_properties
                if (key := key_of(id_property, value)) in self.by_key
            }
        )


def texts(value: Any) -> Iterable[str]:
    """Read what is a list of texts in practice, and one text, or a number, at times."""
    if isinstance(value, list):
        return map(str, value)
    return () if value is None else (str(value),)
