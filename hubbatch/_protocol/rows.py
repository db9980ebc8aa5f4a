"""Results that are rows: the fields of each as they were decoded, made a `RowResult` when they are looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from hubbatch._protocol.late_results import LateResults
from hubbatch._protocol.reading import shallow
from hubbatch.models import RowResult

__all__ = ["RowResults", "kept_fields"]

_NESTED = frozenset({dict, list})
_WIDEST = 10_000_000
"""How many values of one depth a result may hold: more than a reply of the most bytes has. A list may be long."""


class RowResults(LateResults[RowResult]):
    """Rows in an order. `fields`: those of each."""

    __slots__ = ("fields",)

    def __init__(self, fields: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.fields = fields

    def __len__(self) -> int:
        return len(self.fields)

    def in_order(self, positions: Sequence[int]) -> RowResults:
        """Return all rows in another order: those that stand at these positions now, each once."""
        if len(self) < 2:  # noqa: PLR2004 (one has one order)
            return self
        return RowResults(itemgetter(*positions)(self.fields))

    def _build(self) -> Sequence[RowResult]:
        # A frozen class's own `__init__` takes twice as long.
        rows = list(map(RowResult.__new__, repeat(RowResult, len(self))))
        deque(map(RowResult.fields.__set__, rows, self.fields), 0)  # type: ignore[attr-defined]
        deque(map(RowResult.others.__set__, rows, repeat(())), 0)  # type: ignore[attr-defined]
        return rows

    def _forget(self) -> None:
        """Free nothing: the rows have these very fields."""


def kept_fields(values: Sequence[dict[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the fields of results that are not too much to be kept: the very ones, where all of them are kept."""
    held = chain.from_iterable(map(dict.values, values))
    # As nearly always: loops in C.
    if _NESTED.isdisjoint(map(type, filter(None, held))) or shallow(values, _WIDEST) is not None:
        return values
    return [_kept(value) for value in values]


def _kept(value: dict[str, Any]) -> Mapping[str, Any]:
    if shallow(value, _WIDEST) is not None:
        return value
    kept = {name: shallow(held, _WIDEST) for name, held in value.items()}
    return {name: held for name, held in kept.items() if held is not None}
