"""One account: its object types, its records, its limits. What is done to it by hand is done here.

It knows nothing of requests, paths, replies or faults.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve

from hubbatch.errors import UsageError
from hubbatch.sandbox._access import Limits
from hubbatch.sandbox._campaigns import Campaigns
from hubbatch.sandbox._custom_events import CustomEvent, Events
from hubbatch.sandbox._definitions import Definitions
from hubbatch.sandbox._links import End
from hubbatch.sandbox._lists import DYNAMIC, MANUAL
from hubbatch.sandbox._property import Property
from hubbatch.sandbox._records import Occasion, StoredObject, Write
from hubbatch.sandbox._schema import Schema, WriteRule
from hubbatch.sandbox._spelling import PropertyType, property_type
from hubbatch.sandbox._store import Store
from hubbatch.sandbox._subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hubbatch import Property as AccountProperty
    from hubbatch.sandbox._options import Options

__all__ = ["Account"]


class Account:
    """An account of HubSpot in memory, with records and a quota of its own."""

    def __init__(self, options: Options, portal_id: int, epoch: datetime) -> None:
        self.portal_id = portal_id
        self.epoch = epoch
        self.schema = Schema(respell=options.respell, strict=options.strict)
        self.store = Store(
            self.schema,
            options.keep_writes,
            read_lag=options.read_lag,
            search_lag=options.search_lag,
        )
        self.definitions = Definitions()
        self.lists = self.store.lists
        self.events = Events(deque(maxlen=options.keep_writes))
        self.campaigns = Campaigns()
        self.subscribers = Subscribers()
        self.limits = Limits(
            options.rate_limit,
            secondly_limit=options.secondly_limit,
            daily_limit=options.daily_limit,
            midnight=options.midnight,
            search_limit=options.search_limit,
        )
        self.forbidden = {self.schema.get(name).id for name in options.forbidden}

    @property
    def max_in_window(self) -> int:
        """The most requests accepted (not answered 429) in any rolling period so far."""
        return self.limits.rolling.max_in_window

    @property
    def writes(self) -> deque[Write]:
        """The ledger: the last `keep_writes` writes, oldest first."""
        return self.store.writes

    def objects(self, object_type: str) -> Mapping[str, StoredObject]:
        """Return a live, read-only view of a type's records by id, archived ones included."""
        return self.store.objects(object_type)

    def add(self, object_type: str, properties: Mapping[str, str]) -> StoredObject:
        """Put a record into the account without a request."""
        collection = self.store.collection(self.schema.get(object_type))
        return collection.create(properties, Occasion(0, "create", self.stamp(0.0)))

    def merge(self, object_type: str, from_id: str, into_id: str) -> None:
        """Merge one record away; replies then pass over its id in silence."""
        self.store.collection(self.schema.get(object_type)).merge(from_id, into_id)

    def define_object_type(self, name: str, type_id: str) -> None:
        """Let a custom type, such as `p_cars`, go by its id too, such as `2-1234`."""
        self.schema.define_object_type(name, type_id)

    def define_property(
        self,
        object_type: str,
        name: str,
        *,
        unique: bool = False,
        kind: PropertyType | str | None = None,
        options: Iterable[str] = (),
        read_only: bool = False,
        label: str = "",
    ) -> None:
        """Make a property known; a unique one can serve as `idProperty`, one of a kind holds such values only.

        Of a property with options nothing else is taken; a read-only one cannot be written.
        """
        known = self.schema.get(object_type)
        options = tuple(options)
        if kind is None and options:
            kind = PropertyType.ENUMERATION
        definition = Property(
            name=name,
            label=label,
            kind=None if kind is None else property_type(kind),
            options=options,
            unique=unique or name in known.unique,
            read_only=read_only,
        )
        base = known.standard.get(name) if known.exact and kind is None else None
        if (
            base is not None
        ):  # one of HubSpot's own stays what it is, but for what is said of it here
            definition = evolve(
                base, unique=unique or base.unique, read_only=read_only or base.read_only
            )
        self.store.define_property(known, definition)

    def define_schema(self, object_type: str, properties: Iterable[AccountProperty]) -> None:
        """Give an object type these properties and no others, and hold values against their types and options.

        They are an account's own, as `Schema.from_json` reads them or `client.properties(…).all()` asks for them.
        """
        known = self.schema.get(object_type)
        names = set[str]()
        for each in properties:
            self.store.define_property(known, Property.of(each, known.standard.get(each.name)))
            names.add(each.name)
        known.declared = {*names, *known.server_made}
        known.exact = True

    def require_property(
        self, object_type: str, name: str, *, when: Mapping[str, str] | None = None
    ) -> None:
        """Refuse writes that leave a property without a value, always or when others have these values.

        Such rules of an account bind the API since version 2026-09, and paths of that version or a later one only.
        """
        self.schema.get(object_type).rules.append(WriteRule(name, dict(when or {})))

    def declare_strict(self, object_type: str, properties: Iterable[str]) -> None:
        """Refuse, from now on, any property that is neither listed, unique nor HubSpot's own."""
        self.schema.declare_strict(object_type, properties)

    def define_list(self, list_id: str, object_type: str, *, dynamic: bool = False) -> None:
        """Add an empty list of records of a type; those of a dynamic one cannot be set."""
        self.lists.define(list_id, self.schema.get(object_type).id, DYNAMIC if dynamic else MANUAL)

    def members(self, list_id: str) -> frozenset[str]:
        """Return the ids of the records on a list."""
        if list_id not in self.lists.by_id:
            raise UsageError(f"There is no list {list_id}: call define_list first.")
        return frozenset(self.lists.by_id[list_id].members)

    @property
    def custom_events(self) -> tuple[CustomEvent, ...]:
        """The last events that were accepted, oldest first, each `uuid` once."""
        return tuple(self.events.accepted)

    def define_label(
        self, from_type: str, to_type: str, label: str, *, inverse_label: str | None = None
    ) -> int:
        """Add an association label between two object types; return the `associationTypeId` of this direction."""
        left, right = self.schema.get(from_type).id, self.schema.get(to_type).id
        return self.definitions.define(left, right, label, inverse_label=inverse_label).spec.type_id

    def associated(self, object_type: str, record_id: str, other_type: str) -> frozenset[str]:
        """Return the ids of the records of the other type that a record is associated with."""
        left, right = self.schema.get(object_type).id, self.schema.get(other_type).id
        return frozenset(self.store.links.of(End(left, record_id), right))

    def stamp(self, at: float) -> str:
        """Return the time that is so many seconds after the start, as ISO 8601 text in UTC."""
        moment = self.epoch + timedelta(seconds=at)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
