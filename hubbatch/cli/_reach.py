"""Whether the service was ever reached: a command that only asks something first ends soon where it was not.

It watches a client's events and knows nothing of what is asked. Once a load is under way, the library's own patience
counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import typer
from attrs import define

from hubbatch import events
from hubbatch.cli._faults import StoppedError

__all__ = ["Reach", "reached_soon"]

_PATIENCE = 4.0
"""Seconds from the first failure; what is to be asked has a second more."""
_NO_CONNECTION = "not_sent"
"""The symptom of a request of which no byte could be sent."""
_watched: ContextVar[Reach | None] = ContextVar("hubbatch_reach", default=None)


@define
class Reach:
    """An observer of the client of one command."""

    base_url: str
    quiet: bool = False
    _was_reached: bool = False
    _limit: asyncio.Timeout | None = None
    """Of the question under way."""

    def __attrs_post_init__(self) -> None:
        """Be the one that `reached_soon` asks."""
        _watched.set(self)

    def __call__(self, event: events.Event) -> None:
        """Take an event."""
        if isinstance(event, events.RequestAnswered) and event.symptom != _NO_CONNECTION:
            self._was_reached = True
            if self._limit is not None and self._limit.when() is not None:
                self._limit.reschedule(None)
        if not isinstance(event, events.RetryScheduled) or event.symptom != _NO_CONNECTION:
            return
        if self._was_reached or self._limit is None or self._limit.when() is not None:
            return
        if not self.quiet:
            typer.echo(f"there is no connection to {self.base_url} yet: trying again", err=True)
        self._limit.reschedule(asyncio.get_running_loop().time() + _PATIENCE)

    @asynccontextmanager
    async def soon(self) -> AsyncIterator[None]:
        """Raise `StoppedError` if no connection can be had while the block lasts."""
        try:
            async with asyncio.timeout(None) as self._limit:
                yield
        except TimeoutError:
            if self._limit is None or not self._limit.expired():
                raise
            raise StoppedError(
                f"there was no connection to {self.base_url} in {_PATIENCE:g} s, and nothing was sent: check"
                " --base-url, the network and the proxy, or try again later"
            ) from None
        finally:
            self._limit = None


@asynccontextmanager
async def reached_soon() -> AsyncIterator[None]:
    """Raise `StoppedError` if the client that was made last gets no connection while the block lasts."""
    reach = _watched.get()
    if reach is None:
        yield
        return
    async with reach.soon():
        yield
