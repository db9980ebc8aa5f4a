"""The calls of a client that are about something else than the properties of objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from hubbatch._faces.associations import Associations
from hubbatch._faces.campaigns import Campaigns
from hubbatch._faces.custom_events import Events
from hubbatch._faces.lists import Lists
from hubbatch._faces.preferences import Preferences
from hubbatch._faces.singles import Deletion, merge_of
from hubbatch._options import RunOptions, check_unique_name
from hubbatch._verbs import Records, Verbs
from hubbatch.endpoints import objects
from hubbatch.models import RowResult
from hubbatch.run import Run

__all__ = ["Calls"]


class Calls(Verbs):
    """What a client can be asked for besides the verbs."""

    def associations(self, from_object_type: str, to_object_type: str) -> Associations:
        """Return the associations from records of one type to records of another.

        `await client.associations("contacts", "companies").create_default([("1", "7")])` links two records.
        """
        return Associations(self._run, self._read_by_key, from_object_type, to_object_type)

    @property
    def lists(self) -> Lists:
        """The memberships of lists: `await client.lists.add("42", ids)`."""
        return Lists(self._run)

    @property
    def events(self) -> Events:
        """Custom events: `await client.events.send(occurrences)`."""
        return Events(self._run)

    @property
    def preferences(self) -> Preferences:
        """Communication preferences: `await client.preferences.read(["ada@example.com"])`."""
        return Preferences(self._run)

    @property
    def campaigns(self) -> Campaigns:
        """Marketing campaigns: `await client.campaigns.create([{"hs_name": "Spring"}])`."""
        return Campaigns(self._run)

    def gdpr_delete(
        self,
        object_type: str,
        ids: Records,
        *,
        id_property: str | None = None,
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Delete objects for good, by record id or by the value of `id_property`: nothing brings them back.

        One a request, side by side. HubSpot also bars a contact's e-mail address that is given with
        `id_property="email"`. One that is not there counts as deleted.
        """
        named = check_unique_name("id_property", id_property)
        return self._run(
            objects.OBJECTS_GDPR_DELETE,
            {"object_type": object_type},
            ids,
            options,
            convert=Deletion(named),
        )

    def merge(
        self, object_type: str, pairs: Records, **options: Unpack[RunOptions]
    ) -> Run[RowResult]:
        """Merge objects: of each pair of record ids, `(stays, goes)`, the second into the first.

        One a request, side by side; merges that share an id go one after another, in the order given. A merge cannot
        be undone or distinguished from another afterwards, so one in doubt is never sent again: it stays UNKNOWN. A
        result is the object that came of it, which may have an id of its own.
        """
        return self._run(
            objects.OBJECTS_MERGE, {"object_type": object_type}, pairs, options, convert=merge_of
        )

    def _read_by_key(self, object_type: str, values: Iterable[str], id_property: str) -> Run:
        return self.read(
            object_type, values, id_property=id_property, properties=[id_property], keep="all"
        )
