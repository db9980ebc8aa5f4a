"""What a client has fetched of its account's schemas, and when.

It fetches nothing itself.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict

from attrs import define, field

from hubbatch._records.call import Call
from hubbatch.schema import Schema

__all__ = ["SchemaCache", "SchemaEntry"]

_MOST = 100
"""How many schemas are kept: each may have thousands of properties."""


@define(eq=False)
class SchemaEntry:
    """One schema; the lock is held while it is fetched, so that those who want it at once share one request."""

    lock: asyncio.Lock = field(factory=asyncio.Lock)
    schema: Schema | None = None
    asked_at: float = -math.inf
    """When it was asked for, by the loop's clock."""


@define(eq=False)
class SchemaCache:
    """The schemas of one account, by where they are read."""

    _entries: OrderedDict[tuple[str, bool], SchemaEntry] = field(factory=OrderedDict)

    def entry(self, order: Call) -> SchemaEntry:
        """Return the entry of an order, a new one if need be; what was not wanted for the longest time goes."""
        key = order.path, bool(order.query)
        entry = self._entries.setdefault(key, SchemaEntry())
        self._entries.move_to_end(key)
        while len(self._entries) > _MOST:
            self._entries.popitem(last=False)
        return entry
