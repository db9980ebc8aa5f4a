"""What records end as: by what is known of their batch, by an answer for each, or unsearched.

Pure but for the memory of searches and of the run's first batches. It makes transitions; the
state machine decides which one an answer needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
from attrs import field, frozen

from hubbatch._batches.batch import Batch, PoisonSearch
from hubbatch._batches.correlation import Correlation, indexes_of
from hubbatch._batches.doubt import Doubts, pause
from hubbatch._batches.name_strategy import is_done, names_of
from hubbatch._batches.poison_search import PoisonSearches, SearchStep
from hubbatch._batches.problems import property_problems
from hubbatch._batches.systemic import FirstBatches
from hubbatch._batches.transition import Moment, SettledInputs, Transition
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint
from hubbatch.errors import HubbatchError
from hubbatch.models import (
    NO_ANSWER,
    BatchError,
    BatchResponse,
    RecordStatus,
)
from hubbatch.policies import RetryPolicy

__all__ = ["Settlement", "settle_apart"]

_UNSEARCHED = (
    "refused together with others; the search for those at fault was ended, for none was accepted"
)


@frozen(eq=False)
class Settlement:
    """Makes the transitions that end records of one run."""

    endpoint: Endpoint
    policy: RetryPolicy
    doubts: Doubts
    spelling: Spelling
    searches: PoisonSearches = field(factory=PoisonSearches)
    first: FirstBatches = field(factory=FirstBatches)

    def as_known(self, batch: Batch, error: BatchError, moment: Moment | None = None) -> Transition:
        """Settle a batch by its status. `moment`: go on with what can still be found out about it.

        A record that was rejected only together with others may well succeed without them: its error is transient.
        """
        left = [] if moment is None else self._resolvable(batch, moment)
        rest = [item for item in batch.inputs if item not in left]
        settled, errors = [], []
        if rest:
            if batch.status is RecordStatus.FAILED and not batch.rejected_alone:
                error = attrs.evolve(error, transient=True)
            named = attrs.evolve(error, indexes=indexes_of(rest)) if batch.attempts else None
            errors = [] if named is None else [named]
            settled = [SettledInputs(rest, batch.status, batch.attempts, error=named)]
        then: Sequence[Batch] = ()
        if left and moment is not None:
            then = self.after_pause(self.doubts.parts(batch, left), moment)
        return Transition(settled, errors, then=then)

    def rejected(self, batch: Batch, error: BatchError, moment: Moment) -> Transition:
        """Settle a batch that was rejected, unless an earlier try may have written it."""
        names = names_of(self.endpoint, batch.inputs, self.spelling)
        if is_done(self.endpoint, names, error):
            return Transition([SettledInputs(batch.inputs, RecordStatus.SUCCEEDED, batch.attempts)])
        out = attrs.evolve(batch, search=PoisonSearch.NONE, delayed=False)
        return self.as_known(_as_rejected(out, error), error, moment)

    def continue_search(
        self, done: Transition, next_parts: SearchStep, moment: Moment | None = None
    ) -> Transition:
        """Add what goes on in a search, and the end of what it is given up for."""
        done = done.and_then(*next_parts.released)
        for batch in next_parts.unsearched:
            done = done.joined(self._unsearched(batch, moment))
        return done

    def after_pause(self, parts: Iterable[Batch], moment: Moment) -> list[Batch]:
        """Have parts wait before it is found out what became of them."""
        return [
            attrs.evolve(
                part,
                resumes_at=moment.now
                + pause(part, self.policy.backoff(part.tries + 1, moment.chance())),
            )
            for part in parts
        ]

    def note_rejected_one_by_one(self, batch: Batch, correlation: Correlation) -> None:
        """Note a whole batch if each of its records is rejected by name, for the same property."""
        failed = all(status is RecordStatus.FAILED for status in correlation.statuses)
        if not (failed and batch.whole):
            return
        problems = {
            () if cause is None else property_problems(cause) for cause in correlation.causes
        }
        cause = correlation.causes[0]
        if len(problems) == 1 and () not in problems and cause is not None:
            self.first.note_rejected(batch.number, cause)

    def systemic(self, moment: Moment) -> HubbatchError | None:
        """Return what stops the run if its first batches show that nothing can succeed."""
        return None if moment.any_success else self.first.exception

    def _resolvable(self, batch: Batch, moment: Moment) -> list[Input]:
        if batch.status is not RecordStatus.UNKNOWN or not moment.may_wait(0.0):
            return []
        return [
            item for item in batch.inputs if self.doubts.resolvable(batch, item, answered=False)
        ]

    def _unsearched(self, batch: Batch, moment: Moment | None) -> Transition:
        last = batch.last_error or BatchError(NO_ANSWER, "no answer came")
        if batch.search is PoisonSearch.REJECTED:
            last = attrs.evolve(last, message=f"{_UNSEARCHED} ({last.message})")
        out = attrs.evolve(batch, search=PoisonSearch.NONE, delayed=False, rejected_alone=False)
        return self.as_known(_as_rejected(out, last), last, moment)


def _as_rejected(batch: Batch, error: BatchError) -> Batch:
    """Return a batch whose records are rejected for this error, unless a look-up finds otherwise."""
    if not batch.rejected_alone:
        error = attrs.evolve(error, transient=True)
    return attrs.evolve(batch, rejections={item.index: error for item in batch.inputs})


def settle_apart(
    batch: Batch,
    correlation: Correlation,
    statuses: Sequence[RecordStatus],
    left: set[int],
    response: BatchResponse,
) -> Transition:
    """Settle the inputs of a batch one by one, but for those at the positions that are left."""
    errors = _leave_out(batch, left, correlation.errors)
    settled = [
        SettledInputs(
            [item], status, batch.attempts, [result], None if cause is None else errors[id(cause)]
        )
        for position, (item, status, result, cause) in enumerate(
            zip(batch.inputs, statuses, correlation.results, correlation.causes, strict=True)
        )
        if position not in left
    ]
    said = response if len(left) < len(batch.inputs) else None
    return Transition(settled, list(errors.values()), said)


def _leave_out(
    batch: Batch, left: set[int], errors: Sequence[BatchError]
) -> Mapping[int, BatchError]:
    """Return errors, by the `id` of the original, as far as they explain others than inputs that are not settled."""
    if not left:
        return {id(error): error for error in errors}
    open_ = set(indexes_of([batch.inputs[position] for position in left]))
    kept = {}
    for error in errors:
        indexes = tuple(index for index in error.indexes if index not in open_)
        if indexes or not error.indexes:
            kept[id(error)] = attrs.evolve(error, indexes=indexes)
    return kept
