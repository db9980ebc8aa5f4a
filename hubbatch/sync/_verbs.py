"""Verbs for a single call: each makes a client, carries one run out, and closes the client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from hubbatch import Outcome
from hubbatch._options import RunOptions
from hubbatch._verbs import Records
from hubbatch.sync._client import Client

__all__ = ["archive", "create", "read", "update", "upsert"]


def create(
    object_type: str,
    records: Records,
    *,
    unique_property: str | None = None,
    token: str | None = None,
    **options: Unpack[RunOptions],
) -> Outcome:
    """Create an object for each record, as `Client.create` does; `token`: default `HUBSPOT_ACCESS_TOKEN`."""
    with _client(token) as client:
        return client.create(object_type, records, unique_property=unique_property, **options)


def update(
    object_type: str,
    records: Records,
    *,
    id_property: str | None = None,
    token: str | None = None,
    **options: Unpack[RunOptions],
) -> Outcome:
    """Update the objects that records name, as `Client.update` does; `token`: default `HUBSPOT_ACCESS_TOKEN`."""
    with _client(token) as client:
        return client.update(object_type, records, id_property=id_property, **options)


def upsert(
    object_type: str,
    records: Records,
    *,
    id_property: str,
    token: str | None = None,
    **options: Unpack[RunOptions],
) -> Outcome:
    """Update or create objects, as `Client.upsert` does; `token`: default `HUBSPOT_ACCESS_TOKEN`."""
    with _client(token) as client:
        return client.upsert(object_type, records, id_property=id_property, **options)


def read(
    object_type: str,
    ids: Records,
    *,
    properties: Sequence[str] = (),
    id_property: str | None = None,
    token: str | None = None,
    **options: Unpack[RunOptions],
) -> Outcome:
    """Read objects, as `Client.read` does; `token`: default `HUBSPOT_ACCESS_TOKEN`."""
    with _client(token) as client:
        return client.read(
            object_type, ids, properties=properties, id_property=id_property, **options
        )


def archive(
    object_type: str, ids: Records, *, token: str | None = None, **options: Unpack[RunOptions]
) -> Outcome:
    """Archive objects, as `Client.archive` does; `token`: default `HUBSPOT_ACCESS_TOKEN`."""
    with _client(token) as client:
        return client.archive(object_type, ids, **options)


def _client(token: str | None) -> Client:
    return Client.from_env() if token is None else Client(token)
