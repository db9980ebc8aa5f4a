"""Fetches the schemas of a client's account: when one is first wanted, and anew on demand.

What they are for is not known here.
"""

from __future__ import annotations

import math

from hubbatch._clock import now
from hubbatch._engine.page_sender import PageSender
from hubbatch._engine.sender import ClientResources
from hubbatch._pages.page import NoPageError
from hubbatch._protocol.exchange import Request
from hubbatch._records.call import Call
from hubbatch.errors import UsageError
from hubbatch.models import BatchResponse
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
    def read(response: BatchResponse) -> Schema:
        try:
            schema = Schema(Property.from_json(row.fields) for row in response.rows)
        except UsageError as error:
            raise NoPageError(str(error)) from None
        if not schema and not order.query:  # every type has some; archived ones it may not have
            raise NoPageError("it lists no properties")
        return schema

    request = Request(order.path, b"", order.query, method="GET")
    return await PageSender(order, resources).fetch(request, read)
