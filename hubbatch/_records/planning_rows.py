"""From a caller's record to an input of an endpoint whose results are no objects: an id, a text, a pair, any mapping.

Pure. Which fields are required, name the input and keep others out of its request is read from the endpoint's row.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from hubbatch._records.mapping import as_mapping
from hubbatch._records.paths import Steps, steps_of, texts_at, value_at
from hubbatch._records.planning import NamedInput, encode_input
from hubbatch._records.planning_ids import object_id
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import Endpoint, InputKind
from hubbatch.models import Pair

__all__ = ["RowPlanner"]

_PAIR_OF_TWO = 2


class RowPlanner:
    """Turns records into inputs that go out as they are given."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._wire_of = _WIRES[endpoint.input]
        self._lists = endpoint.body.lists if len(endpoint.body.lists) > 1 else ()
        self._required = [(path, steps_of(path)) for path in endpoint.required]
        self._identity = _all(endpoint.identity)
        self._named = _all(tuple(endpoint.names.values()) or endpoint.identity)
        self._exclusive = [_all(key) for key in endpoint.exclusive]
        self._stamp = endpoint.stamp

    def plan(self, index: int, record: Any) -> NamedInput:
        """Return the input for a record; raise `InvalidRecordError` for one that must not be sent."""
        list_name, value = self._list_of(record) if self._lists else (None, record)
        wire = self._wire_of(value)
        for path, steps in self._required:
            if (held := value_at(wire, steps)) is None or held in ("", [], {}, ()):
                raise InvalidRecordError(
                    f"{path!r} is missing or empty: without it the service would do nothing"
                )
        if self._stamp is not None and not wire.get(self._stamp):
            wire = {**wire, self._stamp: str(uuid.uuid4())}
        body = encode_input(wire)
        identity = texts_at(wire, self._identity)
        name = identity if self._named == self._identity else texts_at(wire, self._named)
        return NamedInput(
            index,
            record,
            body,
            (list_name, "\0".join(identity)) if any(identity) else None,
            name=name if any(name) else None,
            locks=tuple(filter(None, (_lock(wire, key) for key in self._exclusive))),
            list_name=list_name,
        )

    def _list_of(self, record: Any) -> tuple[str, Any]:
        """Return the list that a record is for, and the record."""
        if isinstance(record, Mapping) and len(record) == 1:
            ((name, value),) = record.items()
            if name in self._lists:
                return str(name), value
        raise InvalidRecordError(
            f"a record must be a mapping with one of {', '.join(map(repr, self._lists))}, such as"
            f" {{{self._lists[0]!r}: '7'}}"
        )


def _all(paths: tuple[str, ...]) -> tuple[Steps, ...]:
    return tuple(map(steps_of, paths))


def _lock(wire: Any, fields: tuple[Steps, ...]) -> str:
    """Return a key of an input, the same whatever the order of its values."""
    texts = texts_at(wire, fields)
    return "\0".join(sorted(texts)) if any(texts) else ""


def _id(record: Any) -> Any:
    """Return an input that names an object; further fields of a mapping go out with it."""
    mapping = None if type(record) is str else as_mapping(record)
    if mapping is None:
        return {"id": object_id(record, None)}
    return {**mapping, "id": object_id(mapping.get("id"), None)}


def _text(record: Any) -> Any:
    return object_id(record, None)


def _pair(record: Any) -> Any:
    if isinstance(record, Pair):
        types = {"types": list(record.types)} if record.types else {}
        return _ends(record.from_, record.to, types)
    if isinstance(record, tuple | list):
        if len(record) != _PAIR_OF_TWO:
            raise InvalidRecordError(f"a pair has two ids, not {len(record)}")
        return _ends(record[0], record[1], {})
    mapping = as_mapping(record)
    if mapping is None:
        raise InvalidRecordError(
            f"a record must be two ids, a Pair, or a mapping with 'from' and 'to', not {type(record).__name__}"
        )
    rest = {name: value for name, value in mapping.items() if name not in {"from", "to"}}
    return _ends(mapping.get("from"), mapping.get("to"), rest)


def _ends(from_: Any, to: Any, rest: Mapping[str, Any]) -> Any:
    return {"from": {"id": _end("from", from_)}, "to": {"id": _end("to", to)}, **rest}


def _end(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("id")
    try:
        return object_id(value, None)
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{name!r}: {error}") from None


def _values(record: Any) -> Any:
    mapping = as_mapping(record)
    if mapping is None:
        raise InvalidRecordError(
            "a record must be a mapping, an attrs or dataclass instance or a pydantic model,"
            f" not {type(record).__name__}"
        )
    return dict(mapping)


_WIRES: Mapping[InputKind, Callable[[Any], Any]] = {
    InputKind.ID: _id,
    InputKind.TEXT: _text,
    InputKind.PAIR: _pair,
    InputKind.VALUES: _values,
}
"""What each kind of input is made by."""
