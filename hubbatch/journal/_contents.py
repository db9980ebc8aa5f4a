"""What a journal held at one moment, as a value that never changes afterwards.

Pure. It knows nothing of how a journal changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from hubbatch.journal._states import RecordState, States

__all__ = ["Contents", "JournalCounts", "Mark", "counts_of"]

Mark = int | str
"""A named value that a front end keeps with what is settled, such as the size of a file that it writes."""


@frozen
class JournalCounts:
    """How many records of a load are in which state; those never sent are not counted."""

    succeeded: int = 0
    failed: int = 0
    retryable: int = 0
    unknown: int = 0
    in_doubt: int = 0


def _read_only(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


@frozen(eq=False)
class Contents:
    """What a journal held at one moment. What is noted later does not change it."""

    description: Mapping[str, Any] = field(factory=dict, converter=_read_only)
    """What the load is about, as JSON has it; empty until it has begun."""
    complete: bool = False
    """Whether the source was read to its end, and nothing stopped the last run."""
    counts: JournalCounts = field(factory=JournalCounts)
    """How many records are in which state."""
    marks: Mapping[str, Mark] = field(factory=dict, converter=_read_only)
    """What a front end has kept with what is settled, by name."""
    _states: States = field(factory=States, repr=False)

    def ranges(self, *states: RecordState) -> Iterator[tuple[int, int]]:
        """Return the positions of records in any of these states, in order: the first and the last of each range."""
        return self._states.ranges(*states)

    def state(self, position: int) -> RecordState:
        """Return what is noted of one record."""
        return self._states.state(position)

    @property
    def empty(self) -> bool:
        """Whether nothing is noted of any record, so that a load may still be described anew."""
        return self._states.empty and not self.marks


def counts_of(states: States) -> JournalCounts:
    """Return how many records are in which state."""
    return JournalCounts(
        succeeded=states.count(RecordState.SUCCEEDED),
        failed=states.count(RecordState.FAILED),
        retryable=states.count(RecordState.RETRYABLE),
        unknown=states.count(RecordState.UNKNOWN),
        in_doubt=states.count(RecordState.IN_DOUBT),
    )
