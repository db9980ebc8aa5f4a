"""Made-up contacts, the same ones in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count, islice

__all__ = ["contacts", "endless_contacts"]

_WORDS = (
    "Alder",
    "Birch",
    "Cedar",
    "Elm",
    "Fir",
    "Hazel",
    "Larch",
    "Maple",
    "Oak",
    "Pine",
    "Rowan",
)


def contacts(number: int, properties: int) -> list[dict[str, str]]:
    """Return so many contacts of so many properties each; the first property is a unique e-mail address."""
    return list(islice(endless_contacts(properties), number))


def endless_contacts(properties: int) -> Iterator[dict[str, str]]:
    """Make the same contacts one by one, without an end."""
    draw = random.Random(properties)
    names = [f"property_{position}" for position in range(1, properties)]
    for index in count():
        yield {
            "email": f"person.{index}@example.com",
            **{name: f"{draw.choice(_WORDS)} {draw.randrange(10_000)}" for name in names},
        }
