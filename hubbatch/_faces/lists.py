"""`client.lists`: records put on a list, taken from it, and the lists that they are on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any, Unpack

from attrs import frozen

from hubbatch._checks import shown
from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions, check_source
from hubbatch._records.mapping import as_mapping
from hubbatch._records.planning_ids import object_id
from hubbatch._records.prepared import is_at_hand
from hubbatch.endpoints import Endpoint, lists
from hubbatch.errors import UsageError
from hubbatch.models import RowResult
from hubbatch.object_types import ObjectType
from hubbatch.run import Run

__all__ = ["Lists"]


class Lists:
    """The memberships of lists whose members are set by hand (MANUAL or SNAPSHOT).

    A record that is on the list already, or is not on it, is passed over by HubSpot: it is SUCCEEDED, without a result.
    One that is not there is FAILED. Every call returns a `Run` and takes the options of the verbs.
    """

    def __init__(self, start: StartRun) -> None:
        self._start = start

    def __repr__(self) -> str:
        return "<Lists>"

    def add(
        self, list_id: str | int, ids: Records, **options: Unpack[RunOptions]
    ) -> Run[RowResult]:
        """Put records on a list, by their ids; up to 100,000 a request."""
        return self._run(lists.LISTS_ADD, list_id, ids, options)

    def remove(
        self, list_id: str | int, ids: Records, **options: Unpack[RunOptions]
    ) -> Run[RowResult]:
        """Take records from a list, by their ids; up to 100,000 a request."""
        return self._run(lists.LISTS_REMOVE, list_id, ids, options)

    def add_and_remove(
        self,
        list_id: str | int,
        *,
        add: Records = (),
        remove: Records = (),
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Put some records on a list and take others from it, both in one request; up to 100,000 together.

        A record of the outcome has an `input` such as `{"recordIdsToAdd": "7"}`: those to be added come first. An id in
        both is added, and then removed.
        """
        endpoint = lists.LISTS_ADD_AND_REMOVE
        parts = {
            name: check_source(endpoint, ids)
            for name, ids in zip(endpoint.body.lists, (add, remove), strict=True)
        }
        return self._run(endpoint, list_id, _in_lists(parts), options)

    def memberships(
        self, object_type: str, ids: Records, **options: Unpack[RunOptions]
    ) -> Run[RowResult]:
        """Read the lists that records are on, by their ids; up to 100 a request.

        `object_type`: an id, such as `"0-1"`, or the name of one of HubSpot's own types. A result has the lists in
        `recordListMemberships`.
        """
        convert = _Member(_type_id(object_type))
        return self._start(lists.LISTS_MEMBERSHIPS_READ, {}, ids, options, convert=convert)

    def _run(
        self, endpoint: Endpoint, list_id: object, records: Records, options: RunOptions
    ) -> Run[RowResult]:
        return self._start(endpoint, {"list_id": _one_id(list_id)}, records, options)


def _one_id(list_id: object) -> str:
    """Return a list's id; raise `UsageError` for what is none, such as several."""
    text = str(list_id).strip() if type(list_id) in {int, str} else ""
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"list_id must be the id of one list, such as '42', not {shown(list_id)}")
    return text


@frozen
class _Member:
    """Makes the input of a record; an id, or a mapping that has it as `recordId` or `id`."""

    type_id: str

    @property
    def described(self) -> Mapping[str, str]:
        """What was given for it."""
        return {"object_type": self.type_id}

    def __call__(self, record: Any) -> dict[str, Any]:
        mapping = None if type(record) is str else as_mapping(record)
        if mapping is None:
            return {"objectTypeId": self.type_id, "recordId": object_id(record, None)}
        record_id = mapping.get("recordId", mapping.get("id"))
        return {"objectTypeId": self.type_id, "recordId": object_id(record_id, None)}


def _type_id(object_type: object) -> str:
    """Return the id of an object type; raise `UsageError` for what is neither an id nor one of HubSpot's names."""
    text = str(object_type).strip() if isinstance(object_type, str) else ""
    if re.fullmatch(r"[0-9]+-[0-9]+", text):
        return text
    found = ObjectType.__members__.get(text.upper())
    if found is None or "-" not in found:
        raise UsageError(
            f"object_type must be an id such as '0-1' or '2-1234', or the name of one of HubSpot's types, such as"
            f" 'contacts', not {object_type!r}"
        )
    return str(found)


def _in_lists(parts: Mapping[str, Records]) -> Records:
    """Return ids, each with the list that it is for."""
    if all(is_at_hand(ids) for ids in parts.values()):
        return [{name: each} for name, ids in parts.items() for each in ids]  # type: ignore[union-attr]
    return _one_after_another(parts)


async def _one_after_another(parts: Mapping[str, Records]) -> AsyncIterator[dict[str, Any]]:
    for name, ids in parts.items():
        if isinstance(ids, AsyncIterable):
            async for each in ids:
                yield {name: each}
        elif isinstance(ids, Iterable):
            for each in ids:
                yield {name: each}
