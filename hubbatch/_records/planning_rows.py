"""From a caller's record to an input of an endpoint whose results are no objects: an id, a text, a pair, any mapping.

Pure. Which fields are required, name the input and keep others out of its request is read from the endpoint's row.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

import attrs

from hubbatch._records.mapping import as_mapping
from hubbatch._records.pairs import pair_in_list, pair_of
from hubbatch._records.paths import reader_of
from hubbatch._records.planning import NamedInput, encode_input
from hubbatch._records.planning_ids import id_text, was_read
from hubbatch._records.several import Several
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import Endpoint, InputKind

__all__ = ["EMPTY", "RowInput", "RowPlanner", "missing_field"]

EMPTY = frozenset({"", "[]", "{}"})
"""The texts of what is as good as missing."""


@attrs.define(eq=False)
class RowInput(NamedInput):
    """An input that has all its names at hand."""

    name: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    list_name: str | None = None
    several: bool = False


class RowPlanner:
    """Turns records into inputs that go out as they are given.

    `of_frame`: whether they are rows of a frame, of which an input that is an id takes no other columns along.
    """

    def __init__(self, endpoint: Endpoint, *, of_frame: bool = False) -> None:
        self._wire_of = _WIRES[endpoint.input]
        if of_frame and endpoint.input is InputKind.ID:
            self._wire_of = partial(_id, known=_known(endpoint))
        self._lists = endpoint.body.lists if len(endpoint.body.lists) > 1 else ()
        named = tuple(endpoint.names[0].values()) if endpoint.names else endpoint.identity
        every = (*endpoint.required, *endpoint.identity, *named, *chain(*endpoint.exclusive))
        fields = tuple(dict.fromkeys(every))
        self._read = reader_of(fields)
        """Reads all fields that are looked at, each once; the others here say where in it they stand."""
        self._required = [(path, fields.index(path)) for path in endpoint.required]
        self._identity = _picker(fields, endpoint.identity)
        self._named = _picker(fields, named)
        self._locks = [_lock_maker(fields, key) for key in endpoint.exclusive]
        self._stamp = endpoint.stamp
        self._several = Several(named, endpoint.exclusive) if Several.are_in(every) else None
        self._is_plain = self._several is None and all((endpoint.identity, *endpoint.exclusive))
        """Whether each input has one name, and all its keys, if nothing in it is empty."""

    def plan(self, index: int, record: Any) -> RowInput:
        """Return the input for a record; raise `InvalidRecordError` for one that must not be sent."""
        list_name, value = self._list_of(record) if self._lists else (None, record)
        wire = self._wire_of(value)
        if self._stamp is not None and not wire.get(self._stamp):
            wire = {**wire, self._stamp: str(uuid.uuid4())}
        texts = self._read(wire)
        identity, name = self._identity(texts), self._named(texts)
        body = encode_input(wire)
        if self._is_plain and EMPTY.isdisjoint(texts):  # as nearly always
            key = list_name, "\0".join(identity)
            if len(self._locks) == 1:
                locks: tuple[str, ...] = (self._locks[0](texts),)
            else:
                locks = tuple(dict.fromkeys([make(texts) for make in self._locks]))
            return RowInput(index, record, body, key, name=name, locks=locks, list_name=list_name)
        for path, at in self._required:
            if texts[at] in EMPTY:
                raise missing_field(path)
        made = [make(texts) for make in self._locks]
        if self._several is not None:
            name, made = self._several.names(wire), [*map(_lock, self._several.keys(wire))]
        return RowInput(
            index,
            record,
            body,
            (list_name, "\0".join(identity)) if any(identity) else None,
            name=name if any(name) else (),
            locks=tuple(dict.fromkeys(lock for lock in made if lock.strip("\0"))),
            list_name=list_name,
            several=self._several is not None and len(made) > 1,
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


def missing_field(path: str) -> InvalidRecordError:
    """Return the error of a record that lacks a field."""
    return InvalidRecordError(
        f"{path!r} is missing or empty: without it the service would do nothing"
    )


def _picker(
    fields: tuple[str, ...], wanted: Sequence[str]
) -> Callable[[list[str]], tuple[str, ...]]:
    """Return what picks the texts of some fields from those of all."""
    ats = [fields.index(path) for path in wanted]
    if len(ats) > 1:
        return itemgetter(*ats)
    return lambda texts: tuple([texts[at] for at in ats])


def _lock(key: Iterable[str]) -> str:
    """Return a key as one text, whatever the order of its values."""
    return "\0".join(sorted(key))


def _lock_maker(fields: tuple[str, ...], key: Sequence[str]) -> Callable[[list[str]], str]:
    """Return what makes a key of the texts of all fields."""
    if len(key) != 2:  # noqa: PLR2004 (as pairs have)
        pick = _picker(fields, key)
        return lambda texts: _lock(pick(texts))
    first, second = map(fields.index, key)

    def make(texts: list[str]) -> str:
        one, other = texts[first], texts[second]
        return f"{one}\0{other}" if one <= other else f"{other}\0{one}"

    return make


def _known(endpoint: Endpoint) -> frozenset[str]:
    """Return the fields that the service may want besides an id: those that the row tells of."""
    paths = chain(endpoint.required, endpoint.identity, *endpoint.exclusive)
    named = chain(*(way.values() for way in endpoint.names))
    further = () if endpoint.paging is None else (endpoint.paging.after,)
    return frozenset({*(path.partition(".")[0] for path in chain(paths, named)), *further})


def _id(record: Any, known: frozenset[str] | None = None) -> Any:
    """Return an input that names an object; `known`: the fields of a mapping that go out too, None for all.

    Of a result none does.
    """
    mapping = None if type(record) is str else as_mapping(record)
    if mapping is None:
        return {"id": id_text(record, None)}
    fields = {} if was_read(record, mapping) else mapping
    if known is not None:
        fields = {name: value for name, value in fields.items() if name in known}
    return {**fields, "id": id_text(mapping.get("id"), None)}


def _text(record: Any) -> Any:
    return id_text(record, None)


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
    InputKind.PAIR: pair_of,
    InputKind.PAIR_IN_LIST: pair_in_list,
    InputKind.VALUES: _values,
}
"""What each kind of input is made by."""
