"""Batches to request bodies, and reply bodies to responses and errors.

Bytes in, values out and back; it knows nothing of status codes' meaning or of which input a result is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

from hubbatch._converter import converter
from hubbatch._exchange import Reply
from hubbatch._planning import Input
from hubbatch.models import BatchError, BatchResponse

__all__ = ["Envelope", "decode_error", "decode_response", "read_fields"]

_SNIPPET = 200
"""How many characters of a reply that is not JSON go into an error's message."""

_MARKS = frozenset({"status", "results", "errors", "numErrors"})
"""A batch answer has at least one of these."""

_RESPONSE = converter.get_structure_hook(BatchResponse)


def read_fields(
    properties: Sequence[str], *, history: Sequence[str] = (), id_property: str | None = None
) -> dict[str, Any]:
    """Return what stands next to the inputs of a batch read."""
    fields: dict[str, Any] = {
        "properties": list(properties),
        "propertiesWithHistory": list(history),
    }
    if id_property is not None:
        fields["idProperty"] = id_property
    return fields


class Envelope:
    """What stands around the inputs in a request body: the same for every batch of a run."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._head = orjson.dumps(fields)[:-1] + (b"," if fields else b"") + b'"inputs":['
        self._tail = b"]}"

    def __len__(self) -> int:
        return len(self._head) + len(self._tail)

    def wrap(self, inputs: Sequence[Input]) -> bytes:
        """Return the request body for a batch."""
        return b"".join((self._head, b",".join([item.body for item in inputs]), self._tail))


def decode_response(body: bytes) -> BatchResponse | None:
    """Read a success by its body, whatever its status code; None if it is not an answer to a batch.

    An empty body is the answer to an archive. An object with `"status": "error"`, or with none of a batch answer's
    fields, is none.
    """
    if not body:
        return BatchResponse()
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(value) is not dict or value.get("status") == "error":
        return None
    if value.keys().isdisjoint(_MARKS) or not isinstance(value.get("errors"), list | None):
        return None
    response: BatchResponse = _RESPONSE(value, BatchResponse)
    return response


def decode_error(reply: Reply) -> BatchError:
    """Read the error of a reply that rejects a request as a whole; a body that is not JSON is quoted."""
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        value = None
    if type(value) is not dict:
        text = " ".join(reply.body[: 4 * _SNIPPET].decode("utf-8", "replace").split())[:_SNIPPET]
        return BatchError(f"HTTP_{reply.status}", text or f"HTTP {reply.status} without a body")
    error = converter.structure(value, BatchError)
    return attrs.evolve(
        error,
        category=error.category or str(value.get("errorType") or f"HTTP_{reply.status}"),
        message=error.message or f"HTTP {reply.status}",
        correlation_id=error.correlation_id or reply.headers.get("x-hubspot-correlation-id"),
    )
