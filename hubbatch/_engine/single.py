"""One request outside a batch, sent as the policy says: the same gate, quota, tokens, retries and circuit breaker.

It knows nothing of records; what an answer says beyond its symptom is its callers' business.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hubbatch._batches.decision import AGAIN, decide
from hubbatch._clock import now
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.sender import Carrier, ClientResources, RequestSender
from hubbatch._protocol.exchange import Request
from hubbatch._protocol.symptoms import Action, Symptom
from hubbatch._records.call import Call
from hubbatch.endpoints import Endpoint
from hubbatch.errors import HubbatchError, UnknownObjectTypeError
from hubbatch.models import BatchResponse

__all__ = ["NO_RUN", "send_single"]

NO_RUN = 0
"""What events have as the number of their run where a request belongs to none."""


async def send_single(
    resources: ClientResources, order: Call, *, method: str = "GET", body: bytes = b""
) -> BatchResponse:
    """Send one request until it is answered; raise what the service, the account or the way there forbids.

    It is repeated as the policy says, so it must do no harm twice.
    """
    request = Request(order.path, body, order.query, method=method)

    async def prepare(
        carrier: Carrier,  # noqa: ARG001 (it carries nothing)
        *,
        probes: bool,  # noqa: ARG001 (it may probe as well as any)
    ) -> tuple[Endpoint, Request]:
        return order.endpoint, request

    reporter = RunReporter(resources.observers, NO_RUN, order)
    sender = RequestSender(resources, lambda _: None, reporter)
    carrier, history = Carrier(), Counter[Symptom]()
    gate = resources.gate
    try:
        while True:
            response = await sender.exchange(carrier, prepare)
            diagnosis = response.diagnosis
            if diagnosis.response is not None:
                return diagnosis.response
            decision = decide(
                order.endpoint,
                diagnosis,
                history=history,
                policy=resources.policy,
                chance=resources.random(),
                in_vain=gate.in_vain,
                longest_wait=gate.limiter.max_hold,
                today=datetime.fromtimestamp(resources.clock(), UTC),
            )
            if not gate.broken:  # else a failure says nothing about this request
                history[diagnosis.symptom] += 1
            if decision.action not in AGAIN:
                break
            if decision.action is Action.HOLD:
                sender.hold(decision.wait)
            elif decision.action is Action.REFRESH:
                sender.refuse_token(response)
            await sender.wait_until(now() + decision.wait)
    finally:
        await gate.settle()
    if decision.exception is not None:
        raise decision.exception
    error = diagnosis.error
    said = "" if error is None else f" ({error.category}: {error.message})"
    kind = UnknownObjectTypeError if diagnosis.symptom is Symptom.NOTHING_FOUND else HubbatchError
    raise kind(f"{order.endpoint.name} could not be read{said}")
