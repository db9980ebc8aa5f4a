"""How a fault changes a batch before it is carried out, and what is reported of it after.

A table from kind to effect. Nothing here decides when a fault occurs, or writes a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._faults import Fault
from hubbatch.sandbox._replies import Done, ErrorEntry

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping


__all__ = ["spoil_batch", "spoil_done"]


def spoil_batch(fault: Fault | None, inputs: list[Any], generator: random.Random) -> None:
    """Take from a batch, before it is carried out, the inputs that the fault omits."""
    if fault is not None and fault.kind is FaultKind.OMITTED:
        _drop(inputs, fault.count, generator)


def spoil_done(fault: Fault | None, done: Done, generator: random.Random) -> None:
    """Change what will be said about a batch that was carried out."""
    spoil = None if fault is None else _REPORTS.get(fault.kind)
    if spoil is not None and fault is not None:
        spoil(done, fault, generator)


def _drop(items: list[Any], count: int, generator: random.Random) -> None:
    for _ in range(min(count, len(items))):
        del items[generator.randrange(len(items))]


def _omit(done: Done, fault: Fault, generator: random.Random) -> None:
    _drop(done.results, fault.count, generator)


def _add_stranger(done: Done, _: Fault, generator: random.Random) -> None:
    record_id = str(10**12 + generator.randrange(10**12))
    if done.stranger is not None:
        done.results.append(done.stranger(record_id))
        return
    stamp = "2001-01-01T00:00:00.000Z"
    done.results.append(
        {
            "id": record_id,
            "properties": {
                "hs_object_id": record_id,
                "createdate": stamp,
                "lastmodifieddate": stamp,
            },
            "createdAt": stamp,
            "updatedAt": stamp,
            "archived": False,
        }
    )


def _repeat(done: Done, fault: Fault, generator: random.Random) -> None:
    done.results += generator.sample(done.results, min(fault.count, len(done.results)))


def _contradict(done: Done, fault: Fault, generator: random.Random) -> None:
    pairs = list(zip(done.sources, done.results, strict=True))
    for item, result in generator.sample(pairs, min(fault.count, len(pairs))):
        context = item.naming() or {"ids": [result.get("id", "")]}
        message = "Property values were not valid: []"
        done.problems.append(ErrorEntry("VALIDATION_ERROR", message, context))


def _unname(done: Done, _: Fault, __: random.Random) -> None:
    done.problems = [evolve(problem, message="Failed", context={}) for problem in done.problems]


def _pend(done: Done, _: Fault, __: random.Random) -> None:
    done.results, done.problems, done.status = [], [], "PENDING"


def _pending(done: Done, _: Fault, __: random.Random) -> None:
    done.status = "PENDING"


def _canceled(done: Done, _: Fault, __: random.Random) -> None:
    done.status = "CANCELED"


_REPORTS: Mapping[FaultKind, Callable[[Done, Fault, random.Random], None]] = {
    FaultKind.OMITTED_AFTER_WRITE: _omit,
    FaultKind.STRANGER: _add_stranger,
    FaultKind.REPEATED: _repeat,
    FaultKind.CONTRADICTION: _contradict,
    FaultKind.UNNAMED_ERRORS: _unname,
    FaultKind.PENDING: _pend,
    FaultKind.PENDING_WITH_RESULTS: _pending,
    FaultKind.CANCELED_AFTER_WRITE: _canceled,
}
