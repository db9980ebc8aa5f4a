"""All rows of all families, in the order in which they are searched."""

from __future__ import annotations

from hubbatch.sandbox._api import batches, listing, merging, singles
from hubbatch.sandbox._routes import Router

__all__ = ["ROUTER"]

ROUTER = Router((*batches.ROUTES, *merging.ROUTES, *listing.ROUTES, *singles.ROUTES))
