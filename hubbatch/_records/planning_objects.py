"""From a caller's record to an input that writes an object's properties, with every local check.

Pure: one record in, one `Input` out, or an `InvalidRecordError` that says what to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import countOf
from typing import Any

from hubbatch._records.mapping import as_mapping, is_plain_dict
from hubbatch._records.planning import Input, encode_input
from hubbatch._records.planning_ids import RESULT_FIELDS, key_in_result, object_id, was_read
from hubbatch._records.spelling import CONTACTS, Key, Spelling
from hubbatch._records.values import InvalidRecordError, encode_value
from hubbatch.endpoints import Endpoint, InputKind

__all__ = ["ObjectPlanner"]

_INPUT_FIELDS = frozenset({"id", "idProperty", "properties", "associations", "objectWriteTraceId"})
_SERVER_MADE = ("hs_object_id", "lastmodifieddate", "hs_lastmodifieddate")
"""Properties that every result has and that HubSpot refuses to be given."""


class ObjectPlanner:
    """Turns records into inputs with properties."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        id_property: str | None = None,
        unique_property: str | None = None,
        trace_prefix: str = "",
        spelling: Spelling = CONTACTS,
        encode: Callable[[Any], str | None] = encode_value,
    ) -> None:
        self._new = endpoint.input is InputKind.NEW_OBJECT
        self._traced = endpoint.trace_ids
        self._key_of = spelling.key
        self._id_property = id_property
        self._unique_property = unique_property
        self._trace_prefix = trace_prefix
        self._encode = encode

    def plan(self, index: int, record: Any) -> Input:
        """Check and encode one record.

        Raises `InvalidRecordError` for one that must not be sent.
        """
        mapping = record if is_plain_dict(type(record)) else _mapping_of(record)
        nested = mapping.get("properties")
        if nested is not None and isinstance(nested, Mapping):
            return self._plan_nested(index, record, mapping)
        # A flat mapping: what names the object is its address and not written as a property.
        properties = _properties(mapping, self._encode)
        id_property = self._id_property
        wire: dict[str, Any]
        if self._new:
            key = self._unique_key(properties)
            wire = {"properties": properties}
        elif id_property is None:
            properties.pop("id", None)
            value = object_id(mapping.get("id"), None)
            key = self._key_of(None, value)
            wire = {"id": value, "properties": properties}
        else:
            value = properties.pop(id_property, "")
            key = self._key_of(id_property, value)
            if not key[1]:
                object_id(value, id_property)  # which says what is missing
            wire = {"id": value, "idProperty": id_property, "properties": properties}
        trace_id = None
        if self._traced:
            wire["objectWriteTraceId"] = trace_id = f"{self._trace_prefix}{index}"
        return Input(index, record, encode_input(wire), key, trace_id)

    def _plan_nested(self, index: int, record: Any, mapping: Mapping[str, Any]) -> Input:
        """Plan HubSpot's own input shape, or a result that was read and is to be written back."""
        read = self._wire_from_result if was_read(record, mapping) else self._wire_from_input
        wire = read(mapping)
        caller_trace_id = wire.get("objectWriteTraceId")
        trace_id = caller_trace_id
        if self._traced:
            trace_id = caller_trace_id or f"{self._trace_prefix}{index}"
            wire["objectWriteTraceId"] = trace_id
        if self._new:
            key: Key | None = self._unique_key(wire["properties"])
        else:
            key = self._key_of(wire.get("idProperty"), wire["id"])
        return Input(index, record, encode_input(wire), key, trace_id, caller_trace_id)

    def _unique_key(self, properties: Mapping[str, str]) -> Key | None:
        """Return what a create is looked up by, if it can be."""
        if self._unique_property is None:
            return None
        value = properties.get(self._unique_property)
        return self._key_of(self._unique_property, value) if value and value.strip() else None

    def _wire_from_result(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """Read a result as the input that writes it back: without what HubSpot alone may set, under the call's key."""
        properties = {
            name: value for name, value in mapping["properties"].items() if name not in _SERVER_MADE
        }
        key = key_in_result(mapping, self._id_property)
        if not self._new and self._id_property is not None:
            properties.pop(self._id_property, None)
        associations = mapping.get("associations")
        return self._wire_from_input(
            {"id": key, "properties": properties, "associations": associations}
        )

    def _wire_from_input(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """Read HubSpot's own input shape: the same fields, checked."""
        unknown = mapping.keys() - _INPUT_FIELDS - RESULT_FIELDS
        if unknown:
            raise InvalidRecordError(
                f"an input has no field {min(unknown, key=str)!r}; next to 'properties' it may have"
                " 'id', 'idProperty', 'associations' and 'objectWriteTraceId'"
            )
        wire: dict[str, Any] = {"properties": _properties(mapping["properties"], self._encode)}
        if not self._new:
            id_property = mapping.get("idProperty") or self._id_property
            if id_property is not None:
                wire["idProperty"] = _required_text(id_property, "idProperty")
            wire["id"] = object_id(mapping.get("id"), id_property, self._encode)
        associations = mapping.get("associations")
        if associations:
            if not self._new:
                raise InvalidRecordError(
                    "'associations' can be given when creating only; leave them out here"
                )
            wire["associations"] = _associations(associations)
        trace_id = mapping.get("objectWriteTraceId")
        if trace_id is not None:
            if not self._traced:
                raise InvalidRecordError("'objectWriteTraceId' cannot be given here; leave it out")
            wire["objectWriteTraceId"] = _required_text(trace_id, "objectWriteTraceId")
        return wire


def _mapping_of(record: Any) -> Mapping[str, Any]:
    mapping = as_mapping(record)
    if mapping is None:
        raise InvalidRecordError(
            "a record must be a mapping, an attrs or dataclass instance, a pydantic model, a named tuple or"
            f" a database's row, not {type(record).__name__}"
        )
    return mapping


def _properties(mapping: Mapping[str, Any], encode: Callable[[Any], str | None]) -> dict[str, str]:
    if (
        is_plain_dict(type(mapping))
        and countOf(map(type, mapping.values()), str) == len(mapping)
        and "" not in mapping
    ):
        return dict(mapping)  # as most records are: nothing to encode; `encode_input` checks names
    properties: dict[str, str] = {}
    for name, value in mapping.items():
        if type(name) is not str or not name:
            raise InvalidRecordError(f"a property's name must be text, not {type(name).__name__}")
        if type(value) is str:
            properties[name] = value
            continue
        try:
            text = encode(value)
        except InvalidRecordError as error:
            raise InvalidRecordError(f"property {name!r}: {error}") from None
        if text is not None:
            properties[name] = text
    return properties


def _required_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidRecordError(f"{name!r} must be text, not {value!r}")
    return value


def _associations(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise InvalidRecordError("'associations' must be a list of objects with 'to' and 'types'")
    return [dict(item) for item in value]
