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

from hubbatch.models import (
    BatchError,
    BatchResponse,
    BatchStatus,
    ErrorDetail,
    ObjectResult,
    ResultDraft,
)

__all__ = ["camel", "converter", "read_time", "shallow", "write_time"]


def camel(name: str) -> str:
    """Spell an attribute's name as HubSpot does: `created_at` is `createdAt`, `in_` is `in`."""
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(part.title() for part in tail)


def read_time(value: Any, _: object = None) -> datetime | None:
    """Read a timestamp as an aware datetime, perhaps one that UTC cannot hold; one that cannot be read is None."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def write_time(moment: datetime) -> str:
    """Write an aware datetime as ISO 8601, in UTC unless that cannot hold it: the years 1 and 9999 have ends."""
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return moment.isoformat()
    return moment.isoformat().replace("+00:00", "Z")


_LONGEST_WORD = 200
"""Characters of a category."""

_MOST_DETAILS = 200
"""Items of an error's `errors` that are kept."""

_DEEPEST = 32
"""How deep a value may be nested that is kept as it is: real ones are nearly flat."""

_WIDEST = 100_000
"""How many values of one depth it may hold."""


def _text(value: Any, _: object = None) -> str:
    return value if type(value) is str else "" if value is None else str(shallow(value))


def _text_or_none(value: Any, _: object = None) -> str | None:
    return value if type(value) is str or value is None else str(shallow(value))


def _word(value: Any, _: object = None) -> str:
    return _text(value)[:_LONGEST_WORD]


