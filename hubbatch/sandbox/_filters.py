"""Filters of a search: from JSON to what tells of each record whether it matches; HubSpot's bounds on them.

It knows nothing of pages, of an index or of paths.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from hubbatch.sandbox._bodies import malformed, text_of
from hubbatch.sandbox._replies import RefusalError
from hubbatch.sandbox._spelling import comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hubbatch.sandbox._schema import ObjectType
    from hubbatch.sandbox._spelling import PropertyType

__all__ = ["Query", "contains_tokens", "read_query"]

Values: TypeAlias = "Mapping[str, str | None]"
Matches: TypeAlias = "Callable[[Values], bool]"
_Test: TypeAlias = "Callable[[str], bool]"

_MOST_GROUPS = 5
_MOST_IN_A_GROUP = 6
_MOST = 18
_ID = "hs_object_id"
_BOUNDS = {"GT": 1, "GTE": 0}
_TOKEN = re.compile(r"[^\W_]+")


@frozen
class Query:
    """What a search looks for: records from an id on, of whose groups one matches, and within it all."""

    start: int
    groups: list[list[Matches]]
    """Empty when all are looked for."""

    def matches(self, held: Values) -> bool:
        """Tell whether a record with these values, and of an id from `start` on, is looked for."""
        return any(all(matches(held) for matches in group) for group in self.groups)


def read_query(content: Mapping[str, Any], object_type: ObjectType) -> Query:
    """Return what the filters of a search ask for; raise `RefusalError` if HubSpot would not take them."""
    groups = _groups(content)
    if len(groups) > _MOST_GROUPS:
        raise _too_many(f"filterGroups: {len(groups)} of at most {_MOST_GROUPS}")
    if any(len(group) > _MOST_IN_A_GROUP for group in groups):
        raise _too_many(f"filters in a group: at most {_MOST_IN_A_GROUP}")
    if sum(map(len, groups)) > _MOST:
        raise _too_many(f"filters: at most {_MOST} in all")
    if len(groups) != 1:
        return Query(0, [[_filter(raw, object_type) for raw in group] for group in groups])
    # A lower bound of the id says where to begin, so that reading by windows of ids passes no record twice.
    bounds = [_lower_bound(raw) for raw in groups[0]]
    rest = [
        _filter(raw, object_type)
        for raw, bound in zip(groups[0], bounds, strict=True)
        if bound is None
    ]
    start = max((bound for bound in bounds if bound is not None), default=0)
    return Query(start, [rest] if rest else [])


def _lower_bound(raw: Mapping[str, Any]) -> int | None:
    """Return the least id that a filter lets through, if that is all that it asks for."""
    value = raw.get("value")
    text = str(value) if type(value) in (str, int) else ""
    more = _BOUNDS.get(str(raw.get("operator"))) if raw.get("propertyName") == _ID else None
    return int(text) + more if more is not None and text.isascii() and text.isdigit() else None


def contains_tokens(held: str, wanted: str) -> bool:
    """Tell whether all words of one text are among those of another; `*` stands for any letters."""
    text = held.lower()
    if "*" in wanted:
        pattern = re.compile(translate(wanted.lower()))
        return bool(pattern.fullmatch(text)) or any(
            pattern.fullmatch(word) for word in _TOKEN.findall(text)
        )
    return {*_TOKEN.findall(wanted.lower())} <= {*_TOKEN.findall(text)}


def _groups(content: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    raw = content.get("filterGroups")
    if raw is None:
        raw = []
    if content.get("filters"):  # the short form of a single group
        raw = [{"filters": content["filters"]}]
    if type(raw) is not list:
        raise malformed("filterGroups must be a list")
    groups = []
    for group in raw:
        filters = group.get("filters") if type(group) is dict else None
        if type(filters) is not list or not all(type(one) is dict for one in filters):
            raise malformed("a group holds a list of filters")
        groups.append(filters)
    return groups


def _too_many(what: str) -> RefusalError:
    # inferred: the words; the bounds are documented
    return RefusalError(400, "VALIDATION_ERROR", f"There was a problem with the request. {what}")


def _filter(raw: Mapping[str, Any], object_type: ObjectType) -> Matches:
    name, operator = text_of(raw, "propertyName"), text_of(raw, "operator")
    if not name or operator is None or operator not in _OPERATORS:
        raise malformed(f"a filter needs a propertyName and an operator of {', '.join(_OPERATORS)}")
    if not object_type.is_searchable(name):
        message = f"There was a problem with the request. Property {name[:100]} does not exist"
        raise RefusalError(400, "VALIDATION_ERROR", message)  # inferred: the words
    if operator == "HAS_PROPERTY":
        return lambda held: bool(held.get(name))
    if operator == "NOT_HAS_PROPERTY":
        return lambda held: not held.get(name)
    kind = object_type.kind_of(name)
    test = _OPERATORS[operator](raw, kind)

    def matches(held: Values) -> bool:
        # A record without a value matches no comparison, not even one that says "not" (inferred).
        value = held.get(name)
        return value is not None and test(value)

    return matches


def _value(raw: Mapping[str, Any], field_name: str = "value") -> str:
    value = raw.get(field_name)
    if type(value) is bool:
        return str(value).lower()
    if type(value) not in (str, int, float):
        raise malformed(f"this operator needs {field_name}")
    return str(value)


def _values(raw: Mapping[str, Any]) -> Sequence[str]:
    values = raw.get("values")
    if type(values) is not list or not values:
        raise malformed("this operator needs values")
    return [_value({"value": value}) for value in values]


def _comparing(holds: Callable[[Any, Any], bool]) -> Callable[..., _Test]:
    def make(raw: Mapping[str, Any], kind: PropertyType | None) -> _Test:
        wanted = comparable(_value(raw), kind)

        def test(held: str) -> bool:
            return holds(comparable(held, kind), wanted)

        return test

    return make


def _between(raw: Mapping[str, Any], kind: PropertyType | None) -> _Test:
    low, high = comparable(_value(raw), kind), comparable(_value(raw, "highValue"), kind)
    return lambda held: low <= comparable(held, kind) <= high


def _in(raw: Mapping[str, Any], kind: PropertyType | None) -> _Test:
    wanted = {comparable(value, kind) for value in _values(raw)}
    return lambda held: comparable(held, kind) in wanted


def _not_in(raw: Mapping[str, Any], kind: PropertyType | None) -> _Test:
    wanted = {comparable(value, kind) for value in _values(raw)}
    return lambda held: comparable(held, kind) not in wanted


def _contains(raw: Mapping[str, Any], _: PropertyType | None) -> _Test:
    wanted = _value(raw)
    return lambda held: contains_tokens(held, wanted)


def _not_contains(raw: Mapping[str, Any], _: PropertyType | None) -> _Test:
    wanted = _value(raw)
    return lambda held: not contains_tokens(held, wanted)


def _presence(_: Mapping[str, Any], __: PropertyType | None) -> _Test:
    return bool


_OPERATORS: Mapping[str, Callable[..., _Test]] = {
    "EQ": _comparing(lambda held, wanted: bool(held == wanted)),
    "NEQ": _comparing(lambda held, wanted: bool(held != wanted)),
    "LT": _comparing(lambda held, wanted: bool(held < wanted)),
    "LTE": _comparing(lambda held, wanted: bool(held <= wanted)),
    "GT": _comparing(lambda held, wanted: bool(held > wanted)),
    "GTE": _comparing(lambda held, wanted: bool(held >= wanted)),
    "BETWEEN": _between,
    "IN": _in,
    "NOT_IN": _not_in,
    "HAS_PROPERTY": _presence,
    "NOT_HAS_PROPERTY": _presence,
    "CONTAINS_TOKEN": _contains,
    "NOT_CONTAINS_TOKEN": _not_contains,
}
