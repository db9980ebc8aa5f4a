"""From a caller's record to an input of an endpoint whose results are no objects: an id, a text, a pair, any mapping.

Pure. Which fields are required, name the input and keep others out of its request is read from the endpoint's row.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from hubbatch._records.mapping import as_mapping
from hubbatch._records.paths import steps_of, texts_at
from hubbatch._records.planning import NamedInput, encode_input
from hubbatch._records.planning_ids import object_id
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import Endpoint, InputKind
from hubbatch.models import Pair

__all__ = ["RowPlanner"]

_PAIR_OF_TWO = 2

_EMPTY = frozenset({"", "[]", "{}"})
"""The texts of what is as good as missing."""


class RowPlanner:
    """Turns records into inputs that go out as they are given."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._wire_of = _WIRES[endpoint.input]
        self._lists = endpoint.body.lists if len(endpoint.body.lists) > 1 else ()
        named = tuple(endpoint.names.values()) or endpoint.identity
        every = (*endpoint.required, *endpoint.identity, *named, *chain(*endpoint.exclusive))
        fields = {path: at for at, path in enumerate(dict.fromkeys(every))}
        self._fields = tuple(map(steps_of, fields))
        """All fields that are looked at, each once; the others here say where in it they stand."""
        self._required = [(path, fields[path]) for path in endpoint.required]
        self._identity = [fields[path] for path in endpoint.identity]
        self._named = [fields[path] for path in named]
        self._exclusive = [[fields[path] for path in key] for key in endpoint.exclusive]
        self._stamp = endpoint.stamp

    def plan(self, index: int, record: Any) -> NamedInput:
        """Return the input for a record; raise `InvalidRecordError` for one that must not be sent."""
        list_name, value = self._list_of(record) if self._lists else (None, record)
        wire = self._wire_of(value)
        if self._stamp is not None and not wire.get(self._stamp):
            wire = {**wire, self._stamp: str(uuid.uuid4())}
        texts = texts_at(wire, self._fields)
        for path, at in self._required:
            if texts[at] in _EMPTY:
                raise InvalidRecordError(
                    f"{path!r} is missing or empty: without it the service would do nothing"
                )
        identity = [texts[at] for at in self._identity]
        name = tuple([texts[at] for at in self._named])
        locks = [sorted([texts[at] for at in key]) for key in self._exclusive]
        return NamedInput(
            index,
            record,
            encode_input(wire),
            (list_name, "\0".join(identity)) if any(identity) else None,
            name=name if any(name) else None,
            locks=tuple(["\0".join(key) for key in locks if any(key)]),
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


def _id(record: Any) -> Any:
    """Return an input that names an object; further fields of a mapping go out with it."""
    mapping = None if type(record) is str else as_mapping(record)
    if mapping is None:
        return {"id": object_id(record, None)}
    return {**mapping, "id": object_id(mapping.get("id"), None)}


def _text(record: Any) -> Any:
    return object_id(record, None)


def _pair(record: Any) -> Any:
    if type(record) is dict and record.keys() >= {"from", "to"}:  # as HubSpot has it
        return {
            **record,
            "from": {"id": _end("from", record["from"])},
            "to": {"id": _end("to", record["to"])},
        }
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


def _pair_in_list(record: Any) -> Any:
    wire = _pair(record)
    return {**wire, "to": [wire["to"]]}


def _end(name: str, value: Any) -> str:
    if type(value) is list:
        if len(value) != 1:
            raise InvalidRecordError(
                f"{name!r} has {len(value)} ids; give each pair as a record of its own"
            )
        value = value[0]
    if type(value) is dict or isinstance(value, Mapping):
        value = value.get("id")
    if type(value) is str and value.strip():
        return value
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
    InputKind.PAIR_IN_LIST: _pair_in_list,
    InputKind.VALUES: _values,
}
"""What each kind of input is made by."""
