"""Replies to write into a script, and a look into requests.

Pure. It knows nothing of transports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from hubbatch import Reply, Request

__all__ = ["accept_all", "error_reply", "inputs_of", "reply"]

_JSON = "application/json;charset=utf-8"
_STAMP = "2026-01-01T00:00:00Z"


def reply(
    status: int = 200, payload: object = b"", headers: Mapping[str, str] | None = None
) -> Reply:
    """Make a reply. `payload`: a JSON value, or bytes that are sent as they are, such as a proxy's page."""
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if isinstance(payload, bytes):
        return Reply(status, given, payload)
    return Reply(status, {"content-type": _JSON} | given, orjson.dumps(payload))


def error_reply(
    status: int, category: str, message: str, *, headers: Mapping[str, str] | None = None
) -> Reply:
    """Make a reply with which HubSpot refuses a whole request, such as 429 with category `RATE_LIMITS`."""
    payload = {
        "status": "error",
        "category": category,
        "message": message,
        "correlationId": "00000000-0000-4000-8000-000000000000",
    }
    return reply(status, payload, headers)


def inputs_of(request: Request) -> list[dict[str, Any]]:
    """Return the inputs of a batch request, decoded from its body."""
    inputs: list[dict[str, Any]] = orjson.loads(request.body)["inputs"]
    return inputs


def accept_all(request: Request) -> Reply:
    """Answer a create, update, upsert, read or archive as if all went well: an object for each input.

    There is no account behind it: new objects get the ids 1, 2, … in every answer, and a read gives no more
    properties than the request names values of. Where that matters, use a `SandboxTransport`.
    """
    verb = urlsplit(request.path).path.rsplit("/", 1)[-1]
    if verb == "archive":
        return reply(204)
    id_property = orjson.loads(request.body).get("idProperty")
    results = [
        _result(number, each, each.get("idProperty", id_property))
        for number, each in enumerate(inputs_of(request), 1)
    ]
    return reply(201 if verb == "create" else 200, {"status": "COMPLETE", "results": results})


def _result(number: int, each: dict[str, Any], id_property: str | None) -> dict[str, Any]:
    properties = dict(each.get("properties", {}))
    if id_property is not None:
        properties[id_property] = each["id"]
    result = {
        "id": each["id"] if "id" in each and id_property is None else str(number),
        "properties": properties,
        "createdAt": _STAMP,
        "updatedAt": _STAMP,
        "archived": False,
    }
    if "objectWriteTraceId" in each:
        result["objectWriteTraceId"] = each["objectWriteTraceId"]
    return result
