"""The associations of one record as `?associations=` asks for them, in a list or a single read."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._links import End
from hubbatch.sandbox._replies import RefusalError

if TYPE_CHECKING:
    from hubbatch.sandbox._call import Call
    from hubbatch.sandbox._schema import ObjectType

__all__ = ["linked"]


def linked(call: Call, object_type: ObjectType, record_id: str) -> dict[str, Any]:
    """Return the field `associations`, or nothing where none was asked for."""
    store, definitions = call.account.store, call.account.definitions
    found: dict[str, Any] = {}
    for name in call.names("associations"):
        other = call.account.schema.find(name)
        if other is None:
            message = f"Unable to infer object type from: {name[:100]}"
            raise RefusalError(400, "VALIDATION_ERROR", message)
        targets = store.collection(other)
        links = store.links.of(End(object_type.id, record_id), other.id)
        results = [
            {"id": key, "type": definitions.v3_name(object_type.id, other.id, spec)}
            for key in sorted(links, key=int)
            if targets.find(key, None) is not None
            for spec in sorted(links[key])
        ]
        if results:
            found[other.name] = {"results": list(islice(results, call.options.association_page))}
    return {"associations": found} if found else {}
