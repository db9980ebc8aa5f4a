"""Upserts by hubbatch: one call, awaited.

The quota is out of its way, and as many requests are in flight as with the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import hubbatch
from benchmarks.consumers import CONCURRENCY, TOKEN, LoopFactory

__all__ = ["opened", "outcomes", "read"]

_NO_LIMIT = hubbatch.RateLimit(1_000_000, 1.0)


@contextmanager
def opened(
    base_url: str, loop_factory: LoopFactory | None = None
) -> Iterator[Callable[[Sequence[dict[str, str]]], Sequence[hubbatch.ObjectResult]]]:
    """Open a client for the results of a run."""
    with outcomes(base_url, loop_factory) as upsert:
        yield lambda records: upsert(records).results


@contextmanager
def outcomes(
    base_url: str, loop_factory: LoopFactory | None = None
) -> Iterator[Callable[[Sequence[dict[str, str]]], hubbatch.Outcome]]:
    """Open a client for the whole outcome of a run."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        client = hubbatch.Client(
            TOKEN, base_url=base_url, rate_limit=_NO_LIMIT, max_concurrency=CONCURRENCY
        )
        try:
            yield lambda records: runner.run(_upsert(client, records))
        finally:
            runner.run(client.aclose())


async def _upsert(client: hubbatch.Client, records: Sequence[dict[str, str]]) -> hubbatch.Outcome:
    return await client.upsert("contacts", records, id_property="email")


def read(results: Sequence[hubbatch.ObjectResult]) -> int:
    """Look at each result, typed as it is."""
    return sum(
        bool(result.id and result.properties["email"] and result.created_at) for result in results
    )
