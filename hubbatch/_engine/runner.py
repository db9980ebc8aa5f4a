"""Carries batches out: makes the request that the state machine wants, and does what follows from the answer.

The shell around the state machine: it waits, sends and performs, and does not ask what an answer means. Which batches
there are, and when a run ends, is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hubbatch._admission.gate import DeclinedError
from hubbatch._batches.batch import Batch
from hubbatch._batches.correlation import indexes_of
from hubbatch._batches.machine import BatchMachine
from hubbatch._batches.transition import Transition
from hubbatch._engine.journal_notes import Notes
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.sender import Carrier, ClientResources, RequestSender
from hubbatch._engine.settler import Settler
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import Request
from hubbatch._records.call import Call
from hubbatch._records.planning import Input
from hubbatch._records.request_body import RequestBody
from hubbatch.endpoints import Endpoint
from hubbatch.errors import HubbatchError
from hubbatch.models import RecordStatus

__all__ = ["BatchRunner"]


class BatchRunner:
    """Takes the batches of one run a step further.

    `notes` tells the journal, if there is one; `compose` returns what a new batch carries, no more than so many inputs,
    its number, and since when it is in doubt, if it is; or None if none wait; `settled` is called when records are
    closed; `fail` when the run cannot go on; `may_wait` tells whether a batch should still wait so many seconds;
    `note_sent` is given the records of which a byte may leave.
    """

    def __init__(
        self,
        call: Call,
        resources: ClientResources,
        request_body: RequestBody,
        settler: Settler,
        *,
        notes: Notes | None,
        compose: Callable[[int | None], tuple[Sequence[Input], int, float | None] | None],
        settled: Callable[[], None],
        fail: Callable[[HubbatchError], None],
        may_wait: Callable[[float], bool],
        note_sent: Callable[[Iterable[int]], None],
        reporter: RunReporter,
    ) -> None:
        self._machine = BatchMachine(call, resources.policy, request_body)
        self._notes = notes
        self._sender = RequestSender(resources, note_sent, reporter)
        self._limit_class = call.endpoint.limit_class
        self._reporter = reporter
        self._settler = settler
        self._compose = compose
        self._settled = settled
        self._fail = fail
        self._may_wait = may_wait
        self.retries = 0

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._sender.requests

    @property
    def pausing(self) -> int:
        """How many batches wait for their time to be sent again."""
        return self._sender.pausing

    @property
    def held_for(self) -> float:
        """Seconds for which the batches of this run are held from now on; infinity while that is not known."""
        return self._sender.held_for(self._limit_class)

    def waiting(self) -> Sequence[Batch]:
        """Return the batches that go on once others have been answered."""
        return list(self._machine.waiting())

    async def step(self, carrier: Carrier) -> Sequence[Batch]:
        """Take the batch of a carrier one step further; return what goes on in its place."""
        await self._sender.wait_until(carrier.batch.resumes_at)
        before, endpoint = carrier.batch.status, self._machine.endpoint(carrier.batch)
        if self._notes is not None and not carrier.batch.inputs:
            return await self._compose_and_note(carrier, endpoint, self._notes)
        try:
            response = await self._sender.exchange(carrier, endpoint, self._prepare)
        except DeclinedError:
            if not carrier.batch.inputs:
                return ()
            return self._perform(carrier.batch, self._machine.split_for_probe(carrier.batch))
        moment = self._sender.moment(
            carrier.batch, any_success=self._settler.any_success, may_wait=self._may_wait
        )
        transition = self._machine.answered(carrier.batch, response.diagnosis, moment, before)
        if transition.hold:
            self._sender.hold(transition.hold, endpoint, response.diagnosis.symptom)
        if transition.renews_token:
            self._sender.expire_token(response)
        return self._perform(carrier.batch, transition, response.diagnosis)

    async def _prepare(self, carrier: Carrier, *, probes: bool) -> Request:
        """Return the request of a carrier that has been let through; a new batch is composed now.

        `probes`: the request would show whether the service works. Raises `DeclinedError` if there is nothing to send
        after all, or too much for that.
        """
        spared = probes and self._machine.probes_with_one_record(
            any_success=self._settler.any_success
        )
        if not carrier.batch.inputs:
            self._fill(carrier, 1 if spared else None)
        elif spared and self._machine.is_several(carrier.batch):
            raise DeclinedError
        return self._machine.request(carrier.batch)

    def _fill(self, carrier: Carrier, most: int | None = None) -> None:
        """Give a carrier its batch; raises `DeclinedError` if nothing waits to be sent any more."""
        if (composed := self._compose(most)) is None:
            raise DeclinedError
        inputs, number, in_doubt_since = composed
        carrier.batch = Batch(inputs, number, tried_since=carrier.batch.tried_since)
        if in_doubt_since is not None:
            since = self._sender.on_both_clocks(in_doubt_since)
            carrier.batch = self._machine.begun_in_doubt(carrier.batch, since)

    async def _compose_and_note(
        self, carrier: Carrier, endpoint: Endpoint, notes: Notes
    ) -> Sequence[Batch]:
        """Compose a new batch when it has its place, and give the place back while the journal notes it.

        Others need not wait for the journal meanwhile, and whatever holds requests then holds this one, too.
        """
        try:
            await self._sender.wait_for_place(carrier, endpoint)
            self._fill(carrier)
        except DeclinedError:
            return ()
        if carrier.batch.status is RecordStatus.UNSENT:  # else the journal has it as in doubt
            await notes.before_sending(indexes_of(carrier.batch.inputs))
        return (carrier.batch,)

    def break_off(self, batch: Batch, why: str) -> Sequence[Batch]:
        """Settle a batch whose sending was broken off; return what may go on for it."""
        return self._perform(batch, self._machine.broken_off(batch, why))

    def withdraw(self, why: str) -> None:
        """Settle the batches that are not under way: they will not be sent any more."""
        for batch in self._machine.withdraw():
            self.break_off(batch, why)

    def _perform(
        self, batch: Batch, transition: Transition, answer: Diagnosis | None = None
    ) -> Sequence[Batch]:
        """Do what follows from what came of a batch: from an `answer`, if there was one."""
        self.retries += transition.again
        try:
            self._reporter.goes_on(batch, transition, answer)
            if transition.settled or transition.errors:
                self._settler.settle(transition)
                self._settled()
            if transition.stop is not None:
                self._fail(transition.stop)
        except (
            BaseException
        ) as error:  # a bug, or a caller's own: nothing that goes on is forgotten
            for part in transition.then:
                self.break_off(part, f"the run broke off: {type(error).__name__}")
            raise
        return transition.then
