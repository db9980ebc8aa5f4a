"""Definitions of properties: listed, read, created and archived, one by one and in batches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._bodies import inputs_of, malformed, missing_fields, parse_object, text_of
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._property import Property
from hubbatch.sandbox._replies import Done, ErrorEntry, RefusalError
from hubbatch.sandbox._routes import DATED, Route
from hubbatch.sandbox._spelling import PropertyType, property_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch.sandbox._schema import ObjectDefinition

__all__ = ["ROUTES"]

_PROPERTIES = rf"/crm/(?:v3/properties|properties/(?:v3|{DATED}))/{{type}}"
_MOST = 100
_MOST_OF_ITS_OWN = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_REQUIRED = ("name", "label", "type", "fieldType", "groupName")


@frozen
class _NamedProperty:
    """One input: the definition or name of a property."""

    name: str
    raw: Mapping[str, Any]

    def naming(self) -> dict[str, list[str]]:
        return {"name": [self.name]}


def _list(call: ApiCall) -> ApiReply:
    if call.flag("archived"):  # what was archived is gone
        return ApiReply(200, {"results": []})
    stamp = call.account.stamp(0.0)
    found = call.object_type(family="schemas").definitions()
    return ApiReply(200, {"results": [one.as_json(stamp) for one in found]})


def _read(call: ApiCall) -> ApiReply:
    object_type = call.object_type(family="schemas")
    found = object_type.definition(call.parameters["name"])
    if found is None:
        raise _unknown(call.parameters["name"]).refusal(404)
    return ApiReply(200, found.as_json(call.account.stamp(0.0)))


def _create(call: ApiCall) -> ApiReply:
    object_type = call.object_type(family="schemas")
    named = _named(parse_object(call.request.body))
    definition = _definition(named, object_type)
    if isinstance(definition, ErrorEntry):
        raise definition.refusal(409 if definition.category == "OBJECT_ALREADY_EXISTS" else 400)
    call.account.store.define_property(object_type, definition)
    return ApiReply(201, definition.as_json(call.stamp))


def _archive(call: ApiCall) -> ApiReply:
    object_type = call.object_type(family="schemas")
    name = call.parameters["name"]
    if name in object_type.standard or name in object_type.server_made:
        message = f'Property "{name}" is defined by HubSpot and cannot be archived'  # inferred
        raise RefusalError(400, "VALIDATION_ERROR", message)
    call.account.store.archive_property(object_type, name)
    return ApiReply(204)


def _batch_create(call: ApiCall) -> ApiReply:
    object_type = call.object_type(family="schemas")
    named = [_named(raw) for raw in inputs_of(call.request.body, _MOST, "properties")]

    def perform() -> Done:
        done = Done(stranger=_stranger)
        written = []
        for one in named:
            definition = _definition(one, object_type)
            if isinstance(definition, ErrorEntry):
                done.problems.append(definition)
                continue
            call.account.store.define_property(object_type, definition)
            done.results.append(definition.as_json(call.stamp))
            written.append(one)
        done.sources = written
        return done

    return call.batch(named, perform, success=201)


def _batch_read(call: ApiCall) -> ApiReply:
    object_type = call.object_type(family="schemas")
    named = [_named(raw) for raw in inputs_of(call.request.body, _MOST, "properties")]
    stamp = call.account.stamp(0.0)

    def perform() -> Done:
        known = [(one, object_type.definition(one.name)) for one in named]
        return Done(
            [found.as_json(stamp) for _, found in known if found is not None],
            [_unknown(one.name) for one, found in known if found is None],
            [one for one, found in known if found is not None],
            stranger=_stranger,
        )

    return call.batch(named, perform)


def _batch_archive(call: ApiCall) -> ApiReply:
    object_type = call.object_type(family="schemas")
    named = [_named(raw) for raw in inputs_of(call.request.body, _MOST, "properties")]

    def perform() -> Done:
        for one in named:
            call.account.store.archive_property(object_type, one.name)
        return Done()

    return call.batch(named, perform, silent=True)


def _named(raw: Any) -> _NamedProperty:
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    name = text_of(raw, "name")
    if not name:
        raise missing_fields("name")
    return _NamedProperty(name, raw)


def _definition(named: _NamedProperty, object_type: ObjectDefinition) -> Property | ErrorEntry:
    """Return the property that an input defines, or what is wrong with it."""
    raw, name = named.raw, named.name
    missing = [field for field in _REQUIRED if not text_of(raw, field)]
    if missing:
        return _wrong(name, f"Some required fields were not set: [{', '.join(missing)}]")
    if not _NAME.fullmatch(name):
        return _wrong(name, f"Property name {name[:100]} is not valid")
    if object_type.definition(name) is not None:
        # inferred: the words and the category
        message = f"A property named '{name}' already exists."
        return ErrorEntry("OBJECT_ALREADY_EXISTS", message, named.naming())
    if len(object_type.own) >= _MOST_OF_ITS_OWN:
        return _wrong(name, f"There are {_MOST_OF_ITS_OWN} custom properties at most")
    try:
        kind = PropertyType.STRING if raw["type"] == "string" else property_type(raw["type"])
    except UsageError:
        return _wrong(name, f"{raw['type'][:100]} is not a valid type")
    options = _options(raw.get("options"))
    external = raw.get("externalOptions") is True
    if kind is PropertyType.ENUMERATION and not options and not external:
        return _wrong(name, "An enumeration needs at least one option")
    is_calculated = bool(raw.get("calculationFormula"))
    return Property(
        name=name,
        label=raw["label"],
        kind=kind,
        field_type=raw["fieldType"],
        group=raw["groupName"],
        options=options,
        unique=raw.get("hasUniqueValue") is True,
        read_only=is_calculated,
        calculated=is_calculated,
        external=external,
        description=text_of(raw, "description") or "",
    )


def _options(raw: Any) -> tuple[str, ...]:
    if raw is None:
        return ()
    if type(raw) is not list or not all(type(one) is dict for one in raw):
        raise malformed("options must be a list of objects")
    values = (text_of(one, "value") for one in raw)
    return tuple(value for value in values if value)


def _wrong(name: str, message: str) -> ErrorEntry:
    return ErrorEntry("VALIDATION_ERROR", message, {"name": [name]})  # inferred: the words


def _unknown(name: str) -> ErrorEntry:
    message = f'Property "{name[:100]}" does not exist'
    return ErrorEntry("OBJECT_NOT_FOUND", message, {"name": [name]})  # inferred: the context


def _stranger(record_id: str) -> dict[str, Any]:
    return Property(f"stranger_{record_id}").as_json("2001-01-01T00:00:00.000Z")


ROUTES = (
    Route("POST", rf"{_PROPERTIES}/batch/create", _batch_create),
    Route("POST", rf"{_PROPERTIES}/batch/read", _batch_read),
    Route("POST", rf"{_PROPERTIES}/batch/archive", _batch_archive),
    Route("GET", _PROPERTIES, _list),
    Route("POST", _PROPERTIES, _create),
    Route("GET", rf"{_PROPERTIES}/{{name}}", _read),
    Route("DELETE", rf"{_PROPERTIES}/{{name}}", _archive),
)
