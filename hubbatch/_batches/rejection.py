"""What becomes of a batch that HubSpot refuses as a whole: those at fault are found, and the others sent again.

Pure but for the memory of searches. By what the answer names, by the object that a conflict names, or by bisection.
"""

from __future__ import annotations

import attrs
from attrs import frozen

from hubbatch._batches.batch import Batch, Search, Stage
from hubbatch._batches.blame import blame, halves
from hubbatch._batches.conflict import existing_id, suspects_of
from hubbatch._batches.faults import general, is_about_duplicates, is_systemic
from hubbatch._batches.searches import Freed
from hubbatch._batches.settlement import Settlement
from hubbatch._batches.transition import Answered, Split, Transition
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import Proof, Symptom
from hubbatch._records.planning import Input
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
        suspects = suspects_of(batch.inputs, response, self.unique, self.spelling)
        rest = [item for item in batch.inputs if item not in suspects]
        again = batch.part(batch.inputs, stage=Stage.SEND)
        if suspects and rest:
            self.settlement.searches.replaced(batch, 2)
            parts = [again.part(part, slow=False) for part in (rest, suspects)]
            return Transition(then=parts, split=(Split.CONFLICT, 2))
        refusal = batch.refusal or answered.error
        return self._isolate(
            attrs.evolve(
                answered,
                batch=attrs.evolve(again, comparisons=_COMPARISONS),
                diagnosis=Diagnosis(Symptom.REJECTED, error=refusal, proof=Proof.NOT_WRITTEN),
            )
        )

    def _isolate(self, answered: Answered) -> Transition:
        batch, error = answered.batch, answered.error
        if is_systemic(error):
            return self._refuse_all(answered)
        found = blame(self.endpoint, batch.inputs, error, self.spelling)
        all_named = len(found.named) == len(batch.inputs)
        if all_named and found.by_property and batch.whole:
            return self._refuse_all(answered)
        # A read that finds nothing at all need not say what.
        none_there = error.category == OBJECT_NOT_FOUND and not self.endpoint.writes
        several = len(batch.inputs) > 1
        if several and all_named and is_about_duplicates(error):
            return self._part(answered, found.named)
        if not several or all_named or (none_there and not found.named):
            return self._refuse(answered)
        if found.named and is_about_duplicates(error):
            return self._part(answered, found.named)
        if found.named:
            return self._take_out(answered, found.named)
        parts = [batch.part(inputs) for inputs in halves(batch.inputs, found.suspects)]
        freed = self.settlement.searches.split(batch, parts, Search.REFUSED)
        return self._go_on(Transition(split=(Split.BISECTION, len(parts))), freed, answered)

    def _take_out(self, answered: Answered, named: frozenset[int]) -> Transition:
        """Settle the inputs that a rejection names, and send the others again."""
        batch = answered.batch
        refused: list[Input] = []
        rest: list[Input] = []
        for position, item in enumerate(batch.inputs):
            (refused if position in named else rest).append(item)
        out = batch.part(refused, refused_alone=True)
        done = self.settlement.refused(out, answered.error, answered.moment)
        return done.and_then(batch.part(rest))

    def _part(self, answered: Answered, named: frozenset[int]) -> Transition:
        """Send inputs apart that name one object in two ways, as the service found: alone each may be well."""
        batch = answered.batch
        rest = [item for position, item in enumerate(batch.inputs) if position not in named]
        alone = [[batch.inputs[position]] for position in sorted(named)]
        parts = [batch.part(inputs, slow=False) for inputs in ([rest] if rest else []) + alone]
        self.settlement.searches.replaced(batch, len(parts))
        return Transition(then=parts, split=(Split.DUPLICATES, len(parts)))

    def _refuse(self, answered: Answered) -> Transition:
        """Settle a batch all of which a rejection is about."""
        batch, error = answered.batch, answered.error
        first = batch.inputs[0]
        values = [*first.properties.values(), *(() if first.key is None else first.key[1:])]
        reason = f"{error.category}: {general(error.message, values)}"
        freed = self.settlement.searches.refused_alone(batch, reason)
        out = attrs.evolve(batch, refused_alone=True)
        done = self.settlement.refused(out, error, answered.moment)
        return self._go_on(done, freed, answered)

    def _refuse_all(self, answered: Answered) -> Transition:
        """Settle a batch that is refused for a reason which its records share and which no searching can part."""
        settlement = self.settlement
        settlement.first.refused(answered.batch.number, answered.error)
        freed = settlement.searches.ended(answered.batch)
        done = settlement.refused(answered.batch, answered.error, answered.moment)
        done = settlement.goes_on(done, freed, answered.moment)
        return attrs.evolve(done, stop=settlement.systemic(answered.moment))

    def _go_on(self, done: Transition, freed: Freed, answered: Answered) -> Transition:
        """Add what goes on in a search; one that refusals have ended speaks of its whole batch, maybe of the call."""
        done = self.settlement.goes_on(done, freed, answered.moment)
        if not freed.unsearched:
            return done
        if freed.unsearched[0].search is Search.REFUSED:
            self.settlement.first.refused(answered.batch.number, answered.error)
        return attrs.evolve(done, stop=done.stop or self.settlement.systemic(answered.moment))

    def _may_compare(self, batch: Batch) -> bool:
        """Whether it may pay to read the object that a batch collides with: some inputs hold a unique value."""
        return (
            self.endpoint.reader is not None
            and len(batch.inputs) > 1
            and batch.comparisons < _COMPARISONS
            and any(not self.unique.isdisjoint(item.properties) for item in batch.inputs)
        )
