"""A batch: inputs that travel together, and all that is known of them.

A frozen value. What an answer makes of it is said by the state machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

import attrs

from hubbatch._batches.paging import PagesRead
from hubbatch._protocol.symptoms import Symptom
from hubbatch._records.planning import Input
from hubbatch.models import BatchError, RecordStatus

__all__ = ["Batch", "PoisonSearch", "Stage"]


class Stage(Enum):
    """What is done with a batch next."""

    SEND = auto()
    COMPARE = auto()
    """Read the object that one of its records collides with, to see which."""
    LOOK_UP = auto()
    """See whether its records are in the account: whether they were written is unknown."""


class PoisonSearch(Enum):
    """What a batch is being taken apart for."""

    NONE = auto()
    REJECTED = auto()
    """The records for which HubSpot rejects it."""
    FAILING = auto()
    """The records on which the service fails."""


@attrs.frozen(eq=False)
class Batch:
    """Inputs that travel together."""

    inputs: Sequence[Input]
    number: int = 0
    """Which batch of the run it is, or is a part of."""
    whole: bool = True
    """Whether nothing has been taken away from it."""
    stage: Stage = Stage.SEND
    status: RecordStatus = RecordStatus.UNSENT
    """What these records are if nothing more is done: never sent, rejected, or in doubt."""
    last_error: BatchError | None = None
    """The last answer that was not an acceptance, or why there was none."""
    rejected_alone: bool = False
    """Whether that was the answer to one record, and so about this one."""
    attempts: int = 0
    """Requests that carried it."""
    history: Mapping[Symptom, int] = attrs.field(factory=dict)
    """What came of the requests of this stage."""
    first_sent_at: tuple[float, float] | None = None
    """By the loop's clock, which may stand still while the machine sleeps, and by the wall's, which may be set."""
    tried_since: float | None = None
    """When it first asked to be sent."""
    resumes_at: float = 0.0
    """When the next step may be taken."""
    search: PoisonSearch = PoisonSearch.NONE
    delayed: bool = False
    """Whether it is part of a search and waits for another try: the search goes on without it."""
    rounds: int = 0
    """How often a doubt about it has been looked into."""
    rejections: Mapping[int, BatchError] = attrs.field(factory=dict)
    """Why HubSpot rejected records in the last try, by index, although an earlier try may have written them."""
    pages: Mapping[int, PagesRead] = attrs.field(factory=dict)
    """What has been read, by index, of records that are read page after page."""
    collides_with: str | None = None
    """The object that is read to see which record collides with it."""
    comparisons: int = 0
    """How many such objects have been read."""

    @property
    def in_poison_search(self) -> bool:
        """Whether it is part of a search for records on which the service fails, so that its failures are its own."""
        return self.search is PoisonSearch.FAILING and self.stage is Stage.SEND

    @property
    def looks(self) -> int:
        """How many look-ups of this stage got an answer that can be used."""
        return self.history.get(Symptom.ANSWERED, 0) + self.history.get(Symptom.NOTHING_FOUND, 0)

    @property
    def tries(self) -> int:
        """How many requests this stage has taken."""
        return sum(self.history.values())

    def tried(self, symptom: Symptom) -> Batch:
        """Return it after one more try, with what came of that."""
        tries = self.history.get(symptom, 0) + 1
        return attrs.evolve(self, history={**self.history, symptom: tries})

    def part(self, inputs: Sequence[Input], **changes: Any) -> Batch:
        """Return a batch of some of the inputs, of which the same is known; its tries begin anew."""
        whole = self.whole and len(inputs) == len(self.inputs)
        return attrs.evolve(self, inputs=inputs, whole=whole, **{"history": {}, **changes})

    def halves(self, **changes: Any) -> list[Batch]:
        """Split the batch in two of about the same size in bytes."""
        half, seen, cut = sum(len(item.body) for item in self.inputs) / 2, 0, 0
        while seen < half:
            seen += len(self.inputs[cut].body)
            cut += 1
        cut = min(max(cut, 1), len(self.inputs) - 1)
        return [self.part(self.inputs[:cut], **changes), self.part(self.inputs[cut:], **changes)]

    def sent(self, now: float, wall: float) -> Batch:
        """Return the batch as it is once a request that carries it has left: whether it is written is unknown."""
        return attrs.evolve(
            self,
            attempts=self.attempts + 1,
            status=RecordStatus.UNKNOWN,
            first_sent_at=self.first_sent_at or (now, wall),
        )
