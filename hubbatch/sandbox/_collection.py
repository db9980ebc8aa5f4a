"""The records of one object type, found by id or by a unique value, as writers and as lagging readers see them.

It knows nothing of HTTP, batches, validation or replies; whoever writes here has checked first.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from hubbatch.errors import UsageError
from hubbatch.sandbox._lag import ReadLag
from hubbatch.sandbox._links import End
from hubbatch.sandbox._names import CONTACTS
from hubbatch.sandbox._records import Occasion, StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hubbatch.sandbox._schema import ObjectType
    from hubbatch.sandbox._store import Store

__all__ = ["Collection"]

_MOST_MERGED = 10_000
"""How many ids of merged records are remembered; the oldest are forgotten first."""
_SECONDARY = "hs_additional_emails"
"""Further e-mail addresses of a contact, with semicolons between them; each is an alias of it."""


class Collection:
    """The records of one object type, found by id or by the value of a unique property."""

    def __init__(self, object_type: ObjectType, store: Store) -> None:
        self.type = object_type
        self.objects: dict[str, StoredObject] = {}
        self.merged: dict[str, str] = {}
        self.store = store
        self._lag = ReadLag(store.read_lag)
        self._index_lag = ReadLag(store.search_lag)
        self._lags = [lag for lag in (self._lag, self._index_lag) if lag.lag]
        self._index: dict[str, dict[str, str]] = {}
        self._aliases: dict[str, str] = {}
        self._live: list[StoredObject] | None = None
        for name in object_type.unique:
            self.index(name)

    def index(self, name: str) -> None:
        """Index a property that is now unique; of records that share a value the oldest wins."""
        index = self._index[name] = {}
        for stored in self.objects.values():
            if name in stored.properties and not stored.archived:
                index.setdefault(stored.properties[name], stored.id)

    def unindex(self, name: str) -> None:
        """Index a property no longer unless it is unique, and take it from all records."""
        if name not in self.type.unique:
            self._index.pop(name, None)
        for stored in self.objects.values():
            stored.properties.pop(name, None)

    def find(
        self, key: str, id_property: str | None, *, archived: bool = False
    ) -> StoredObject | None:
        """Return the live, or else the archived, record of that id or unique value."""
        if id_property is None:
            stored = self.objects.get(key)
            return stored if stored is not None and stored.archived is archived else None
        wanted = self.type.key(id_property, key)
        if archived:
            return self._search(
                (stored for stored in self.objects.values() if stored.archived), id_property, wanted
            )
        holder = self.holder(id_property, wanted)
        return None if holder is None else self.objects[holder]

    def seen(
        self, key: str, id_property: str | None, at: float, *, archived: bool = False
    ) -> StoredObject | None:
        """Return what a reader at that time finds: as `find` does, but behind by the read lag."""
        found = self.find(key, id_property, archived=archived)
        if id_property is None:
            stored = self._lag.seen(at, key, self.objects.get(key))
            return stored if stored is not None and stored.archived is archived else None
        changing = self._lag.changing(at)
        if not changing or (found is not None and found.id not in changing):
            return found
        former = (self._lag.seen(at, record_id, None) for record_id in changing)
        states = (state for state in former if state is not None and state.archived is archived)
        return self._search(states, id_property, self.type.key(id_property, key))

    def holder(self, name: str, key: str) -> str | None:
        """Return the id of the live record whose unique property has this `ObjectType.key`."""
        return self._index[name].get(key) or (self._aliases.get(key) if name == "email" else None)

    def is_silent(self, key: str) -> bool:
        """Tell whether HubSpot passes over this id in silence: merged away, or not a number."""
        return key in self.merged or not (key.isascii() and key.isdigit())

    def create(
        self,
        properties: Mapping[str, str | None],
        occasion: Occasion,
        trace_id: str | None = None,
        associations: Sequence[Mapping[str, Any]] = (),
    ) -> StoredObject:
        """Add a record."""
        stamp, number = occasion.stamp, occasion.request_number
        stored = StoredObject(
            self.store.next_id(), {}, stamp, stamp, number, number, trace_id, associations
        )
        self._note_former(occasion, stored.id, None)
        self.objects[stored.id] = stored
        if self._live is not None:
            self._live.append(stored)
        self._assign(stored, self.type.normalized(properties), occasion)
        return stored

    def update(
        self, stored: StoredObject, properties: Mapping[str, str | None], occasion: Occasion
    ) -> None:
        """Change a record: `""` or None clears a property."""
        self._note_former(occasion, stored.id, stored)
        stored.updated_at = occasion.stamp
        stored.last_written_by = occasion.request_number
        stored.writes += 1
        properties = self.type.normalized(properties)
        stored.remember(occasion.stamp, properties)
        self._assign(stored, properties, occasion)

    def archive(self, stored: StoredObject, occasion: Occasion) -> None:
        """Archive a record; its unique values are free again."""
        self._note_former(occasion, stored.id, stored)
        self._forget(stored)
        stored.archived = True
        self._live = None
        stored.archived_at = stored.updated_at = occasion.stamp
        stored.last_written_by = occasion.request_number
        self.store.note(occasion, self.type.id, stored.id)

    def listed(self, start: int, at: float, *, archived: bool) -> Sequence[StoredObject]:
        """Return what a reader at that time sees, from that id on, in the order of ids."""
        return self._from(start, at, self._lag, archived=archived)

    def indexed(self, start: int, at: float) -> Sequence[StoredObject]:
        """Return what a search at that time sees, from that id on, in the order of ids."""
        return self._from(start, at, self._index_lag, archived=False)

    def _from(
        self, start: int, at: float, lag: ReadLag, *, archived: bool
    ) -> Sequence[StoredObject]:
        changing = set(lag.changing(at))
        if not changing and not archived:
            live = self._all_live()
            return live[bisect_left(live, start, key=_number) :]
        seen = (
            lag.seen(at, key, stored) if key in changing else stored
            for key, stored in self.objects.items()  # ids rise in the order in which records are made
            if int(key) >= start
        )
        return [one for one in seen if one is not None and one.archived is archived]

    def _all_live(self) -> list[StoredObject]:
        """Return the live records; the list is kept, so that reading page after page does not make it anew."""
        if self._live is None:
            self._live = [stored for stored in self.objects.values() if not stored.archived]
        return self._live

    def absorb(self, other: StoredObject, primary: StoredObject, occasion: Occasion) -> None:
        """Merge one record into another: what the other alone has stays, and its id is passed over."""
        held = primary.properties
        made = {*self.type.server_made, *self.type.unique}
        more = {
            name: value
            for name, value in other.properties.items()
            if name not in held and name not in made
        }
        self.merge(other.id, primary.id)
        self.update(primary, more, occasion)

    def merge(self, from_id: str, into_id: str) -> None:
        """Merge one record into another; HubSpot no longer speaks of the first id."""
        if from_id == into_id or from_id not in self.objects or into_id not in self.objects:
            raise UsageError(
                f"Merge two different records that exist, not {from_id!r} into {into_id!r}."
            )
        stored = self.objects.pop(from_id)
        self._live = None
        self._forget(stored)
        self.merged[from_id] = into_id
        self.store.links.rename(End(self.type.id, from_id), End(self.type.id, into_id))
        self.store.lists.forget(End(self.type.id, from_id))
        if len(self.merged) > _MOST_MERGED:
            del self.merged[next(iter(self.merged))]

    def purge(self, stored: StoredObject, occasion: Occasion) -> None:
        """Delete a record for good, as for the GDPR: nobody sees it again, and its values are free."""
        for lag in (self._lag, self._index_lag):
            lag.forget(stored.id)
        self._forget(stored)
        del self.objects[stored.id]
        self._live = None
        for known in (self.store.links, self.store.lists):
            known.forget(End(self.type.id, stored.id))
        self.store.note(occasion, self.type.id, stored.id)

    def _search(self, states: Iterable[StoredObject], name: str, key: str) -> StoredObject | None:
        has_aliases = name == "email" and self.type.id == CONTACTS
        for state in states:
            held = state.properties
            if held.get(name) == key or (has_aliases and key in _emails(held.get(_SECONDARY))):
                return state
        return None

    def _note_former(self, occasion: Occasion, record_id: str, stored: StoredObject | None) -> None:
        for lag in self._lags:
            lag.note(occasion.at, record_id, stored)

    def _assign(
        self, stored: StoredObject, properties: Mapping[str, str | None], occasion: Occasion
    ) -> None:
        held = stored.properties
        if _SECONDARY in properties and self.type.id == CONTACTS:
            self._alias(stored, properties[_SECONDARY])
        self.type.define(properties)
        for name, index in self._index.items():
            if name in properties:
                self._reindex(index, name, stored, properties[name])
        held.update(properties)  # type: ignore[arg-type]  # those that are None go next
        if not all(properties.values()):
            for name in [name for name, value in properties.items() if not value]:
                del held[name]
        held["hs_object_id"] = stored.id
        _, created, modified = self.type.server_made
        if not (self.type.takes_creation and held.get(created)):
            held[created] = stored.created_at
        held[modified] = stored.updated_at
        self.store.note(occasion, self.type.id, stored.id)

    def _reindex(
        self, index: dict[str, str], name: str, stored: StoredObject, value: str | None
    ) -> None:
        old = stored.properties.get(name)
        # Stored values are normalized, so they are their own keys.
        if old and index.get(old) == stored.id:
            del index[old]
        if value:
            index[value] = stored.id

    def _alias(self, stored: StoredObject, emails: str | None) -> None:
        for alias in [alias for alias, held in self._aliases.items() if held == stored.id]:
            del self._aliases[alias]
        for email in _emails(emails):
            self._aliases.setdefault(email, stored.id)

    def _forget(self, stored: StoredObject) -> None:
        if stored.properties.get(_SECONDARY):
            self._alias(stored, None)
        for name, index in self._index.items():
            self._reindex(index, name, stored, None)


def _number(stored: StoredObject) -> int:
    return int(stored.id)


def _emails(text: str | None) -> list[str]:
    return [email.strip().lower() for email in (text or "").split(";") if email.strip()]
