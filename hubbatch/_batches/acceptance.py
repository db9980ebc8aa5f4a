"""What becomes of a batch that got an answer: records are settled one by one, read on, or asked for again.

Pure but for the memory of searches. What the answer says of each input is told by `correlation` and `paging`.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import frozen

from hubbatch._batches.batch import Batch, Search
from hubbatch._batches.correlation import Correlation, correlate
from hubbatch._batches.faults import general
from hubbatch._batches.nothing_found import with_empty_results
from hubbatch._batches.paging import Page, follow_pages, in_requests
from hubbatch._batches.searches import Freed
from hubbatch._batches.settlement import Settlement, settle_apart
from hubbatch._batches.transition import Answered, Settled, Transition
from hubbatch.endpoints import Endpoint, ResultShape
from hubbatch.models import BatchResponse, BatchStatus, RecordStatus

__all__ = ["Acceptance"]


@frozen(eq=False)
class Acceptance:
    """Settles the answered batches of one run."""

    endpoint: Endpoint
    settlement: Settlement
    largest: int
    """Bytes of the inputs of one request, at most."""

    def accept(self, answered: Answered) -> Transition:
        """Settle a batch by the answer to it, but for inputs that go on, or in doubt of which more can be found out."""
        settlement = self.settlement
        batch, response = answered.batch, answered.diagnosis.response or BatchResponse()
        response = with_empty_results(self.endpoint, batch.inputs, response)
        told = correlate(self.endpoint, batch.inputs, response, settlement.spelling)
        paged = follow_pages(self.endpoint, batch.inputs, told, batch.pages, self.largest)
        told = paged.told
        if not told.errors and not paged.pages:
            succeeded = Settled(batch.inputs, RecordStatus.SUCCEEDED, batch.attempts, told.results)
            freed = settlement.searches.accepted(batch)
            return settlement.goes_on(Transition([succeeded], response=response), freed)
        statuses = self._statuses(answered, told)
        searched = self._searched(answered, told)
        doubtful = [] if searched else self._doubtful(answered, statuses)
        if told.nameless and (searched or doubtful):  # they are asked for again, in smaller company
            named = [error for error in told.errors if error.indexes]
            told = attrs.evolve(told, errors=named)
        left = {*searched, *doubtful, *paged.pages}
        done = settle_apart(batch, told, statuses, left, response)
        freed = self._freed(batch, told, statuses, searched, doubtful)
        done = settlement.goes_on(done, freed, answered.moment)
        error = told.nameless or told.causes[0]
        if freed.unsearched and error is not None:
            settlement.first.refused(batch.number, error)
        if len(left) < len(batch.inputs):
            settlement.note_one_by_one(batch, told)
        if paged.pages:
            pages = {batch.inputs[at].index: page for at, page in paged.pages.items()}
            done = done.and_then(*self._read_on(batch, [*paged.pages], pages))
        if doubtful:
            parts = self._asked_again(batch, told, doubtful)
            done = done.and_then(*settlement.after_a_pause(parts, answered.moment))
        return attrs.evolve(done, stop=settlement.systemic(answered.moment))

    def _statuses(self, answered: Answered, told: Correlation) -> Sequence[RecordStatus]:
        """Return what is proven of each input.

        After a doubt a refusal does not prove that nothing was written: the first try may have done it.
        """
        if answered.before is not RecordStatus.UNKNOWN or not self.endpoint.writes:
            return told.statuses
        return [
            RecordStatus.UNKNOWN if status is RecordStatus.FAILED else status
            for status in told.statuses
        ]

    def _searched(self, answered: Answered, told: Correlation) -> list[int]:
        """Return the positions of inputs that an answer leaves out, with an error that may be about any of them.

        They are searched as a refused batch is, for those that succeed without the others: what is left out stays in
        doubt, for nobody says of whom the errors are, and to be refused later proves nothing of this answer.
        """
        response = answered.diagnosis.response
        if (
            told.nameless is None
            or response is None
            or response.status is not BatchStatus.COMPLETE
            or self.endpoint.result is not ResultShape.ROW
            or not self.endpoint.idempotent
            or self.settlement.policy.max_attempts == 1
            or not answered.moment.may_wait(0.0)
        ):
            return []
        left_out = [
            position
            for position, status in enumerate(told.statuses)
            if status is RecordStatus.UNKNOWN
        ]
        return left_out if len(left_out) > 1 else []

    def _freed(
        self,
        batch: Batch,
        told: Correlation,
        statuses: Sequence[RecordStatus],
        searched: Sequence[int],
        doubtful: Sequence[int],
    ) -> Freed:
        """Tell the searches what an answer means to them; return what goes on."""
        searches = self.settlement.searches
        before = Freed()
        if searched:
            if RecordStatus.SUCCEEDED in statuses:
                before = searches.accepted(batch)
                batch = attrs.evolve(batch, search=Search.NONE)
            error = told.causes[searched[0]]
            left_out = batch.part([batch.inputs[at] for at in searched], refusal=error)
            parts = left_out.halves(rounds=batch.rounds + 1)
            return before.joined(searches.split(left_out, parts, Search.REFUSED))
        if len(doubtful) == len(batch.inputs):
            return searches.ended(batch)
        cause = told.causes[0]
        if batch.search is Search.REFUSED and len(batch.inputs) == 1 and cause is not None:
            return searches.refused_alone(batch, f"{cause.category}: {general(cause.message)}")
        return searches.accepted(batch)

    def _doubtful(self, answered: Answered, statuses: Sequence[RecordStatus]) -> list[int]:
        """Return the positions of the inputs in doubt of which more can be found out."""
        batch = answered.batch
        return [
            position
            for position, status in enumerate(statuses)
            if status is RecordStatus.UNKNOWN
            and answered.moment.may_wait(0.0)
            and self.settlement.doubts.resolvable(batch, batch.inputs[position], answered=True)
        ]

    def _asked_again(
        self, batch: Batch, told: Correlation, positions: Sequence[int]
    ) -> list[Batch]:
        inputs = [batch.inputs[position] for position in positions]
        refused = {
            batch.inputs[position].index: cause
            for position in positions
            if told.statuses[position] is RecordStatus.FAILED
            and (cause := told.causes[position]) is not None
        }
        part = batch.part(inputs, refused=refused, search=Search.NONE, slow=False)
        return self.settlement.doubts.parts(part, inputs)

    def _read_on(
        self, batch: Batch, positions: Sequence[int], pages: dict[int, Page]
    ) -> list[Batch]:
        """Return the inputs of a batch that go on, from where they do, in requests that are not too large."""
        inputs = [batch.inputs[position] for position in positions]
        return [
            batch.part(part, pages=pages, search=Search.NONE, slow=False, rounds=0)
            for part in in_requests(self.endpoint, inputs, pages, self.largest)
        ]
