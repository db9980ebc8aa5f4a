"""One request at a time that carries no records, by the ways of a run: gate, quota, circuit breaker, retries, tokens.

Pages are read with it, and properties. It knows nothing of which there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs

from hubbatch._batches.batch import Batch
from hubbatch._batches.decision import AGAIN, Decision, decide
from hubbatch._batches.transition import Moment, Transition
from hubbatch._engine.reporter import RunReporter, run_numbers
from hubbatch._engine.sender import (
    Carrier,
    ClientResources,
    Prepared,
    RequestSender,
    Response,
    note_nothing,
)
from hubbatch._pages.page import NoPageError
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import Request
from hubbatch._protocol.symptoms import SYMPTOMS, Action, Symptom
from hubbatch._records.call import Call
from hubbatch.errors import HubbatchError, ProtocolError, RefusedError, TransportError
from hubbatch.models import NO_ANSWER, BatchError, BatchResponse

__all__ = ["PageSender"]

T = TypeVar("T")


class PageSender:
    """Fetches the pages of one reading."""

    def __init__(self, call: Call, resources: ClientResources) -> None:
        self._endpoint = call.endpoint
        self._resources = resources
        self._reporter = RunReporter(resources.observers, next(run_numbers), call)
        self._sender = RequestSender(resources, note_nothing, self._reporter)
        self._pages = 0
        self.retries = 0

    @property
    def requests(self) -> int:
        """How many requests have been sent, retries included."""
        return self._sender.requests

    async def fetch(self, request: Request, read: Callable[[BatchResponse], T]) -> T:
        """Return a page; try again as the client's policy says.

        `read` makes a page of an answer, or raises `NoPageError`. Raises `HubbatchError` once nothing helps.
        """
        carrier = Carrier(Batch((), number=self._pages))
        self._pages += 1
        try:
            while True:
                response = await self._sender.exchange(carrier, self._endpoint, Prepared(request))
                page, diagnosis = _judge(response.diagnosis, read)
                if page is not None:
                    return page
                batch = carrier.batch
                moment = self._sender.moment(batch, any_success=True, may_wait=lambda _: True)
                decision = self._decide(batch, diagnosis, moment)
                if decision.action not in AGAIN:
                    raise decision.exception or _refusal(diagnosis, batch.attempts)
                await self._wait(carrier, response, diagnosis, decision, moment)
        finally:
            await self._resources.gate.settle()

    def _decide(self, batch: Batch, diagnosis: Diagnosis, moment: Moment) -> Decision:
        """Decide what to do; while the service is broken a failure says nothing about the page."""
        return decide(
            self._endpoint,
            diagnosis,
            history={} if moment.breaker_open else batch.history,
            policy=self._resources.policy,
            chance=moment.chance(),
            without_success_for=moment.without_success_for,
            longest_wait=moment.longest_wait,
            today=moment.today,
        )

    async def _wait(
        self,
        carrier: Carrier,
        response: Response,
        diagnosis: Diagnosis,
        decision: Decision,
        moment: Moment,
    ) -> None:
        """Wait until the next try."""
        batch, symptom = carrier.batch, diagnosis.symptom
        if not moment.breaker_open:
            batch = batch.tried(symptom)
        resumes_at = moment.now + decision.wait
        carrier.batch = batch = attrs.evolve(batch, resumes_at=resumes_at)
        if decision.action is Action.HOLD:
            self._sender.hold(decision.wait, self._endpoint, symptom)
        if decision.action is Action.REFRESH:
            self._sender.expire_token(response)
        self.retries += 1
        self._reporter.goes_on(batch, Transition(then=[batch], again=True), diagnosis)
        await self._sender.wait_until(resumes_at)


def _judge(diagnosis: Diagnosis, read: Callable[[BatchResponse], T]) -> tuple[T | None, Diagnosis]:
    """Return the page of an answer; a success that is none is unreadable, and as such tried again."""
    if diagnosis.response is None:
        return None, diagnosis
    try:
        return read(diagnosis.response), diagnosis
    except NoPageError as why:
        error = BatchError(NO_ANSWER, f"the answer is not the page that was asked for: {why}")
        return None, Diagnosis(Symptom.UNREADABLE, error=error)


def _refusal(diagnosis: Diagnosis, attempts: int) -> HubbatchError:
    error = diagnosis.error or BatchError(NO_ANSWER, "no answer came")
    said = f"({error.category}: {error.message})"
    if diagnosis.symptom is Symptom.TOO_LARGE:
        return RefusedError(f"the request is too long; ask for fewer properties {said}", error)
    if SYMPTOMS[diagnosis.symptom].of_the_records:
        return RefusedError(f"the service refuses the request {said}", error)
    tried = f"a page could not be read in {attempts} tries"
    if diagnosis.symptom is Symptom.UNREADABLE:
        return ProtocolError(f"{tried} {said}")
    return TransportError(f"{tried}; try again later {said}")
