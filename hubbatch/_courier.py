"""Carries batches to the service: one request and its answer, and what follows from it for the batch.

It knows how a batch is sent, looked up and taken apart; which batches there are, and when a run ends, is not its
business.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import attrs

from hubbatch._auth import Tokens
from hubbatch._batching import Batch, Step
from hubbatch._diagnosis import Diagnosis, Symptom, diagnose
from hubbatch._doubt import Doubts, Verdict
from hubbatch._exchange import Reply, Request, Transport
from hubbatch._gate import Gate, Lane
from hubbatch._intake import Intake
from hubbatch._isolation import FIRST_BATCHES, Isolator
from hubbatch._operations import READ, Operation
from hubbatch._options import Call
from hubbatch._planning import Input
from hubbatch._retry import Action, Decision, RetryPolicy, Written, decide
from hubbatch._settling import Settler
from hubbatch.errors import HubbatchError, UsageError
from hubbatch.models import NO_ANSWER, BatchError, BatchResponse, ObjectResult, RecordStatus

__all__ = ["Courier", "Equipment"]


@attrs.frozen
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


class Courier:
    """Takes the batches of one run a step further.

    `settled` is called when records have been closed, with the batches that are full now; `fail` when the run cannot
    go on; `may_wait` tells whether a batch should still wait so many seconds.
    """

    def __init__(
        self,
        call: Call,
        equipment: Equipment,
        intake: Intake,
        settler: Settler,
        *,
        settled: Callable[[list[Batch]], None],
        fail: Callable[[HubbatchError], None],
        may_wait: Callable[[float], bool],
    ) -> None:
        self._call = call
        self._equipment = equipment
        self._intake = intake
        self._settler = settler
        self._settled = settled
        self._fail = fail
        self._may_wait = may_wait
        self._isolator = Isolator(call.operation)
        self._doubts = Doubts(
            call.operation, call.unique_property, most_rounds=equipment.policy.max_attempts
        )
        self._lane = Lane(_now())
        self.sending: set[asyncio.Task[None]] = set()
        """The tasks that have a request in flight."""
        self.requests = 0
        self.retries = 0

    async def advance(self, batch: Batch) -> list[Batch]:
        """Take a batch one step further; return what to go on with in its place, nothing if it is settled."""
        if (wait := batch.resumes_at - _now()) > 0:
            await self._equipment.sleep(wait)
        if batch.step is Step.LOOK_UP:
            return await self._look_up(batch)
        return await self._send(batch)

    # Sending

    async def _send(self, batch: Batch) -> list[Batch]:
        call, before = self._call, batch.fate
        request = Request(call.path, self._intake.envelope.wrap(batch.inputs), call.query)
        answer = await self._exchange(call.operation, request, batch)
        told, decision = answer.told, answer.decision
        batch.fate = _fate(before, decision.written)
        batch.refusal = told.error
        match decision.action:
            case Action.ACCEPT if told.response is not None:
                return self._accept(batch, told.response, before)
            case Action.RETRY | Action.HOLD | Action.REFRESH if self._may_wait(decision.wait):
                return await self._again(batch, answer)
            case Action.HALVE if len(batch.inputs) > 1:
                return batch.halves()
            case Action.ISOLATE if told.error is not None:
                return self._isolate(batch, told.error)
            case _:
                following = self._give_up(batch)
                if decision.exception is not None:
                    self._fail(decision.exception)
                return following

    async def _exchange(self, operation: Operation, request: Request, batch: Batch) -> _Answer:
        """Send one request and tell what came of it."""
        equipment = self._equipment
        gate, chance = equipment.gate, equipment.chance()
        token = await equipment.tokens.current()
        async with gate.enter(self._lane) as slot:
            with self._under_way(batch):
                reply = await equipment.transport.post(
                    request, token, functools.partial(gate.limiter.sent, slot)
                )
        if isinstance(reply, Reply):
            gate.limiter.learn(reply.headers)
        told = diagnose(operation, reply)
        gate.note(told, slot, chance)
        # While the service is broken, a failure says nothing about this batch.
        history: Mapping[Symptom, int] = {} if gate.broken else batch.history
        decision = decide(operation, told, history=history, policy=equipment.policy, chance=chance)
        if not gate.broken:
            batch.history[told.symptom] += 1
        batch.resumes_at = _now() + decision.wait
        if decision.action is Action.HOLD:
            gate.limiter.hold(decision.wait)
        return _Answer(told, decision, token)

    @contextmanager
    def _under_way(self, batch: Batch) -> Iterator[None]:
        """Mark a batch as being sent: from here on its fate is unknown until an answer tells it."""
        task = asyncio.current_task()
        if batch.step is Step.SEND:
            batch.attempts += 1
            batch.fate = RecordStatus.UNKNOWN
            if batch.first_sent_at is None:
                batch.first_sent_at = _now()
        self.requests += 1
        self.sending.add(task)  # type: ignore[arg-type]
        try:
            yield
        finally:
            self.sending.discard(task)

    async def _again(self, batch: Batch, answer: _Answer) -> list[Batch]:
        """Go on with the same batch, with a new token if that was the matter."""
        if answer.decision.action is Action.REFRESH:
            await self._equipment.tokens.renew(answer.token)
        self.retries += 1
        return [batch]

    # Settling what was sent

    def _accept(self, batch: Batch, response: BatchResponse, before: RecordStatus) -> list[Batch]:
        done = self._settler.accept(
            batch,
            response,
            in_doubt=before is RecordStatus.UNKNOWN,
            resolvable=functools.partial(self._resolvable, batch, answered=True),
        )
        following = self._doubts.parts(batch, done.doubts) if done.doubts else []
        for item, error in done.refusals:
            refused = batch.part([item], refusal=error, refused=True)
            following += self._doubts.parts(refused, [item])
        self._settled(done.full)
        return self._after_a_pause(following)

    def _isolate(self, batch: Batch, error: BatchError) -> list[Batch]:
        """Settle those who are to blame for a rejection; return the others, in parts to send again."""
        told = self._isolator.isolate(batch, error)
        following = [batch.part(inputs) for inputs in told.again]
        if told.refused:
            following += self._give_up(batch.part(told.refused, refused=True))
        if (reason := self._isolator.everybodys_fault) and not self._settler.any_success:
            self._fail(
                UsageError(
                    f"the first {FIRST_BATCHES} batches were refused as a whole, all for one reason,"
                    f" which lies in the call and in no record: {reason}"
                )
            )
        return following

    def _give_up(self, batch: Batch) -> list[Batch]:
        """Settle a batch by what is known of it; return what can still be found out about it."""
        left = [
            item
            for item in batch.inputs
            if batch.fate is RecordStatus.UNKNOWN and self._resolvable(batch, item, answered=False)
        ]
        rest = [item for item in batch.inputs if item not in left] if left else batch.inputs
        if rest:
            error = batch.refusal or BatchError(NO_ANSWER, "no answer came")
            self._settled(self._settler.give_up(batch.part(rest), error))
        return self._after_a_pause(self._doubts.parts(batch, left)) if left else []

    # Settling doubts

    def _resolvable(self, batch: Batch, item: Input, *, answered: bool) -> bool:
        return self._doubts.resolvable(batch, item, answered=answered) and self._may_wait(0.0)

    def _after_a_pause(self, parts: list[Batch]) -> list[Batch]:
        """Have parts wait before it is found out what became of them."""
        now = _now()
        for part in parts:
            looks = _looks(part)
            backoff = self._equipment.policy.backoff(looks + 1, self._equipment.chance())
            looking = part.step is Step.LOOK_UP
            part.resumes_at = now + (self._doubts.pause(looks, backoff) if looking else backoff)
        return parts

    async def _look_up(self, batch: Batch) -> list[Batch]:
        """Read the objects that a create in doubt may have made."""
        request = Request(self._call.look_up_path, self._doubts.body(batch.inputs))
        answer = await self._exchange(READ, request, batch)
        told, decision = answer.told, answer.decision
        match decision.action:
            case Action.ACCEPT:
                return self._conclude(batch, told.response)
            case _ if told.symptom is Symptom.NOTHING_FOUND:
                return self._conclude(batch, None)
            case Action.RETRY | Action.HOLD | Action.REFRESH if self._may_wait(decision.wait):
                return await self._again(batch, answer)
        why = "" if told.error is None else f": {told.error.category}: {told.error.message}"
        self._settled(self._settler.give_up(batch, _doubt(f"looking it up failed{why}")))
        if decision.exception is not None:
            self._fail(decision.exception)
        return []

    def _conclude(self, batch: Batch, response: BatchResponse | None) -> list[Batch]:
        """Settle what a look-up tells; return what has to be sent, or looked up, again."""
        waited = _now() - (batch.first_sent_at or 0.0)
        enough = self._doubts.seen_enough(_looks(batch))
        full: list[Batch] = []
        absent: list[Input] = []
        left: list[Input] = []
        findings = self._doubts.findings(batch, response, waited)
        for item, finding in zip(batch.inputs, findings, strict=True):
            if finding.verdict is Verdict.CREATED and finding.result is not None:
                full += self._settler.succeed(batch, item, finding.result)
            elif finding.verdict is Verdict.EXISTED and finding.result is not None:
                part = batch.part([item], fate=RecordStatus.FAILED)
                full += self._settler.give_up(part, self._existed(finding.result))
            elif finding.verdict is Verdict.ABSENT and enough:
                absent.append(item)
            else:
                left.append(item)
        following: list[Batch] = []
        if left and not enough:
            following = self._after_a_pause([batch.part(left, history=batch.history)])
        elif left:
            full += self._settler.give_up(batch.part(left), _doubt("looking it up does not tell"))
        if absent and batch.refused and batch.refusal is not None:
            part = batch.part(absent, fate=RecordStatus.FAILED)
            full += self._settler.give_up(part, batch.refusal)
        elif absent and self._doubts.may_send_again(batch):
            following.append(batch.part(absent, step=Step.SEND))
        elif absent:
            full += self._settler.give_up(batch.part(absent), _doubt("it is not there so far"))
        self._settled(full)
        return following

    def _existed(self, found: ObjectResult) -> BatchError:
        return BatchError(
            "CONFLICT",
            f"an object with this {self._call.unique_property!r} existed before: its record id is"
            f" {found.id}",
        )


@attrs.frozen
class _Answer:
    told: Diagnosis
    decision: Decision
    token: str = attrs.field(repr=False)


def _fate(before: RecordStatus, written: Written) -> RecordStatus:
    """Return what a batch's records are after one more answer: a doubt is never taken back."""
    if written is Written.NOT_SENT or before is RecordStatus.UNKNOWN:
        return before
    return RecordStatus.FAILED if written is Written.NO else RecordStatus.UNKNOWN


def _looks(batch: Batch) -> int:
    """Return how many look-ups of a batch have been answered."""
    return batch.history[Symptom.ANSWERED] + batch.history[Symptom.NOTHING_FOUND]


def _doubt(why: str) -> BatchError:
    return BatchError(NO_ANSWER, f"whether it was created is unknown: {why}")


def _now() -> float:
    return asyncio.get_running_loop().time()
