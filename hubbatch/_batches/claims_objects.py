"""Which input each result of a reply belongs to: by its names, else, for creates, by the values that it holds.

Pure. A result that may belong to several inputs is given to none of them, unless it says for all of them the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from hubbatch._batches.claims import Claims
from hubbatch._batches.matching import holds_what_was_sent, match_by_values
from hubbatch._batches.names_objects import ObjectNames
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint, InputKind
from hubbatch.models import BatchResponse, ObjectResult

__all__ = ["claim_objects"]


def claim_objects(
    endpoint: Endpoint,
    inputs: Sequence[Input],
    names: ObjectNames,
    response: BatchResponse,
    spelling: Spelling,
) -> Claims:
    """Give the results of a reply to inputs."""
    claimed: dict[int, ObjectResult | None] = {}
    shared: dict[tuple[int, ...], list[ObjectResult]] = defaultdict(list)
    nameless = []
    for result in response.results:
        positions = names.of_result(result)
        if len(positions) > 1:
            shared[tuple(positions)].append(result)
        elif not positions:
            nameless.append(result)
        elif (
            earlier := claimed.setdefault(positions[0], result)
        ) is None or earlier.id != result.id:
            claimed[positions[0]] = None
    for several, results in shared.items():
        _share(endpoint, inputs, several, results, claimed, spelling=spelling)
    untraced = {  # one result said twice is one
        result.id or str(-index): result
        for index, result in enumerate(nameless)
        if result.object_write_trace_id is None
    }
    matched: dict[int, ObjectResult] = {}
    if untraced and endpoint.input is InputKind.NEW_OBJECT:
        refused = {position for error in response.errors for position in names.of_error(error)}
        taken = refused.union(claimed)
        unclaimed = [position for position in range(len(inputs)) if position not in taken]
        matched = match_by_values(inputs, unclaimed, list(untraced.values()), spelling)
        claimed.update(matched)
    return Claims(dict(claimed), left_over=len(matched) < len(untraced))


def _share(
    endpoint: Endpoint,
    inputs: Sequence[Input],
    positions: Sequence[int],
    results: Sequence[ObjectResult],
    claimed: dict[int, ObjectResult | None],
    *,
    spelling: Spelling,
) -> None:
    """Give the results of one object to the inputs that name it in several ways.

    A read says the same of all of them. Of writes there is a result for each, or it belongs to the only one whose
    values it holds.
    """
    free = [position for position in positions if position not in claimed]
    if not endpoint.writes:
        claimed.update(dict.fromkeys(free, results[0]))
    elif len(results) >= len(free):
        claimed.update(zip(free, results, strict=False))
    else:
        fitting = [at for at in free if holds_what_was_sent(inputs[at], results[0], spelling)]
        if len(fitting) == 1:
            claimed[fitting[0]] = results[0]
