"""Upserts by the official synchronous client, in a pool of threads that share its connections.

It retries as its documentation shows, and upserts too, which urllib3 would not by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any

from hubspot import HubSpot
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInputUpsert,
    SimplePublicObjectBatchInputUpsert,
)
from urllib3.util.retry import Retry

from benchmarks.consumers import BATCH, CONCURRENCY, TOKEN, LoopFactory

__all__ = ["opened", "read"]

_RETRY = Retry(
    total=5, backoff_factor=0.3, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None
)


@contextmanager
def opened(
    base_url: str,
    loop_factory: LoopFactory | None = None,  # noqa: ARG001 (there is no loop)
) -> Iterator[Callable[[Sequence[dict[str, str]]], list[Any]]]:
    """Open a client and the threads."""
    client = HubSpot(
        access_token=TOKEN,
        host=base_url,
        retry=_RETRY,
        connection_pool_maxsize=CONCURRENCY,
    )
    api = client.crm.contacts.batch_api  # each look makes a new one, with connections of its own

    def upsert_batch(start: int, batch: Sequence[dict[str, str]]) -> list[Any]:
        inputs = [
            SimplePublicObjectBatchInputUpsert(
                id=record["email"],
                id_property="email",
                properties={name: value for name, value in record.items() if name != "email"},
                object_write_trace_id=str(index),
            )
            for index, record in enumerate(batch, start)
        ]
        response = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
        return list(response.results)

    with ThreadPoolExecutor(CONCURRENCY) as threads:

        def upsert(records: Sequence[dict[str, str]]) -> list[Any]:
            starts = range(0, len(records), BATCH)
            batches = (records[start : start + BATCH] for start in starts)
            return list(chain.from_iterable(threads.map(upsert_batch, starts, batches)))

        yield upsert


def read(results: Sequence[Any]) -> int:
    """Look at each result, typed as it is."""
    return sum(
        bool(result.id and result.properties["email"] and result.created_at) for result in results
    )
