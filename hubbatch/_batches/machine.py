"""The life of a batch: its states, and what every answer makes of it. All that changes a batch starts here.

Theory of operation
===================

A batch is a frozen value. It stands in one of three stages, and each request it makes ends in one answer:

                  split, retry, hold                     nothing found yet, unreadable
                    +-------+                                  +-------+
                    v       |                                  v       |
    composed ---> SEND -----+--- in doubt, and identified ---> LOOK_UP +
                  ^  |      ^    by a unique value             |   |
                  |  |      +----------- not there ------------+   |
                  |  +-- conflict with an object --> COMPARE       |
                  |  |                                   |         |
                  +--|---------- in two parts -----------+         |
                     v                                             v
                  settled: SUCCEEDED, FAILED or UNKNOWN <----------+

A batch that another process of its load may have sent begins its life in doubt: it is looked up first, or sent again
where to do it twice is to do it once.

What is known of its records is `Batch.status`: UNSENT until a byte of a request has left; then UNKNOWN until an answer
proves more; FAILED once it is proven that nothing was written. A later rejection never
ends a doubt: the lost try may have been the one that wrote. Only a look-up ends it.

A symptom (`_protocol.symptoms`) and the batch's earlier tries make a decision (`decision`), and stage and action make
a transition: the table in `BatchMachine._table`. A transition is a value too: records to settle, batches that go on,
what stops the run. The shell performs it and does not ask what an answer means. Between the parts of one batch
`poison_search` keeps the order.

Whatever breaks a batch off (cancellation, no token, a bug) is `broken_off`: it settles what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from hubbatch._batches.acceptance import Acceptance
from hubbatch._batches.batch import Batch, PoisonSearch, Stage
from hubbatch._batches.conflict import read_body, unique_names
from hubbatch._batches.decision import AGAIN, Decision, decide
from hubbatch._batches.doubt import Doubts
from hubbatch._batches.look_up import LookUp
from hubbatch._batches.paging import bodies_of
from hubbatch._batches.rejection import Rejection
from hubbatch._batches.settlement import Settlement
from hubbatch._batches.transition import Answered, Moment, Split, Transition
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import Request
from hubbatch._protocol.symptoms import Action, Proof, Symptom
from hubbatch._records.call import Call
from hubbatch._records.request_body import RequestBody
from hubbatch.endpoints import Endpoint
from hubbatch.models import NO_ANSWER, BatchError, RecordStatus
from hubbatch.policies import RetryPolicy

__all__ = ["BatchMachine"]


class BatchMachine:
    """Decides about the batches of one run."""

    def __init__(self, call: Call, policy: RetryPolicy, request_body: RequestBody) -> None:
        self._call = call
        self._policy = policy
        self._request_body = request_body
        self._reader = call.endpoint.reader or call.endpoint
        """What looks records up, where there is anything to look up."""
        self._doubts = Doubts(
            call.endpoint,
            call.unique_property,
            most_rounds=policy.max_attempts,
            spelling=call.spelling,
        )
        self._settlement = Settlement(call.endpoint, policy, self._doubts, call.spelling)
        self._searches = self._settlement.searches
        self._unique = unique_names(call.id_property, call.unique_property)
        self._rejection = Rejection(call.endpoint, call.spelling, self._unique, self._settlement)
        self._transitions = self._table(
            Acceptance(call.endpoint, self._settlement, call.max_batch_bytes - len(request_body)),
            LookUp(self._settlement),
        )

    def _table(
        self, acceptance: Acceptance, look_up: LookUp
    ) -> Mapping[tuple[Stage, Action], Callable[[Answered], Transition]]:
        """Return what every action makes of a batch in every stage. Beside it nothing changes a batch."""
        return {
            (Stage.SEND, Action.ACCEPT): acceptance.accept,
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
            (Stage.LOOK_UP, Action.HALVE): look_up.rejected,
            (Stage.LOOK_UP, Action.ISOLATE): look_up.rejected,
            (Stage.LOOK_UP, Action.TAKE_APART): look_up.failed,
            (Stage.LOOK_UP, Action.GIVE_UP): look_up.failed,
            (Stage.LOOK_UP, Action.STOP): look_up.failed,
        }

    # What goes out

    def begun_in_doubt(self, batch: Batch, since: tuple[float, float]) -> Batch:
        """Return a new batch as one that another process may have sent, when by the loop's and the wall's clock."""
        doubtful = attrs.evolve(batch, status=RecordStatus.UNKNOWN, attempts=1, first_sent_at=since)
        return self._doubts.first_step(doubtful)

    def endpoint(self, batch: Batch) -> Endpoint:
        """Return the endpoint that the next request of a batch goes to; a batch without inputs is to be sent."""
        return self._call.endpoint if batch.stage is Stage.SEND else self._reader

    def request(self, batch: Batch) -> Request:
        """Return the request that a batch makes next, of its endpoint."""
        call = self._call
        match batch.stage:
            case Stage.SEND:
                return self._batch_request(batch)
            case Stage.COMPARE:
                body = read_body(batch.collides_with or "", self._unique)
            case Stage.LOOK_UP:
                body = self._doubts.body(batch.inputs)
        return Request(call.read_path or "", body, method=self._reader.method)

    def _batch_request(self, batch: Batch) -> Request:
        call, endpoint = self._call, self._call.endpoint
        if batch.pages:
            bodies = bodies_of(endpoint, batch.inputs, batch.pages)
            body = self._request_body.wrap_bodies(bodies)
        else:
            body = self._request_body.wrap(batch.inputs)
        if endpoint.method == "GET":
            body = b""
        return Request(
            call.path, body, call.query, repeatable=endpoint.idempotent, method=endpoint.method
        )

    def probes_with_one_record(self, *, any_success: bool) -> bool:
        """Whether a broken service is probed with one record only.

        What a probe leaves in doubt for good had better be one record than a hundred; and where others have succeeded
        the one on which the service fails had better be alone.
        """
        settles = self._call.endpoint.idempotent or self._call.unique_property
        return any_success or not settles

    def is_several(self, batch: Batch) -> bool:
        """Whether the next request of a batch writes, or reads, more than one record."""
        return batch.stage is Stage.SEND and len(batch.inputs) > 1

    def split_for_probe(self, batch: Batch) -> Transition:
        """Return a batch in two parts: one record, and the others."""
        self._searches.part_replaced(batch, 2)
        parts = [
            batch.part(inputs, history=batch.history, delayed=False)
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
            writes = self._call.endpoint.writes
            batch = attrs.evolve(
                batch,
                status=_status_after(before, diagnosis.proof, writes=writes),
                last_error=diagnosis.error,
                rejected_alone=len(batch.inputs) == 1,
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

        While the service is broken, a failure counts against a batch only if it is part of a poison search.
        """
        not_counted = moment.breaker_open and not batch.in_poison_search
        endpoint = self._call.endpoint if batch.stage is Stage.SEND else self._reader
        decision = decide(
            endpoint,
            diagnosis,
            history={} if not_counted else batch.history,
            policy=self._policy,
            chance=moment.chance(),
            in_poison_search=batch.in_poison_search,
            without_success_for=moment.without_success_for,
            longest_wait=moment.longest_wait,
            today=moment.today,
        )
        if not not_counted:
            batch = batch.tried(diagnosis.symptom)
        return batch, decision

    def broken_off(self, batch: Batch, why: str) -> Transition:
        """Settle a batch whose sending was broken off, by what is known of it."""
        last = batch.last_error
        if last is None:
            error = BatchError(NO_ANSWER, why, transient=True)
        elif batch.status is RecordStatus.UNKNOWN:
            why = f"{why}; the last answer was {last.category}: {last.message}"
            error = BatchError(NO_ANSWER, why, transient=True)
        else:
            error = last
        done = self._settlement.as_known(batch, error)
        return self._settlement.continue_search(done, self._searches.part_ended(batch))

    def waiting(self) -> Iterator[Batch]:
        """Return the batches that are not under way, but to be sent once others have been answered."""
        return self._searches.waiting()

    def withdraw(self) -> list[Batch]:
        """Give all searches up; return the batches that were not under way."""
        return self._searches.abandon()

    # Sending

    def _again(self, answered: Answered) -> Transition:
        batch, next_parts = self._searches.part_delayed(answered.batch)
        batch = attrs.evolve(batch, resumes_at=answered.moment.now + answered.decision.wait)
        return self._settlement.continue_search(
            Transition(then=[batch], again=True), next_parts, answered.moment
        )

    def _halve(self, answered: Answered) -> Transition:
        batch = answered.batch
        if len(batch.inputs) == 1:
            return self._give_up(answered)
        self._searches.part_replaced(batch, 2)
        return Transition(then=batch.halves(delayed=False), split=(Split.HALVING, 2))

    def _take_apart(self, answered: Answered) -> Transition:
        """Take a batch apart that may hold what the service fails on, as long as others succeed."""
        batch, moment, searches = answered.batch, answered.moment, self._searches
        searches.part_failed(batch)
        # A firewall dislikes what it reads, also where nothing has succeeded yet.
        forbidden = answered.diagnosis.symptom is Symptom.FRONT_FORBIDDEN
        hope = (moment.any_success or forbidden) and not searches.is_hopeless(batch)
        if hope and len(batch.inputs) > 1 and moment.may_wait(0.0):
            # While the service seems to be broken, a record on which it fails must not stand in others' way.
            parts, behind = batch.halves(), moment.breaker_open
            next_parts = searches.part_split(batch, parts, PoisonSearch.FAILING, behind=behind)
            split = Transition(split=(Split.BISECTION, len(parts)))
            return self._settlement.continue_search(split, next_parts, moment)
        return self._give_up(answered)

    def _give_up(self, answered: Answered) -> Transition:
        """Settle a batch by what is known of it; go on with what can still be found out about it."""
        next_parts = self._searches.part_ended(answered.batch)
        batch = attrs.evolve(answered.batch, search=PoisonSearch.NONE, delayed=False)
        done = self._settlement.as_known(batch, answered.error, answered.moment)
        return self._settlement.continue_search(done, next_parts, answered.moment)

    def _stop(self, answered: Answered) -> Transition:
        done = self._settlement.as_known(answered.batch, answered.error)
        return attrs.evolve(done, stop=answered.decision.exception)


def _status_after(before: RecordStatus, proof: Proof, *, writes: bool) -> RecordStatus:
    """Return what a batch's records are after one more answer: a doubt about a write is never taken back."""
    if proof is Proof.NOT_SENT or (writes and before is RecordStatus.UNKNOWN):
        return before
    return RecordStatus.FAILED if proof is Proof.NOT_WRITTEN else RecordStatus.UNKNOWN
