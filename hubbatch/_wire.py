"""One request of a run and what came of it: the client's gate, tokens, transport and health, all in one step.

It knows no batch's future and settles nothing.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from attrs import field, frozen

from hubbatch._auth import Tokens
from hubbatch._batching import Batch, Step
from hubbatch._clock import now
from hubbatch._diagnosis import Diagnosis, Symptom, diagnose
from hubbatch._exchange import Reply, Request, Transport
from hubbatch._gate import DeclinedError, Gate
from hubbatch._operations import Operation
from hubbatch._retry import Action, Decision, RetryPolicy, decide
from hubbatch.models import RecordStatus

__all__ = ["Answer", "Equipment", "Wire"]


@frozen
class Equipment:
    """What all runs of a client share."""

    transport: Transport
    tokens: Tokens
    gate: Gate
    policy: RetryPolicy
    chance: Callable[[], float]
    """Random numbers from 0 to 1, for the jitter."""
    sleep: Callable[[float], Awaitable[object]]
    """Waits so many seconds, between two tries of a batch."""


@frozen
class Answer:
    """What came of one request, and what to do about it."""

    told: Diagnosis
    decision: Decision
    token: str = field(repr=False)
    """The token that it was sent with."""


class Wire:
    """Sends the requests of one run."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self.sending: set[asyncio.Task[None]] = set()
        """The tasks that have a request in flight."""
        self.pausing = 0
        """How many batches wait for their time to be sent again."""
        self.requests = 0

    def chance(self) -> float:
        """Draw a random number from 0 to 1."""
        return self._equipment.chance()

    async def wait_until(self, when: float) -> None:
        """Wait until a moment, by the loop's clock."""
        if (wait := when - now()) > 0:
            self.pausing += 1
            try:
                await self._equipment.sleep(wait)
            finally:
                self.pausing -= 1

    async def renew_token(self, answer: Answer) -> None:
        """Have a token that was refused replaced by a new one."""
        await self._equipment.tokens.renew(answer.token)

    async def exchange(
        self, operation: Operation, request: Request, batch: Batch, *, spare: bool = False
    ) -> Answer:
        """Send one request and tell what came of it.

        `spare`: raise `DeclinedError`, and send nothing, rather than probe a broken service with this request.
        """
        equipment = self._equipment
        gate, chance = equipment.gate, equipment.chance()
        if batch.tried_since is None:
            batch.tried_since = now()
        async with gate.enter(self, batch.tried_since) as slot:
            if spare and gate.broken:
                raise DeclinedError
            token = await equipment.tokens.current()  # not before: the wait may have been long
            with self._under_way(batch):
                reply = await equipment.transport.post(
                    request, token, functools.partial(gate.limiter.sent, slot)
                )
        told = diagnose(operation, reply)
        if isinstance(reply, Reply):
            refused = told.symptom is Symptom.RATE_LIMITED
            gate.limiter.learn(reply.headers, slot, refused=refused)
        suspect = batch.suspect and batch.step is Step.SEND
        gate.note(told, slot, chance, suspect=suspect)
        # While the service is broken, a failure says nothing about this batch.
        excused = gate.broken and not suspect
        history: Mapping[Symptom, int] = {} if excused else batch.history
        decision = decide(
            operation,
            told,
            history=history,
            policy=equipment.policy,
            chance=chance,
            suspect=suspect,
        )
        if not excused:
            batch.history[told.symptom] += 1
        batch.resumes_at = now() + min(decision.wait, gate.limiter.max_hold)
        if decision.action is Action.HOLD:
            gate.limiter.hold(decision.wait)
        return Answer(told, decision, token)

    @contextmanager
    def _under_way(self, batch: Batch) -> Iterator[None]:
        """Mark a batch as being sent: from here on its fate is unknown until an answer tells it."""
        task = asyncio.current_task()
        if batch.step is Step.SEND:
            batch.attempts += 1
            batch.fate = RecordStatus.UNKNOWN
            if batch.first_sent_at is None:
                batch.first_sent_at = (now(), time.time())
        self.requests += 1
        self.sending.add(task)  # type: ignore[arg-type]
        try:
            yield
        finally:
            self.sending.discard(task)
