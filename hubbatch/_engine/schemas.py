"""Fetches the schemas of a client's account: when one is first wanted, and anew on demand.

What they are for is not known here.
"""

from __future__ import annotations

import math

from hubbatch._clock import now
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.single import send_single
from hubbatch._records.call import Call
from hubbatch.errors import ProtocolError, UsageError
from hubbatch.schema import Property, Schema

__all__ = ["account_schema"]


async def account_schema(
    resources: ClientResources, order: Call, *, newer_than: float = -math.inf
) -> Schema:
    """Return the properties of an object type, as `order` reads them.

    What the client has is good enough if it was asked for at `newer_than`, by the loop's clock, or later.
    Raises what the service, the account or the way there forbids, and `ProtocolError` for what is no schema.
    """
    entry = resources.schemas.entry(order)
    async with entry.lock:
        if entry.schema is None or entry.asked_at < newer_than:
            asked_at = now()
            entry.schema = await _fetch(resources, order)
            entry.asked_at = asked_at
        return entry.schema


async def _fetch(resources: ClientResources, order: Call) -> Schema:
    response = await send_single(resources, order)
    try:
        schema = Schema(Property.from_json(row.fields) for row in response.rows)
    except UsageError as error:
        raise ProtocolError(
            f"the service's list of properties cannot be read: {error}; check base_url"
        ) from None
    if not schema and not order.query:  # every object type has some; archived ones it may not have
        raise ProtocolError("the service lists no properties at all; check base_url")
    return schema
