"""What readers see while reading lags behind writing: each record as it was some seconds ago.

It keeps former states only for as long as somebody may still be shown them, and knows nothing of HTTP or verbs.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hubbatch.sandbox._records import StoredObject

__all__ = ["ReadLag"]


@define(eq=False)
class ReadLag:
    """The former states of the records that were written in the last `lag` seconds."""

    lag: float = 0.0
    _order: deque[tuple[float, str]] = field(factory=deque)
    _former: dict[str, deque[tuple[float, StoredObject | None]]] = field(factory=dict)

    def note(self, at: float, record_id: str, stored: StoredObject | None) -> None:
        """Keep a record as it is, before it is written at that time; None if it is about to be made."""
        self._forget(at)
        if not self.lag:
            return
        state = None if stored is None else stored.copy()
        self._order.append((at, record_id))
        self._former.setdefault(record_id, deque()).append((at, state))

    def seen(self, at: float, record_id: str, stored: StoredObject | None) -> StoredObject | None:
        """Return what a reader sees at that time of a record that is now like this."""
        self._forget(at)
        former = self._former.get(record_id)
        return former[0][1] if former else stored

    def changing(self, at: float) -> Iterable[str]:
        """Return the ids of the records of which a reader at that time sees a former state."""
        self._forget(at)
        return tuple(self._former)

    def forget(self, record_id: str) -> None:
        """Show nobody any former state of a record from now on."""
        if self._former.pop(record_id, None) is not None:
            self._order = deque(item for item in self._order if item[1] != record_id)

    def _forget(self, at: float) -> None:
        while self._order and self._order[0][0] + self.lag <= at:
            _, record_id = self._order.popleft()
            former = self._former[record_id]
            former.popleft()
            if not former:
                del self._former[record_id]
