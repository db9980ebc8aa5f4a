"""One run: records are pulled, wait to be sent, leave in batches and are settled; every record is accounted for.

The engine moves things and keeps the order of events. Pure modules decide what to send, what an answer means and which
records it is for. It knows nothing of HTTP or of who waits for the outcome.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs

from hubbatch._batches.batch import Batch
from hubbatch._clock import now
from hubbatch._engine.carriers import Carriers
from hubbatch._engine.checking import RecordCheck
from hubbatch._engine.dispatch import Dispatcher, Rest
from hubbatch._engine.feeder import AskingError, Feeder, length_of
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.life import EndReason, Life
from hubbatch._engine.noting import Notes, notes_of
from hubbatch._engine.read_ahead import ReadAhead
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.runner import BatchRunner
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.settler import Settler
from hubbatch._engine.snapshot import snapshot
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._records.planning import Input
from hubbatch._records.values import InvalidRecordError
from hubbatch._states import RecordOutcome
from hubbatch.errors import HubbatchError
from hubbatch.models import BatchStatus, RecordStatus
from hubbatch.outcome import Outcome
from hubbatch.policies import Keep
from hubbatch.progress import Progress

__all__ = ["Engine"]


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
        self._resources = resources
        self._life = life
        self._ledger = Ledger(keep)
        self._intake = Intake(call)
        notes = notes_of(call.journal, self._fail)
        self._settler = Settler(self._ledger, self._intake, observe, reporter, notes)
        self._runner = self._make_runner(reporter, notes)
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
        self._numbering = itertools.count()
        self._read_ahead = ReadAhead(
            call, resources.gate, self._intake, self._ledger, self._carriers, backlog=backlog
        )
        self._dispatcher = Dispatcher(
            self._intake.queue,
            resources.gate,
            self._carriers,
            call.linger,
            lambda: life.taking and not self._cancelling,
            limit_class=call.endpoint.limit_class,
        )
        self._check = self._make_check()
        self._feeder = Feeder(
            source,
            life,
            reporter.source_blocks,
            room=self._read_ahead.room,
            take=self._take,
            idle=self._after_pull,
            check=self._check,
        )
        self._leaves_at: float | None = None  # once stopped: when nothing is sent again
        self._leaving: asyncio.TimerHandle | None = None
        self._closing: Iterator[None] | None = None
        self.total = length_of(source)
        self._began = now()
        self._final: Progress | None = None

    def _make_runner(self, reporter: RunReporter, notes: Notes | None) -> BatchRunner:
        return BatchRunner(
            self._call,
            self._resources,
            self._intake.request_body,
            self._settler,
            notes=notes,
            compose=self._compose,
            settled=self._after_settling,
            fail=functools.partial(self._fail, fatal=True),
            may_wait=self._may_wait,
            note_sent=self._note_sent,
            reporter=reporter,
        )

    def _make_check(self) -> RecordCheck:
        return RecordCheck(
            self._call,
            self._resources,
            self._intake,
            self._settler,
            taken=self._dispatcher.dispatch,
            refused=self._mind_failures,
            fail=functools.partial(self._fail, fatal=True),
        )

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
        gate, elapsed = self._resources.gate, now() - self._began
        return snapshot(
            self._ledger, self._intake, self._runner, gate, total=self.total, elapsed=elapsed
        )

    # Beginning and end

    async def run(self) -> None:
        """Carry the call out to its end. What ended it is kept in its life, and raised to those who wait, not here.

        An exception that ends the process would take the event loop with it if it were raised in a task of ours.
        """
        self._main = asyncio.current_task()
        seconds, later = self._call.deadline, asyncio.get_running_loop().call_later
        deadline = None if seconds is None else later(seconds, self.stop)
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
            self._life.fail(EndReason.SERVICE, error, fatal=True)

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
                self._dispatcher.close()
                self._carriers.close()
                self._closing = self._settler.close_rest(self._feeder.rest())
            return next(self._closing, self) is not self
        except BaseException as error:  # the rest of a list is a caller's own code, too
            self._fail(error, reason=EndReason.SOURCE)
            self._closing = self._settler.close_rest(iter(()))
            return self._ledger.unsettled > 0

    def consumed(self) -> None:
        """Note that a reader has taken a settled record away: there may be room for more."""
        self._feeder.wake()

    def _stop(self, leave: Callable[[Batch], bool]) -> None:
        """End admission, and the waiting of those batches that are to be left as they are."""
        self._life.stop()
        current = asyncio.current_task()
        if self._feeding is not None and self._feeding is not current:
            self._feeding.cancel()
        self._carriers.leave(leave)

    def _fail(
        self, error: BaseException, *, fatal: bool = False, reason: EndReason = EndReason.SERVICE
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
        except AskingError as failed:  # the run's own
            self._fail(failed.error)
        except BaseException as error:  # the source's own, whatever it is
            cancelled = isinstance(error, asyncio.CancelledError)
            if cancelled and (self._cancelling or not self._life.taking):
                raise
            self._fail(error, reason=EndReason.SOURCE)
        else:
            if self._feeder.exhausted:
                self._dispatcher.hurry(exhausted=True)

    def _take(self, record: Any) -> bool:
        """Take one record in; return whether that has filled one more request."""
        index = self._ledger.take(record)
        try:
            full = self._intake.take(index, record)
        except InvalidRecordError as error:
            return self._check.refuse(index, record, error)
        if full or self._dispatcher.rest is Rest.UNSEEN:
            self._dispatcher.dispatch()
        return full

    @property
    def _cancelling(self) -> bool:
        """Whether the run is being cancelled: its tasks may not have noticed yet."""
        return self._main is not None and self._main.cancelling() > 0

    # Sending, and settling what was sent

    def _may_wait(self, seconds: float) -> bool:
        """Whether a batch should wait so long to be sent again: not in a run that is over but for it."""
        until = now() + max(seconds, self._runner.held_for)
        return not self._life.failing and (self._leaves_at is None or until <= self._leaves_at)

    def _is_over(self) -> bool:
        """Whether nothing is sent again."""
        over = self._cancelling or self._life.failing
        return over or (self._leaves_at is not None and now() > self._leaves_at)

    def _after_step(self) -> None:
        """Go on while a batch may have to pause: others may go meanwhile, also such as have waited for a key."""
        self._dispatcher.dispatch()
        asyncio.get_running_loop().call_soon(self._feeder.wake)
        self._report()

    def _after_batch(self) -> None:
        self._after_pull()
        self._feeder.wake()

    def _after_pull(self) -> None:
        """Have what waits leave if that alone makes room for more."""
        if not self._carriers and self._read_ahead.used_up:
            self._dispatcher.hurry()
        else:
            self._dispatcher.dispatch()

    def _compose(self, most: int | None) -> tuple[Sequence[Input], int] | None:
        """Return what a new request carries, at most so many inputs, and its number in the run; None: nothing waits."""
        inputs = self._intake.compose(most)
        if inputs:
            self._carriers.note_filled()
        self._dispatcher.dispatch()
        return (inputs, next(self._numbering)) if inputs else None

    def _note_sent(self, indexes: Iterable[int]) -> None:
        self._ledger.sent(indexes)
        if self._read_ahead.follows_sending:
            self._feeder.wake()

    def _after_settling(self) -> None:
        """Go on once records have been closed, or not at all."""
        self._mind_failures()
        self._report()

    def _mind_failures(self) -> None:
        if (most := self._call.max_failures) and self._ledger.settled(RecordStatus.FAILED) >= most:
            self.stop()

    def _report(self) -> None:
        if self._call.on_progress is None:
            return
        try:
            self._call.on_progress(self.progress)
        except BaseException as error:  # the caller's own, whatever it is
            self._fail(error, reason=EndReason.CALLBACK)
