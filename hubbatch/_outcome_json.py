"""Results and errors of an outcome as JSON can hold them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from hubbatch._protocol.converter import converter
from hubbatch._records.plain import json_value
from hubbatch.models import BatchError, ErrorDetail, ObjectResult, Result, RowResult

__all__ = ["plain", "result_from_dict", "result_to_dict"]


def result_to_dict(result: Result) -> Any:
    """Write a result; one that is no object stands in `row`, with the further ones of its record in `others`."""
    if isinstance(result, RowResult):
        row = {"row": json_value(dict(result.fields))}
        return {**row, "others": json_value(result.others)} if result.others else row
    return converter.unstructure(plain(result))


def result_from_dict(item: Mapping[str, Any]) -> Result:
    if isinstance(item.get("row"), Mapping):
        return RowResult(item["row"], tuple(item.get("others", ())))
    return converter.structure(item, ObjectResult)


_FREE_FIELDS: Mapping[type, tuple[str, ...]] = {
    ObjectResult: ("properties_with_history", "extra"),
    BatchError: ("sub_category", "context", "links", "extra"),
    ErrorDetail: ("sub_category", "context", "extra"),
}
"""Fields of the models that hold whatever came."""

_Model = TypeVar("_Model", ObjectResult, BatchError, ErrorDetail)


def plain(model: _Model) -> _Model:
    """Return a model that can be written: what it holds has not been looked at so far."""
    changes = {
        name: json_value(value)
        for name in _FREE_FIELDS.get(type(model), ())
        if (value := getattr(model, name))
    }
    if isinstance(model, BatchError) and model.errors:
        changes["errors"] = [plain(detail) for detail in model.errors]
    return attrs.evolve(model, **changes) if changes else model
