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

__all__ = ["Lists", "RecordList"]


@define(eq=False)
class RecordList:
    """One list: records of one type, and when each came onto it."""

    id: str
    type_id: str
    is_dynamic: bool = False
    """Whether its filters say who is on it, so that nobody can be added or removed."""
    members: dict[str, str] = field(factory=dict)
    name: str = ""
    kind: str = ""
    """Its processing type; by default that which `is_dynamic` implies."""
    created_at: str = ""


@define(eq=False)
class Lists:
    """All lists of an account."""

    by_id: dict[str, RecordList] = field(factory=dict)

    def define(self, list_id: str, type_id: str, *, dynamic: bool = False) -> RecordList:
        """Add an empty list; raise `UsageError` when there is one of that id."""
        if not (list_id.isascii() and list_id.isdigit()):
            raise UsageError(f"A list's id is a number, not {list_id!r}.")
        if list_id in self.by_id:
            raise UsageError(f"There is a list {list_id} already.")
        found = self.by_id[list_id] = RecordList(list_id, type_id, dynamic)
        return found

    def create(self, name: str, type_id: str, kind: str, stamp: str) -> RecordList:
        """Add an empty list under the next id."""
        list_id = str(max(map(int, self.by_id), default=0) + 1)
        found = self.define(list_id, type_id, dynamic=kind == "DYNAMIC")
        found.name, found.kind, found.created_at = name, kind, stamp
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
