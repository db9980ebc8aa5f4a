"""From a caller's record to the body of a call that HubSpot has no batch of: a deletion for good, a merge. Pure."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from hubbatch._options import check_unique_name
from hubbatch._records.mapping import as_mapping
from hubbatch._records.planning_ids import name_in, object_id
from hubbatch._records.values import InvalidRecordError

__all__ = ["Deletion", "merge_of"]

_COUPLE = ("primaryObjectId", "objectIdToMerge")


@frozen
class Deletion:
    """Makes the body of a deletion; `id_property`: what the values are of, None for record ids."""

    id_property: str | None

    def __call__(self, record: Any) -> dict[str, Any]:
        """Return the body for an id, a row, a result, or HubSpot's mapping with `objectId` and `idProperty`.

        HubSpot takes a deletion of what is not there for a success, so what names an object must never be mistaken.
        """
        id_property = self.id_property
        mapping = None if type(record) is str else as_mapping(record)
        if mapping is not None:
            id_property = check_unique_name("idProperty", mapping.get("idProperty")) or id_property
            is_body = "objectId" in mapping
            record = mapping["objectId"] if is_body else name_in(record, mapping, id_property)
        named = {} if id_property is None else {"idProperty": id_property}
        return {"objectId": object_id(record, id_property), **named}


def merge_of(record: Any) -> dict[str, Any]:
    """Return the body for two ids, the one that stays first, or for a record that has them by HubSpot's names."""
    mapping = as_mapping(record)
    if mapping is not None and mapping.keys() >= {*_COUPLE}:
        ids = [mapping[name] for name in _COUPLE]
    elif isinstance(record, tuple | list):
        ids = list(record)
    else:
        ids = []
    if len(ids) != len(_COUPLE):
        raise InvalidRecordError(
            f"a merge is two record ids, (stays, goes), or a mapping with {_COUPLE[0]!r} and {_COUPLE[1]!r}"
        )
    stays, goes = (object_id(each, None).strip() for each in ids)
    if stays == goes:
        raise InvalidRecordError("a record cannot be merged with itself")
    return dict(zip(_COUPLE, (stays, goes), strict=True))
