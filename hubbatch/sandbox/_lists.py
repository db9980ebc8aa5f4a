"""The lists of one account, and which records are on them; a record that is on no list is on none.

It knows nothing of requests or of whether a record is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from hubbatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch.sandbox._links import End

__all__ = ["DYNAMIC", "KINDS", "MANUAL", "Lists", "RecordList"]

MANUAL, DYNAMIC = "MANUAL", "DYNAMIC"
KINDS = (MANUAL, "SNAPSHOT", DYNAMIC)
"""The processing types of lists."""


@define(eq=False)
class RecordList:
    """One list: records of one type, and when each came onto it."""

    id: str
    type_id: str
    kind: str
    """Its processing type: of a `DYNAMIC` one the filters say who is on it, so nobody can be added or removed."""
    members: dict[str, str] = field(factory=dict)
    name: str = ""
    created_at: str = ""


@define(eq=False)
class Lists:
    """All lists of an account."""

    by_id: dict[str, RecordList] = field(factory=dict)
    _highest: int = 0
    """The highest id that was ever given: that of a list that was deleted names no other one."""

    def define(self, list_id: str, type_id: str, kind: str) -> RecordList:
        """Add an empty list; raise `UsageError` when there is one of that id."""
        if not (list_id.isascii() and list_id.isdigit()):
            raise UsageError(f"A list's id is a number, not {list_id!r}.")
        if list_id in self.by_id:
            raise UsageError(f"There is a list {list_id} already.")
        self._highest = max(self._highest, int(list_id))
        found = self.by_id[list_id] = RecordList(list_id, type_id, kind)
        return found

    def create(self, name: str, type_id: str, kind: str, stamp: str) -> RecordList:
        """Add an empty list under the next id."""
        found = self.define(str(self._highest + 1), type_id, kind)
        found.name, found.created_at = name, stamp
        return found

    def of(self, end: End) -> Mapping[str, str]:
        """Return the lists that a record is on, and since when."""
        return {
            one.id: one.members[end.record_id]
            for one in self.by_id.values()
            if one.type_id == end.type_id and end.record_id in one.members
        }

    def forget(self, end: End) -> None:
        """Take a record from all lists."""
        for one in self.by_id.values():
            if one.type_id == end.type_id:
                one.members.pop(end.record_id, None)
