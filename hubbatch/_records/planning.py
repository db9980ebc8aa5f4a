"""From a caller's record to the input that goes on the wire, with every local check.

Pure: one record in, one `Input` out, or an `InvalidRecordError` that says what to mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import countOf
from typing import Any

import attrs
import orjson

from hubbatch._protocol.operations import Operation
from hubbatch._records.mapping import as_mapping
from hubbatch._records.spelling import CONTACTS, Key, Spelling
from hubbatch._records.values import InvalidRecordError, encode_value
from hubbatch.models import ObjectResult

__all__ = ["Input", "Planner", "encode_input"]

_INPUT_FIELDS = frozenset({"id", "idProperty", "properties", "associations", "objectWriteTraceId"})
_RESULT_FIELDS = frozenset(
    {
        *(
            "createdAt",
            "updatedAt",
            "archived",
            "archivedAt",
            "new",
            "url",
            "propertiesWithHistory",
        ),
        *("created_at", "updated_at", "archived_at", "properties_with_history", "extra"),
        *("object_write_trace_id",),
    }
)
"""What a result has over an input: passed over, so that what was read can be written back."""

_SERVER_MADE = ("hs_object_id", "lastmodifieddate", "hs_lastmodifieddate")
"""Properties that every result has and that HubSpot refuses to be given."""


@attrs.define(eq=False)
class Input:
    """One record on its way: where it stood, what the caller gave, what is sent for it."""

    index: int
    """The record's place among all that its run has taken from the source, whatever became of the others."""
    record: Any
    body: bytes
    """What is sent, as JSON."""
    key: Key | None = None
    trace_id: str | None = None
    """What an answer names it by, where it is echoed."""
    caller_trace_id: str | None = None
    followers: list[Input] | None = None
    """Later records with the same key that this input answers for."""
    successor: bool = False
    """Whether a record with the same key went before it."""

    @property
    def properties(self) -> Mapping[str, str]:
        """What it writes."""
        properties: Mapping[str, str] = self.wire.get("properties", {})
        return properties

    @property
    def wire(self) -> dict[str, Any]:
        """What is sent, read anew.

        It is seldom looked at, and dicts kept for all in flight took 9 % of the CPU at 20 properties.
        """
        value: dict[str, Any] = orjson.loads(self.body)
        return value

    def members(self) -> Sequence[Input]:
        """Return this input and its followers: all whom one answer settles."""
        return (self,) if self.followers is None else (self, *self.followers)


def _check_names(properties: Mapping[Any, Any]) -> None:
    for name in properties:
        if type(name) is not str:
            raise InvalidRecordError(f"a property's name must be text, not {name!r}")


def encode_input(wire: Mapping[str, Any]) -> bytes:
    """Return an input's JSON; text that is not valid Unicode is refused."""
    try:
        return orjson.dumps(wire)
    except (TypeError, ValueError) as error:
        _check_names(wire.get("properties", {}))
        raise InvalidRecordError(f"the record cannot be written as JSON: {error}") from None


