"""By which names a reply may speak of inputs that are objects: trace id, record id, unique value.

Pure. It knows nothing of what a reply says of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from hubbatch._batches.error_contexts import contexts_of, texts
from hubbatch._batches.names import texts_in
from hubbatch._batches.problems import is_conflict
from hubbatch._records.planning import Input
from hubbatch._records.spelling import ALIASES, Key, Spelling, further_values
from hubbatch.endpoints import Endpoint
from hubbatch.models import BatchError, ObjectResult

__all__ = ["ObjectNames"]


class ObjectNames:
    """The names of the inputs of one batch."""

    def __init__(self, endpoint: Endpoint, inputs: Sequence[Input], spelling: Spelling) -> None:
        self._addresses = endpoint.addresses
        self._error_names = endpoint.error_names
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
    def _forms(self) -> dict[Key, list[int]]:
        """Positions by the form of a unique value."""
        found: dict[Key, list[int]] = {}
        for (name, value), position in self.by_key.items():
            if name is not None:
                found.setdefault((name, self._spelling.form(name, value)), []).append(position)
        return found

    @functools.cached_property
    def id_properties(self) -> Sequence[str | None]:
        """The unique properties that keys belong to, in the order of the inputs; None for record ids."""
        return list(dict.fromkeys(name for name, _ in self.by_key))

    def of_result(self, result: ObjectResult) -> Sequence[int]:
        """Return the positions of the inputs that a result may be for: none if the names do not show it.

        There are several where one object is named by its id and by a unique value in the same batch.
        """
        if self.by_trace_id and result.object_write_trace_id is not None:
            position = self.by_trace_id.get(result.object_write_trace_id)
            return () if position is None else (position,)
        found = [
            position for name in self.id_properties for position in self._by_name(name, result)
        ]
        return list(dict.fromkeys(found))

    def _by_name(self, name: str | None, result: ObjectResult) -> Iterator[int]:
        """Return the positions of the inputs that name a result's object by its id, or by one unique property."""
        if name is None:
            if (position := self.by_key.get((None, result.id))) is not None:
                yield position
            return
        value = result.properties.get(name)
        values = [] if value is None else [value]
        if further := result.properties.get(ALIASES.get(name, "")):
            values += further_values(further)
        for value in values:
            form = self._spelling.form(name, value)
            found = self._forms.get((name, form), ())
            if len(found) == 1:
                yield found[0]
            elif found and not self._spelling.is_plain(form, value):
                # Several inputs differ only in spelling: but for the plain one, each keeps its own at most.
                position = self.by_key.get(self._spelling.key(name, value))
                if position is not None:
                    yield position

    def of_error(self, error: BatchError) -> list[int]:
        """Return the positions of the inputs that an error names, in its own or a nested context."""
        contexts = contexts_of(error)
        traced = {
            self.by_trace_id[trace_id]
            for context in contexts
            for trace_id in texts(context.get("objectWriteTraceId"))
            if trace_id in self.by_trace_id
        }
        if traced or not self._addresses or is_conflict(error):
            # Ids next to trace ids, or of a conflict, are of other objects: of the one that was collided with.
            return sorted(traced)
        return sorted(
            {
                positions[0]
                for value in texts_in(error, self._error_names)
                # One value may be the id of one input and the unique value of another: then it names nobody.
                if len(positions := self._of_value(value)) == 1
            }
        )

    def _of_value(self, value: str) -> list[int]:
        keys = (self._spelling.key(id_property, value) for id_property in self.id_properties)
        return [self.by_key[key] for key in keys if key in self.by_key]

    def names_what_is_shared(self, error: BatchError) -> bool:  # noqa: ARG002
        """Whether an error names something that several inputs have: no name of an object is."""
        return False

    def names_a_record(self, error: BatchError) -> bool:
        """Whether an error names records at all, be they of this batch or not."""
        traced = any(context.get("objectWriteTraceId") for context in contexts_of(error))
        return traced or (
            self._addresses and not is_conflict(error) and any(texts_in(error, self._error_names))
        )
