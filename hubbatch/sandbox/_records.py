"""Values of the store: one record as the account holds it, when it was written, a line of the ledger.

They know nothing of collections, indexes or HTTP.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from attrs import define, evolve, field, frozen

__all__ = ["Occasion", "StoredObject", "Write"]

_HISTORY = 20
"""How many writes of a record are remembered."""


Version: TypeAlias = tuple[str, Mapping[str, str | None]]
"""When a record was written, and the properties that were."""


class Write(NamedTuple):
    """One line of the ledger: this request wrote this record."""

    request_number: int
    verb: str
    object_type: str
    id: str


@frozen
class Occasion:
    """When and by which request something is written; `stamp` is ISO 8601 text in UTC."""

    request_number: int
    verb: str
    stamp: str
    at: float = -math.inf
    """Seconds since the start; what was put in without a request was always there."""


@define(eq=False)
class StoredObject:
    """One record as the account holds it; a property that was cleared with `""` is gone."""

    id: str
    properties: dict[str, str]
    created_at: str
    updated_at: str
    created_by: int
    """`RecordedRequest.number` of the request that created it; 0 when put in without one."""
    last_written_by: int
    trace_id: str | None = None
    """`objectWriteTraceId` of the input that created it."""
    associations: Sequence[Mapping[str, Any]] = ()
    archived: bool = False
    archived_at: str | None = None
    writes: int = 1
    """How many times it was created or updated; archiving is not counted."""
    _history: list[Version] | None = field(default=None, repr=False)

    def copy(self) -> StoredObject:
        """Return the record as it is now; what is written later does not change the copy."""
        history = None if self._history is None else list(self._history)
        return evolve(self, properties=dict(self.properties), history=history)

    @property
    def history(self) -> list[Version]:
        """Time and properties of the last 20 writes, oldest first."""
        return self._history or [(self.created_at, self.properties)]

    def remember(self, stamp: str, properties: Mapping[str, str | None]) -> None:
        """Add a write to the history, before it is done; the creation needs no entry."""
        if self._history is None:
            self._history = [(self.created_at, dict(self.properties))]
        self._history.append((stamp, properties))
        if len(self._history) > _HISTORY:
            del self._history[0]
