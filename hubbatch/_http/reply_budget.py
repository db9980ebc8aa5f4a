"""How many bytes of replies a client holds while they come in: a bound for each, and one for all of them together.

It knows nothing of HTTP. A reply's first part is free, so ordinary replies never wait; what large ones hold beyond it
is counted. When all is taken, one reply at a time may still go on, up to its own bound: so there is no deadlock, and
what is held never exceeds `limit` by more than one reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["MOST_BYTES", "ReplyBudget", "Share"]

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of one reply: a hundred records with long histories take a few MiB."""

_LIMIT = 64 * 1024 * 1024
_FREE = 256 * 1024


class Share:
    """What one reply holds of the budget."""

    def __init__(self, budget: ReplyBudget) -> None:
        self._budget = budget
        self.size = 0
        self.charged = 0

    async def take(self, size: int) -> None:
        """Count so many bytes more; wait while others hold too much. The caller bounds the wait in time."""
        self.size += size
        charge = min(size, max(0, self.size - self._budget.free))
        await self._budget.charge(self, charge)


class ReplyBudget:
    """The bytes of all replies that come in at once."""

    def __init__(self, limit: int = _LIMIT, *, free: int = _FREE) -> None:
        self._limit = limit
        self.free = free
        self.held = 0
        self._beyond: Share | None = None
        """The one reply that may go on although all is taken."""
        self._changed: asyncio.Event = asyncio.Event()

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Open a reply's share, and give back what it holds in the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.charged
            if self._beyond is share:
                self._beyond = None
            self._changed.set()
            self._changed = asyncio.Event()

    async def charge(self, share: Share, size: int) -> None:
        """Charge a share with so many bytes, as soon as that may be."""
        while self.held + size > self._limit and self._beyond not in {None, share}:
            await self._changed.wait()
        if self.held + size > self._limit:
            self._beyond = share
        self.held += size
        share.charged += size
