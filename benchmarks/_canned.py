"""A server that answers upserts from what they hold and keeps nothing: there is no quota, and it is as fast as can be.

Whoever is measured against it waits for nothing but the wire and its own work.
"""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

import orjson

from benchmarks._http import Reply, Request, listening
from benchmarks._processes import asked

__all__ = ["SILENT", "canned_server"]

SILENT = "/silent"
"""What the base URL ends with for answers without trace ids."""

_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n"
    b"X-HubSpot-RateLimit-Max: 1000000\r\nX-HubSpot-RateLimit-Remaining: 999984\r\n"
    b"X-HubSpot-RateLimit-Interval-Milliseconds: 1000\r\n"
    b"X-HubSpot-Correlation-Id: 5f1c0a52-6f1e-4b6e-9d1c-6d7f0f4f7a11\r\n"
)
_NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json;charset=utf-8\r\n"
_STAMP = "2026-01-01T00:00:00.000Z"


def canned_server(connection: Connection) -> None:
    """Greet with the base URL and answer upserts until the other side of the connection is closed."""
    asyncio.run(_serve(connection))


async def _serve(connection: Connection) -> None:
    async with listening(_respond) as base_url:
        connection.send(base_url)
        while await asked(connection):
            connection.send(None)


def _respond(request: Request) -> Reply:
    """Answer as HubSpot does: not in the order of the inputs, trace ids echoed unless the path is `SILENT`."""
    if not request.body:  # such as a journal's question whose account it is
        return Reply(_NOTHING, b'{"status": "error", "message": "there is nothing here"}')
    inputs = orjson.loads(request.body)["inputs"]
    silent = request.path.startswith(SILENT)
    results = [
        {
            "id": f"1{position:011}",
            "properties": {
                **item["properties"],
                **({"email": item["id"]} if "id" in item else {}),
                "hs_object_id": f"1{position:011}",
                "createdate": _STAMP,
                "lastmodifieddate": _STAMP,
            },
            "createdAt": _STAMP,
            "updatedAt": _STAMP,
            "archived": False,
            "new": True,
            **({} if silent else {"objectWriteTraceId": item["objectWriteTraceId"]}),
        }
        for position, item in enumerate(inputs)
    ]
    results.reverse()
    body = {"status": "COMPLETE", "results": results, "startedAt": _STAMP, "completedAt": _STAMP}
    return Reply(_HEAD, orjson.dumps(body))
