"""The searches of one run: which part of a batch that is being taken apart goes next, and when to give the search up.

A memory, and pure otherwise. A batch is bisected: a part that is refused, or fails, is split again. As long as nothing
of a batch has been accepted its parts go one by one, each time the largest that is left, so that they lie spread over
the batch: if all are refused for one reason, the rest stays unsearched. Once a part has been accepted the others go
side by side, to the last record. It knows nothing of requests or answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
from attrs import define, field, frozen

from hubbatch._batches.batch import Batch, Search

__all__ = ["Freed", "Searches"]

_BUDGET = 25
"""Refusals, all for one reason and with nothing accepted, after which the rest of a batch is not searched."""

_SAMPLES = 3
"""Single records that must have been among them."""

_ANSWERS_A_RECORD, _SPARE_ANSWERS = 4, 100
"""Answers, tries of one part included, that the search of a batch may take: no server can make it longer."""

_IN_A_ROW = 8
"""Single records of a batch on which the service has failed one after the other: it will on the rest, too."""

_IN_VAIN = 3
"""Batches that were searched without finding a record on which the service does not fail: it is no record's doing."""


@frozen
class Freed:
    """What goes on in a search."""

    released: Sequence[Batch] = ()
    """Parts to send now."""
    unsearched: Sequence[Batch] = ()
    """Parts that the search is given up for."""

    def joined(self, other: Freed) -> Freed:
        """Return both in one."""
        return Freed([*self.released, *other.released], [*self.unsearched, *other.unsearched])


@define(eq=False)
class _State:
    budget: int
    """Answers that the search may still take."""
    waiting: list[Batch] = field(factory=list)
    live: int = 0
    """Parts that were released and have not been answered for good."""
    slow: int = 0
    """How many of them wait for another try."""
    refusals: int = 0
    samples: int = 0
    """Single records that were refused."""
    reasons: set[str] = field(factory=set)
    accepted: bool = False
    in_a_row: int = 0
    """Single records on which the service has failed since a part was accepted last."""


class Searches:
    """Keeps the parts of batches that are not to be sent yet."""

    def __init__(self) -> None:
        self._states: dict[tuple[int, Search], _State] = {}
        self._in_vain = 0

    def waiting(self) -> Iterator[Batch]:
        """Return the parts that are not under way."""
        for state in self._states.values():
            yield from state.waiting

    def withdraw(self) -> list[Batch]:
        """Give all searches up; return the parts that were not under way."""
        parts = list(self.waiting())
        self._states.clear()
        return parts

    def is_vain(self, batch: Batch) -> bool:
        """Whether there is no hope that a part of a batch succeeds where the whole has failed."""
        state = self._states.get((batch.number, Search.FAILING))
        in_a_row = 0 if state is None else state.in_a_row
        return in_a_row >= _IN_A_ROW or self._in_vain >= _IN_VAIN

    def split(
        self, batch: Batch, parts: Sequence[Batch], search: Search, *, behind: bool = False
    ) -> Freed:
        """Take a batch apart. `behind`: its parts go after all that waits already."""
        key = (batch.number, search)
        budget = _ANSWERS_A_RECORD * len(batch.inputs) + _SPARE_ANSWERS
        state = self._states.setdefault(key, _State(budget))
        left = Freed()
        if batch.search is search:
            self._leave(state, batch)
        elif batch.search is not Search.NONE:
            left = self.ended(batch)
        state.refusals += 1
        place = 0 if behind else len(state.waiting)
        # The first of them is the last of the list, and so the next to go.
        state.waiting[place:place] = [
            attrs.evolve(part, search=search, slow=False) for part in reversed(parts)
        ]
        freed = self._next(key, state, deeper=not behind)
        return left.joined(freed)

    def replaced(self, batch: Batch, parts: int) -> None:
        """Note that a part goes on as so many parts, for a reason of its own."""
        if (state := self._states.get((batch.number, batch.search))) is not None:
            self._leave(state, batch)
            state.live += parts

    def waits(self, batch: Batch) -> tuple[Batch, Freed]:
        """Note that a part is to be sent again after a while; a search for what is refused goes on without it."""
        state = self._states.get((batch.number, batch.search))
        if state is None:
            return batch, Freed()
        state.budget -= 1
        if batch.slow or batch.search is Search.FAILING:
            return batch, Freed()
        state.slow += 1
        return attrs.evolve(batch, slow=True), self._next((batch.number, batch.search), state)

    def refused_alone(self, batch: Batch, reason: str) -> Freed:
        """Note that a single record was refused."""
        return self._end(batch, reason=reason)

    def accepted(self, batch: Batch) -> Freed:
        """Note that a part was accepted."""
        return self._end(batch, accepted=True)

    def ended(self, batch: Batch) -> Freed:
        """Note that a part will not be sent again, for whatever reason."""
        return self._end(batch)

    def failed(self, batch: Batch) -> None:
        """Note that the service has failed on a part for good."""
        state = self._states.get((batch.number, Search.FAILING))
        if state is not None and batch.search is Search.FAILING and len(batch.inputs) == 1:
            state.in_a_row += 1
            if state.in_a_row == _IN_A_ROW:
                self._in_vain += 1

    def _end(self, batch: Batch, *, accepted: bool = False, reason: str | None = None) -> Freed:
        key = (batch.number, batch.search)
        state = self._states.get(key)
        if state is None:
            return Freed()
        self._leave(state, batch)
        if accepted:
            state.accepted, state.in_a_row = True, 0
            if batch.search is Search.FAILING:
                self._in_vain = 0
        if reason is not None:
            state.refusals += 1
            state.samples += 1
            state.reasons.add(reason)
        return self._next(key, state)

    def _leave(self, state: _State, batch: Batch) -> None:
        state.live -= 1
        state.slow -= batch.slow
        state.budget -= 1

    def _next(self, key: tuple[int, Search], state: _State, *, deeper: bool = False) -> Freed:
        """Return what goes on. `deeper`: the search has just split a part, and goes on with the first of its parts."""
        freed = self._choose(key[1], state, deeper=deeper)
        state.live += len(freed.released)
        if not state.live and not state.waiting:
            del self._states[key]
        return freed

    def _choose(self, search: Search, state: _State, *, deeper: bool) -> Freed:
        if state.budget <= 0:
            return Freed((), _take_all(state))
        if search is Search.FAILING:
            if state.in_a_row >= _IN_A_ROW or self._in_vain >= _IN_VAIN:
                return Freed((), _take_all(state))
            return Freed([state.waiting.pop()]) if state.waiting and not state.live else Freed()
        if state.accepted or len(state.reasons) > 1:
            return Freed(_take_all(state))
        if state.refusals >= _BUDGET and state.samples >= _SAMPLES:
            # A part that is to be sent again may be accepted yet.
            return Freed() if state.live else Freed((), _take_all(state))
        if not state.waiting or state.live > state.slow:
            return Freed()
        if deeper:
            return Freed([state.waiting.pop()])
        largest = max(range(len(state.waiting)), key=lambda at: len(state.waiting[at].inputs))
        return Freed([state.waiting.pop(largest)])


def _take_all(state: _State) -> list[Batch]:
    taken, state.waiting = state.waiting[::-1], []
    return taken
