"""What a journal holds, in memory: of the records, their tries, the source, and the load.

Pure. It knows nothing of files, threads or locks; it is changed by one thread at a time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from hubbatch.journal._contents import Contents, Mark, counts_of
from hubbatch.journal._states import States
from hubbatch.journal._tries import Try, first_tried

__all__ = ["Memory"]


@define(eq=False)
class Memory:
    """What a journal holds, and changes as things are noted."""

    description: Mapping[str, Any] = field(factory=dict)
    complete: bool = False
    marks: dict[str, Mark] = field(factory=dict)
    checkpoints: dict[int, bytes] = field(factory=dict)
    """Digests of the source's first records, by how many they are."""
    states: States = field(factory=States, repr=False)
    tries: list[Try] = field(factory=list, repr=False)
    """Of earlier processes, what is still in doubt."""

    def first_tried(self, position: int) -> float:
        """Return when a record in doubt was first tried, in seconds since 1970; 0 if that is not known."""
        return first_tried(self.tries, position)

    @property
    def empty(self) -> bool:
        """Whether nothing is noted of any record, so that a load may still be described anew."""
        return self.states.empty and not self.marks

    def snapshot(self) -> Contents:
        """Return what it holds now, as a value."""
        return Contents(
            description=copy.deepcopy(dict(self.description)),
            complete=self.complete,
            counts=counts_of(self.states),
            marks=self.marks,
            states=self.states.copy(),
        )
