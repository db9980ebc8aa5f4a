"""The calls of a client that are about something else than the properties of objects."""

from __future__ import annotations

from collections.abc import Iterable

from hubbatch._faces.associations import Associations
from hubbatch._verbs import Verbs
from hubbatch.run import Run

__all__ = ["Calls"]


class Calls(Verbs):
    """What a client can be asked for besides the verbs."""

    def associations(self, from_object_type: str, to_object_type: str) -> Associations:
        """Return the associations from records of one type to records of another.

        `await client.associations("contacts", "companies").create_default([("1", "7")])` links two records.
        """
        return Associations(self._run, self._read_by_key, from_object_type, to_object_type)

    def _read_by_key(self, object_type: str, values: Iterable[str], id_property: str) -> Run:
        return self.read(
            object_type, values, id_property=id_property, properties=[id_property], keep="all"
        )
