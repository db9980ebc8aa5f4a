"""From an endpoint's row and what a caller wants of it to a run's order, checked before anything is sent.

Every check names what is wrong and what is allowed. It knows nothing of how a run goes about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from hubbatch._options import RunOptions, check_options, check_unique_name
from hubbatch._records.call import Call
from hubbatch._records.spelling import naming_properties, spelling_of
from hubbatch._records.validation import Validator
from hubbatch.endpoints import AnswerKind, Doubt, Endpoint, InputKind, Presence
from hubbatch.endpoints._listing import PROPERTIES_LIST
from hubbatch.errors import UsageError
from hubbatch.policies import Duplicates
from hubbatch.schema import Schema

__all__ = ["check_naming_options", "plan_call", "plan_properties", "split_options"]


def plan_call(
    endpoint: Endpoint,
    api_version: str,
    path_fields: Mapping[str, object],
    options: Mapping[str, Any],
    *,
    id_property: str | None = None,
    unique_property: str | None = None,
    query: Mapping[str, object] | None = None,
    fields: Mapping[str, Any] | None = None,
    convert: Callable[[Any], Any] | None = None,
) -> Call:
    """Make a run's order; raise `UsageError` for the first thing that is wrong.

    `path_fields`, `query` and `fields`: what stands in the path, the query and the body besides the inputs.
    `convert`: makes of a record what its input is made of.
    """
    body_fields = _check_fields(endpoint, fields or {})
    most_inputs = endpoint.max_inputs
    if body_fields.get("propertiesWithHistory"):
        most_inputs = endpoint.max_inputs_with_history or most_inputs
    checked = check_options(endpoint.name, options, most_inputs)
    _check_merge(endpoint, checked["duplicates"])
    _check_value_options(endpoint, checked)
    id_property = check_unique_name("id_property", id_property)
    path = endpoint.path(api_version, path_fields)
    object_type = str(path_fields.get("object_type", ""))
    unique_property = check_unique_name("unique_property", unique_property)
    schema = _schema(endpoint, options.get("validate", False), api_version, object_type)
    if isinstance(schema, Schema):
        Validator(schema).check_naming(id_property=id_property, unique_property=unique_property)
    if id_property is not None and "idProperty" in endpoint.fields:
        body_fields = _naming_fields(body_fields, object_type, id_property)
    return Call(
        endpoint,
        path,
        _read_path(endpoint, api_version, path_fields),
        id_property=id_property,
        unique_property=unique_property,
        query=_check_query(endpoint, query or {}),
        body_fields=body_fields,
        object_type=object_type,
        schema=schema,
        spelling=spelling_of(object_type),
        convert=convert,
        **checked,
    )


def plan_properties(api_version: str, object_type: str, *, archived: bool = False) -> Call:
    """Return the order that fetches the properties of an object type."""
    path = PROPERTIES_LIST.path(api_version, {"object_type": object_type})
    query = {"archived": "true"} if archived else {}
    return Call(PROPERTIES_LIST, path, None, 1, query=query, object_type=object_type)


def split_options(
    endpoint: Endpoint, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the path fields among the options of a run, and the others."""
    known = endpoint.path_fields
    unknown = options.keys() - known - RunOptions.__annotations__.keys()
    if unknown:
        listed = ", ".join([*sorted(known), *RunOptions.__annotations__])
        raise UsageError(
            f"{endpoint.name} has no path field or option {min(unknown)!r}; it takes {listed}"
        )
    path = {name: value for name, value in options.items() if name in known}
    return path, {name: value for name, value in options.items() if name not in known}


def check_naming_options(
    endpoint: Endpoint, id_property: str | None, unique_property: str | None
) -> None:
    """Refuse what is no endpoint, and what names objects where an endpoint has no use for it."""
    if not isinstance(endpoint, Endpoint):
        raise UsageError(
            f"batch() takes an Endpoint, such as hubbatch.endpoints.UPSERT, not {endpoint!r}"
        )
    if endpoint.answer is AnswerKind.PAGE:
        raise UsageError(
            f"{endpoint.name} takes no inputs; client.scan() and client.search() read pages"
        )
    uses = endpoint.input is InputKind.OBJECT or "idProperty" in endpoint.fields
    if id_property is not None and not uses:
        raise UsageError(f"{endpoint.name} takes no id_property; leave it out")
    if unique_property is not None and endpoint.doubt is not Doubt.LOOK_UP:
        raise UsageError(f"{endpoint.name} takes no unique_property; leave it out")


