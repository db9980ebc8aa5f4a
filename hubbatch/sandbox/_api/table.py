"""All rows of all families, in the order in which they are searched."""

from __future__ import annotations

from hubbatch.sandbox._api import (
    association_limits,
    associations,
    batches,
    campaigns,
    custom_events,
    fixed,
    listing,
    lists,
    merging,
    preferences,
    properties,
    reading_associations,
    search,
    single_associations,
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
        *single_associations.ROUTES,
        *merging.ROUTES,
        *search.ROUTES,
        *listing.ROUTES,
        *properties.ROUTES,
        *lists.ROUTES,
        *custom_events.ROUTES,
        *campaigns.ROUTES,
        *preferences.ROUTES,
        *fixed.ROUTES,
        *singles.ROUTES,
    )
)
