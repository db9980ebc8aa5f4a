"""Reading of request bodies: bytes to a batch of inputs, or the refusal of the whole request.

It knows the rules that hold for a batch as such (shape, size, one key once) and nothing of stored
records.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hubbatch.sandbox._bodies import (
    id_of,
    malformed,
    missing_fields,
    names_of,
    parse_object,
    text_of,
)
from hubbatch.sandbox._replies import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hubbatch.sandbox._schema import ObjectType

__all__ = ["Batch", "Input", "Verb", "check_id_properties", "read_batch", "read_input"]

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50


class Verb(StrEnum):
    """What a batch does; the spelling is that of the path."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    READ = "read"
    ARCHIVE = "archive"


@frozen
class _Shape:
    """What an input of a verb must hold."""

    key: bool = True
    id_property: bool = False
    properties: bool = False


_SHAPES = {
    Verb.CREATE: _Shape(key=False, properties=True),
    Verb.UPDATE: _Shape(properties=True),
    Verb.UPSERT: _Shape(id_property=True, properties=True),
    Verb.READ: _Shape(),
    Verb.ARCHIVE: _Shape(),
}


@define(eq=False)
class Input:
    """One input of a batch; `key` is its id as sent, empty for a create."""

    key: str
    id_property: str | None
    properties: Mapping[str, str | None]
    trace_id: str | None
    associations: Sequence[Mapping[str, Any]]

    def naming(self) -> dict[str, list[str]]:
        """Return the `context` by which errors name this input: its trace id, else its id."""
        if self.trace_id is not None:
            return {"objectWriteTraceId": [self.trace_id]}
        return {"ids": [self.key]} if self.key else {}


@define(eq=False)
class Batch:
    """A whole request, well formed."""

    inputs: list[Input]
    opted_in: bool = False
    """Every input carries a trace id of its own, which asks for multi-status."""
    properties: list[str] = field(factory=list)
    history: list[str] = field(factory=list)


def read_batch(body: bytes, verb: Verb, object_type: ObjectType, *, portal_id: int) -> Batch:
    """Read a request body; raise `RefusalError` when the batch as such is not acceptable."""
    content = parse_object(body)
    raw = content.get("inputs")
    if raw is None:
        return Batch([])
    if type(raw) is not list:
        raise malformed("inputs must be a list")
    properties, history = (
        names_of(content, "properties"),
        names_of(content, "propertiesWithHistory"),
    )
    _check_size(len(raw), verb, with_history=bool(history))
    shared = text_of(content, "idProperty")
    inputs = [read_input(item, verb, shared) for item in raw]
    check_id_properties(inputs, verb, object_type, portal_id)
    _check_duplicates(inputs, verb, object_type)
    trace_ids = {item.trace_id for item in inputs}
    opted_in = None not in trace_ids and len(trace_ids) == len(inputs)
    return Batch(inputs, opted_in, properties, history)


def _check_size(count: int, verb: Verb, *, with_history: bool) -> None:
    limit = MAX_INPUTS_WITH_HISTORY if verb is Verb.READ and with_history else MAX_INPUTS
    if count > limit:
        raise RefusalError(
            400,
            "VALIDATION_ERROR",
            f"The maximum number of inputs supported in a batch request for object {verb} is "
            f"{limit}, received {count}",
        )


def read_input(raw: Any, verb: Verb, shared: str | None = None) -> Input:
    """Read one input; `shared` is the `idProperty` of the whole batch."""
    shape = _SHAPES[verb]
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    key = id_of(raw)
    if shape.key and not key:
        raise missing_fields("id")
    id_property = text_of(raw, "idProperty") or shared
    if shape.id_property and id_property is None:
        raise missing_fields("idProperty")
    properties = raw.get("properties")
    if shape.properties:
        _check_properties(properties)
    associations = raw.get("associations") or ()
    if associations:
        _check_associations(associations)
    return Input(
        key or "", id_property, properties or {}, text_of(raw, "objectWriteTraceId"), associations
    )


def _check_properties(properties: Any) -> None:
    if properties is None:
        raise missing_fields("properties")
    if type(properties) is not dict:
        raise malformed("properties must be an object")
    for value in properties.values():
        if type(value) is not str:
            raise malformed(f"a property value must be a string, not {type(value).__name__}")


def _check_associations(associations: Any) -> None:
    if type(associations) is not list or not all(map(_is_association, associations)):
        raise malformed(
            'an association must look like {"to":{"id":"…"},"types":[{"associationCategory":"…",'
            '"associationTypeId":1}]}'
        )


def _is_association(value: Any) -> bool:
    if type(value) is not dict or type(value.get("to")) is not dict:
        return False
    types = value.get("types")
    return (
        type(value["to"].get("id")) in (str, int)
        and type(types) is list
        and bool(types)
        and all(
            type(kind) is dict
            and type(kind.get("associationCategory")) is str
            and type(kind.get("associationTypeId")) is int
            for kind in types
        )
    )


def check_id_properties(
    inputs: list[Input], verb: Verb, object_type: ObjectType, portal_id: int
) -> None:
    """Refuse an `idProperty` whose values are not unique."""
    for name in {item.id_property for item in inputs}:
        if name is not None and verb is not Verb.CREATE and name not in object_type.unique:
            raise RefusalError(
                400,
                "VALIDATION_ERROR",
                f"Unable to perform {verb} by non-unique {object_type.id} property {name} in "
                f"portal ID {portal_id}",
            )


def _check_duplicates(inputs: list[Input], verb: Verb, object_type: ObjectType) -> None:
    if verb is Verb.CREATE:
        return
    seen: set[tuple[str | None, str]] = set()
    twice: dict[str, None] = {}
    for item in inputs:
        name = item.id_property
        key = item.key if name is None else object_type.key(name, item.key)
        if (name, key) in seen:
            twice[key] = None
        seen.add((name, key))
    if twice:
        raise RefusalError(
            400,
            "VALIDATION_ERROR",
            f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
            context={"ids": list(twice)},
        )
