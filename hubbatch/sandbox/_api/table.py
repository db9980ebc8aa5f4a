"""All rows of all families, in the order in which they are searched."""

from __future__ import annotations

from hubbatch.sandbox._api import (
    association_limits,
    associations,
    batches,
    events,
    fixed,
    listing,
    lists,
    merging,
    properties,
    reading_associations,
    search,
    singles,
)
from hubbatch.sandbox._routes import Router

__all__ = ["ROUTER"]

ROUTER = Router(
    (
        *batches.ROUTES,
        *associations.ROUTES,
        *association_limits.ROUTES,
        *reading_associations.ROUTES,
        *merging.ROUTES,
        *search.ROUTES,
        *listing.ROUTES,
        *properties.ROUTES,
        *lists.ROUTES,
        *events.ROUTES,
        *fixed.ROUTES,
        *singles.ROUTES,
    )
)
