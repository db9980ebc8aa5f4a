"""The life of a batch: its states, and what every answer makes of it. What changes a batch is told here.

Theory of operation
===================

A batch is a frozen value. It stands in one of three stages, and each request it makes ends in one answer:

                  split, retry, hold                     nothing found yet, unreadable
                    +-------+                                  +-------+
                    v       |                                  v       |
    composed ---> SEND -----+--- in doubt, and told apart ---> LOOK_UP +
                  ^  |      ^    by a unique value             |   |
                  |  |      +----------- not there ------------+   |
                  |  +-- conflict with an object --> COMPARE       |
                  |  |                                   |         |
                  +--|---------- in two parts -----------+         |
                     v                                             v
                  settled: SUCCEEDED, FAILED or UNKNOWN <----------+

What is known of its records is `Batch.status`: UNSENT until a byte of a request has left; then UNKNOWN until an answer
proves more; FAILED once it is proven that nothing was written. A doubt is never taken back by a later refusal: the lost
try may have been the one that wrote. It is settled by looking only.

A symptom (`_protocol.symptoms`) and the batch's earlier tries make a decision (`decision`), and stage and action make
a transition: the table in `BatchMachine._table`. A transition is a value too: records to settle, batches that go on,
what stops the run. The shell performs it and does not ask what an answer means. Between the parts of one batch
`searches` keeps the order.

Whatever breaks a batch off (cancellation, no token, a bug) is `broken_off`: it settles what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from hubbatch._batches.batch import Batch, Search, Stage
from hubbatch._batches.conflict import read_body, unique_names
from hubbatch._batches.correlation import correlate
from hubbatch._batches.decision import AGAIN, Decision, decide
from hubbatch._batches.doubt import Doubts
from hubbatch._batches.looking_up import LookUp
from hubbatch._batches.rejection import Rejection
from hubbatch._batches.settlement import Settlement, settle_apart
from hubbatch._batches.transition import Answered, Moment, Settled, Split, Transition
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import Request
from hubbatch._protocol.operations import READ, Operation
from hubbatch._protocol.symptoms import Action, Proof, Symptom
from hubbatch._records.call import Call
from hubbatch._records.envelope import Envelope
from hubbatch.models import NO_ANSWER, BatchError, BatchResponse, RecordStatus
from hubbatch.policies import RetryPolicy

__all__ = ["BatchMachine"]


class BatchMachine:
    """Decides about the batches of one run."""

    def __init__(self, call: Call, policy: RetryPolicy, envelope: Envelope) -> None:
        self._call = call
        self._policy = policy
        self._envelope = envelope
        self._doubts = Doubts(
            call.operation,
            call.unique_property,
            most_rounds=policy.max_attempts,
            spelling=call.spelling,
        )
        self._settlement = Settlement(call.operation, policy, self._doubts, call.spelling)
        self._searches = self._settlement.searches
        self._unique = unique_names(call.id_property, call.unique_property)
        self._rejection = Rejection(call.operation, call.spelling, self._unique, self._settlement)
        self._transitions = self._table(LookUp(self._settlement))

    def _table(
        self, look_up: LookUp
    ) -> Mapping[tuple[Stage, Action], Callable[[Answered], Transition]]:
        """Return what every action makes of a batch in every stage. Beside it nothing changes a batch."""
        return {
            (Stage.SEND, Action.ACCEPT): self._accept,
            (Stage.SEND, Action.RETRY): self._again,
            (Stage.SEND, Action.HOLD): self._again,
            (Stage.SEND, Action.REFRESH): self._again,
            (Stage.SEND, Action.HALVE): self._halve,
            (Stage.SEND, Action.TAKE_APART): self._take_apart,
            (Stage.SEND, Action.ISOLATE): self._rejection.reject,
            (Stage.SEND, Action.GIVE_UP): self._give_up,
            (Stage.SEND, Action.STOP): self._stop,
            # What a comparison fails with makes no difference: the batch is bisected without it.
            **{(Stage.COMPARE, action): self._rejection.compared for action in Action},
            (Stage.LOOK_UP, Action.ACCEPT): look_up.conclude,
            (Stage.LOOK_UP, Action.RETRY): self._again,
            (Stage.LOOK_UP, Action.HOLD): self._again,
            (Stage.LOOK_UP, Action.REFRESH): self._again,
            (Stage.LOOK_UP, Action.HALVE): look_up.refused,
            (Stage.LOOK_UP, Action.ISOLATE): look_up.refused,
            (Stage.LOOK_UP, Action.TAKE_APART): look_up.failed,
            (Stage.LOOK_UP, Action.GIVE_UP): look_up.failed,
            (Stage.LOOK_UP, Action.STOP): look_up.failed,
        }

    # What goes out

    def request(self, batch: Batch) -> tuple[Operation, Request]:
        """Return the request that a batch makes next, and the operation that it is."""
        call = self._call
        match batch.stage:
            case Stage.SEND:
                body = self._envelope.wrap(batch.inputs)
                repeatable = call.operation.idempotent
                return call.operation, Request(call.path, body, call.query, repeatable=repeatable)
            case Stage.COMPARE:
                body = read_body(batch.collides_with or "", self._unique)
            case Stage.LOOK_UP:
                body = self._doubts.body(batch.inputs)
        return READ, Request(call.read_path, body)

    def spares_probes(self, *, any_success: bool) -> bool:
        """Whether a broken service is probed with one record only.

        What a probe leaves in doubt for good had better be one record than a hundred; and where others have succeeded
        the one on which the service fails had better be alone.
        """
        settles = self._call.operation.idempotent or self._call.unique_property
        return any_success or not settles

    def is_several(self, batch: Batch) -> bool:
        """Whether the next request of a batch writes, or reads, more than one record."""
        return batch.stage is Stage.SEND and len(batch.inputs) > 1

    def for_a_probe(self, batch: Batch) -> Transition:
        """Return a batch in two parts: one record, and the others."""
        self._searches.replaced(batch, 2)
        parts = [
            batch.part(inputs, history=batch.history, slow=False)
            for inputs in (batch.inputs[:1], batch.inputs[1:])
        ]
        return Transition(then=parts, split=(Split.PROBE, 2))

    # What comes back

    def answered(
        self, batch: Batch, diagnosis: Diagnosis, moment: Moment, before: RecordStatus
    ) -> Transition:
        """Return what an answer makes of a batch. `before`: what its records were before the request."""
        batch, decision = self._decide(batch, diagnosis, moment)
        if batch.stage is Stage.SEND:
            writes = self._call.operation.writes
            batch = attrs.evolve(
                batch,
                status=_status_after(before, diagnosis.proof, writes=writes),
                refusal=diagnosis.error,
                refused_alone=len(batch.inputs) == 1,
            )
        action = decision.action
        if action in AGAIN and not moment.may_wait(decision.wait):
            action = Action.GIVE_UP
        answered = Answered(batch, diagnosis, decision, moment, before)
        done = self._transitions[batch.stage, action](answered)
        if decision.action is Action.HOLD:
            return attrs.evolve(done, hold=decision.wait)
        if decision.action is Action.REFRESH:
            return attrs.evolve(done, renews_token=True)
        return done

    def _decide(self, batch: Batch, diagnosis: Diagnosis, moment: Moment) -> tuple[Batch, Decision]:
        """Decide what to do after one more try, and note the try.

        While the service is broken a failure says nothing about a batch, unless the batch is suspected of causing it.
        """
        excused = moment.breaker_open and not batch.is_suspect
        operation = self._call.operation if batch.stage is Stage.SEND else READ
        decision = decide(
            operation,
            diagnosis,
            history={} if excused else batch.history,
            policy=self._policy,
            chance=moment.chance(),
            suspect=batch.is_suspect,
            in_vain=moment.in_vain,
            longest_wait=moment.longest_wait,
            today=moment.today,
        )
        if not excused:
            tries = batch.history.get(diagnosis.symptom, 0) + 1
            batch = attrs.evolve(batch, history={**batch.history, diagnosis.symptom: tries})
        return batch, decision

    def broken_off(self, batch: Batch, why: str) -> Transition:
        """Settle a batch whose sending was broken off, by what is known of it."""
        last = batch.refusal
        if last is None:
            error = BatchError(NO_ANSWER, why, transient=True)
        elif batch.status is RecordStatus.UNKNOWN:
            why = f"{why}; the last answer was {last.category}: {last.message}"
            error = BatchError(NO_ANSWER, why, transient=True)
        else:
            error = last
        done = self._settlement.as_known(batch, error)
        return self._settlement.goes_on(done, self._searches.ended(batch))

    def waiting(self) -> Iterator[Batch]:
        """Return the batches that are not under way, but to be sent once others have been answered."""
        return self._searches.waiting()

    def withdraw(self) -> list[Batch]:
        """Give all searches up; return the batches that were not under way."""
        return self._searches.withdraw()

    # Sending

    def _accept(self, answered: Answered) -> Transition:
        """Settle a batch by the answer to it, but for inputs in doubt of which more can be found out."""
        batch, response = answered.batch, answered.diagnosis.response or BatchResponse()
        told = correlate(self._call.operation, batch.inputs, response, self._call.spelling)
        if not told.errors:
            succeeded = Settled(batch.inputs, RecordStatus.SUCCEEDED, batch.attempts, told.results)
            freed = self._searches.accepted(batch)
            return self._settlement.goes_on(Transition([succeeded], response=response), freed)
        # After a doubt a refusal does not prove that nothing was written: the first try may have done it.
        doubtful = answered.before is RecordStatus.UNKNOWN and self._call.operation.writes
        statuses = [
            RecordStatus.UNKNOWN if doubtful and status is RecordStatus.FAILED else status
            for status in told.statuses
        ]
        left = [
            position
            for position, status in enumerate(statuses)
            if status is RecordStatus.UNKNOWN
            and answered.moment.may_wait(0.0)
            and self._doubts.resolvable(batch, batch.inputs[position], answered=True)
        ]
        done = settle_apart(batch, told, statuses, set(left), response)
        if len(left) == len(batch.inputs):
            done = self._settlement.goes_on(done, self._searches.ended(batch))
        else:
            done = self._settlement.goes_on(done, self._searches.accepted(batch))
            self._settlement.note_one_by_one(batch, told)
        refused = {
            batch.inputs[position].index: cause
            for position in left
            if told.statuses[position] is RecordStatus.FAILED
            and (cause := told.causes[position]) is not None
        }
        if left:
            inputs = [batch.inputs[position] for position in left]
            doubtful_part = batch.part(inputs, refused=refused, search=Search.NONE, slow=False)
            parts = self._doubts.parts(doubtful_part, inputs)
            done = done.and_then(*self._settlement.after_a_pause(parts, answered.moment))
        return attrs.evolve(done, stop=self._settlement.systemic(answered.moment))

    def _again(self, answered: Answered) -> Transition:
        batch, freed = self._searches.waits(answered.batch)
        batch = attrs.evolve(batch, resumes_at=answered.moment.now + answered.decision.wait)
        return self._settlement.goes_on(
            Transition(then=[batch], again=True), freed, answered.moment
        )

    def _halve(self, answered: Answered) -> Transition:
        batch = answered.batch
        if len(batch.inputs) == 1:
            return self._give_up(answered)
        self._searches.replaced(batch, 2)
        return Transition(then=batch.halves(slow=False), split=(Split.HALVING, 2))

    def _take_apart(self, answered: Answered) -> Transition:
        """Take a batch apart that may hold what the service fails on, as long as others succeed."""
        batch, moment, searches = answered.batch, answered.moment, self._searches
        searches.failed(batch)
        # A firewall dislikes what it reads, also where nothing has succeeded yet.
        forbidden = answered.diagnosis.symptom is Symptom.FRONT_FORBIDDEN
        hope = (moment.any_success or forbidden) and not searches.is_vain(batch)
        if hope and len(batch.inputs) > 1 and moment.may_wait(0.0):
            # While the service seems to be broken, a record on which it fails must not stand in others' way.
            parts, behind = batch.halves(), moment.breaker_open
            freed = searches.split(batch, parts, Search.FAILING, behind=behind)
            split = Transition(split=(Split.BISECTION, len(parts)))
            return self._settlement.goes_on(split, freed, moment)
        return self._give_up(answered)

    def _give_up(self, answered: Answered) -> Transition:
        """Settle a batch by what is known of it; go on with what can still be found out about it."""
        freed = self._searches.ended(answered.batch)
        batch = attrs.evolve(answered.batch, search=Search.NONE, slow=False)
        done = self._settlement.as_known(batch, answered.error, answered.moment)
        return self._settlement.goes_on(done, freed, answered.moment)

    def _stop(self, answered: Answered) -> Transition:
        done = self._settlement.as_known(answered.batch, answered.error)
        return attrs.evolve(done, stop=answered.decision.exception)


def _status_after(before: RecordStatus, proof: Proof, *, writes: bool) -> RecordStatus:
    """Return what a batch's records are after one more answer: a doubt about a write is never taken back."""
    if proof is Proof.NOT_SENT or (writes and before is RecordStatus.UNKNOWN):
        return before
    return RecordStatus.FAILED if proof is Proof.NOT_WRITTEN else RecordStatus.UNKNOWN
