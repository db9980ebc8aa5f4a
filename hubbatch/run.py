"""What a verb returns: await it for the outcome, or enter it and iterate over records as they are settled."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import math
import warnings
import weakref
from collections.abc import AsyncIterable, Callable, Generator, Iterable
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Generic, Self

from hubbatch._engine.engine import Engine
from hubbatch._engine.life import EndReason, Life, State, attach_error, waiter_cancelled
from hubbatch._engine.record_stream import Reading, RecordStream
from hubbatch._engine.reporter import RunReporter, run_numbers
from hubbatch._engine.sender import ClientResources
from hubbatch._records.call import Call
from hubbatch._states import RecordOutcome
from hubbatch.errors import HubbatchError, UsageError
from hubbatch.models import BatchStatus, ResultT
from hubbatch.outcome import Outcome
from hubbatch.policies import Keep
from hubbatch.progress import Progress

__all__ = ["Run"]

_within: contextvars.ContextVar[frozenset[object]] = contextvars.ContextVar(
    "hubbatch_within", default=frozenset()
)
"""The marks of the runs whose source or callback is being executed: they cannot wait for their own end."""


class Run(Generic[ResultT]):
    """One call under way. It starts when it is awaited, entered or started with `start()`, not before.

    Await it for the outcome. When the last one who awaits it is cancelled, the run is cancelled; as long as others
    wait for it, it goes on. Leaving the `async with` block before the end stops the run as `stop()` does; what is in
    flight settles. A block that is cancelled cancels its run, whoever else waits. After the block there is nothing
    more to iterate over: records that nobody has taken by then are in the outcome, as far as it keeps them.

    What ended the run is raised to all who wait for it. Where the body of an `async with` block has raised, that
    comes out, and what ended the run stands in its notes and at the end of its `__context__`; only KeyboardInterrupt
    and SystemExit out of the run come before it.
    """

    def __init__(
        self,
        call: Call,
        source: Iterable[Any] | AsyncIterable[Any],
        equip: Callable[[Run[Any]], ClientResources],
        ended: Callable[[Run[Any]], None],
        client_name: str | None = None,
    ) -> None:
        self.id = next(run_numbers)
        """Which run of this process it is, in events and in the log."""
        self._of = "" if client_name is None else f" for {client_name!r}"
        self._call = call
        self._source = source
        self._equip = equip
        self._note_end = ended
        self._life = Life()
        self._mark = object()
        self._under_way: tuple[Engine, asyncio.Task[None]] | None = None
        self._settled: RecordStream | None = None  # None: nobody is to iterate
        self._over = False  # has ended, and observers have heard of it
        self._waiters = 0
        self._informed: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        """The tasks to which what ended the run has been raised: none gets it twice."""
        self._final: Outcome[ResultT] | None = None

    def __repr__(self) -> str:
        state = self._life.state.name.lower()
        counts = "not started" if self._under_way is None else f"{state}, {self.progress.counts}"
        return f"<Run {self._call.endpoint.name}{self._of}: {counts}>"

    def __del__(self) -> None:
        if getattr(self, "_life", None) is not None and self._life.state is State.CREATED:
            warnings.warn(
                f"a run of {self._call.endpoint.name}(){self._of} was never started: await it, or enter"
                " it with 'async with'",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

    @property
    def done(self) -> bool:
        """Whether the run has come to its end."""
        return self._life.ended

    @property
    def outcome(self) -> Outcome[ResultT]:
        """The truth about every record taken in so far; at the end, the outcome.

        Before the end it is a copy that never changes, which takes time for each record that is kept: to ask again and
        again how far the run is, read `progress`.
        """
        if self._final is not None:
            return self._final
        if self._under_way is None:
            status = BatchStatus.CANCELED if self._life.ended else BatchStatus.PENDING
            return Outcome(status=status)
        outcome = self._under_way[0].outcome
        if self._life.ended:
            self._final = outcome
        return outcome

    @property
    def progress(self) -> Progress:
        """A snapshot of how far the run has come, whose cost does not grow; raises `UsageError` before the start."""
        return self._started()[0].progress

    def start(self) -> Self:
        """Start the run without waiting for it, and return it; it keeps what a run that is awaited keeps.

        Wait for it with `await run.wait()`, or await it. The client holds it until its end, and cancels it if it is
        closed before. Raises `UsageError` if it has started already.
        """
        self._begin(self._call.keep or Keep.ALL, streamed=False)
        return self

    async def wait(self) -> Outcome[ResultT]:
        """Wait for the end of a run that has started and return its outcome; raise what ended it.

        Cancelling one who waits here leaves the run alone, even if nobody else waits.
        """
        self._started()
        return await self._see_out(cancels_among=0)

    async def stop(self) -> None:
        """Take no more records in, let what is in flight settle, and leave the rest unsent.

        Returns at the end of the run; within its own source or a task that this started, at once.
        """
        engine, task = self._started()
        engine.stop()
        if self._mark not in _within.get() and not self._over:
            await asyncio.wait([task])

    def abort(self, reason: HubbatchError) -> asyncio.Task[None] | None:
        """Cancel the run if it is under way, for `reason`; return the task to wait for."""
        if self._under_way is None or self._over:
            return None
        engine, task = self._under_way
        engine.abort(reason, task)
        return task

    def __await__(self) -> Generator[Any, None, Outcome[ResultT]]:
        """Carry the run out and return its outcome.

        Raises `HubbatchError` for what is wrong with the call or the account, and the source's own exceptions;
        a record's failure is part of the outcome and raises nothing.
        """
        return self._complete().__await__()

    async def _complete(self) -> Outcome[ResultT]:
        if self._life.state is State.CREATED:
            self._begin(self._call.keep or Keep.ALL, streamed=False)
        return await self._see_out(cancels_among=1)

    async def __aenter__(self) -> Self:
        self._begin(self._call.keep or Keep.ERRORS, streamed=True)
        self._waiters += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        engine, task = self._started()
        if isinstance(error, asyncio.CancelledError):
            engine.abort(waiter_cancelled(self._of), task)
        else:
            engine.stop()
        try:
            await self._wait(cancels_among=math.inf)
        finally:
            if self._settled is not None:
                self._settled.drop()  # not before: another task may iterate until the end
        failure = self._life.ending.error
        if failure is None or asyncio.current_task() in self._informed:
            return
        if error is None or isinstance(failure, KeyboardInterrupt | SystemExit):
            self._raise(failure)
        elif not isinstance(error, asyncio.CancelledError) or not self._cancelled:
            self._own(failure)
            attach_error(error, failure)

    def __aiter__(self) -> Reading[RecordOutcome[ResultT]]:
        return Reading(functools.partial(self._taken, self._iterable().take))

    async def __anext__(self) -> RecordOutcome[ResultT]:
        """Return the next settled record, in the order of settling."""
        record: RecordOutcome[ResultT] = await self._taken(self._iterable().take, self)
        return record

    def chunks(self) -> Reading[list[RecordOutcome[ResultT]]]:
        """Iterate as over the run itself, over lists: each time all records that are settled by then, at least one.

        `async for records in run.chunks(): …` saves a step of the event loop for each record where there are millions.
        """
        return Reading(functools.partial(self._taken, self._iterable().take_all))

    async def _taken(self, take: Callable[[object], Any], reading: object) -> Any:
        """Return what `take` returns, once that is something."""
        settled = self._iterable()
        while not (taken := take(reading)):
            if self._over:
                try:
                    self._result()
                except StopAsyncIteration as error:
                    # The source's slip, which must not pass for the end of the run.
                    raise RuntimeError("the source raised StopAsyncIteration") from error
                raise StopAsyncIteration
            await settled.wait()
        self._let_go()
        return taken

    def _iterable(self) -> RecordStream:
        self._started()
        if self._settled is None:
            raise UsageError("enter the run with 'async with' to iterate over its records")
        return self._settled

    async def _see_out(self, *, cancels_among: int) -> Outcome[ResultT]:
        """Wait for the end without iterating; return the outcome, or raise what ended the run."""
        self._check_not_within()  # before its records are let go
        with nullcontext() if self._settled is None else self._settled.awaited():
            await self._wait(cancels_among=cancels_among)
        return self._result()

    def _let_go(self) -> None:
        """Note that there may be room for more: records have been taken away, or press no more."""
        self._started()[0].consumed()

    def _started(self) -> tuple[Engine, asyncio.Task[None]]:
        if self._under_way is None:
            if (error := self._life.ending.error) is not None:
                raise error
            raise UsageError(
                f"the run{self._of} has not started: await it, or enter it with 'async with'"
            )
        return self._under_way

    def _begin(self, keep: Keep, *, streamed: bool) -> None:
        if self._life.state is not State.CREATED:
            raise UsageError(
                f"the run{self._of} has started already; call the verb again for another one"
            )
        try:
            resources = self._equip(self)
        except UsageError as error:
            self._life.end_unstarted(error)
            raise
        reporter = RunReporter(resources.observers, self.id, self._call)
        settled = self._settled = (
            RecordStream(reporter.not_taken, self._let_go) if streamed else None
        )
        engine = Engine(
            self._call,
            self._source,
            resources,
            self._life,
            reporter,
            keep=keep,
            observe=None if settled is None else settled.show,
            backlog=lambda: 0 if settled is None else settled.backlog,
        )
        self._life.begin()
        context = contextvars.copy_context()
        context.run(_within.set, _within.get() | {self._mark})
        task = asyncio.get_running_loop().create_task(engine.run(), context=context)
        self._under_way = engine, task
        task.add_done_callback(functools.partial(self._end, reporter))
        reporter.started(engine.total)

    def _end(self, reporter: RunReporter, task: asyncio.Task[None]) -> None:
        engine, _ = self._started()
        try:
            # A bug must not pass for the run's end.
            if not task.cancelled() and (bug := task.exception()) is not None:
                self._life.fail(EndReason.SERVICE, bug, fatal=True)
            engine.close()  # in case the task was cancelled before it began
            reporter.ended(lambda: engine.progress, self._life.ending)
        except BaseException as bug:  # raised to those who wait
            self._life.fail(EndReason.SERVICE, bug, fatal=True)
            raise
        finally:
            self._over = True  # who waits for the task goes on after this, its first callback
            if self._settled is not None:
                self._settled.wake()
            self._note_end(self)

    def _check_not_within(self) -> None:
        if self._mark in _within.get() and not self.done:
            raise UsageError(
                "a run's source or callback cannot wait for the run's end: it would wait for itself. Call stop(), or"
                " wait in a task that was started elsewhere or with context=contextvars.Context()"
            )

    async def _wait(self, *, cancels_among: float) -> None:
        """Wait for the end of the run; being cancelled cancels it where no more than so many wait for it."""
        self._check_not_within()
        engine, task = self._started()
        if self._over:
            return
        if task.get_loop() is not asyncio.get_running_loop():
            raise UsageError("wait for a run in the event loop in which it was started")
        self._waiters += 1
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancelled:
            if self._waiters <= cancels_among:
                engine.abort(waiter_cancelled(self._of), task)
                await asyncio.wait([task])
                if (failure := self._life.ending.error) is not None and not self._cancelled:
                    attach_error(cancelled, failure)
            raise
        finally:
            self._waiters -= 1

    def _result(self) -> Outcome[ResultT]:
        """Return the outcome of a run that is over, or raise what ended it."""
        if (failure := self._life.ending.error) is not None:
            self._raise(failure)
        return self.outcome

    def _raise(self, failure: BaseException) -> None:
        if (task := asyncio.current_task()) is not None:
            self._informed.add(task)
        self._own(failure)
        raise failure

    def _own(self, failure: BaseException) -> None:
        """Have an exception that this run made carry its outcome."""
        if self._life.ending.own_error is failure and isinstance(failure, HubbatchError):
            if self._of and failure.outcome is None:
                failure.add_note(f"in run {self.id}, {self._call.endpoint.name}{self._of}")
            failure.outcome = self.outcome

    @property
    def _cancelled(self) -> bool:
        """Whether nothing worse than a cancellation ended the run."""
        return self._life.ending.reason is EndReason.CANCELLED
