"""Waiting for what must not be left half done, however often who waits is cancelled."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

__all__ = ["to_its_end"]

_T = TypeVar("_T")


async def to_its_end(work: Awaitable[_T]) -> _T:
    """Await something to its end also if that is cancelled; the cancellation is raised then."""
    import asyncio  # noqa: PLC0415 (a help text needs no event loop, which takes long to import)

    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen: the cancellation comes first
        raise cancelled
    return task.result()
