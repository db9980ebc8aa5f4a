"""What a journal holds, in memory: of the records, their tries, the source, and the load.

Pure. It knows nothing of files, threads or locks; it is changed by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from hubbatch.journal._states import RecordState, States
from hubbatch.journal._tries import Try, first_tried

__all__ = ["Contents", "JournalCounts", "Mark"]

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


@define(eq=False)
class Contents:
    """What a journal holds. `read` returns it as it was at one moment."""

    description: Mapping[str, Any] = field(factory=dict)
    """What the load is about, as JSON has it; empty until it has begun."""
    complete: bool = False
    """Whether the source was read to its end, and nothing stopped the last run."""
    marks: dict[str, Mark] = field(factory=dict)
    checkpoints: dict[int, bytes] = field(factory=dict)
    """Digests of the source's first records, by how many they are."""
    states: States = field(factory=States, repr=False)
    """What `counts`, `ranges` and `state` ask."""
    tries: list[Try] = field(factory=list, repr=False)
    """Of earlier processes, what is still in doubt."""

    @property
    def counts(self) -> JournalCounts:
        """How many records are in which state."""
        return JournalCounts(
            succeeded=self.states.count(RecordState.SUCCEEDED),
            failed=self.states.count(RecordState.FAILED),
            retryable=self.states.count(RecordState.RETRYABLE),
            unknown=self.states.count(RecordState.UNKNOWN),
            in_doubt=self.states.count(RecordState.IN_DOUBT),
        )

    def ranges(self, *states: RecordState) -> Iterator[tuple[int, int]]:
        """Return the positions of records in any of these states, in order: the first and the last of each range."""
        return self.states.ranges(*states)

    def state(self, position: int) -> RecordState:
        """Return what is noted of one record."""
        return self.states.state(position)

    def first_tried(self, position: int) -> float:
        """Return when a record in doubt was first tried, in seconds since 1970; 0 if that is not known."""
        return first_tried(self.tries, position)

    @property
    def empty(self) -> bool:
        """Whether nothing is noted of any record, so that a load may still be described anew."""
        return self.states.empty and not self.marks
