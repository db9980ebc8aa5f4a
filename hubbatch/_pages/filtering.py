"""What a caller may ask of a search, from Python's values to HubSpot's JSON, within HubSpot's bounds.

It knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hubbatch._records.values import InvalidRecordError, encode_value
from hubbatch.errors import UsageError
from hubbatch.filters import OF_LISTS, Filter

__all__ = ["check_query", "filter_groups", "sort_of"]

_MOST_GROUPS, _MOST_IN_A_GROUP, _MOST = 5, 6, 18
"""HubSpot: "Search the CRM", limitations."""

_DIRECTIONS = ("ASCENDING", "DESCENDING")

Group = list[dict[str, Any]]


def filter_groups(filters: object, *, keyset: bool) -> list[Group]:
    """Return groups of filters as JSON; of the groups one has to match, and within it all.

    `filters`: filters that all have to match, or groups of such. `keyset`: whether each group gets one more filter.
    Raises `UsageError` for anything else, and for more than HubSpot takes.
    """
    groups = [[_written(Filter.of(each)) for each in group] for group in _groups(filters)]
    own = int(keyset)
    why = ", for one in each group tells where a page begins" if keyset else ""
    if len(groups) > _MOST_GROUPS:
        raise UsageError(
            f"a search has at most {_MOST_GROUPS} groups of filters, not {len(groups)}"
        )
    longest = max(map(len, groups), default=0)
    if longest > _MOST_IN_A_GROUP - own:
        raise UsageError(
            f"a group has at most {_MOST_IN_A_GROUP - own} filters of yours, not {longest}: HubSpot takes"
            f" {_MOST_IN_A_GROUP}{why}"
        )
    count = sum(len(group) + own for group in groups)
    if count > _MOST:
        raise UsageError(
            f"a search of {len(groups)} groups has at most {_MOST - own * len(groups)} filters of yours, not"
            f" {count - own * len(groups)}: HubSpot takes {_MOST} in all{why}"
        )
    return groups


def sort_of(sorts: object) -> dict[str, str] | None:
    """Return the one sort that HubSpot takes as JSON, None for none; raise `UsageError` for anything else."""
    if sorts is None:
        return None
    listed = [sorts] if isinstance(sorts, str | Mapping) else sorts
    if not isinstance(listed, Sequence) or len(listed) > 1:
        raise UsageError(
            f"sorts must be a list of at most one, for HubSpot takes no more, not {sorts!r}"
        )
    if not listed:
        return None
    sort = listed[0]
    if isinstance(sort, str) and sort.removeprefix("-"):
        return {
            "propertyName": sort.removeprefix("-"),
            "direction": _DIRECTIONS[sort.startswith("-")],
        }
    if isinstance(sort, Mapping) and sort.keys() <= {"propertyName", "direction"}:
        name, direction = sort.get("propertyName"), sort.get("direction", _DIRECTIONS[0])
        if isinstance(name, str) and name and direction in _DIRECTIONS:
            return {"propertyName": name, "direction": str(direction)}
    raise UsageError(
        "a sort is a property's name, '-' before it for the other way round, or {'propertyName': …, 'direction':"
        f" 'ASCENDING' or 'DESCENDING'}}, not {sort!r}"
    )


def check_query(query: object) -> str | None:
    """Return the words that are looked for; None for none."""
    if query is None or (isinstance(query, str) and query.strip()):
        return query
    raise UsageError(f"query must be text, or None, not {type(query).__name__} or empty")


def _groups(filters: object) -> list[Sequence[Any]]:
    if filters is None:
        return []
    if isinstance(filters, Filter):
        return [[filters]]
    if isinstance(filters, Mapping):
        if filters.keys() == {"filterGroups"}:
            filters = filters["filterGroups"]
        else:
            return [_group(filters) if filters.keys() == {"filters"} else [filters]]
    if not isinstance(filters, Iterable) or isinstance(filters, str | bytes):
        raise UsageError(f"filters must be a list of filters, not {type(filters).__name__}")
    listed = list(filters)
    grouped = [_is_group(each) for each in listed]
    if all(grouped):
        return [_group(each) for each in listed]
    if any(grouped):
        raise UsageError("filters must be a list of filters, or a list of groups, and not both")
    return [listed]


def _is_group(value: object) -> bool:
    if isinstance(value, Mapping):
        return "filters" in value
    return isinstance(value, list | tuple)


def _group(value: object) -> Sequence[Any]:
    if isinstance(value, Mapping):
        if value.keys() != {"filters"}:
            raise UsageError("a group of filters has 'filters' and nothing else")
        value = value["filters"]
    if not isinstance(value, list | tuple) or not value:
        raise UsageError("a group of filters is a list of at least one")
    return value


def _written(one: Filter) -> dict[str, Any]:
    written: dict[str, Any] = {"propertyName": one.property_name, "operator": one.operator.value}
    if one.value is None:
        return written
    if one.operator in OF_LISTS:
        values = [_text(one, value) for value in one.value]
        if not values:
            raise UsageError(f"the filter on {one.property_name!r} needs at least one value")
        return {**written, "values": values}
    written["value"] = _text(one, one.value)
    if one.high_value is not None:
        written["highValue"] = _text(one, one.high_value)
    return written


def _text(one: Filter, value: object) -> str:
    try:
        text = encode_value(value)
    except InvalidRecordError as error:
        raise UsageError(f"the filter on {one.property_name!r}: {error}") from None
    if text is None:
        raise UsageError(
            f"the filter on {one.property_name!r} compares with None; HAS_PROPERTY and NOT_HAS_PROPERTY tell"
            " whether there is a value"
        )
    return text