def _schema(
    endpoint: Endpoint, validate: object, api_version: str, object_type: str
) -> Schema | Call | None:
    """Return what the records of a run are held against."""
    if validate is False or validate is None:
        return None
    if not endpoint.writes_properties:
        raise UsageError(
            f"{endpoint.name} takes no validate: only what writes properties has something to hold against a schema"
        )
    if isinstance(validate, Schema):
        return validate
    if validate is True:
        if not object_type:
            raise UsageError(
                f"{endpoint.name} does not say of which object_type its properties are: give validate=Schema(…)"
            )
        return plan_properties(api_version, object_type)
    if isinstance(validate, Iterable) and not isinstance(validate, str | bytes | Mapping):
        return Schema(validate)
    raise UsageError(
        "validate must be True, a Schema, or a list of Property, not"
        f" {type(validate).__name__}; Schema.from_json reads a file's content"
    )


def _check_merge(endpoint: Endpoint, duplicates: Duplicates) -> None:
    mergeable = endpoint.writes_properties or endpoint.one_answer_serves_all
    if duplicates is Duplicates.MERGE and not mergeable:
        raise UsageError(
            f"{endpoint.name} cannot merge records with one key, for they have no properties; give"
            " duplicates='serial' or 'refuse'"
        )


def _check_value_options(endpoint: Endpoint, checked: Mapping[str, Any]) -> None:
    """Refuse what is said of values where none is made into a property's text."""
    for option in ("missing", "timezone"):
        if checked[option] is not None and not endpoint.writes_properties:
            raise UsageError(
                f"{endpoint.name} takes no {option}: only what writes an object's properties has values to make text of"
            )


def _check_fields(endpoint: Endpoint, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what stands next to the inputs in the body."""
    complete = _completed(
        f"{endpoint.name} {{}} field {{!r}} next to its inputs", endpoint.fields, fields
    )
    try:
        orjson.dumps(complete)
    except TypeError as error:
        raise UsageError(
            f"the fields of {endpoint.name} cannot be written as JSON: {error}"
        ) from None
    return complete


def _check_query(endpoint: Endpoint, query: Mapping[str, object]) -> Mapping[str, str]:
    """Return the query as text."""
    complete = _completed(f"{endpoint.name} {{}} query parameter {{!r}}", endpoint.query, query)
    texts = {}
    for name, value in complete.items():
        if not isinstance(value, str | int):
            raise UsageError(f"the query parameter {name!r} must be text, a whole number or a bool")
        texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def _completed(sentence: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a caller gives with what is sent where nothing is given; refuse what is unknown, or missing."""
    if unknown := given.keys() - known.keys():
        names = ", ".join(known) or "none"
        raise UsageError(f"{sentence.format('has no', min(unknown))}; it has: {names}")
    for name, left_out in known.items():
        if left_out is Presence.REQUIRED and name not in given:
            raise UsageError(sentence.format("needs the", name))
    own = {name: value for name, value in known.items() if not isinstance(value, Presence)}
    return {**own, **given}


def _naming_fields(
    fields: Mapping[str, Any], object_type: str, id_property: str
) -> Mapping[str, Any]:
    """Return the fields of a read by a unique property, which is read too: it shows which object has which id."""
    properties = list(fields.get("properties", ()))
    properties += [
        name for name in naming_properties(object_type, id_property) if name not in properties
    ]
    return {**fields, "properties": properties, "idProperty": id_property}


def _read_path(
    endpoint: Endpoint, api_version: str, path_fields: Mapping[str, object]
) -> str | None:
    """Return where what an endpoint writes can be read, if there is such a place."""
    reader = endpoint.reader
    if reader is None:
        return None
    own = {name: value for name, value in path_fields.items() if name in reader.path_fields}
    return reader.path(api_version, own)
