"""All records of one account in memory: the witness of what was written, how often and by whom.

It knows nothing of HTTP, batches, validation or replies; whoever writes here has checked first.
"""

from __future__ import annotations

from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING

from hubbatch.sandbox._collection import Collection
from hubbatch.sandbox._links import End, Links
from hubbatch.sandbox._lists import Lists
from hubbatch.sandbox._records import Occasion, StoredObject, Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch.sandbox._property import Property
    from hubbatch.sandbox._schema import ObjectType, Schema

__all__ = ["Store"]


class Store:
    """All records of one account, and the ledger of the last `keep_writes` writes."""

    def __init__(
        self,
        schema: Schema,
        keep_writes: int | None = None,
        *,
        read_lag: float = 0.0,
        search_lag: float = 0.0,
    ) -> None:
        self.schema = schema
        self.read_lag = read_lag
        self.search_lag = search_lag
        self.writes: deque[Write] = deque(maxlen=keep_writes)
        self.links = Links()
        self.lists = Lists()
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

    def locate(self, record_id: str) -> End | None:
        """Return type and id of the live record of that id, which no two types share; None if there is none."""
        for type_id, known in self._collections.items():
            stored = known.objects.get(record_id)
            if stored is not None and not stored.archived:
                return End(type_id, record_id)
        return None

    def define_property(self, object_type: ObjectType, definition: Property) -> None:
        """Make a property known to the account, and an index of it if it is unique."""
        is_new = definition.unique and definition.name not in object_type.unique
        object_type.add(definition)
        if is_new:
            self.collection(object_type).index(definition.name)

    def archive_property(self, object_type: ObjectType, name: str) -> None:
        """Forget a property that the account defined; what records hold of it is shown no longer."""
        object_type.remove(name)
        self.collection(object_type).unindex(name)

    def next_id(self) -> str:
        """Return an id that no record of any type has had."""
        self._last_id += 1
        return str(self._last_id)

    def note_pair(self, occasion: Occasion, left: End, right: End) -> None:
        """Enter an association that was made or taken away into the ledger."""
        pair = (f"{left.type_id}/{right.type_id}", f"{left.record_id}/{right.record_id}")
        self.writes.append(Write(occasion.request_number, occasion.verb, *pair))

    def note(self, occasion: Occasion, type_id: str, record_id: str) -> None:
        """Enter a write into the ledger."""
        self.writes.append(Write(occasion.request_number, occasion.verb, type_id, record_id))
