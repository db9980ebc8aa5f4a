"""The table: all rows by the names of their constants, in families, each a module that is loaded when it is wanted.

A constant begins with the name of its module: `CAMPAIGNS_UPDATE` stands in `campaigns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from hubbatch.endpoints._row import Endpoint

__all__ = ["FAMILIES", "find", "rows", "rows_of"]

FAMILIES: Mapping[str, str] = {
    "_objects": "CRM objects",
    "objects": "CRM objects, one a request",
    "associations": "Associations",
    "association_limits": "Limits of associations",
    "properties": "Properties",
    "schemas": "Schemas of custom objects",
    "lists": "Lists",
    "deal_splits": "Deal splits",
    "preferences": "Communication preferences",
    "campaigns": "Marketing campaigns",
    "marketing_events": "Marketing events",
    "exchange_rates": "Exchange rates",
    "events": "Custom events",
    "timeline": "Timeline events",
    "conversations": "Conversations",
    "price_books": "Price books",
    "blogs": "Blogs",
    "pages": "Pages",
    "hubdb": "HubDB",
}
"""The modules, each with its title, in the order of the reference page."""


def rows_of(family: str) -> Mapping[str, Endpoint]:
    """Return the rows of a family, by the names of their constants."""
    module = import_module(f"hubbatch.endpoints.{family}")
    return {name: getattr(module, name) for name in module.__all__}


def rows() -> Mapping[str, Endpoint]:
    """Return all rows, by the names of their constants."""
    return {name: row for family in FAMILIES for name, row in rows_of(family).items()}


def find(name: str) -> Endpoint | None:
    """Return the row that a constant names; None if there is none."""
    homes = [family for family in FAMILIES if name.startswith(f"{family.upper()}_")]
    for family in sorted(homes, key=len, reverse=True):
        if (row := rows_of(family).get(name)) is not None:
            return row
    return None
