"""What becomes of a batch that got an answer: records are settled one by one, read on, or asked for again.

Pure but for the memory of searches. `correlation` and `paging` say what the answer means for each input.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import frozen

from hubbatch._batches.batch import Batch, PoisonSearch
from hubbatch._batches.correlation import Correlation, correlate
from hubbatch._batches.nothing_found import with_empty_results
from hubbatch._batches.paging import PagesRead, follow_pages, in_requests
from hubbatch._batches.poison_search import SearchStep
from hubbatch._batches.problems import general
from hubbatch._batches.settlement import Settlement, settle_apart
from hubbatch._batches.transition import Answered, SettledInputs, Transition
from hubbatch.endpoints import Endpoint, ResultShape
from hubbatch.models import BatchResponse, BatchStatus, ObjectResult, RecordStatus

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
        correlation = correlate(self.endpoint, batch.inputs, response, settlement.spelling)
        paged = follow_pages(self.endpoint, batch.inputs, correlation, batch.pages, self.largest)
        correlation = self._proven(answered, paged.correlation)
        if not correlation.errors and not paged.pages:
            succeeded = SettledInputs(
                batch.inputs, RecordStatus.SUCCEEDED, batch.attempts, correlation.results
            )
            next_parts = settlement.searches.part_accepted(batch)
            return settlement.continue_search(
                Transition([succeeded], response=response), next_parts
            )
        statuses = self._statuses(answered, correlation)
        searched = self._searched(answered, correlation)
        doubtful = [] if searched else self._doubtful(answered, statuses)
        if correlation.nameless and (searched or doubtful):
            # They are asked for again, in smaller batches.
            named = [error for error in correlation.errors if error.indexes]
            correlation = attrs.evolve(correlation, errors=named)
        left = {*searched, *doubtful, *paged.pages}
        done = settle_apart(batch, correlation, statuses, left, response)
        next_parts = self._next_parts(batch, correlation, statuses, searched, doubtful)
        done = settlement.continue_search(done, next_parts, answered.moment)
        error = correlation.nameless or correlation.causes[0]
        if next_parts.unsearched and error is not None:
            settlement.first.note_rejected(batch.number, error)
        if len(left) < len(batch.inputs):
            settlement.note_rejected_one_by_one(batch, correlation)
        if paged.pages:
            pages = {batch.inputs[at].index: page for at, page in paged.pages.items()}
            done = done.and_then(*self._read_on(batch, [*paged.pages], pages))
        if doubtful:
            parts = self._asked_again(batch, correlation, doubtful)
            done = done.and_then(*settlement.after_pause(parts, answered.moment))
        return attrs.evolve(done, stop=settlement.systemic(answered.moment))

    def _proven(self, answered: Answered, correlation: Correlation) -> Correlation:
        """Return the results without what a doubt makes worthless: that an object was there already.

        An earlier try whose answer was lost may have created it.
        """
        if answered.before is not RecordStatus.UNKNOWN or not self.endpoint.writes:
            return correlation
        results = [
            attrs.evolve(result, new=None)
            if isinstance(result, ObjectResult) and result.new is False
            else result
            for result in correlation.results
        ]
        return attrs.evolve(correlation, results=results)

    def _statuses(self, answered: Answered, correlation: Correlation) -> Sequence[RecordStatus]:
        """Return what is proven of each input.

        After a doubt a rejection does not prove that nothing was written: the first try may have done it.
        """
        if answered.before is not RecordStatus.UNKNOWN or not self.endpoint.writes:
            return correlation.statuses
        return [
            RecordStatus.UNKNOWN if status is RecordStatus.FAILED else status
            for status in correlation.statuses
        ]

    def _searched(self, answered: Answered, correlation: Correlation) -> list[int]:
        """Return the positions of inputs that an answer leaves out, with an error that may be about any of them.

        They are searched as a rejected batch is, for those that succeed without the others: what is left out stays in
        doubt, for the errors do not say whose they are, and a later rejection proves nothing of this answer.
        """
        response = answered.diagnosis.response
        if (
            correlation.nameless is None
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
            for position, status in enumerate(correlation.statuses)
            if status is RecordStatus.UNKNOWN
        ]
        return left_out if len(left_out) > 1 else []

    def _next_parts(
        self,
        batch: Batch,
        correlation: Correlation,
        statuses: Sequence[RecordStatus],
        searched: Sequence[int],
        doubtful: Sequence[int],
    ) -> SearchStep:
        """Tell the searches what an answer means to them; return what goes on."""
        searches = self.settlement.searches
        before = SearchStep()
        if searched:
            if RecordStatus.SUCCEEDED in statuses:
                before = searches.part_accepted(batch)
                batch = attrs.evolve(batch, search=PoisonSearch.NONE)
            error = correlation.causes[searched[0]]
            left_out = batch.part([batch.inputs[at] for at in searched], last_error=error)
            parts = left_out.halves(rounds=batch.rounds + 1)
            return before.joined(searches.part_split(left_out, parts, PoisonSearch.REJECTED))
        if len(doubtful) == len(batch.inputs):
            return searches.part_ended(batch)
        cause = correlation.causes[0]
        if batch.search is PoisonSearch.REJECTED and len(batch.inputs) == 1 and cause is not None:
            return searches.record_rejected(batch, f"{cause.category}: {general(cause.message)}")
        return searches.part_accepted(batch)

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
        self, batch: Batch, correlation: Correlation, positions: Sequence[int]
    ) -> list[Batch]:
        inputs = [batch.inputs[position] for position in positions]
        rejections = {
            batch.inputs[position].index: cause
            for position in positions
            if correlation.statuses[position] is RecordStatus.FAILED
            and (cause := correlation.causes[position]) is not None
        }
        part = batch.part(inputs, rejections=rejections, search=PoisonSearch.NONE, delayed=False)
        return self.settlement.doubts.parts(part, inputs)

    def _read_on(
        self, batch: Batch, positions: Sequence[int], pages: dict[int, PagesRead]
    ) -> list[Batch]:
        """Return the inputs of a batch that go on, from where they do, in requests that are not too large."""
        inputs = [batch.inputs[position] for position in positions]
        return [
            batch.part(part, pages=pages, search=PoisonSearch.NONE, delayed=False, rounds=0)
            for part in in_requests(self.endpoint, inputs, pages, self.largest)
        ]
