"""How a record looks in an answer: which properties are shown of it, and with which history.

It knows nothing of requests or of how records are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hubbatch.sandbox._records import StoredObject
    from hubbatch.sandbox._schema import ObjectType

__all__ = ["around", "as_result", "history", "shown", "wanted"]


def wanted(
    object_type: ObjectType,
    properties: Iterable[str],
    *,
    with_history: bool = False,
    id_properties: Iterable[str] = (),
) -> list[str]:
    """Return the names that are shown: those asked for, or the usual ones, and what the server makes."""
    asked = tuple(properties) or (() if with_history else object_type.shown)
    return list(dict.fromkeys((*asked, *object_type.server_made, *id_properties)))


def shown(
    object_type: ObjectType, stored: StoredObject, names: Iterable[str]
) -> dict[str, str | None]:
    """Return these properties; null where one is defined and has no value, nothing where it is not."""
    held, is_defined = stored.properties, object_type.is_defined
    return {name: held.get(name) for name in names if name in held or is_defined(name)}


def history(stored: StoredObject, name: str) -> list[dict[str, Any]]:
    """Return the values that a property has had, newest first."""
    return [
        {"value": properties[name] or "", "timestamp": stamp, "sourceType": "INTEGRATION"}
        for stamp, properties in reversed(stored.history)
        if name in properties
    ]


def as_result(
    object_type: ObjectType,
    stored: StoredObject,
    names: Iterable[str],
    histories: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a record as it stands in `results`, with the properties of these names."""
    result = around(stored, shown(object_type, stored, names))
    of_history = {name: history(stored, name) for name in histories}
    if of_history:
        result["propertiesWithHistory"] = of_history
    return result


def around(stored: StoredObject, properties: Mapping[str, str | None]) -> dict[str, Any]:
    """Return a record as it stands in `results`, with these properties."""
    result: dict[str, Any] = {
        "id": stored.id,
        "properties": properties,
        "createdAt": stored.created_at,
        "updatedAt": stored.updated_at,
        "archived": stored.archived,
    }
    if stored.archived_at is not None:
        result["archivedAt"] = stored.archived_at
    return result
