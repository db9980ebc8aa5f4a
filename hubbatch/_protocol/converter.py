"""The one cattrs converter: models to HubSpot's camel-case JSON values and back, tolerantly.

It knows field names and shapes, also the odd ones; it knows nothing of bytes, HTTP or which input a result is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from hubbatch._protocol.reading import (
    read_as_is,
    read_context,
    read_count,
    read_indexes,
    read_list,
    read_mapping,
    read_status,
    read_text,
    read_text_or_none,
    read_time,
    read_word,
    shallow,
)
from hubbatch._protocol.results import read_result, read_results
from hubbatch.models import BatchError, BatchResponse, ErrorDetail, ObjectResult

__all__ = ["MOST_DETAILS", "camel", "converter", "write_time"]

MOST_DETAILS = 200
"""Items of an error's `errors` that are kept."""


def camel(name: str) -> str:
    """Spell an attribute's name as HubSpot does: `created_at` is `createdAt`, `in_` is `in`."""
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(part.title() for part in tail)


def write_time(moment: datetime) -> str:
    """Write an aware datetime as ISO 8601, in UTC unless that cannot hold it: the years 1 and 9999 have ends."""
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return moment.isoformat()
    return moment.isoformat().replace("+00:00", "Z")


def _details(value: Any, _: object = None) -> list[ErrorDetail]:
    """Read the first details of an error, and pass over what is not an object."""
    one = converter.get_structure_hook(ErrorDetail)
    items = [item for item in read_list(value)[:MOST_DETAILS] if type(item) is dict]
    return [one(item, ErrorDetail) for item in items]


def _errors(value: Any, _: object = None) -> list[BatchError]:
    """Read errors. One of an unknown form is one nevertheless: it names no record, and must not pass for success."""
    one = converter.get_structure_hook(BatchError)
    return [
        one(item, BatchError) if type(item) is dict else BatchError("", read_text(item))
        for item in read_list(value)
    ]


_FIELDS: Mapping[type, Mapping[str, Callable[[Any, Any], Any]]] = {
    ErrorDetail: {
        "message": read_text,
        "code": read_text_or_none,
        "context": read_context,
        "in_": read_text_or_none,
        "sub_category": read_as_is,
    },
    BatchError: {
        "category": read_word,
        "message": read_text,
        "status": read_text_or_none,
        "id": read_text_or_none,
        "sub_category": read_as_is,
        "context": read_mapping,
        "errors": _details,
        "links": read_mapping,
        "correlation_id": read_text_or_none,
        "indexes": read_indexes,
        "transient": lambda value, _: value is True,
    },
    BatchResponse: {
        "status": read_status,
        "results": read_results,
        "errors": _errors,
        "num_errors": read_count,
        "requested_at": read_time,
        "started_at": read_time,
        "completed_at": read_time,
        "links": read_mapping,
        "warnings": lambda value, _: [shallow(item) for item in read_list(value)],
    },
}
"""How each field is read. One that is missing takes the model's default, one of a wrong kind a harmless value."""

_REQUIRED: Mapping[type, Mapping[str, str]] = {
    BatchError: {"category": "", "message": ""},
    ErrorDetail: {},
    BatchResponse: {},
}
"""Fields that the models demand and that replies have been seen to lack."""


def _structure_hook(kind: type) -> Callable[[dict[str, Any], Any], Any]:
    """Build one model's hook: cattrs' generated one, and `extra` for whatever that does not know."""
    fields = _FIELDS[kind]
    overrides: dict[str, Any] = {
        name: override(rename=camel(name), struct_hook=hook) for name, hook in fields.items()
    }
    generated: Callable[[Any, Any], Any] = make_dict_structure_fn(
        kind,
        converter,
        _cattrs_detailed_validation=False,
        extra=override(omit=True),
        **overrides,
    )
    known = frozenset(map(camel, fields))
    required = _REQUIRED[kind]

    def structure(value: dict[str, Any], _: object) -> Any:
        if not required.keys() <= value.keys():
            value = {**required, **value}
        model = generated(value, kind)
        if value.keys() <= known:
            return model
        return attrs.evolve(
            model, extra={name: shallow(item) for name, item in value.items() if name not in known}
        )

    return structure


def _unstructure_hook(kind: type) -> Callable[[Any], dict[str, Any]]:
    """Write a model in HubSpot's spelling, leaving out what it does not have."""
    overrides: dict[str, Any] = {
        field.name: override(rename=camel(field.name)) for field in attrs.fields(kind)
    }
    generated: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(
        kind, converter, _cattrs_omit_if_default=True, **overrides
    )

    def unstructure(model: Any) -> dict[str, Any]:
        fields = generated(model)
        return {**fields.pop("extra", {}), **fields}

    return unstructure


converter = Converter(detailed_validation=False)
converter.register_unstructure_hook(datetime, write_time)
for _kind in _FIELDS:
    converter.register_structure_hook(_kind, _structure_hook(_kind))
converter.register_structure_hook(ObjectResult, read_result)
for _kind in (*_FIELDS, ObjectResult):
    converter.register_unstructure_hook(_kind, _unstructure_hook(_kind))
