"""From a caller's record to an input that names an object and nothing more: to read it, or to archive it.

Pure. What was read before can be given as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hubbatch._records.mapping import as_mapping
from hubbatch._records.native import MISSING, native
from hubbatch._records.planning import Input, encode_input
from hubbatch._records.spelling import CONTACTS, Spelling
from hubbatch._records.values import InvalidRecordError, encode_value
from hubbatch.models import ObjectResult

__all__ = [
    "RESULT_FIELDS",
    "IdPlanner",
    "id_text",
    "key_in_result",
    "name_in",
    "object_id",
    "was_read",
]

RESULT_FIELDS = frozenset(
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

_FROM_SPREADSHEET = re.compile(
    r"[-+]?\d+(?:[.,]\d+)?[eE][-+]\d+"  # scientific notation
    r"|[-+]?\d+(?:[.,\s'\u2019]\d+)+"  # decimals, thousands
    r"|['\u2019`]\d+"  # what marks a cell as text
)
"""Forms that a record id takes on in a spreadsheet; no id of HubSpot's has one."""


class IdPlanner:
    """Turns records into inputs `{"id": …}`."""

    def __init__(self, *, id_property: str | None = None, spelling: Spelling = CONTACTS) -> None:
        self._id_property = id_property
        self._key_of = spelling.key

    def plan(self, index: int, record: Any) -> Input:
        """Return the input for a record: an id, or a mapping that has one."""
        value = record
        if type(record) is not str and (mapping := as_mapping(record)) is not None:
            value = name_in(record, mapping, self._id_property)
        text = object_id(value, self._id_property)
        wire = {"id": text}
        return Input(index, record, encode_input(wire), self._key_of(self._id_property, text))


def name_in(record: Any, mapping: Mapping[str, Any], id_property: str | None) -> Any:
    """Return what names the object that a record, seen as a mapping, is of: for a call, its id or its unique value.

    Of a row the unique value stands under the property's own name; in HubSpot's input it stands in `id`.
    """
    if was_read(record, mapping):
        return key_in_result(mapping, id_property)
    return mapping.get("id") if id_property is None else mapping.get(id_property, mapping.get("id"))


def key_in_result(mapping: Mapping[str, Any], id_property: str | None) -> Any:
    """Return what names the object that a result is of, for a call: its id, or its unique value."""
    properties = mapping.get("properties")
    if id_property is None or not isinstance(properties, Mapping):
        return mapping.get("id")
    return properties.get(id_property)


def was_read(record: Any, mapping: Mapping[str, Any]) -> bool:
    """Whether a record is a result, as HubSpot or hubbatch gives it, and not an input."""
    if type(record) is ObjectResult:
        return True
    nested = isinstance(mapping.get("properties"), Mapping)
    return nested and "idProperty" not in mapping and not RESULT_FIELDS.isdisjoint(mapping)


def object_id(
    value: Any, id_property: str | None, encode: Callable[[Any], str | None] = encode_value
) -> str:
    """Return the text that names an object: a record id, or a unique property's value.

    Raises `InvalidRecordError` for a record id that is none any more: HubSpot's are whole numbers, and it passes over
    any other without a word.
    """
    text = id_text(value, id_property, encode)
    if id_property is not None:
        return text
    text = text.strip()
    if not text.isdigit() and _FROM_SPREADSHEET.fullmatch(text):
        raise InvalidRecordError(
            "the record id is a number as a spreadsheet shows it, with an exponent, decimals, separators or a leading"
            " quote: format the column as text, and fill the ids in anew, for digits may be lost"
        )
    return text


def id_text(
    value: Any, id_property: str | None, encode: Callable[[Any], str | None] = encode_value
) -> str:
    """Return the text of an id, or of a unique property's value, whatever the service makes of it."""
    name = "the record id" if id_property is None else f"{id_property!r}"
    if not isinstance(value, str | int | None):
        value = native(value)
        if value is MISSING:
            value = None
    if id_property is None and (isinstance(value, bool) or not isinstance(value, str | int | None)):
        raise InvalidRecordError(
            f"{name} must be text or a whole number, not {type(value).__name__}"
        )
    try:
        text = encode(value)
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{name}: {error}") from None
    if text is None or not text.strip():
        raise InvalidRecordError(
            f"{name} is missing: without it the service cannot tell which object"
        )
    return text
