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
from hubbatch._engine.dispatch import Dispatcher
from hubbatch._engine.feeder import AskingError, Feeder, length_of
from hubbatch._engine.journal_notes import notes_of
from hubbatch._engine.journaled_load import description_of, most_batches
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.life import EndReason, Life, RunEnd
from hubbatch._engine.read_ahead import ReadAhead
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.runner import BatchRunner
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.settler import Settler
from hubbatch._engine.snapshot import Snapshots
from hubbatch._engine.stopping import Leaving
from hubbatch._engine.taking import taker_of
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._records.planning import Input
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
        observe: Callable[[Sequence[RecordOutcome[Any]]], None] | None = None,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        self._call = call
        self._resources = resources
        self._life = life
        self._ledger = Ledger(keep, call.read_by)
        self._intake = Intake(call, self._ledger.in_doubt)
        self._notes = notes_of(call.journal, self._fail)
        self._settler = Settler(self._ledger, self._intake, observe, reporter, self._notes)
        self._runner = self._make_runner(reporter)
        self._group, self._numbering = asyncio.TaskGroup(), itertools.count()
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
            most_batches=most_batches(call, self._intake),
        )
        self._taker = taker_of(
            call,
            resources,
            self._ledger,
            self._intake,
            self._settler,
            dispatcher=self._dispatcher,
            notes=self._notes,
            refused=self._mind_failures,
            fail=functools.partial(self._fail, fatal=True),
        )
        self._feeder = self._make_feeder(source, reporter)
        self._leaving = Leaving(resources.policy.max_wait, self._carriers)
        self._closing: Iterator[None] | None = None
        self._snapshots = self._make_snapshots(length_of(source))

    def _make_runner(self, reporter: RunReporter) -> BatchRunner:
        return BatchRunner(
            self._call,
            self._resources,
            self._intake.request_body,
            self._settler,
            notes=self._notes,
            compose=self._compose,
            settled=self._after_settling,
            fail=functools.partial(self._fail, fatal=True),
            may_wait=self._may_wait,
            note_sent=self._note_sent,
            reporter=reporter,
        )

    def _make_snapshots(self, total: int | None) -> Snapshots:
        gate = self._resources.gate
        return Snapshots(self._ledger, self._intake, self._runner, gate, self._call, total=total)

    def _make_feeder(
        self, source: Iterable[Any] | AsyncIterable[Any], reporter: RunReporter
    ) -> Feeder:
        return Feeder(
            source,
            self._life,
            reporter.source_blocks,
            room=self._read_ahead.room,
            take=self._taker.take,
            idle=self._after_pull,
            check=self._taker,
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
    def total(self) -> int | None:
        """How many records the source has, where it can tell."""
        return self._snapshots.total

    @property
    def progress(self) -> Progress:
        """A snapshot of how far the run has come."""
        return self._snapshots.progress

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
            self._life.break_off(error)
        try:  # whatever has ended the group; cancelled again, it closes the rest at one go
            for _ in iter(self._close_slice, False):
                await asyncio.sleep(0)
        except BaseException as error:
            self._life.break_off(error)
        if self._notes is not None:
            self._close_rest()
            complete = self._feeder.exhausted and self._life.ending == RunEnd()
            await self._notes.end(complete=complete)
        if deadline is not None:
            deadline.cancel()
        self.close()
        await self._resources.gate.settle()

    def stop(self) -> None:
        """Take nothing more in; let what has been sent settle; leave the rest unsent.

        What cannot be sent again within `RetryPolicy.max_wait` of the first stop, or waits for a broken service, is
        left as it is, too.
        """
        self._leaving.begin()
        moment = now()
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
            self._close_rest()
            self._intake.close()
            self._report()
            self._snapshots.close()
        finally:
            self._leaving.close()
            self._life.end()

    def _close_rest(self) -> None:
        for _ in iter(self._close_slice, False):
            pass

    def _close_slice(self) -> bool:
        """Close some of what is still open: it was never sent, or its task never got a turn; return whether any was."""
        try:
            if self._closing is None:
                self._dispatcher.close()
                self._carriers.close()
                self._taker.leave_off()
                rest, enter = self._feeder.rest(self._ledger.taken), self._taker.enter
                self._closing = self._settler.close_rest(rest, enter)
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
            if self._notes is None or await self._notes.begin(
                functools.partial(description_of, self._call, self._resources)
            ):
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
                self._taker.finish()
                self._dispatcher.hurry(exhausted=True)

    @property
    def _cancelling(self) -> bool:
        """Whether the run is being cancelled: its tasks may not have noticed yet."""
        return self._main is not None and self._main.cancelling() > 0

    # Sending, and settling what was sent

    def _may_wait(self, seconds: float) -> bool:
        """Whether a batch should wait so long to be sent again: not in a run that is over but for it."""
        until = now() + max(seconds, self._runner.held_for)
        return not self._life.failing and self._leaving.allows(until)

    def _is_over(self) -> bool:
        """Whether nothing is sent again."""
        return self._cancelling or self._life.failing or not self._leaving.allows(now())

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

    def _compose(self, most: int | None) -> tuple[Sequence[Input], int, float | None] | None:
        """Return the inputs of a new request, at most so many, its number, and since when they are in doubt, if any."""
        inputs = self._intake.compose(most)
        if inputs:
            self._carriers.note_filled()
        self._dispatcher.dispatch()
        if not inputs:
            return None
        in_doubt_since = self._ledger.in_doubt.get(inputs[0].index)
        return inputs, next(self._numbering), in_doubt_since

    def _note_sent(self, indexes: Iterable[int]) -> None:
        self._ledger.sent(indexes)
        if self._read_ahead.follows_sending:
            self._feeder.wake()

    def _after_settling(self) -> None:
        """Go on once records have been closed, or not at all."""
        self._mind_failures()
        self._report()

    def _mind_failures(self) -> None:
        most, failed = self._call.max_failures, RecordStatus.FAILED
        if most and self._ledger.settled_here(failed) >= most:
            self.stop()

    def _report(self) -> None:
        if self._call.on_progress is None:
            return
        try:
            self._call.on_progress(self.progress)
        except BaseException as error:  # the caller's own, whatever it is
            self._fail(error, reason=EndReason.CALLBACK)
