"""What becomes of a batch that HubSpot rejects as a whole: the records at fault are found, the others sent again.

Pure but for the memory of searches. By what the answer names, by the object that a conflict names, or by bisection.
"""

from __future__ import annotations

import attrs
from attrs import frozen

from hubbatch._batches.at_fault import bisect, find_at_fault
from hubbatch._batches.batch import Batch, PoisonSearch, Stage
from hubbatch._batches.conflict import colliding_inputs, existing_id
from hubbatch._batches.poison_search import SearchStep
from hubbatch._batches.problems import general, is_about_duplicate_ids, is_systemic
from hubbatch._batches.settlement import Settlement
from hubbatch._batches.transition import Answered, Split, Transition
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import Proof, Symptom
from hubbatch._records.planning import Input, NamedInput
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint
from hubbatch.models import OBJECT_NOT_FOUND

__all__ = ["Rejection"]

_COMPARISONS = 3
"""Objects that are read to trace a batch's conflicts: halving is cheaper for many."""


@frozen(eq=False)
class Rejection:
    """Takes the rejected batches of one run apart. `unique`: the properties that can collide."""

    endpoint: Endpoint
    spelling: Spelling
    unique: frozenset[str]
    settlement: Settlement

    def reject(self, answered: Answered) -> Transition:
        """Find those at fault: first by the object that the rejection names, if it does."""
        batch, holder = answered.batch, existing_id(answered.error)
        if holder not in {None, batch.collides_with} and self._may_compare(batch):
            compared = batch.part(
                batch.inputs,
                stage=Stage.COMPARE,
                collides_with=holder,
                comparisons=batch.comparisons + 1,
            )
            return Transition(then=[compared])
        return self._isolate(answered)

    def compared(self, answered: Answered) -> Transition:
        """Send a batch on in parts: those unlike the object that it collides with, and those like it."""
        batch, response = answered.batch, answered.diagnosis.response
        candidates = colliding_inputs(batch.inputs, response, self.unique, self.spelling)
        rest = [item for item in batch.inputs if item not in candidates]
        again = batch.part(batch.inputs, stage=Stage.SEND)
        if candidates and rest:
            self.settlement.searches.part_replaced(batch, 2)
            parts = [again.part(part, delayed=False) for part in (rest, candidates)]
            return Transition(then=parts, split=(Split.CONFLICT, 2))
        last_error = batch.last_error or answered.error
        return self._isolate(
            attrs.evolve(
                answered,
                batch=attrs.evolve(again, comparisons=_COMPARISONS),
                diagnosis=Diagnosis(Symptom.REJECTED, error=last_error, proof=Proof.NOT_WRITTEN),
            )
        )

    def _isolate(self, answered: Answered) -> Transition:
        batch, error = answered.batch, answered.error
        if is_systemic(error):
            return self._settle_all_rejected(answered)
        found = find_at_fault(self.endpoint, batch.inputs, error, self.spelling)
        all_named = len(found.named) == len(batch.inputs)
        if all_named and found.by_properties and batch.whole:
            return self._settle_all_rejected(answered)
        # A read that finds nothing at all need not say what.
        none_there = error.category == OBJECT_NOT_FOUND and not self.endpoint.writes
        several = len(batch.inputs) > 1
        if several and all_named and is_about_duplicate_ids(error):
            return self._part(answered, found.named)
        if not several or all_named or (none_there and not found.named):
            return self._settle_rejected(answered)
        if found.named and is_about_duplicate_ids(error):
            return self._part(answered, found.named)
        if found.named:
            return self._take_out(answered, found.named)
        parts = [batch.part(inputs) for inputs in bisect(batch.inputs, found.candidates)]
        next_parts = self.settlement.searches.part_split(batch, parts, PoisonSearch.REJECTED)
        return self._go_on(Transition(split=(Split.BISECTION, len(parts))), next_parts, answered)

    def _take_out(self, answered: Answered, named: frozenset[int]) -> Transition:
        """Settle the inputs that a rejection names, and send the others again."""
        batch = answered.batch
        rejected: list[Input] = []
        rest: list[Input] = []
        for position, item in enumerate(batch.inputs):
            (rejected if position in named else rest).append(item)
        out = batch.part(rejected, rejected_alone=True)
        done = self.settlement.rejected(out, answered.error, answered.moment)
        return done.and_then(batch.part(rest))

    def _part(self, answered: Answered, named: frozenset[int]) -> Transition:
        """Send inputs apart that name one object in two ways, as the service found: alone each may succeed."""
        batch = answered.batch
        rest = [item for position, item in enumerate(batch.inputs) if position not in named]
        alone = [[batch.inputs[position]] for position in sorted(named)]
        parts = [batch.part(inputs, delayed=False) for inputs in ([rest] if rest else []) + alone]
        self.settlement.searches.part_replaced(batch, len(parts))
        return Transition(then=parts, split=(Split.DUPLICATES, len(parts)))

    def _settle_rejected(self, answered: Answered) -> Transition:
        """Settle a batch all of which a rejection is about."""
        batch, error = answered.batch, answered.error
        first = batch.inputs[0]
        key = first.identity if isinstance(first, NamedInput) else first.key
        values = [*first.properties.values(), *(() if key is None else key[1:])]
        reason = f"{error.category}: {general(error.message, values)}"
        next_parts = self.settlement.searches.record_rejected(batch, reason)
        out = attrs.evolve(batch, rejected_alone=True)
        done = self.settlement.rejected(out, error, answered.moment)
        return self._go_on(done, next_parts, answered)

    def _settle_all_rejected(self, answered: Answered) -> Transition:
        """Settle a batch that is rejected for a reason which all its records share, so that no search can help."""
        settlement = self.settlement
        settlement.first.note_rejected(answered.batch.number, answered.error)
        next_parts = settlement.searches.part_ended(answered.batch)
        done = settlement.rejected(answered.batch, answered.error, answered.moment)
        done = settlement.continue_search(done, next_parts, answered.moment)
        return attrs.evolve(done, stop=settlement.systemic(answered.moment))

    def _go_on(self, done: Transition, next_parts: SearchStep, answered: Answered) -> Transition:
        """Go on with a search. One that ended with rejections only says something of its batch, maybe of the call."""
        done = self.settlement.continue_search(done, next_parts, answered.moment)
        if not next_parts.unsearched:
            return done
        if next_parts.unsearched[0].search is PoisonSearch.REJECTED:
            self.settlement.first.note_rejected(answered.batch.number, answered.error)
        return attrs.evolve(done, stop=done.stop or self.settlement.systemic(answered.moment))

    def _may_compare(self, batch: Batch) -> bool:
        """Whether it may pay to read the object that a batch collides with: some inputs hold a unique value."""
        return (
            self.endpoint.reader is not None
            and len(batch.inputs) > 1
            and batch.comparisons < _COMPARISONS
            and any(not self.unique.isdisjoint(item.properties) for item in batch.inputs)
        )
