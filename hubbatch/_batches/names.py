"""By which names a reply may speak of the inputs of a batch: trace id, record id, unique value.

Pure. It knows nothing of what a reply says of them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hubbatch._protocol.operations import Operation
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Key, Spelling
from hubbatch.models import BatchError, ObjectResult

__all__ = ["Names", "contexts_of", "texts"]

_MOST_NAMES = 10_000
"""Ids of one error that are read: more than any batch has inputs."""

_ALIASES = {"email": "hs_additional_emails", "domain": "hs_additional_domains"}
"""Properties whose further values name the object too."""


class Names:
    """The names by which a reply may speak of an input."""

    def __init__(self, operation: Operation, inputs: Sequence[Input], spelling: Spelling) -> None:
        self._keyed = operation.keyed
        self._spelling = spelling
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
    def _by_form(self) -> dict[Key, int]:
        """Positions by the form of a unique value, as far as it is one input's alone."""
        seen: dict[Key, int | None] = {}
        for (name, value), position in self.by_key.items():
            if name is not None:
                form = (name, self._spelling.form(name, value))
                seen[form] = None if form in seen else position
        return {form: position for form, position in seen.items() if position is not None}

    @functools.cached_property
    def id_properties(self) -> Sequence[str | None]:
        """The unique properties that keys belong to, in the order of the inputs; None for record ids."""
        return list(dict.fromkeys(name for name, _ in self.by_key))

    def of_result(self, result: ObjectResult) -> Sequence[int]:
        """Return the positions of the inputs that a result may be for: none if the names do not tell.

        There are several where one object is named by its id and by a unique value in the same batch.
        """
        if self.by_trace_id and result.object_write_trace_id is not None:
            position = self.by_trace_id.get(result.object_write_trace_id)
            return () if position is None else (position,)
        found = (self._by_name(name, result) for name in self.id_properties)
        return [position for position in found if position is not None]

    def _by_name(self, name: str | None, result: ObjectResult) -> int | None:
        if name is None:
            return self.by_key.get((None, result.id))
        value = result.properties.get(name)
        values = [] if value is None else [value]
        if further := result.properties.get(_ALIASES.get(name, "")):
            values += further.split(";")
        for value in values:
            position = self.by_key.get(self._spelling.key(name, value))
            if position is None:
                position = self._by_form.get((name, self._spelling.form(name, value)))
            if position is not None:
                return position
        return None

    def of_error(self, error: BatchError) -> list[int]:
        """Return the positions of the inputs that an error names, in its own or a nested context."""
        contexts = contexts_of(error)
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
                if (key := self._spelling.key(id_property, value)) in self.by_key
            }
        )


def contexts_of(error: BatchError) -> list[Mapping[str, Any]]:
    """Return an error's own context and those of its details."""
    return [
        context
        for context in (error.context, *(detail.context for detail in error.errors))
        if isinstance(context, Mapping)
    ]


def texts(value: Any) -> Iterable[str]:
    """Read what is a list of texts in practice, and one text, or a number, at times."""
    if isinstance(value, list):
        return map(str, itertools.islice(value, _MOST_NAMES))
    return () if value is None else (str(value),)
