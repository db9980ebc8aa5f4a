"""One run: records are pulled, batched, sent side by side and settled, and the books are true whatever happens.

The engine moves things and keeps the order of events; what to send, what an answer means and whom it is for is
decided in pure modules. It knows nothing of HTTP or of who waits for the outcome.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sized,
)
from contextlib import contextmanager
from typing import Any

import attrs

from hubbatch._auth import Tokens
from hubbatch._batching import Batch, Chunker
from hubbatch._codec import Envelope
from hubbatch._correlation import correlate
from hubbatch._duplicates import Admission, Keyring
from hubbatch._exchange import Reply, Request, Transport
from hubbatch._gate import Gate
from hubbatch._ledger import Keep, Ledger
from hubbatch._options import Call
from hubbatch._planning import Input, Planner
from hubbatch._retry import Action, Decision, RetryPolicy, Written, decide
from hubbatch._values import InvalidRecordError
from hubbatch.errors import HubbatchError
from hubbatch.models import (
    LOCAL_VALIDATION,
    NO_ANSWER,
    BatchError,
    BatchResponse,
    BatchStatus,
    ObjectResult,
    RecordStatus,
)
from hubbatch.outcome import Counts, Outcome, RecordOutcome
from hubbatch.progress import Progress

__all__ = ["Engine", "Equipment"]

_LINGER = 1.0
"""Seconds that a batch which is not full waits for more records of a slow source."""

_END = object()


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


class Engine:
    """Carries out one call."""

    def __init__(
        self,
        call: Call,
        source: Iterable[Any] | AsyncIterable[Any],
        equipment: Equipment,
        *,
        keep: Keep,
        observe: Callable[[RecordOutcome], None] | None = None,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        self._call = call
        self._source = source
        self._equipment = equipment
        self._observe = observe
        self._backlog = backlog
        self._ledger = Ledger(keep)
        self._planner = Planner(
            call.operation,
            id_property=call.id_property,
            unique_property=call.unique_property,
            trace_prefix=f"{secrets.token_hex(4)}-",
        )
        self._envelope = Envelope(call.envelope)
        self._chunker = Chunker(call.batch_size, call.max_batch_bytes, len(self._envelope))
        self._keyring = Keyring(
            call.duplicates,
            self._chunker,
            one_answer_serves_all=not call.operation.writes_properties,
        )
        self._group = asyncio.TaskGroup()
        self._feeder: asyncio.Task[None] | None = None
        self._batches: dict[asyncio.Task[None], Batch] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.Future[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._exhausted = False
        self._stopped = False
        self._done = False
        self._failure: BaseException | None = None
        self._fatal = False
        self._aborted = False
        self._requests = 0
        self._retries = 0
        self._began = self._ended = 0.0

    # The truth, at any time

    @property
    def outcome(self) -> Outcome:
        """What is known of every record taken in so far."""
        outcome = self._ledger.outcome(complete=self._complete, sent=self._sent_indexes)
        if self._done:
            return outcome
        return attrs.evolve(outcome, status=BatchStatus.PROCESSING)

    @property
    def progress(self) -> Progress:
        """A snapshot of how far the run has come."""
        ledger, limiter = self._ledger, self._equipment.gate.limiter
        sent = sum(len(batch.inputs) for batch in self._batches.values() if batch.attempts)
        in_flight = min(sent, ledger.unsettled)
        loop_time = asyncio.get_running_loop().time if not self._done else lambda: self._ended
        return Progress(
            counts=Counts(
                ledger.taken,
                ledger.settled(RecordStatus.SUCCEEDED),
                ledger.settled(RecordStatus.FAILED),
                ledger.settled(RecordStatus.UNKNOWN) + in_flight,
                ledger.settled(RecordStatus.UNSENT) + ledger.unsettled - in_flight,
            ),
            total=len(self._source) if isinstance(self._source, Sized) else None,
            settled=ledger.taken - ledger.unsettled,
            in_flight=in_flight,
            requests=self._requests,
            retries=self._retries,
            elapsed=loop_time() - self._began,
            quota_used=limiter.used,
            quota=limiter.rate_limit.budget,
            quota_period=limiter.rate_limit.period,
        )

    @property
    def _complete(self) -> bool:
        return (
            self._exhausted
            and self._failure is None
            and not self._ledger.unsettled
            and not self._ledger.settled(RecordStatus.UNSENT)
        )

    def _sent_indexes(self) -> Iterator[int]:
        for batch in self._batches.values():
            if batch.attempts:
                for item in batch.inputs:
                    for member in item.everyone():
                        yield member.index

    # Beginning and end

    async def run(self) -> None:
        """Carry the call out to its end.

        Raises what stopped it: the source's own exception, a `HubbatchError`, or whatever a callback raised.
        """
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        deadline = self._call.deadline
        timer = None if deadline is None else loop.call_later(deadline, self.stop)
        try:
            async with self._group as group:
                self._feeder = group.create_task(self._feed())
        except asyncio.CancelledError as error:
            self._stopped = True
            if not self._aborted:
                self._failure = error
        finally:
            if timer is not None:
                timer.cancel()
            self._ended = loop.time()
            self._close_books()
        await self._equipment.gate.settle()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Take nothing more in; let what has been sent settle; leave the rest unsent."""
        self._stop(lambda batch: batch.attempts == 0)

    def abort(self, reason: HubbatchError, task: asyncio.Task[None]) -> None:
        """Cancel the run, which is carried out by `task`, and have it end with `reason`."""
        if self._failure is None:
            self._failure = reason
        self._aborted = True
        task.cancel()

    def consumed(self) -> None:
        """Note that somebody has taken a settled record away: there may be room for more."""
        self._wake_feeder()

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether a task is part of this run: it cannot wait for the run's end."""
        return task is self._feeder or task in self._batches

    def _stop(self, leave: Callable[[Batch], bool]) -> None:
        """End admission, and the waiting of those batches that are to be left as they are."""
        self._stopped = True
        current = _current_task()
        if self._feeder is not None and self._feeder is not current:
            self._feeder.cancel()
        for task, batch in self._batches.items():
            if task not in self._sending and task is not current and leave(batch):
                task.cancel()

    def _fail(self, error: BaseException, *, fatal: bool = False) -> None:
        """Stop because of an error; after a fatal one nothing is sent again."""
        if self._failure is None:
            self._failure = error
        self._fatal = self._fatal or fatal
        self._stop(lambda batch: fatal or batch.attempts == 0)

    def _close_books(self) -> None:
        """Leave no record open: what is open now was never sent."""
        self._cancel_linger()
        for index in self._ledger.open_indexes():
            self._close(index, RecordStatus.UNSENT)
        self._keyring.close()
        self._done = True
        self._report()

    # Taking records in

    async def _feed(self) -> None:
        try:
            if isinstance(self._source, AsyncIterable):
                await self._feed_async(aiter(self._source))
            else:
                await self._feed_sync(iter(self._source))
        except Exception as error:  # the source's own, whatever it is
            self._fail(error)
            return
        if self._exhausted:
            self._flush()

    async def _feed_sync(self, records: Iterator[Any]) -> None:
        while room := await self._room():
            taken = 0
            for record in itertools.islice(records, room):
                taken += 1
                if self._take(record) or self._stopped:
                    break
            else:
                if taken < room:
                    self._exhausted = True
                    return
            await asyncio.sleep(0)  # a batch is a millisecond's work: let the others run

    async def _feed_async(self, records: AsyncIterator[Any]) -> None:
        while room := await self._room():
            for _ in range(room):
                record = await anext(records, _END)
                if record is _END:
                    self._exhausted = not self._stopped
                    return
                if self._take(record) or self._stopped:
                    break
            await asyncio.sleep(0)

    async def _room(self) -> int:
        """Wait until records may be taken in and return how many; 0 once the run is stopped."""
        while not self._stopped:
            if (room := self._room_now()) > 0:
                return room
            self._nudge()
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return 0

    def _room_now(self) -> int:
        """Return how many records may be taken in before a batch becomes full."""
        most = self._equipment.gate.max_concurrency + 2
        if len(self._batches) >= most - 1:  # and one is being filled
            return 0
        return most * self._call.batch_size - self._ledger.unsettled - self._backlog()

    def _wake_feeder(self) -> None:
        if self._waiting is not None and not self._waiting.done() and self._room_now() > 0:
            self._waiting.set_result(None)

    def _take(self, record: Any) -> bool:
        """Take one record in; return whether that made a batch full."""
        index = self._ledger.take(record)
        try:
            item = self._planner.plan(index, record)
            if not self._chunker.fits_alone(len(item.body)):
                raise InvalidRecordError(
                    f"the record takes {len(item.body)} bytes of JSON, more than a request may have:"
                    f" raise max_batch_bytes ({self._call.max_batch_bytes})"
                )
        except InvalidRecordError as error:
            self._refuse(index, str(error))
            return False
        except Exception as error:  # a record's own code may raise anything
            self._refuse(index, f"the record cannot be read: {type(error).__name__}: {error}")
            return False
        admission = self._keyring.admit(item)
        if admission is Admission.FEED:
            return self._put(item)
        if admission is Admission.REFUSE:
            self._refuse(index, "the key occurred before in this run, and duplicates are refused")
        return False

    def _put(self, item: Input) -> bool:
        """Put an input into the batch that is being filled; return whether that made one full."""
        full = self._chunker.feed(item)
        if full:
            self._start(full)
        if self._linger is None and len(self._chunker):
            self._linger = asyncio.get_running_loop().call_later(_LINGER, self._flush)
        return bool(full)

    def _flush(self) -> None:
        self._start(self._chunker.flush())

    def _nudge(self) -> None:
        """Send a batch that is not full if nothing else is going on that could fill it."""
        if not self._batches:
            self._flush()

    def _start(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self._cancel_linger()
            if batch.attempts or not self._stopped:
                self._batches[self._group.create_task(self._carry(batch))] = batch

    def _cancel_linger(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    # Sending, and settling what was sent

    async def _carry(self, batch: Batch) -> None:
        """Send one batch until it is settled; whatever happens, its records end in a true state."""
        task = asyncio.current_task()
        try:
            await self._send(batch)
        except asyncio.CancelledError:
            self._abandon(batch, "the run was stopped before an answer came")
            raise
        except Exception as error:  # no token, or a bug: the books stay true
            self._abandon(batch, f"the run broke off: {type(error).__name__}")
            self._fail(error, fatal=True)
        finally:
            del self._batches[task]  # type: ignore[arg-type]
        if self._exhausted or self._room_now() <= 0:
            self._nudge()
        self._wake_feeder()

    async def _send(self, batch: Batch) -> None:
        call, equipment = self._call, self._equipment
        request = Request(call.path, self._envelope.wrap(batch.inputs), call.query)
        while True:
            fate = batch.fate
            async with equipment.gate.enter(self) as slot:
                token = await equipment.tokens.current()
                with self._under_way(batch):
                    reply = await equipment.transport.post(request, token)
                if isinstance(reply, Reply):
                    equipment.gate.limiter.answered(slot, reply.headers)
            decision = decide(
                call.operation,
                reply,
                attempt=batch.attempts - batch.held,
                held=batch.held,
                policy=equipment.policy,
                chance=equipment.chance(),
            )
            batch.fate = _fate(fate, decision.written)
            batch.refusal = decision.error
            match decision.action:
                case Action.ACCEPT if decision.response is not None:
                    self._accept(batch, decision.response)
                    return
                case Action.RETRY if not self._fatal:
                    await equipment.sleep(decision.wait)
                case Action.HOLD if not self._fatal:
                    batch.held += 1
                    equipment.gate.limiter.refused(slot, decision.wait)
                case Action.REFRESH if not self._fatal:
                    await equipment.tokens.renew(token)
                case Action.HALVE if len(batch.inputs) > 1:
                    self._start(batch.halves())
                    return
                case _:
                    self._give_up(batch, decision)
                    return
            self._retries += 1

    @contextmanager
    def _under_way(self, batch: Batch) -> Iterator[None]:
        """Mark a batch as being sent: from here on its fate is unknown until an answer tells it."""
        task = asyncio.current_task()
        batch.attempts += 1
        batch.fate = RecordStatus.UNKNOWN
        self._requests += 1
        self._sending.add(task)  # type: ignore[arg-type]
        try:
            yield
        finally:
            self._sending.discard(task)

    def _accept(self, batch: Batch, response: BatchResponse) -> None:
        told = correlate(self._call.operation, batch.inputs, response)
        self._ledger.note_response(response)
        self._ledger.note_errors(told.errors)
        for item, status, result, error in zip(
            batch.inputs, told.statuses, told.results, told.causes, strict=True
        ):
            self._settle(item, status, result, error, batch.attempts)
        self._report()

    def _give_up(self, batch: Batch, decision: Decision) -> None:
        """Settle a batch by what is known of it, and stop the run if the decision says so."""
        error = decision.error or BatchError(NO_ANSWER, "the service gave no answer")
        self._settle_all(batch, error)
        if decision.exception is not None:
            self._fail(decision.exception, fatal=True)
        self._report()

    def _abandon(self, batch: Batch, why: str) -> None:
        """Close the records of a batch whose sending was broken off, without sending anything in their place."""
        self._stopped = True
        error = BatchError(NO_ANSWER, why)
        if batch.refusal is not None and batch.fate is not RecordStatus.UNKNOWN:
            error = batch.refusal
        self._settle_all(batch, error)

    def _settle_all(self, batch: Batch, error: BatchError) -> None:
        indexes = tuple(member.index for item in batch.inputs for member in item.everyone())
        named = None
        if batch.attempts:
            named = attrs.evolve(error, indexes=indexes)
            self._ledger.note_errors([named])
        for item in batch.inputs:
            self._settle(item, batch.fate, None, named, batch.attempts)

    def _settle(
        self,
        item: Input,
        status: RecordStatus,
        result: ObjectResult | None,
        error: BatchError | None,
        attempts: int,
    ) -> None:
        """Close an input's records, and let the next record with its key go on."""
        for member in item.everyone():
            if result is not None and member.caller_trace_id is not None:
                result = attrs.evolve(result, object_write_trace_id=member.caller_trace_id)
            self._close(member.index, status, result, error, attempts)
        successor = self._keyring.release(item)
        if successor is not None and not self._stopped:
            self._put(successor)

    def _refuse(self, index: int, message: str) -> None:
        """Close a record that fails a local check."""
        error = BatchError(LOCAL_VALIDATION, message, indexes=(index,))
        self._ledger.note_errors([error])
        self._close(index, RecordStatus.FAILED, None, error)

    def _close(
        self,
        index: int,
        status: RecordStatus,
        result: ObjectResult | None = None,
        error: BatchError | None = None,
        attempts: int = 0,
    ) -> None:
        record = self._ledger.settle(index, status, result, error, attempts)
        if record is None:
            return
        if self._observe is not None:
            self._observe(record)
        most = self._call.max_failures
        if most is not None and self._ledger.settled(RecordStatus.FAILED) >= most:
            self.stop()

    def _report(self) -> None:
        if self._call.on_progress is None:
            return
        try:
            self._call.on_progress(self.progress)
        except Exception as error:  # the caller's own, whatever it is
            self._fail(error)


def _fate(before: RecordStatus, written: Written) -> RecordStatus:
    """Return what a batch's records are after one more answer: a doubt is never taken back."""
    if written is Written.NOT_SENT or before is RecordStatus.UNKNOWN:
        return before
    return RecordStatus.FAILED if written is Written.NO else RecordStatus.UNKNOWN


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
