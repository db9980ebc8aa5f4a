"""The records of one account in memory: the witness of what was written, how often and by whom.

It knows nothing of HTTP, batches, validation or replies; whoever writes here has checked first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from attrs import define, field, frozen

from hubbatch.errors import UsageError

if TYPE_CHECKING:
    from hubbatch.sandbox._schema import ObjectType, Schema

__all__ = ["Collection", "Occasion", "Store", "StoredObject", "Write"]

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


class Collection:
    """The records of one object type, found by id or by the value of a unique property."""

    def __init__(self, object_type: ObjectType, store: Store) -> None:
        self.type = object_type
        self.objects: dict[str, StoredObject] = {}
        self.merged: dict[str, str] = {}
        self._store = store
        self._index: dict[str, dict[str, str]] = {}
        for name in object_type.unique:
            self.index(name)

    def index(self, name: str) -> None:
        """Index a property that is now unique; of records that share a value the oldest wins."""
        index = self._index[name] = {}
        for stored in self.objects.values():
            if name in stored.properties and not stored.archived:
                index.setdefault(stored.properties[name], stored.id)

    def find(
        self, key: str, id_property: str | None, *, archived: bool = False
    ) -> StoredObject | None:
        """Return the live, or else the archived, record of that id or unique value."""
        if id_property is None:
            stored = self.objects.get(key)
            return stored if stored is not None and stored.archived is archived else None
        if archived:
            return self._find_archived(key, id_property)
        holder = self._index[id_property].get(self.type.key(id_property, key))
        return None if holder is None else self.objects[holder]

    def holder(self, name: str, key: str) -> str | None:
        """Return the id of the live record whose unique property has this `ObjectType.key`."""
        return self._index[name].get(key)

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
            self._store.next_id(), {}, stamp, stamp, number, number, trace_id, associations
        )
        self.objects[stored.id] = stored
        self._assign(stored, self.type.normalized(properties), occasion)
        return stored

    def update(
        self, stored: StoredObject, properties: Mapping[str, str | None], occasion: Occasion
    ) -> None:
        """Change a record: `""` or None clears a property."""
        stored.updated_at = occasion.stamp
        stored.last_written_by = occasion.request_number
        stored.writes += 1
        properties = self.type.normalized(properties)
        stored.remember(occasion.stamp, properties)
        self._assign(stored, properties, occasion)

    def archive(self, stored: StoredObject, occasion: Occasion) -> None:
        """Archive a record; its unique values are free again."""
        self._forget(stored)
        stored.archived = True
        stored.archived_at = stored.updated_at = occasion.stamp
        stored.last_written_by = occasion.request_number
        self._store.note(occasion, self.type.id, stored.id)

    def merge(self, from_id: str, into_id: str) -> None:
        """Merge one record into another; HubSpot no longer speaks of the first id."""
        if from_id == into_id or from_id not in self.objects or into_id not in self.objects:
            raise UsageError(
                f"Merge two different records that exist, not {from_id!r} into {into_id!r}."
            )
        stored = self.objects.pop(from_id)
        self._forget(stored)
        self.merged[from_id] = into_id

    def _find_archived(self, key: str, id_property: str) -> StoredObject | None:
        wanted = self.type.key(id_property, key)
        found = (
            stored
            for stored in self.objects.values()
            if stored.archived and stored.properties.get(id_property) == wanted
        )
        return next(found, None)

    def _assign(
        self, stored: StoredObject, properties: Mapping[str, str | None], occasion: Occasion
    ) -> None:
        held = stored.properties
        for name, index in self._index.items():
            if name in properties:
                self._reindex(index, name, stored, properties[name])
        held.update(properties)  # type: ignore[arg-type]  # those that are None go next
        if not all(properties.values()):
            for name in [name for name, value in properties.items() if not value]:
                del held[name]
        held["hs_object_id"] = stored.id
        held["createdate"] = stored.created_at
        for name in self.type.server_made[2:]:
            held[name] = stored.updated_at
        self._store.note(occasion, self.type.id, stored.id)

    def _reindex(
        self, index: dict[str, str], name: str, stored: StoredObject, value: str | None
    ) -> None:
        old = stored.properties.get(name)
        # Stored values are normalized, so they are their own keys.
        if old and index.get(old) == stored.id:
            del index[old]
        if value:
            index[value] = stored.id

    def _forget(self, stored: StoredObject) -> None:
        for name, index in self._index.items():
            self._reindex(index, name, stored, None)


class Store:
    """All records of one account, and the ledger of the last `keep_writes` writes."""

    def __init__(self, schema: Schema, keep_writes: int | None = None) -> None:
        self.schema = schema
        self.writes: deque[Write] = deque(maxlen=keep_writes)
        self._collections: dict[str, Collection] = {}
        self._last_id = 100

    def collection(self, object_type: ObjectType) -> Collection:
        """Return the records of a type."""
        collection = self._collections.get(object_type.id)
        if collection is None:
            collection = self._collections[object_type.id] = Collection(object_type, self)
        return collection

    def objects(self, name: str) -> Mapping[str, StoredObject]:
        """Return a live, read-only view of a type's records by id, archived ones included."""
        return MappingProxyType(self.collection(self.schema.get(name)).objects)

    def define_property(self, object_type: str, name: str, *, unique: bool) -> None:
        """Make a property known to the account, and unique if so wished."""
        known = self.schema.get(object_type)
        if known.declared is not None:
            known.declared.add(name)
        if unique and name not in known.unique:
            known.unique.add(name)
            self.collection(known).index(name)

    def next_id(self) -> str:
        """Return an id that no record of any type has had."""
        self._last_id += 1
        return str(self._last_id)

    def note(self, occasion: Occasion, type_id: str, record_id: str) -> None:
        """Enter a write into the ledger."""
        self.writes.append(Write(occasion.request_number, occasion.verb, type_id, record_id))
