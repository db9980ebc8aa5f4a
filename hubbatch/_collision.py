"""Whose fault a conflict is that names the object collided with: the input that has one of that object's values.

Pure. A likeness is a suspicion only: suspects are sent apart from the others, and refused by the service or not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hubbatch._codec import Envelope
from hubbatch._correlation import signature_of
from hubbatch._operations import READ
from hubbatch._planning import Input, Planner
from hubbatch.models import BatchError, BatchResponse

__all__ = ["existing_id", "read_body", "suspects_of"]

_EXISTING = re.compile(r"Existing ID: ([0-9]{1,20})")
"""HubSpot's words in a 409: "Contact already exists. Existing ID: 7"."""


def existing_id(error: BatchError) -> str | None:
    """Return the id of the object that a conflict names, if it does."""
    found = _EXISTING.search(error.message)
    return None if found is None else found[1]


def read_body(inputs: Sequence[Input], object_id: str) -> bytes:
    """Return the body of a batch read of one object, with all that the inputs were to write."""
    names = {name for item in inputs for name in item.wire["properties"]}
    envelope = Envelope({"properties": sorted(names), "propertiesWithHistory": []})
    return envelope.wrap([Planner(READ).plan(0, object_id)])


def suspects_of(inputs: Sequence[Input], response: BatchResponse | None) -> list[Input]:
    """Return the inputs that share the rarest value with the object that was read."""
    if response is None or len(response.results) != 1:
        return []
    existing = response.results[0].properties
    alike: dict[str, list[Input]] = {}
    for item in inputs:
        for name, value in item.wire["properties"].items():
            held = existing.get(name)
            if held and signature_of([(name, value)]) == signature_of([(name, held)]):
                alike.setdefault(name, []).append(item)
    return min(alike.values(), key=len, default=[])
