"""The client of a command, and whether its service was ever reached: where it was not, a question ends soon.

It watches the client's events and knows nothing of what is asked. Once a load is under way, the library's own patience
counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import typer
from attrs import define, frozen

from hubbatch import Client, events
from hubbatch.cli._faults import StoppedError

__all__ = ["Connection", "Reach"]

_PATIENCE = 4.0
"""Seconds from the first failure; what is to be asked has a second more."""
_NO_CONNECTION = "not_sent"
"""The symptom of a request of which no byte could be sent."""


@define
class Reach:
    """An observer of the client of one command."""

    base_url: str
    quiet: bool = False
    _was_reached: bool = False
    _limit: asyncio.Timeout | None = None
    """Of the question under way."""

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


@frozen
class Connection:
    """What a command talks through."""

    client: Client
    reach: Reach | None = None
    """None: to a sandbox in this process."""

    def soon(self) -> AbstractAsyncContextManager[None]:
        """Raise `StoppedError` if no connection can be had while the block lasts."""
        return nullcontext() if self.reach is None else self.reach.soon()