class Planner:
    """Turns records into inputs of one operation."""

    def __init__(
        self,
        operation: Operation,
        *,
        id_property: str | None = None,
        unique_property: str | None = None,
        trace_prefix: str = "",
        spelling: Spelling = CONTACTS,
    ) -> None:
        self._operation = operation
        self._key_of = spelling.key
        self._id_property = id_property
        self._unique_property = unique_property
        self._trace_prefix = trace_prefix

    def plan(self, index: int, record: Any) -> Input:
        """Check and encode one record.

        Raises `InvalidRecordError` for one that must not be sent.
        """
        if not self._operation.writes_properties:
            return self._plan_id(index, record)
        mapping = record if type(record) is dict else _mapping_of(record)
        nested = mapping.get("properties")
        if nested is not None and isinstance(nested, Mapping):
            return self._plan_nested(index, record, mapping)
        # A flat mapping: what names the object is its address and not written as a property.
        properties = _properties(mapping)
        id_property = self._id_property
        wire: dict[str, Any]
        if not self._operation.keyed:
            key = self._unique_key(properties)
            wire = {"properties": properties}
        elif id_property is None:
            properties.pop("id", None)
            value = _id(mapping.get("id"), None)
            key = self._key_of(None, value)
            wire = {"id": value, "properties": properties}
        else:
            value = properties.pop(id_property, "")
            key = self._key_of(id_property, value)
            if not key[1]:
                _id(value, id_property)  # which says what is missing
            wire = {"id": value, "idProperty": id_property, "properties": properties}
        wire["objectWriteTraceId"] = trace_id = f"{self._trace_prefix}{index}"
        return Input(index, record, encode_input(wire), key, trace_id)

    def _plan_id(self, index: int, record: Any) -> Input:
        value = record
        if type(record) is not str and (mapping := as_mapping(record)) is not None:
            was_read = _was_read(record, mapping)
            value = self._key_in_result(mapping) if was_read else mapping.get("id")
        text = _id(value, self._id_property)
        wire = {"id": text}
        return Input(index, record, encode_input(wire), self._key_of(self._id_property, text))

    def _plan_nested(self, index: int, record: Any, mapping: Mapping[str, Any]) -> Input:
        """Plan HubSpot's own input shape, or a result that was read and is to be written back."""
        read = self._wire_from_result if _was_read(record, mapping) else self._wire_from_input
        wire = read(mapping)
        caller_trace_id = wire.get("objectWriteTraceId")
        trace_id = caller_trace_id or f"{self._trace_prefix}{index}"
        wire["objectWriteTraceId"] = trace_id
        if self._operation.keyed:
            key: Key | None = self._key_of(wire.get("idProperty"), wire["id"])
        else:
            key = self._unique_key(wire["properties"])
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
        key = self._key_in_result(mapping)
        if self._operation.keyed and self._id_property is not None:
            properties.pop(self._id_property, None)
        associations = mapping.get("associations")
        return self._wire_from_input(
            {"id": key, "properties": properties, "associations": associations}
        )

    def _key_in_result(self, mapping: Mapping[str, Any]) -> Any:
        """Return what names the object that a result is of, for this call: its id, or its unique value."""
        properties = mapping.get("properties")
        if self._id_property is None or not isinstance(properties, Mapping):
            return mapping.get("id")
        return properties.get(self._id_property)

    def _wire_from_input(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """Read HubSpot's own input shape: the same fields, checked."""
        unknown = mapping.keys() - _INPUT_FIELDS - _RESULT_FIELDS
        if unknown:
            raise InvalidRecordError(
                f"an input has no field {min(unknown, key=str)!r}; next to 'properties' it may have"
                " 'id', 'idProperty', 'associations' and 'objectWriteTraceId'"
            )
        wire: dict[str, Any] = {"properties": _properties(mapping["properties"])}
        if self._operation.keyed:
            id_property = mapping.get("idProperty") or self._id_property
            if id_property is not None:
                wire["idProperty"] = _required_text(id_property, "idProperty")
            wire["id"] = _id(mapping.get("id"), id_property)
        associations = mapping.get("associations")
        if associations:
            if self._operation.keyed:
                raise InvalidRecordError(
                    "'associations' can be given when creating only; leave them out here"
                )
            wire["associations"] = _associations(associations)
        trace_id = mapping.get("objectWriteTraceId")
        if trace_id is not None:
            wire["objectWriteTraceId"] = _required_text(trace_id, "objectWriteTraceId")
        return wire


def _was_read(record: Any, mapping: Mapping[str, Any]) -> bool:
    """Whether a record is a result, as HubSpot or hubbatch gives it, and not an input."""
    if type(record) is ObjectResult:
        return True
    nested = isinstance(mapping.get("properties"), Mapping)
    return nested and "idProperty" not in mapping and not _RESULT_FIELDS.isdisjoint(mapping)


def _mapping_of(record: Any) -> Mapping[str, Any]:
    mapping = as_mapping(record)
    if mapping is None:
        raise InvalidRecordError(
            "a record must be a mapping, an attrs or dataclass instance or a pydantic model,"
            f" not {type(record).__name__}"
        )
    return mapping


def _properties(mapping: Mapping[str, Any]) -> dict[str, str]:
    if (
        type(mapping) is dict
        and countOf(map(type, mapping.values()), str) == len(mapping)
        and "" not in mapping
    ):
        return mapping.copy()  # as most records are: nothing to encode; `encode_input` checks names
    properties: dict[str, str] = {}
    for name, value in mapping.items():
        if type(name) is not str or not name:
            raise InvalidRecordError(f"a property's name must be text, not {name!r}")
        if type(value) is str:
            properties[name] = value
            continue
        try:
            text = encode_value(value)
        except InvalidRecordError as error:
            raise InvalidRecordError(f"property {name!r}: {error}") from None
        if text is not None:
            properties[name] = text
    return properties


def _id(value: Any, id_property: str | None) -> str:
    """Return the text that names an object: a record id, or a unique property's value."""
    name = "the record id" if id_property is None else f"{id_property!r}"
    if id_property is None and (isinstance(value, bool) or not isinstance(value, str | int | None)):
        raise InvalidRecordError(
            f"{name} must be text or a whole number, not {type(value).__name__}"
        )
    try:
        text = encode_value(value)
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{name}: {error}") from None
    if text is None or not text.strip():
        raise InvalidRecordError(
            f"{name} is missing: without it the service cannot tell which object"
        )
    return text


def _required_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidRecordError(f"{name!r} must be text, not {value!r}")
    return value


def _associations(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise InvalidRecordError("'associations' must be a list of objects with 'to' and 'types'")
    return [dict(item) for item in value]
