"""Inputs to a request body, and what stands around them. It knows nothing of how the body is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hubbatch._records.planning import Input, NamedInput
from hubbatch.endpoints import INPUTS, Body

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

    def __init__(self, fields: Mapping[str, Any], body: Body = INPUTS) -> None:
        self._lists = body.lists
        if body.single:
            self._head = self._tail = b""
        elif not body.lists:
            self._head, self._tail = b"[", b"]"
        else:
            self._head = orjson.dumps(fields)[:-1] + (b"," if fields else b"")
            self._head += orjson.dumps(body.lists[0]) + b":["
            self._tail = b"]}"

    def __len__(self) -> int:
        others = sum(len(name) + len(',"":[]') for name in self._lists[1:])
        return len(self._head) + len(self._tail) + others

    def wrap(self, inputs: Sequence[Input]) -> bytes:
        """Return the request body for a batch."""
        if len(self._lists) > 1:
            return self._in_lists(inputs)
        return self.wrap_bodies([item.body for item in inputs])

    def wrap_bodies(self, bodies: Sequence[bytes]) -> bytes:
        """Return the request body for inputs that are given as JSON."""
        return b"".join((self._head, b",".join(bodies), self._tail))

    def _in_lists(self, inputs: Sequence[Input]) -> bytes:
        """Return a body with several lists, each input in its own."""
        bodies: dict[str | None, list[bytes]] = {name: [] for name in self._lists}
        for item in inputs:
            bodies[item.list_name if isinstance(item, NamedInput) else None].append(item.body)
        first, *others = (b",".join(each) for each in bodies.values())
        rest = [
            b"," + orjson.dumps(name) + b":[" + each + b"]"
            for name, each in zip(self._lists[1:], others, strict=True)
        ]
        return b"".join((self._head, first, b"]", *rest, b"}"))
