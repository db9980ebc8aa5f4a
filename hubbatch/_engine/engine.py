"""One run: records are pulled, batched, sent side by side and settled, and the books are true whatever happens.

The engine moves things and keeps the order of events; what to send, what an answer means and whom it is for is
decided in pure modules. It knows nothing of HTTP or of who waits for the outcome.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import Any

import attrs

from hubbatch._batches.batch import Batch
from hubbatch._clock import now
from hubbatch._engine.carriers import Carriers
from hubbatch._engine.feeder import Feeder, length_of
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.life import Life, Reason
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.runner import BatchRunner
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.settling import Settler
from hubbatch._records.call import Call
from hubbatch._records.chunking import Chunk
from hubbatch._records.intake import Intake
from hubbatch._records.values import InvalidRecordError
from hubbatch._states import RecordOutcome
from hubbatch.errors import HubbatchError
from hubbatch.models import BatchStatus, RecordStatus
from hubbatch.outcome import Outcome
from hubbatch.policies import Keep
from hubbatch.progress import Progress

__all__ = ["Engine"]

_LINGER = 1.0
"""Seconds that a batch which is not full waits for more records of a slow source."""


class Engine:
    """Carries out one call."""

    def __init__(
        self,
        call: Call,
        source: Iterable[Any] | AsyncIterable[Any],
        resources: ClientResources,
        life: Life,
        reporter: RunReporter,
        *,
        keep: Keep,
        observe: Callable[[RecordOutcome[Any]], None] | None = None,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        self._call = call
        self._source = source
        self._resources = resources
        self._life = life
        self._backlog = backlog
        self._ledger = Ledger(keep)
        self._intake = Intake(call)
        self._settler = Settler(self._ledger, self._intake, observe, reporter)
        self._runner = BatchRunner(
            call,
            resources,
            self._intake,
            self._settler,
            settled=self._after_settling,
            fail=functools.partial(self._fail, fatal=True),
            may_wait=self._may_wait,
            note_sent=self._ledger.sent,
            reporter=reporter,
        )
        self._feeder = Feeder(
            source, life, reporter.source_blocks, room=self._room, take=self._take, idle=self._nudge
        )
        self._group = asyncio.TaskGroup()
        self._main: asyncio.Task[Any] | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._carriers = Carriers(
            self._runner,
            self._group,
            over=self._is_over,
            fail=functools.partial(self._fail, fatal=True),
            moved=self._after_step,
            ended=self._after_batch,
        )
        self._linger: asyncio.TimerHandle | None = None
        self._leaves_at: float | None = None
        """Once the run is stopped: when nothing is sent again any more."""
        self._leaving: asyncio.TimerHandle | None = None
        self._closing: Iterator[None] | None = None
        self.total = length_of(source)
        self._began = now()
        self._final: Progress | None = None

    # The truth, at any time

    @property
    def outcome(self) -> Outcome[Any]:
        """What is known of every record taken in so far: a copy, until nothing changes any more."""
        ended, failed = self._life.ended, self._life.ending.error is not None
        outcome = self._ledger.outcome(final=ended)
        if ended and self._feeder.exhausted and not failed and outcome.counts.unsent == 0:
            return outcome
        status = BatchStatus.CANCELED if ended else BatchStatus.PROCESSING
        return attrs.evolve(outcome, status=status)

    @property
    def progress(self) -> Progress:
        """A snapshot of how far the run has come."""
        if self._final is not None:
            return self._final
        ledger, limiter = self._ledger, self._resources.gate.limiter
        counts = ledger.counts
        return Progress(
            counts=counts,
            total=self.total,
            settled=ledger.taken - ledger.unsettled,
            in_flight=ledger.in_flight,
            requests=self._runner.requests,
            retries=self._runner.retries,
            elapsed=now() - self._began,
            quota_used=limiter.used,
            quota=limiter.rate_limit.budget,
            quota_period=limiter.rate_limit.period,
            service_down=self._resources.gate.broken,
            hold=limiter.stalled_for,
            waiting_for_key=self._intake.waiting_for_key,
        )

    # Beginning and end

    async def run(self) -> None:
        """Carry the call out to its end; what ended it is told by its life and raised to those who wait, not here.

        An exception that ends the process would take the event loop with it if it were raised in a task of ours.
        """
        self._main = asyncio.current_task()
        loop, seconds = asyncio.get_running_loop(), self._call.deadline
        deadline = None if seconds is None else loop.call_later(seconds, self.stop)
        try:
            async with self._group as group:
                self._feeding = group.create_task(self._feed())
        except BaseException as error:
            self._note_break(error)
        try:  # whatever has ended the group; cancelled again, it closes the rest at one go
            for _ in iter(self._close_slice, False):
                await asyncio.sleep(0)
        except BaseException as error:
            self._note_break(error)
        if deadline is not None:
            deadline.cancel()
        self.close()
        await self._resources.gate.settle()

    def _note_break(self, error: BaseException) -> None:
        """Note what has broken off the task of the run itself."""
        if isinstance(error, asyncio.CancelledError):
            self._life.cancel(HubbatchError("the task of the run itself was cancelled"))
        else:  # a bug: nothing of ours may pass for the run's end
            self._life.fail(Reason.SERVICE, error, fatal=True)

    def stop(self) -> None:
        """Take nothing more in; let what has been sent settle; leave the rest unsent.

        What cannot be sent again within `RetryPolicy.max_wait` of the first stop, or waits for a broken service, is
        left as it is, too.
        """
        moment = now()
        if self._leaves_at is None:
            wait = self._resources.policy.max_wait
            self._leaves_at = moment + wait
            loop = asyncio.get_running_loop()
            self._leaving = loop.call_later(wait, self._carriers.leave, lambda _: True)
        self._stop(
            lambda batch: batch.attempts == 0 or not self._may_wait(batch.resumes_at - moment)
        )

    def abort(self, reason: HubbatchError, task: asyncio.Task[None]) -> None:
        """Cancel the run, which is carried out by `task`, and have it end with `reason`."""
        self._life.cancel(reason)
        task.cancel()

    def close(self) -> None:
        """Leave no record open, whatever a caller's code does on the way."""
        if self._life.ended:
            return
        try:
            for _ in iter(self._close_slice, False):
                pass
            self._intake.close()
            self._report()
            self._final = self.progress
        finally:
            if self._leaving is not None:
                self._leaving.cancel()
            self._life.end()

    def _close_slice(self) -> bool:
        """Close some of what is still open: it was never sent, or its task never got a turn; return whether any was."""
        try:
            if self._closing is None:
                self._cancel_linger()
                self._carriers.close()
                self._closing = self._settler.close_rest(self._feeder.rest())
            return next(self._closing, self) is not self
        except BaseException as error:  # the rest of a list is a caller's own code, too
            self._fail(error, reason=Reason.SOURCE)
            self._closing = self._settler.close_rest(iter(()))
            return self._ledger.unsettled > 0

    def consumed(self) -> None:
        """Note that somebody has taken a settled record away: there may be room for more."""
        self._feeder.wake()

    def _stop(self, leave: Callable[[Batch], bool]) -> None:
        """End admission, and the waiting of those batches that are to be left as they are."""
        self._life.stop()
        current = asyncio.current_task()
        if self._feeding is not None and self._feeding is not current:
            self._feeding.cancel()
        self._carriers.leave(leave)

    def _fail(
        self, error: BaseException, *, fatal: bool = False, reason: Reason = Reason.SERVICE
    ) -> None:
        """Stop because of an error; after a fatal one, or one that ends the process, nothing is sent again."""
        self._life.fail(reason, error, fatal=fatal)
        if self._life.failing:
            self._stop(lambda _: True)
        else:
            self.stop()

    # Taking records in

    async def _feed(self) -> None:
        try:
            await self._feeder.run()
        except asyncio.CancelledError as error:
            if not self._life.taking or self._cancelling:
                raise
            self._fail(error, reason=Reason.SOURCE)  # the source's own
        except BaseException as error:  # the source's own, whatever it is
            self._fail(error, reason=Reason.SOURCE)
        else:
            if self._feeder.exhausted:
                self._start(self._intake.flush())

    def _room(self) -> int:
        """Return how many records may be taken in before a batch becomes full."""
        gate = self._resources.gate
        most = gate.concurrency + 2
        if not gate.broken:
            most += min(self._runner.pausing, most)  # they keep nobody else from being sent
        if len(self._carriers) >= most - 1 and self._carriers.batches >= most - 1:
            return 0  # and one is being filled
        in_the_way = self._ledger.unsettled - self._intake.aside + self._backlog()
        return most * self._call.batch_size - in_the_way

    def _take(self, record: Any) -> bool:
        """Take one record in; return whether that made a batch full."""
        index = self._ledger.take(record)
        try:
            full = self._intake.take(index, record)
        except InvalidRecordError as error:
            self._settler.refuse(index, str(error))
            self._mind_failures()
            return False
        if full or self._linger is None:
            self._start(full)
        return bool(full)

    def _nudge(self) -> None:
        """Send a batch that is not full if nothing else is going on that could fill it."""
        if not self._carriers:
            self._start(self._intake.flush())

    def _start(self, chunks: list[Chunk]) -> None:
        """Send batches that are full, and give the one that is being filled its time to become so."""
        if chunks:
            self._cancel_linger()
        for chunk in chunks:
            if self._life.taking and not self._cancelling:
                self._carriers.begin(chunk)
        if self._linger is None and self._intake.waiting:
            self._linger = asyncio.get_running_loop().call_later(_LINGER, self._flush)

    def _flush(self) -> None:
        self._linger = None
        self._start(self._intake.flush())

    def _cancel_linger(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    @property
    def _cancelling(self) -> bool:
        """Whether the run is being cancelled: its tasks may not have noticed yet."""
        return self._main is not None and self._main.cancelling() > 0

    # Sending, and settling what was sent

    def _may_wait(self, seconds: float) -> bool:
        """Whether a batch should wait so long to be sent again: not in a run that is over but for it."""
        if self._life.failing:
            return False
        wait = max(seconds, self._runner.held_for)
        return self._leaves_at is None or now() + wait <= self._leaves_at

    def _is_over(self) -> bool:
        """Whether nothing is sent again."""
        left = self._leaves_at is not None and now() > self._leaves_at
        return left or self._cancelling or self._life.failing

    def _after_step(self) -> None:
        """Go on while a batch may have to pause: others may go meanwhile."""
        asyncio.get_running_loop().call_soon(self._feeder.wake)
        self._report()

    def _after_batch(self) -> None:
        if self._feeder.exhausted or self._room() <= 0:
            self._nudge()
        self._feeder.wake()

    def _after_settling(self, full: list[Chunk]) -> None:
        """Go on once records have been closed: with chunks that are full now, or not at all."""
        self._start(full)
        self._mind_failures()
        self._report()

    def _mind_failures(self) -> None:
        most = self._call.max_failures
        if most is not None and self._ledger.settled(RecordStatus.FAILED) >= most:
            self.stop()

    def _report(self) -> None:
        if self._call.on_progress is None:
            return
        try:
            self._call.on_progress(self.progress)
        except BaseException as error:  # the caller's own, whatever it is
            self._fail(error, reason=Reason.CALLBACK)
