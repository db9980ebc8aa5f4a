"""A caller's pair in HubSpot's form: two ids, a `Pair`, or a mapping with `from` and `to`. Pure.

It knows nothing of inputs, or of what is done with pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from hubbatch._records.mapping import as_mapping
from hubbatch._records.planning_ids import object_id
from hubbatch._records.values import InvalidRecordError
from hubbatch.models import Pair

__all__ = ["pair_in_list", "pair_of"]

_PAIR = 2


def pair_of(record: Any) -> dict[str, Any]:
    """Return a caller's pair as HubSpot has it; its ends may be any texts."""
    if type(record) is dict:
        from_, to = record.get("from"), record.get("to")
        if type(from_) is dict and type(to) is dict and len(from_) == len(to) == 1:
            one, other = from_.get("id"), to.get("id")
            if type(one) is str and type(other) is str and one.strip() and other.strip():
                return record  # it is exactly as HubSpot has it
    from_, to, rest = _parts(record)
    return {"from": {"id": _end("from", from_)}, "to": {"id": _end("to", to)}, **rest}


def _parts(record: Any) -> tuple[Any, Any, Mapping[str, Any]]:
    """Return the two ends of a pair as they are given, and what else is to go out.

    A named tuple, or a database's row, whose columns are called so is read by these names, in whatever order they are.
    """
    if isinstance(record, Pair):
        return record.from_, record.to, {"types": list(record.types)} if record.types else {}
    mapping = None if type(record) in {tuple, list} else as_mapping(record)
    if mapping is not None:
        start = "from" if "from" in mapping else "from_"  # as Python's classes have to call it
        if not isinstance(record, tuple) or mapping.keys() >= {start, "to"}:
            rest = {name: value for name, value in mapping.items() if name not in {start, "to"}}
            if isinstance(text := rest.get("types"), str):  # as a file has them
                rest = {**rest, "types": _types(text)}
            return mapping.get(start), mapping.get("to"), rest
    if isinstance(record, tuple | list):
        if len(record) != _PAIR:
            raise InvalidRecordError(f"a pair has two ids, not {len(record)}")
        return record[0], record[1], {}
    raise InvalidRecordError(
        f"a record must be two ids, a Pair, or a mapping with 'from' and 'to', not {type(record).__name__}"
    )


def _types(text: str) -> list[Any]:
    """Return the types that a cell of a file holds; none of an empty one."""
    try:
        types = orjson.loads(text) if text.strip() else []
    except orjson.JSONDecodeError:
        types = None
    if not isinstance(types, list):
        raise InvalidRecordError("'types' must be a list, or a list as JSON")
    return types


def pair_in_list(record: Any) -> dict[str, Any]:
    """Return a pair as HubSpot has it where its second end is a list of ids."""
    from_, to, rest = _parts(record)
    several = to if isinstance(to, list | tuple) else [to]
    if not several:
        raise InvalidRecordError("'to' has no ids")
    ids = dict.fromkeys(_end("to", each) for each in several)
    return {"from": {"id": _end("from", from_)}, "to": [{"id": each} for each in ids], **rest}


def _end(name: str, value: Any) -> str:
    if type(value) is list:
        if len(value) != 1:
            raise InvalidRecordError(
                f"{name!r} has {len(value)} ids; give each pair as a record of its own"
            )
        value = value[0]
    if isinstance(value, Mapping):
        value = value.get("id")
    if type(value) is str and value.strip():
        return value
    try:
        return object_id(value, None)
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{name!r}: {error}") from None