def shallow(value: Any) -> Any:
    """Return a JSON value as it is, or None if it is too much to be kept.

    It is nested so deep that reading it would take a recursion too many, or so wide that no reply needs it.
    """
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        outers = [item for item in level if isinstance(item, dict | list)]
        if not outers:
            return value
        if sum(map(len, outers)) > _WIDEST:
            return None
        level = [
            item
            for outer in outers
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return None


_TEXT_OR_NULL = {str, type(None)}


def _properties(value: Any, _: object = None) -> dict[str, str | None]:
    """Take property values as they are: HubSpot sends text or null, and anything else becomes text."""
    if type(value) is not dict:
        return {}
    if _TEXT_OR_NULL.issuperset(map(type, value.values())):
        return value
    return {name: _text_or_none(item) for name, item in value.items()}


def _mapping(value: Any, _: object = None) -> Mapping[str, Any]:
    kept = shallow(value)
    return kept if isinstance(kept, dict) else {}


def _context(value: Any, _: object = None) -> Mapping[str, Any] | str | None:
    kept = shallow(value)
    return kept if isinstance(kept, dict | str) else None


def _status(value: Any, _: object = None) -> BatchStatus:
    """Read the status; a word we do not know does not say that all is done."""
    known = isinstance(value, str) and value in BatchStatus.__members__
    return BatchStatus(value) if known else BatchStatus.PROCESSING


def _count(value: Any, _: object = None) -> int:
    return value if type(value) is int else 0


def _list(value: Any, _: object = None) -> list[Any]:
    return value if isinstance(value, list) else []


def _indexes(value: Any, _: object = None) -> tuple[int, ...]:
    return tuple(item for item in _list(value) if type(item) is int)


def _as_is(value: Any, _: object = None) -> Any:
    return shallow(value)


def _details(value: Any, _: object = None) -> list[ErrorDetail]:
    """Read the first details of an error, and pass over what is not an object."""
    one = converter.get_structure_hook(ErrorDetail)
    items = [item for item in _list(value)[:_MOST_DETAILS] if type(item) is dict]
    return [one(item, ErrorDetail) for item in items]


def _errors(value: Any, _: object = None) -> list[BatchError]:
    """Read errors. One of an unknown form is one nevertheless: it names no record, and must not pass for success."""
    one = converter.get_structure_hook(BatchError)
    return [
        one(item, BatchError) if type(item) is dict else BatchError("", _text(item))
        for item in _list(value)
    ]


_FIELDS: Mapping[type, Mapping[str, Callable[[Any, Any], Any]]] = {
    ErrorDetail: {
        "message": _text,
        "code": _text_or_none,
        "context": _context,
        "in_": _text_or_none,
        "sub_category": _as_is,
    },
    BatchError: {
        "category": _word,
        "message": _text,
        "status": _text_or_none,
        "id": _text_or_none,
        "sub_category": _as_is,
        "context": _mapping,
        "errors": _details,
        "links": _mapping,
        "correlation_id": _text_or_none,
        "indexes": _indexes,
        "transient": lambda value, _: value is True,
    },
    BatchResponse: {
        "status": _status,
        "results": lambda value, _: _results(value),
        "errors": _errors,
        "num_errors": _count,
        "requested_at": read_time,
        "started_at": read_time,
        "completed_at": read_time,
        "links": _mapping,
        "warnings": lambda value, _: [shallow(item) for item in _list(value)],
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


def _structure_result(value: dict[str, Any], _: object) -> ObjectResult:
    return _results([value])[0]


def _results(values: Any, _: object = None) -> list[ObjectResult]:
    """Read results: what the generated hooks do, written out in one loop, for it runs once a record.

    That saves 9 % of a run's CPU, most of it by the draft; that rare fields are looked for only where there are any
    saves another 1.5 %.
    """
    results: list[ObjectResult] = []
    created = created_at = updated = updated_at = None  # written together, they share their times
    nothing: dict[str, Any] = {}  # shared likewise: one less thing for each record to keep
    for value in _list(values):
        if type(value) is not dict:
            continue
        get = value.get
        result: Any = ResultDraft()
        result.id = object_id if type(object_id := get("id")) is str else _text(object_id)
        properties = get("properties")
        if type(properties) is dict and _TEXT_OR_NULL.issuperset(map(type, properties.values())):
            result.properties = properties
        else:
            result.properties = _properties(properties)
        if (text := get("createdAt")) != created:
            created, created_at = text, read_time(text)
        result.created_at = created_at
        if (text := get("updatedAt")) != updated:
            updated, updated_at = text, read_time(text)
        result.updated_at = updated_at
        result.archived = get("archived") is True
        result.new = new if type(new := get("new")) is bool else None
        trace_id = get("objectWriteTraceId")
        result.object_write_trace_id = (
            trace_id if type(trace_id) is str else _text_or_none(trace_id)
        )
        if _USUAL_FIELDS.issuperset(value):
            result.archived_at = result.properties_with_history = result.url = None
            result.extra = nothing
        else:
            _fill_in_the_rest(result, value)
        result.__class__ = ObjectResult
        results.append(result)
    return results


def _fill_in_the_rest(result: Any, value: dict[str, Any]) -> None:
    """Read the fields that most results do not have."""
    result.archived_at = read_time(value.get("archivedAt"))
    history, url = value.get("propertiesWithHistory"), value.get("url")
    history = shallow(history)
    result.properties_with_history = history if isinstance(history, dict) else None
    result.url = _text_or_none(url)
    result.extra = {
        name: shallow(item) for name, item in value.items() if name not in _RESULT_FIELDS
    }


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


_USUAL_FIELDS = frozenset(
    {"id", "properties", "createdAt", "updatedAt", "archived", "new", "objectWriteTraceId"}
)
"""Most results have no others."""

_RESULT_FIELDS = frozenset(camel(field.name) for field in attrs.fields(ObjectResult))

converter = Converter(detailed_validation=False)
converter.register_unstructure_hook(datetime, write_time)
for _kind in _FIELDS:
    converter.register_structure_hook(_kind, _structure_hook(_kind))
converter.register_structure_hook(ObjectResult, _structure_result)
for _kind in (*_FIELDS, ObjectResult):
    converter.register_unstructure_hook(_kind, _unstructure_hook(_kind))
