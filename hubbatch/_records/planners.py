"""Which planner makes the inputs of an endpoint, and which guard keeps its keys apart.

Two tables by what the row says; a kind of input is planned in a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hubbatch._records.duplicates import DuplicateGuard
from hubbatch._records.guard import Guard
from hubbatch._records.input_queue import InputQueue
from hubbatch._records.locks import LockGuard
from hubbatch._records.planning import Planner
from hubbatch._records.planning_ids import IdPlanner
from hubbatch._records.planning_objects import ObjectPlanner
from hubbatch._records.planning_pairs import PairPlanner
from hubbatch._records.planning_rows import RowPlanner
from hubbatch._records.spelling import CONTACTS, Spelling
from hubbatch._records.values import encode_value
from hubbatch.endpoints import Endpoint, InputKind, ResultShape
from hubbatch.policies import Duplicates

__all__ = ["guard_of", "planner_of"]


def planner_of(
    endpoint: Endpoint,
    *,
    id_property: str | None = None,
    unique_property: str | None = None,
    trace_prefix: str = "",
    spelling: Spelling = CONTACTS,
    encode: Callable[[Any], str | None] = encode_value,
    of_frame: bool = False,
) -> Planner:
    """Return what turns records, which may be rows of a frame, into inputs of an endpoint."""
    if endpoint.result is ResultShape.ROW:
        if PairPlanner.fits(endpoint):
            return PairPlanner(endpoint)
        return RowPlanner(endpoint, of_frame=of_frame)
    if endpoint.input is InputKind.ID:
        return IdPlanner(id_property=id_property, spelling=spelling)
    return ObjectPlanner(
        endpoint,
        id_property=id_property,
        unique_property=unique_property,
        trace_prefix=trace_prefix,
        spelling=spelling,
        encode=encode,
    )


def guard_of(
    endpoint: Endpoint,
    policy: Duplicates,
    inputs: InputQueue,
    in_doubt: Mapping[int, float] | None = None,
) -> Guard:
    """Return what keeps inputs with one key out of each other's way."""
    if endpoint.exclusive:
        return LockGuard(policy, endpoint, in_doubt)
    return DuplicateGuard(policy, inputs, endpoint, in_doubt)
