"""What a conflict is, in all the shapes that HubSpot gives it, and which input collides with the object it names.

Pure. A likeness is a suspicion only: suspects are sent apart from the others, and refused by the service or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hubbatch._batches.contexts import contexts_of, texts
from hubbatch._records.envelope import Envelope, read_fields
from hubbatch._records.planners import planner_of
from hubbatch._records.planning import Input
from hubbatch._records.spelling import ALIASES, Spelling, further_values
from hubbatch.endpoints import READ
from hubbatch.models import BatchError, BatchResponse

__all__ = ["existing_id", "read_body", "suspects_of", "unique_names"]

_SEVERAL = {further: name for name, further in ALIASES.items()}
"""Properties that hold several values, each as unique as those of another property."""

_UNIQUE = frozenset({*_SEVERAL, *_SEVERAL.values()})

_EXISTING = re.compile(r"Existing ID: ([0-9]{1,20})")
"""HubSpot's words in a 409: "Contact already exists. Existing ID: 7"."""


def existing_id(error: BatchError) -> str | None:
    """Return the id of the object that a conflict names, if it does."""
    for context in contexts_of(error):
        for value in texts(context.get("existingId")):
            if value.isascii() and value.isdigit():
                return value
    found = _EXISTING.search(error.message)
    return None if found is None else found[1]


def read_body(object_id: str, names: Iterable[str]) -> bytes:
    """Return the body of a batch read of one object, with the properties that may be unique."""
    return Envelope(read_fields(sorted(names))).wrap([planner_of(READ).plan(0, object_id)])


def unique_names(*named: str | None) -> frozenset[str]:
    """Return the properties that can collide, as far as anybody knows: HubSpot's own, and those the call names."""
    return _UNIQUE.union(filter(None, named))


def suspects_of(
    inputs: Sequence[Input],
    response: BatchResponse | None,
    names: Iterable[str],
    spelling: Spelling,
) -> list[Input]:
    """Return the inputs that share a unique value with the object that was read."""
    if response is None or len(response.results) != 1:
        return []
    existing = response.results[0]
    taken = {
        (_SEVERAL.get(name, name), spelling.form(_SEVERAL.get(name, name), value))
        for name in names
        if (text := existing.properties.get(name))
        for value in (further_values(text) if name in _SEVERAL else [text])
        if value.strip()
    }
    return [
        item
        for item in inputs
        if item.wire.get("id") != existing.id
        and any(
            (name, spelling.form(name, value)) in taken for name, value in item.properties.items()
        )
    ]
