"""Records of an outcome as flat rows, and as a CSV file of them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any, Literal

from hubbatch._output.cells import cell_text, csv_bytes, csv_text, defused
from hubbatch._output.file import OutputFile
from hubbatch._records.mapping import as_mapping
from hubbatch._records.native import MISSING, native
from hubbatch._records.planning_ids import name_in
from hubbatch._states import RecordOutcome
from hubbatch.errors import UsageError
from hubbatch.models import ObjectResult, Pair, RecordStatus

__all__ = ["Only", "rows_of", "write_csv"]

Only = Literal["succeeded", "failed", "unknown", "unsent", "not_succeeded", "retryable"]

_OWN = ("_index", "_status", "_category", "_message", "_id", "_new")
_ENDS = 2
_NESTED = frozenset({"properties", "from", "to"})
"""What does not stand in a row as it stands in an input."""
_AT_ONCE = 1_000
"""Rows that are written together."""


def _of(status: RecordStatus) -> Callable[[RecordOutcome[Any]], bool]:
    return lambda record: record.status is status


_ONLY: Mapping[str | None, Callable[[RecordOutcome[Any]], bool]] = {
    None: lambda _: True,
    "succeeded": _of(RecordStatus.SUCCEEDED),
    "failed": _of(RecordStatus.FAILED),
    "unknown": _of(RecordStatus.UNKNOWN),
    "unsent": _of(RecordStatus.UNSENT),
    "not_succeeded": lambda record: record.status is not RecordStatus.SUCCEEDED,
    "retryable": lambda record: record.retryable,
}


def rows_of(
    records: Iterable[RecordOutcome[Any]], only: str | None, read_by: str | None = None
) -> Iterator[dict[str, Any]]:
    """Return records as mappings with the same keys; see `Outcome.rows`. `records` is iterated twice."""
    return _rows(records, only, read_by, _columns(records, only, read_by))


def write_csv(
    path: str | os.PathLike[str],
    records: Iterable[RecordOutcome[Any]],
    only: str | None,
    *,
    read_by: str | None,
    append: bool,
    force: bool,
) -> int:
    """Write records as a CSV file and return how many; see `Outcome.to_csv`."""
    columns = _columns(records, only, read_by)
    head = "\ufeff" + csv_text(
        [*_OWN, *columns], ","
    )  # the mark tells spreadsheets that this is UTF-8
    rows = _rows(records, only, read_by, columns)
    written = 0
    with closing(OutputFile(path, append=append, force=force)) as file:
        file.begin(csv_bytes(head), quoted=True)
        while some := list(islice(rows, _AT_ONCE)):
            text = io.StringIO()
            csv.writer(text).writerows(map(_cells, some))
            file.write(csv_bytes(text.getvalue()))
            written += len(some)
    return written


def _columns(
    records: Iterable[RecordOutcome[Any]], only: str | None, read_by: str | None
) -> list[str]:
    """Return the names of all values, in the order in which they come first."""
    names: dict[str, None] = {}
    for record in _selected(records, only):
        names.update(dict.fromkeys(_values(record, read_by)))
    return [name for name in names if name not in _OWN]


def _rows(
    records: Iterable[RecordOutcome[Any]],
    only: str | None,
    read_by: str | None,
    columns: Sequence[str],
) -> Iterator[dict[str, Any]]:
    for record in _selected(records, only):
        error, result, values = record.error, record.result, _values(record, read_by)
        yield {
            "_index": record.index,
            "_status": record.status.value,
            "_category": None if error is None else error.category,
            "_message": None if error is None else error.message,
            "_id": getattr(result, "id", None),
            "_new": getattr(result, "new", None),
            **{name: values.get(name) for name in columns},
        }


def _selected(
    records: Iterable[RecordOutcome[Any]], only: str | None
) -> Iterator[RecordOutcome[Any]]:
    if only not in _ONLY:
        words = ", ".join(repr(word) for word in _ONLY if word)
        raise UsageError(f"only must be one of {words}, not {only!r}")
    return filter(_ONLY[only], records)


def _values(record: RecordOutcome[Any], read_by: str | None) -> dict[str, Any]:
    """Return what a record was given, by name; of one that only names an object, what was read of it, too."""
    given, result = record.input, record.result
    if read_by is not None:
        return _of_read(given, result, read_by)
    values = _of_input(given)
    if result is None or not values.keys() <= {"id"}:
        return values
    if isinstance(result, ObjectResult):
        return {**values, **result.properties, "id": result.id}
    return {**values, **result.fields}


def _of_read(given: Any, result: Any, read_by: str) -> dict[str, Any]:
    """Return what was read, after the id of the object and what it was asked for by."""
    asked, others = given, dict[str, Any]()
    if (mapping := _mapping_of(given)) is not None:
        asked = name_in(given, mapping, None if read_by == "id" else read_by)
        values = _of_input(given)
        others = {name: value for name, value in values.items() if name not in {"id", read_by}}
    own = {"id": None, read_by: asked}  # of one that is asked for by its id, it is the same
    if isinstance(result, ObjectResult):
        return {**own, **others, **result.properties, read_by: asked, "id": result.id}
    return {**own, **others}


def _of_input(given: Any) -> dict[str, Any]:
    """Return an input's values by name; it may be the input itself."""
    if type(given) is dict and not given.keys() & _NESTED and _names_are_text(given):
        return given  # as most are
    if isinstance(given, Pair):
        types = {"types": given.types} if given.types else {}
        return {"from": given.from_, "to": given.to, **types}
    mapping = _mapping_of(given)
    if mapping is None:
        is_pair = isinstance(given, tuple | list) and len(given) == _ENDS
        return dict(zip(("from", "to"), given, strict=True)) if is_pair else {"id": given}
    nested = mapping.get("properties")
    if not isinstance(nested, Mapping):
        return {str(name): _of_end(name, value) for name, value in mapping.items()}
    named = {str(mapping.get("idProperty") or "id"): mapping["id"]} if mapping.get("id") else {}
    return {**named, **{str(name): value for name, value in nested.items()}}


def _mapping_of(given: Any) -> Mapping[str, Any] | None:
    """Return an input as a mapping; None if it is none, or its own code does not make one of it."""
    if type(given) is str:
        return None
    try:
        return as_mapping(given)
    except Exception:  # a record's own code may raise anything
        return None


def _of_end(name: Any, value: Any) -> Any:
    """Return the id of one end of a pair that is as HubSpot has it; any other value as it is."""
    is_end = name in {"from", "to"} and isinstance(value, Mapping) and value.keys() == {"id"}
    return value["id"] if is_end else value


def _names_are_text(given: dict[Any, Any]) -> bool:
    return all(type(name) is str for name in given)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [defused(_text(value)) if name in _OWN else _text(value) for name, value in row.items()]


def _text(value: Any) -> str:
    """Return a value as a cell; what is missing, NaN included, is an empty one."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    try:
        value = _plain(value)
        if isinstance(value, list | tuple):
            value = [*map(_plain, value)]
        elif isinstance(value, set | frozenset):
            value = sorted(map(_plain, value), key=cell_text)
        return cell_text(value)
    except Exception:  # a value's own code may raise anything
        return f"<{type(value).__name__}>"


def _plain(value: Any) -> Any:
    """Return a library's value as Python has it, and an Enum's own; None for what is missing, NaN included."""
    value = native(value)
    if isinstance(value, Enum):
        value = native(value.value)
    is_nan = isinstance(value, float | Decimal) and value != value  # noqa: PLR0124 (NaN)
    return None if value is MISSING or is_nan else value
