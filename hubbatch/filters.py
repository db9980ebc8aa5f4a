"""Filters of a search, as values: a property, one of HubSpot's operators, and what it is compared with.

Checked when they are made. Nothing here knows how they are sent, or how many a search may have.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from hubbatch.errors import UsageError

__all__ = ["Filter", "Operator"]


class Operator(StrEnum):
    """How a filter compares ("Search the CRM", operators)."""

    EQ = "EQ"
    NEQ = "NEQ"
    LT = "LT"
    LTE = "LTE"
    GT = "GT"
    GTE = "GTE"
    BETWEEN = "BETWEEN"
    """From `value` to `high_value`, both included."""
    IN = "IN"
    """`value` is a list. HubSpot wants text values in small letters here."""
    NOT_IN = "NOT_IN"
    HAS_PROPERTY = "HAS_PROPERTY"
    NOT_HAS_PROPERTY = "NOT_HAS_PROPERTY"
    CONTAINS_TOKEN = "CONTAINS_TOKEN"  # noqa: S105 (the name of an operator)
    """A word of the value; `*` stands for any letters."""
    NOT_CONTAINS_TOKEN = "NOT_CONTAINS_TOKEN"  # noqa: S105 (the name of an operator)


OF_LISTS = frozenset({Operator.IN, Operator.NOT_IN})
"""Operators that compare with a list of values."""
_OF_NOTHING = frozenset({Operator.HAS_PROPERTY, Operator.NOT_HAS_PROPERTY})
_FIELDS = frozenset({"propertyName", "operator", "value", "values", "highValue"})


def _operator(name: object) -> Operator:
    if isinstance(name, str) and name in Operator.__members__:
        return Operator(name)
    close = difflib.get_close_matches(str(name).upper()[:100], list(Operator), 1)
    meant = f" did you mean {str(close[0])!r}?" if close else ""
    raise UsageError(
        f"HubSpot has no filter operator {name!r};{meant} it has {', '.join(Operator)}"
    )


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


@frozen
class Filter:
    """One condition of a search: `Filter("amount", "GT", 100)`, `Filter("dealstage", "IN", ["won", "lost"])`.

    Values are what property values may be: text, numbers, bools, dates, aware datetimes. Raises `UsageError` for an
    operator that HubSpot does not have, and for values that do not go with it.
    """

    property_name: str
    operator: Operator = field(converter=_operator)
    value: Any = field(default=None, repr=False)
    """What is compared with: one value, or a list for IN and NOT_IN."""
    high_value: Any = field(default=None, repr=False)
    """The upper end, for BETWEEN."""

    def __attrs_post_init__(self) -> None:
        name = self.property_name
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"a filter needs a property's name, not {name!r}")
        operator = self.operator
        for wrong, advice in (
            ((self.value is None) != (operator in _OF_NOTHING), self._count()),
            (
                self.value is not None and _is_list(self.value) != (operator in OF_LISTS),
                self._count(),
            ),
            (
                (self.high_value is None) == (operator is Operator.BETWEEN),
                "high_value is for BETWEEN, which needs it",
            ),
        ):
            if wrong:
                raise UsageError(f"the filter on {name!r} with {operator}: {advice}")

    def _count(self) -> str:
        if self.operator in _OF_NOTHING:
            return "it takes no value"
        return "it takes a list of values" if self.operator in OF_LISTS else "it takes one value"

    @classmethod
    def of(cls, value: object) -> Filter:
        """Return a filter as it is, or one that is written as HubSpot does; raise `UsageError` for anything else."""
        if isinstance(value, Filter):
            return value
        if not isinstance(value, Mapping):
            raise UsageError(
                "a filter is a Filter, or a mapping such as {'propertyName': 'amount', 'operator': 'GT',"
                f" 'value': '100'}}, not {type(value).__name__}"
            )
        if unknown := value.keys() - _FIELDS:
            raise UsageError(
                f"a filter has no field {min(map(str, unknown))!r}; it has {', '.join(sorted(_FIELDS))}"
            )
        if value.get("value") is not None and value.get("values") is not None:
            raise UsageError("a filter has 'value' or 'values', not both")
        compared = value["values"] if value.get("values") is not None else value.get("value")
        name: Any = value.get("propertyName")
        return cls(name, value.get("operator"), compared, value.get("highValue"))
