"""The ways to upsert that are measured, each a module of its own, written as a competent user would write it.

Every module has the same face: `opened(base_url)` yields a function that upserts contacts and returns all their
results; `read(results)` looks at each of them. One whose libraries are missing is not imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from attrs import frozen

__all__ = [
    "API_CLIENT",
    "BARE",
    "BATCH",
    "CONCURRENCY",
    "CONSUMERS",
    "HUBBATCH",
    "PLANNED",
    "SDK",
    "TOKEN",
    "Consumer",
    "LoopFactory",
    "Way",
    "missing",
    "way_of",
]

BATCH = 100
CONCURRENCY = 16
TOKEN = "pat-na1-31162427-3bfd-4d33-8d00-38ec42650644"  # noqa: S105 (made up)
"""As long as a private app's is: to look for a shorter one in what comes back takes more time."""

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
Upsert = Callable[[Sequence[dict[str, str]]], Sequence[Any]]


class Way(Protocol):
    """What a consumer's module offers."""

    def opened(
        self, base_url: str, loop_factory: LoopFactory | None = None
    ) -> AbstractContextManager[Upsert]:
        """Open what is needed while the block lasts; yield a function from contacts to their results."""

    def read(self, results: Sequence[Any]) -> int:
        """Look at id, an own property and the time of creation of each; return how many there are."""


@frozen
class Consumer:
    """One way to upsert."""

    name: str
    module: str
    needs: str | None = None
    """A package of the extra `bench` that it takes."""
    pace: float = 1.0
    """The part of the records that a round of it has: slow ones get fewer."""


HUBBATCH = Consumer("hubbatch", "_hubbatch")
BARE = Consumer("bare aiohttp + orjson loop", "_bare")
PLANNED = Consumer("bare loop that also plans", "_planned")
SDK = Consumer("hubspot-sdk (async, aiohttp)", "_sdk", needs="hubspot_sdk", pace=0.2)
API_CLIENT = Consumer("hubspot-api-client (threads)", "_api_client", needs="hubspot", pace=0.2)

CONSUMERS = (BARE, HUBBATCH, SDK, API_CLIENT)


def missing(needs: str | None) -> bool:
    """Whether a package of the extra `bench` is not installed."""
    return needs is not None and find_spec(needs) is None


def way_of(consumer: Consumer) -> Way:
    """Import a consumer's module."""
    return cast(Way, import_module(f"benchmarks.consumers.{consumer.module}"))
