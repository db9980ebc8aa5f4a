"""Made-up contacts, the same ones in every run."""

from __future__ import annotations

import random

__all__ = ["contacts"]

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


def contacts(count: int, properties: int) -> list[dict[str, str]]:
    """Return so many contacts of so many properties each; the first property is a unique e-mail address."""
    draw = random.Random(properties)
    names = [f"property_{position}" for position in range(1, properties)]
    return [
        {
            "email": f"person.{index}@example.com",
            **{name: f"{draw.choice(_WORDS)} {draw.randrange(10_000)}" for name in names},
        }
        for index in range(count)
    ]
