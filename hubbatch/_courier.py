"""Carries batches to the service: one request and its answer, and what follows from it for the batch.

It knows how a batch is sent, looked up and taken apart; which batches there are, and when a run ends, is not its
business.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

from hubbatch._batching import Batch, Step
from hubbatch._clock import ago, now
from hubbatch._collision import existing_id, read_body, suspects_of, unique_names
from hubbatch._diagnosis import Symptom
from hubbatch._doubt import Doubts, doubt_error, pause
from hubbatch._exchange import Request
from hubbatch._gate import DeclinedError
from hubbatch._intake import Intake
from hubbatch._isolation import FIRST_BATCHES, Isolator, is_systemic
from hubbatch._operations import READ
from hubbatch._options import Call
from hubbatch._planning import Input
from hubbatch._retry import Action, Written
from hubbatch._settling import Settler
from hubbatch._suspicion import Suspicion
from hubbatch._wire import Answer, Equipment, Wire
from hubbatch.errors import HubbatchError, UsageError
from hubbatch.models import NO_ANSWER, BatchError, BatchResponse, RecordStatus

__all__ = ["Courier"]

_COMPARISONS = 3
"""Objects that are read to trace a batch's conflicts: halving is cheaper for many."""


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
        self._policy = equipment.policy
        self._wire = Wire(equipment)
        self._intake = intake
        self._settler = settler
        self._settled = settled
        self._fail = fail
        self._may_wait = may_wait
        self._isolator = Isolator(call.operation)
        self._suspicion = Suspicion()
        self._unique = unique_names(call.id_property, call.unique_property)
        self._doubts = Doubts(
            call.operation, call.unique_property, most_rounds=equipment.policy.max_attempts
        )
        self.retries = 0

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._wire.requests

    @property
    def pausing(self) -> int:
        """How many batches wait for their time to be sent again."""
        return self._wire.pausing

    def sends(self, task: asyncio.Task[None]) -> bool:
        """Whether a task has a request in flight."""
        return task in self._wire.sending

    async def advance(self, batch: Batch) -> list[Batch]:
        """Take a batch one step further; return what to go on with in its place, nothing if it is settled."""
        await self._wire.wait_until(batch.resumes_at)
        match batch.step:
            case Step.SEND:
                return await self._send(batch)
            case Step.COMPARE:
                return await self._compare(batch)
            case Step.LOOK_UP:
                return await self._look_up(batch)

    # Sending

    async def _send(self, batch: Batch) -> list[Batch]:
        if batch.suspect and self._suspicion.is_vain(batch):
            return self._give_up(batch)
        call, before = self._call, batch.fate
        request = Request(call.path, self._intake.envelope.wrap(batch.inputs), call.query)
        # What a probe leaves in doubt for good had better be one record than a hundred; and where others have succeeded
        # the one on which the service fails had better be alone.
        settles = call.operation.idempotent or call.unique_property
        spare = len(batch.inputs) > 1 and (self._settler.any_success or not settles)
        try:
            answer = await self._wire.exchange(call.operation, request, batch, spare=spare)
        except DeclinedError:
            return [
                batch.part(inputs, history=batch.history.copy())
                for inputs in (batch.inputs[:1], batch.inputs[1:])
            ]
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
            case Action.TAKE_APART:
                return self._take_apart(batch)
            case Action.ISOLATE if told.error is not None:
                return self._isolate(batch, told.error)
            case _:
                following = self._give_up(batch)
                if decision.exception is not None:
                    self._fail(decision.exception)
                return following

    async def _again(self, batch: Batch, answer: Answer) -> list[Batch]:
        """Go on with the same batch, with a new token if that was the matter."""
        if answer.decision.action is Action.REFRESH:
            await self._wire.renew_token(answer)
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
        if len(done.doubts) < len(batch.inputs):
            self._isolator.note_acceptance(batch)
            self._suspicion.note_success(batch)
        self._settled(done.full)
        if not done.doubts:
            return []
        doubtful = batch.part(done.doubts, refused=done.refused)
        return self._after_a_pause(self._doubts.parts(doubtful, done.doubts))

    def _isolate(self, batch: Batch, error: BatchError) -> list[Batch]:
        """Settle those who are to blame for a rejection; return the others, in parts to send again."""
        holder = existing_id(error)
        if holder not in {None, batch.collides_with} and self._may_compare(batch):
            return [
                batch.part(
                    batch.inputs,
                    step=Step.COMPARE,
                    collides_with=holder,
                    comparisons=batch.comparisons + 1,
                )
            ]
        told = self._isolator.isolate(batch, error)
        following = [batch.part(inputs) for inputs in told.again]
        if told.refused:
            refused = {item.index: error for item in told.refused}
            following += self._give_up(batch.part(told.refused, refused=refused))
        if (reason := self._isolator.everybodys_fault) and not self._settler.any_success:
            self._fail(
                UsageError(
                    f"the first {FIRST_BATCHES} batches were refused as a whole, all for one reason,"
                    f" which lies in the call and in no record: {reason}"
                )
            )
        return following

    def _take_apart(self, batch: Batch) -> list[Batch]:
        """Return the halves of a batch that may be what the service fails on, as long as others succeed."""
        self._suspicion.note_failure(batch)
        hope = self._settler.any_success and not self._suspicion.is_vain(batch)
        if hope and len(batch.inputs) > 1 and self._may_wait(0.0):
            return batch.halves(suspect=True)
        return self._give_up(batch)

    def _may_compare(self, batch: Batch) -> bool:
        """Whether it may pay to read the object that a batch collides with: some inputs hold a unique value."""
        return (
            self._call.operation.writes_properties
            and len(batch.inputs) > 1
            and batch.comparisons < _COMPARISONS
            and any(not self._unique.isdisjoint(item.properties) for item in batch.inputs)
        )

    async def _compare(self, batch: Batch) -> list[Batch]:
        """Read the object that a batch collides with; return the batch in parts: those unlike it, those like it."""
        body = read_body(batch.collides_with or "", self._unique)
        answer = await self._wire.exchange(READ, Request(self._call.read_path, body), batch)
        suspects = suspects_of(batch.inputs, answer.told.response, self._unique)
        rest = [item for item in batch.inputs if item not in suspects]
        if suspects and rest:
            again = batch.part(batch.inputs, step=Step.SEND)
            return [again.part(rest), again.part(suspects)]
        again = batch.part(batch.inputs, step=Step.SEND, comparisons=_COMPARISONS)
        return self._isolate(again, _last_word(batch))

    def _give_up(self, batch: Batch) -> list[Batch]:
        """Settle a batch by what is known of it; return what can still be found out about it."""
        left = [
            item
            for item in batch.inputs
            if batch.fate is RecordStatus.UNKNOWN and self._resolvable(batch, item, answered=False)
        ]
        rest = [item for item in batch.inputs if item not in left] if left else batch.inputs
        if rest:
            self._settled(self._settler.give_up(batch.part(rest), _last_word(batch)))
        return self._after_a_pause(self._doubts.parts(batch, left)) if left else []

    # Settling doubts

    def _resolvable(self, batch: Batch, item: Input, *, answered: bool) -> bool:
        return self._doubts.resolvable(batch, item, answered=answered) and self._may_wait(0.0)

    def _after_a_pause(self, parts: list[Batch]) -> list[Batch]:
        """Have parts wait before it is found out what became of them."""
        for part in parts:
            backoff = self._policy.backoff(part.history.total() + 1, self._wire.chance())
            part.resumes_at = now() + pause(part, backoff)
        return parts

    async def _look_up(self, batch: Batch) -> list[Batch]:
        """Read the objects that a create in doubt may have made."""
        request = Request(self._call.read_path, self._doubts.body(batch.inputs))
        answer = await self._wire.exchange(READ, request, batch)
        told, decision = answer.told, answer.decision
        match decision.action:
            case Action.ACCEPT:
                return self._conclude(batch, told.response)
            case _ if told.symptom is Symptom.NOTHING_FOUND:
                return self._conclude(batch, None)
            case Action.RETRY | Action.HOLD | Action.REFRESH if self._may_wait(decision.wait):
                return await self._again(batch, answer)
            case Action.HALVE | Action.ISOLATE if len(batch.inputs) > 1 and not (
                told.error is not None and is_systemic(told.error)
            ):
                return batch.halves()
        why = "" if told.error is None else f": {told.error.category}: {told.error.message}"
        self._settled(self._settler.give_up(batch, doubt_error(f"looking it up failed{why}")))
        # That the token may not read is no reason to write no more.
        if decision.exception is not None and told.symptom is not Symptom.FORBIDDEN:
            self._fail(decision.exception)
        return []

    def _conclude(self, batch: Batch, response: BatchResponse | None) -> list[Batch]:
        """Settle what a look-up tells; return what has to be sent, or looked up, again."""
        done = self._doubts.conclude(batch, response, ago(batch.first_sent_at))
        full: list[Batch] = []
        for item, result in done.created:
            full += self._settler.succeed(batch, item, result)
        for item, error in done.refused:
            full += self._settler.give_up(batch.part([item], fate=RecordStatus.FAILED), error)
        for item, error in done.unknown:
            full += self._settler.give_up(batch.part([item]), error)
        self._settled(full)
        return self._after_a_pause(done.following)


def _fate(before: RecordStatus, written: Written) -> RecordStatus:
    """Return what a batch's records are after one more answer: a doubt is never taken back."""
    if written is Written.NOT_SENT or before is RecordStatus.UNKNOWN:
        return before
    return RecordStatus.FAILED if written is Written.NO else RecordStatus.UNKNOWN


def _last_word(batch: Batch) -> BatchError:
    return batch.refusal or BatchError(NO_ANSWER, "no answer came")
