"""Which input each result of a reply belongs to, where results are rows: by the fields that name it.

Pure. An input may have as many results as its endpoint's row says; more of them contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hubbatch._batches.matches import Matches
from hubbatch._batches.names_rows import RowNames
from hubbatch._records.paths import text_of
from hubbatch.endpoints import Endpoint
from hubbatch.models import BatchResponse, Result, RowResult

__all__ = ["match_rows"]


def match_rows(endpoint: Endpoint, names: RowNames, response: BatchResponse) -> Matches:
    """Give the results of a reply to inputs."""
    if not endpoint.names and endpoint.max_inputs > 1 and len(response.rows) > 1:
        return Matches({}, left_over=True)  # they name nobody, also where one input was sent alone
    first: dict[int, RowResult] = {}
    several: dict[int, list[RowResult]] = {}
    left_over = False
    for row in response.rows:
        positions = names.of_result(row)
        left_over = left_over or not positions
        for position in positions:
            earlier = first.setdefault(position, row)
            if earlier is not row:
                several.setdefault(position, [earlier]).append(row)
    matched: dict[int, Result | None] = {**first}
    for position, rows in several.items():
        fields = _different([row.fields for row in rows])
        most = endpoint.results_per_input
        joined = RowResult(fields[0], tuple(fields[1:]))
        matched[position] = joined if most is None or len(fields) <= most else None
    return Matches(matched, left_over)


def _different(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows, each once: one result said twice is one."""
    seen: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        seen.setdefault(text_of(row), row)
    return list(seen.values())
