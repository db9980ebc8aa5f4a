"""Custom events that came in: each `uuid` once, however often it was sent.

It knows nothing of requests or of which events an account has defined.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CustomEvent", "Events"]


@frozen
class CustomEvent:
    """One event that the account accepted."""

    request_number: int
    """`RecordedRequest.number` of the request that brought it first."""
    name: str
    uuid: str | None
    content: Mapping[str, Any]
    """The event as it was sent."""


@define(eq=False)
class Events:
    """The last events that the account accepted, oldest first; those that were sent again are in once."""

    accepted: deque[CustomEvent]
    _uuids: dict[str, None] = field(factory=dict)

    def accept(self, event: CustomEvent) -> None:
        """Take an event in, unless one of that `uuid` is in already."""
        if event.uuid is not None:
            if event.uuid in self._uuids:
                return
            self._uuids[event.uuid] = None
            most = self.accepted.maxlen
            if most is not None and len(self._uuids) > most:
                del self._uuids[next(iter(self._uuids))]
        self.accepted.append(event)
