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

from hubbatch._output.cells import cell_text, csv_text, defused
from hubbatch._output.file import OutputFile
from hubbatch._records.mapping import as_mapping
from hubbatch._records.native import MISSING, native
from hubbatch._states import RecordOutcome
from hubbatch.errors import UsageError
from hubbatch.models import ObjectResult, Pair, RecordStatus

__all__ = ["Only", "rows_of", "write_csv"]

Only = Literal["succeeded", "failed", "unknown", "unsent", "not_succeeded", "retryable"]

_OWN = ("_index", "_status", "_category", "_message", "_id", "_new")
_ENDS = 2
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


def rows_of(records: Iterable[RecordOutcome[Any]], only: str | None) -> Iterator[dict[str, Any]]:
    """Return records as mappings with the same keys; see `Outcome.rows`. `records` is iterated twice."""
    return _rows(records, only, _columns(records, only))


def write_csv(
    path: str | os.PathLike[str],
    records: Iterable[RecordOutcome[Any]],
    only: str | None,
    *,
    append: bool,
    force: bool,
) -> int:
    """Write records as a CSV file and return how many; see `Outcome.to_csv`."""
    columns = _columns(records, only)
    head = "\ufeff" + csv_text(
        [*_OWN, *columns], ","
    )  # the mark tells spreadsheets that this is UTF-8
    rows = _rows(records, only, columns)
    written = 0
    with closing(OutputFile(path, append=append, force=force)) as file:
        file.begin(head.encode(errors="backslashreplace"), quoted=True)
        while some := list(islice(rows, _AT_ONCE)):
            text = io.StringIO()
            csv.writer(text).writerows(map(_cells, some))
            file.write(text.getvalue().encode(errors="backslashreplace"))
            written += len(some)
    return written


def _columns(records: Iterable[RecordOutcome[Any]], only: str | None) -> list[str]:
    """Return the names of all values, in the order in which they come first."""
    names: dict[str, None] = {}
    for record in _selected(records, only):
        names.update(dict.fromkeys(_values(record)))
    return [name for name in names if name not in _OWN]


def _rows(
    records: Iterable[RecordOutcome[Any]], only: str | None, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for record in _selected(records, only):
        error, result, values = record.error, record.result, _values(record)
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


def _values(record: RecordOutcome[Any]) -> dict[str, Any]:
    """Return what a record was given, by name; of one that only names an object, what was read of it, too."""
    given, result = record.input, record.result
    values = _of_input(given)
    if result is None or not values.keys() <= {"id"}:
        return values
    return {**values, **(result.properties if isinstance(result, ObjectResult) else result.fields)}


def _of_input(given: Any) -> dict[str, Any]:
    """Return an input's values by name; it may be the input itself."""
    if type(given) is dict and "properties" not in given and _names_are_text(given):
        return given  # as most are
    if isinstance(given, Pair):
        return {"from": given.from_, "to": given.to}
    try:
        mapping = None if isinstance(given, str) else as_mapping(given)
    except Exception:  # a record's own code may raise anything
        mapping = None
    if mapping is None:
        is_pair = isinstance(given, tuple | list) and len(given) == _ENDS
        return dict(zip(("from", "to"), given, strict=True)) if is_pair else {"id": given}
    nested = mapping.get("properties")
    if not isinstance(nested, Mapping):
        return {str(name): value for name, value in mapping.items()}
    named = {str(mapping.get("idProperty") or "id"): mapping["id"]} if mapping.get("id") else {}
    return {**named, **{str(name): value for name, value in nested.items()}}


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
