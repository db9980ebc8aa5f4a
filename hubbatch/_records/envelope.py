"""Inputs to a request body, and what stands around them. It knows nothing of how the body is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hubbatch._records.planning import Input

__all__ = ["Envelope", "read_fields"]


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
