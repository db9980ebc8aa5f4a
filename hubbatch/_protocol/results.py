"""Results that are objects: kept column by column as they were decoded, and built when they are looked at.

Columns cost the garbage collector next to nothing: of a result that nobody has looked at only its properties are an
object that it has to visit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from hubbatch._protocol.late_results import LateResults
from hubbatch._protocol.reading import (
    TEXT_OR_NULL,
    read_list,
    read_properties,
    read_text,
    read_text_or_none,
    read_time,
    shallow,
)
from hubbatch.models import ObjectResult, ResultDraft

__all__ = ["ObjectResults", "read_result", "read_results"]

_FLAG_OR_NULL = frozenset({bool, type(None)})
_TEXT = frozenset({str})

_USUAL = {
    "id": _TEXT,
    "properties": frozenset({dict}),
    "createdAt": TEXT_OR_NULL,
    "updatedAt": TEXT_OR_NULL,
    "archived": _FLAG_OR_NULL,
    "new": _FLAG_OR_NULL,
    "objectWriteTraceId": TEXT_OR_NULL,
    "url": TEXT_OR_NULL,
}
"""The columns: the fields that results have nearly always, and the kinds of their values."""

_REQUIRED = {"id", "properties"}

_FIELDS = frozenset({*_USUAL, "archivedAt", "propertiesWithHistory"})

_IDS, _PROPERTIES, _TRACE_IDS = map(list(_USUAL).index, ("id", "properties", "objectWriteTraceId"))

_Columns = tuple[tuple[Any, ...], ...]


class ObjectResults(LateResults[ObjectResult]):
    """Objects in an order."""

    __slots__ = ("_columns",)

    def __init__(
        self, *, columns: _Columns | None = None, built: Sequence[ObjectResult] | None = None
    ) -> None:
        super().__init__(built)
        self._columns = columns

    def __len__(self) -> int:
        return len(self._built or ()) if (columns := self._columns) is None else len(columns[0])

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the objects."""
        if (columns := self._columns) is not None:
            return columns[_IDS]
        return [result.id for result in self._all()]

    @property
    def properties(self) -> Sequence[Mapping[str, str | None]]:
        """The property values of each."""
        if (columns := self._columns) is not None:
            return columns[_PROPERTIES]
        return [result.properties for result in self._all()]

    @property
    def trace_ids(self) -> Sequence[str | None]:
        """The trace ids that were echoed."""
        if (columns := self._columns) is not None:
            return columns[_TRACE_IDS]
        return [result.object_write_trace_id for result in self._all()]

    def in_order(self, positions: list[int]) -> ObjectResults:
        """Return all results in another order: those that stand at these positions now, each once."""
        if positions == list(range(len(self))):
            return self
        pick = itemgetter(*positions)
        if (columns := self._columns) is None:
            return ObjectResults(built=pick(self._all()))
        return ObjectResults(columns=tuple(map(pick, columns)))

    def _build(self) -> Sequence[ObjectResult]:
        columns = self._columns
        return [] if columns is None else _build(columns)

    def _forget(self) -> None:
        self._columns = None


def read_results(values: Any, _: object = None) -> ObjectResults:
    """Read the results of a reply; what is no object is passed over."""
    objects = [value for value in read_list(values) if type(value) is dict]
    if objects and (columns := _columns(objects)) is not None:
        return ObjectResults(columns=columns)
    return ObjectResults(built=[read_result(value) for value in objects])


def read_result(value: dict[str, Any], _: object = None) -> ObjectResult:
    """Read one result, whatever its fields hold."""
    history = shallow(value.get("propertiesWithHistory"))
    return ObjectResult(
        id=read_text(value.get("id")),
        properties=read_properties(value.get("properties")),
        created_at=read_time(value.get("createdAt")),
        updated_at=read_time(value.get("updatedAt")),
        archived=value.get("archived") is True,
        archived_at=read_time(value.get("archivedAt")),
        new=new if type(new := value.get("new")) is bool else None,
        object_write_trace_id=read_text_or_none(value.get("objectWriteTraceId")),
        properties_with_history=history if isinstance(history, dict) else None,
        url=read_text_or_none(value.get("url")),
        extra={name: shallow(item) for name, item in value.items() if name not in _FIELDS},
    )


def _columns(values: Sequence[dict[str, Any]]) -> _Columns | None:
    """Return results column by column; None if any has a field, or a kind of value, that is not usual.

    All that is done for each result is done by C code: this runs once a record.
    """
    shapes = set(map(tuple, values))
    if not _USUAL.keys() >= set(chain.from_iterable(shapes)):
        return None
    given: dict[str, tuple[Any, ...]]
    if len(shapes) == 1:
        given = dict(zip(shapes.pop(), zip(*map(dict.values, values), strict=True), strict=True))
    else:
        given = {name: tuple([value.get(name) for value in values]) for name in _USUAL}
    if not given.keys() >= _REQUIRED:
        return None
    missing = (None,) * len(values)
    columns = tuple([given.get(name, missing) for name in _USUAL])
    for kinds, column in zip(_USUAL.values(), columns, strict=True):
        if column is not missing and not _are(kinds, column):
            return None
    values = list(chain.from_iterable(map(dict.values, columns[_PROPERTIES])))
    return columns if _are(TEXT_OR_NULL, values) else None


def _are(kinds: frozenset[object], values: Sequence[Any]) -> bool:
    """Whether all values are of some kinds. Joining them is the fastest test for text."""
    if str in kinds:
        try:
            "".join(values)
        except TypeError:
            return kinds is not _TEXT and kinds.issuperset(map(type, values))
        return True
    return kinds.issuperset(map(type, values))


def _build(columns: _Columns) -> list[ObjectResult]:
    """Make results of columns, in one loop, for it runs once a record."""
    results: list[ObjectResult] = []
    created = created_at = updated = updated_at = None  # written together, they share their times
    nothing: dict[str, Any] = {}  # shared likewise: one less thing for each record to keep
    for (
        object_id,
        properties,
        created_text,
        updated_text,
        archived,
        new,
        trace_id,
        url,
    ) in zip(*columns, strict=True):
        result: Any = ResultDraft()
        result.id = object_id
        result.properties = properties
        if created_text != created:
            created, created_at = created_text, read_time(created_text)
        result.created_at = created_at
        if updated_text != updated:
            updated, updated_at = updated_text, read_time(updated_text)
        result.updated_at = updated_at
        result.archived = archived is True
        result.new = new
        result.object_write_trace_id = trace_id
        result.url = url
        result.archived_at = result.properties_with_history = None
        result.extra = nothing
        result.__class__ = ObjectResult
        results.append(result)
    return results
