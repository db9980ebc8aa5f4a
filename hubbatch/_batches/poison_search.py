"""The searches for poison records of one run: which part of a bisected batch goes next, and when a search is given up.

Its memory is its only state. A part that is rejected, or on which the service fails, is split again. As long as nothing
of a batch has been accepted, its parts go one by one, the largest first, so that they lie spread over the batch: if all
are rejected for one reason, the rest stays unsearched. Once a part has been accepted, the others go side by side, to
the last record. It knows nothing of requests or answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
from attrs import define, field, frozen

from hubbatch._batches.batch import Batch, PoisonSearch

__all__ = ["PoisonSearches", "SearchStep"]

_BUDGET = 25
"""Rejections, all for one reason and with nothing accepted, after which the rest of a batch is not searched."""

_SAMPLES = 3
"""Single records that must have been among them."""

_ANSWERS_A_RECORD, _SPARE_ANSWERS = 4, 100
"""Answers, tries of one part included, that the search of a batch may take: no server can make it longer."""

_IN_A_ROW = 8
"""Single records of a batch on which the service has failed one after the other: it will on the rest, too."""

_FRUITLESS = 3
"""Batches that were searched without finding a record on which the service does not fail: no record is the cause."""


@frozen
class SearchStep:
    """The next step of a search."""

    released: Sequence[Batch] = ()
    """Parts to send now."""
    unsearched: Sequence[Batch] = ()
    """Parts that the search is given up for."""

    def joined(self, other: SearchStep) -> SearchStep:
        """Return both in one."""
        return SearchStep([*self.released, *other.released], [*self.unsearched, *other.unsearched])


@define(eq=False)
class _SearchState:
    budget: int
    """Answers that the search may still take."""
    waiting: list[Batch] = field(factory=list)
    live: int = 0
    """Parts that were released and have not been answered for good."""
    delayed: int = 0
    """How many of them wait for another try."""
    rejections: int = 0
    samples: int = 0
    """Single records that were rejected."""
    reasons: set[str] = field(factory=set)
    accepted: bool = False
    failures_in_a_row: int = 0
    """Single records on which the service has failed since a part was accepted last."""


class PoisonSearches:
    """Keeps the parts of batches that are not to be sent yet. Each method notes what has happened to one part."""

    def __init__(self) -> None:
        self._states: dict[tuple[int, PoisonSearch], _SearchState] = {}
        self._fruitless = 0

    def waiting(self) -> Iterator[Batch]:
        """Return the parts that are not under way."""
        for state in self._states.values():
            yield from state.waiting

    def abandon(self) -> list[Batch]:
        """Give all searches up; return the parts that were not under way."""
        parts = list(self.waiting())
        self._states.clear()
        return parts

    def is_hopeless(self, batch: Batch) -> bool:
        """Whether there is no hope that a part of a batch succeeds where the whole has failed."""
        state = self._states.get((batch.number, PoisonSearch.FAILING))
        failures_in_a_row = 0 if state is None else state.failures_in_a_row
        return failures_in_a_row >= _IN_A_ROW or self._fruitless >= _FRUITLESS

    def part_split(
        self, batch: Batch, parts: Sequence[Batch], search: PoisonSearch, *, behind: bool = False
    ) -> SearchStep:
        """Take a batch apart. `behind`: its parts go after all that waits already."""
        key = (batch.number, search)
        budget = _ANSWERS_A_RECORD * len(batch.inputs) + _SPARE_ANSWERS
        state = self._states.setdefault(key, _SearchState(budget))
        left = SearchStep()
        if batch.search is search:
            self._leave(state, batch)
        elif batch.search is not PoisonSearch.NONE:
            left = self.part_ended(batch)
        state.rejections += 1
        place = 0 if behind else len(state.waiting)
        # The first of them is the last of the list, and so the next to go.
        state.waiting[place:place] = [
            attrs.evolve(part, search=search, delayed=False) for part in reversed(parts)
        ]
        next_parts = self._next(key, state, deeper=not behind)
        return left.joined(next_parts)

    def part_replaced(self, batch: Batch, parts: int) -> None:
        """Note that a part goes on as so many parts, for a reason of its own."""
        if (state := self._states.get((batch.number, batch.search))) is not None:
            self._leave(state, batch)
            state.live += parts

    def part_delayed(self, batch: Batch) -> tuple[Batch, SearchStep]:
        """Note that a part is to be sent again later. A search for rejected records goes on without it meanwhile."""
        state = self._states.get((batch.number, batch.search))
        if state is None:
            return batch, SearchStep()
        state.budget -= 1
        if batch.delayed or batch.search is PoisonSearch.FAILING:
            return batch, SearchStep()
        state.delayed += 1
        return attrs.evolve(batch, delayed=True), self._next((batch.number, batch.search), state)

    def record_rejected(self, batch: Batch, reason: str) -> SearchStep:
        """Note that a single record was rejected."""
        return self._end(batch, reason=reason)

    def part_accepted(self, batch: Batch) -> SearchStep:
        """Note that a part was accepted."""
        return self._end(batch, accepted=True)

    def part_ended(self, batch: Batch) -> SearchStep:
        """Note that a part will not be sent again, for whatever reason."""
        return self._end(batch)

    def part_failed(self, batch: Batch) -> None:
        """Note that the service has failed on a part for good."""
        state = self._states.get((batch.number, PoisonSearch.FAILING))
        if state is not None and batch.search is PoisonSearch.FAILING and len(batch.inputs) == 1:
            state.failures_in_a_row += 1
            if state.failures_in_a_row == _IN_A_ROW:
                self._fruitless += 1

    def _end(
        self, batch: Batch, *, accepted: bool = False, reason: str | None = None
    ) -> SearchStep:
        key = (batch.number, batch.search)
        state = self._states.get(key)
        if state is None:
            return SearchStep()
        self._leave(state, batch)
        if accepted:
            state.accepted, state.failures_in_a_row = True, 0
            if batch.search is PoisonSearch.FAILING:
                self._fruitless = 0
        if reason is not None:
            state.rejections += 1
            state.samples += 1
            state.reasons.add(reason)
        return self._next(key, state)

    def _leave(self, state: _SearchState, batch: Batch) -> None:
        state.live -= 1
        state.delayed -= batch.delayed
        state.budget -= 1

    def _next(
        self, key: tuple[int, PoisonSearch], state: _SearchState, *, deeper: bool = False
    ) -> SearchStep:
        """Return what goes on. `deeper`: the search has just split a part, and goes on with the first of its parts."""
        next_parts = self._choose(key[1], state, deeper=deeper)
        state.live += len(next_parts.released)
        if not state.live and not state.waiting:
            del self._states[key]
        return next_parts

    def _choose(self, search: PoisonSearch, state: _SearchState, *, deeper: bool) -> SearchStep:
        if state.budget <= 0:
            return SearchStep((), _take_all(state))
        if search is PoisonSearch.FAILING:
            if state.failures_in_a_row >= _IN_A_ROW or self._fruitless >= _FRUITLESS:
                return SearchStep((), _take_all(state))
            return (
                SearchStep([state.waiting.pop()])
                if state.waiting and not state.live
                else SearchStep()
            )
        if state.accepted or len(state.reasons) > 1:
            return SearchStep(_take_all(state))
        if state.rejections >= _BUDGET and state.samples >= _SAMPLES:
            # A part that is to be sent again may be accepted yet.
            return SearchStep() if state.live else SearchStep((), _take_all(state))
        if not state.waiting or state.live > state.delayed:
            return SearchStep()
        if deeper:
            return SearchStep([state.waiting.pop()])
        largest = max(range(len(state.waiting)), key=lambda at: len(state.waiting[at].inputs))
        return SearchStep([state.waiting.pop(largest)])


def _take_all(state: _SearchState) -> list[Batch]:
    taken, state.waiting = state.waiting[::-1], []
    return taken
