"""Inputs that are about several pairs at once: by which names and keys each of these is known.

Pure. `to.*.id` stands for the ids of all items of `to`; a pair is a combination of one value of each field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from hubbatch._records.paths import EACH, Steps, steps_of, text_of, value_at

__all__ = ["Several"]


class Several:
    """Reads the names and keys of all pairs of an input."""

    def __init__(self, named: Sequence[str], exclusive: Iterable[Sequence[str]]) -> None:
        self._named = [steps_of(path) for path in named]
        self._exclusive = [[steps_of(path) for path in key] for key in exclusive]

    @staticmethod
    def are_in(paths: Iterable[str]) -> bool:
        """Whether a path stands for several fields of one input."""
        return any(EACH in steps_of(path) for path in paths)

    def names(self, wire: Any) -> tuple[str, ...]:
        """Return the values that name an input, those of all its pairs one after another."""
        return tuple(text for steps in self._named for text in _texts(wire, steps))

    def keys(self, wire: Any) -> list[tuple[str, ...]]:
        """Return the keys of an input: one for each pair."""
        return [
            key
            for fields in self._exclusive
            for key in product(*(_texts(wire, steps) for steps in fields))
        ]


def _texts(wire: Any, steps: Steps) -> list[str]:
    value = value_at(wire, steps)
    return [*map(text_of, value)] if EACH in steps and type(value) is list else [text_of(value)]
