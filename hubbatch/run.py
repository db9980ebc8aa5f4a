"""What a verb returns: await it for the outcome, or enter it and iterate over records as they are settled."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncIterable, Callable, Generator, Iterable
from types import TracebackType
from typing import Any, Self

from hubbatch._engine import Engine
from hubbatch._ledger import Keep
from hubbatch._options import Call
from hubbatch._states import RecordOutcome
from hubbatch._wire import Equipment
from hubbatch.errors import HubbatchError, UsageError
from hubbatch.models import BatchStatus
from hubbatch.outcome import Outcome
from hubbatch.progress import Progress

__all__ = ["Run"]


class Run:
    """One call under way. It starts when it is awaited or entered, not before.

    Leaving the `async with` block before the end stops the run as `stop()` does; what is in flight settles.
    """

    def __init__(
        self,
        call: Call,
        source: Iterable[Any] | AsyncIterable[Any],
        equip: Callable[[Run], Equipment],
    ) -> None:
        self._call = call
        self._source = source
        self._equip = equip
        self._under_way: tuple[Engine, asyncio.Task[None]] | None = None
        self._settled: deque[RecordOutcome] = deque()
        self._news = asyncio.Event()
        self._raised = False
        self._consuming = True
        self._final: Outcome | None = None

    def __repr__(self) -> str:
        counts = self.outcome.counts if self._under_way else "not started"
        return f"<Run {self._call.operation.verb}: {counts}>"

    def __del__(self) -> None:
        if getattr(self, "_under_way", self) is None:
            warnings.warn(
                f"a run of {self._call.operation.verb}() was never started: await it, or enter it with"
                " 'async with'",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

    @property
    def done(self) -> bool:
        """Whether the run has come to its end."""
        return self._under_way is not None and self._under_way[1].done()

    @property
    def outcome(self) -> Outcome:
        """The truth about every record taken in so far; at the end, the outcome."""
        if self._under_way is None:
            return Outcome(status=BatchStatus.PENDING)
        if self._final is not None:
            return self._final
        outcome = self._under_way[0].outcome
        if self.done:
            self._final = outcome
        return outcome

    @property
    def progress(self) -> Progress:
        """A snapshot of how far the run has come; raises `UsageError` before the start."""
        engine, _ = self._started()
        return engine.progress

    async def stop(self) -> None:
        """Take no more records in, let what is in flight settle, and leave the rest unsent."""
        engine, task = self._started()
        engine.stop()
        if not engine.runs_in(asyncio.current_task()):
            await asyncio.wait([task])

    def abort(self, reason: HubbatchError) -> asyncio.Task[None] | None:
        """Cancel the run if it is under way, for `reason`; return the task to wait for."""
        if self._under_way is None or self.done:
            return None
        engine, task = self._under_way
        engine.abort(reason, task)
        return task

    def __await__(self) -> Generator[Any, None, Outcome]:
        """Carry the run out and return its outcome.

        Raises `HubbatchError` for what is wrong with the call or the account, and the source's own exceptions;
        a record's failure is part of the outcome and raises nothing.
        """
        return self._complete().__await__()

    async def _complete(self) -> Outcome:
        if self._under_way is None:
            self._start(self._call.keep or Keep.ALL, streamed=False)
        engine, _ = self._started()
        self._consuming = False  # nobody iterates any more: nothing waits to be taken away
        self._settled.clear()
        engine.consumed()
        await self._finish()
        self._raise_failure()
        return self.outcome

    async def __aenter__(self) -> Self:
        if self._under_way is not None:
            raise UsageError("the run has started already; call the verb again for another one")
        self._start(self._call.keep or Keep.ERRORS, streamed=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        engine, task = self._started()
        if isinstance(error, asyncio.CancelledError):
            engine.abort(_cancelled(), task)
        elif not task.done():
            engine.stop()
        await self._finish()
        if error is None and not self._raised:
            self._raise_failure()

    def __aiter__(self) -> Self:
        self._started()
        return self

    async def __anext__(self) -> RecordOutcome:
        """Return the next settled record, in the order of settling."""
        engine, task = self._started()
        while not self._settled:
            if task.done():
                try:
                    self._raise_failure()
                except StopAsyncIteration as error:
                    # The source's slip, which must not pass for the end of the run.
                    raise RuntimeError("the source raised StopAsyncIteration") from error
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        record = self._settled.popleft()
        engine.consumed()
        return record

    def _started(self) -> tuple[Engine, asyncio.Task[None]]:
        if self._under_way is None:
            raise UsageError("the run has not started: await it, or enter it with 'async with'")
        return self._under_way

    def _start(self, keep: Keep, *, streamed: bool) -> None:
        engine = Engine(
            self._call,
            self._source,
            self._equip(self),
            keep=keep,
            observe=self._show if streamed else None,
            backlog=self._settled.__len__,
        )
        task = asyncio.create_task(engine.run())
        task.add_done_callback(self._end)
        self._under_way = engine, task

    def _end(self, task: asyncio.Task[None]) -> None:
        engine, _ = self._started()
        engine.close()  # in case the task was cancelled before it began
        if not task.cancelled():
            task.exception()  # seen: whoever waits is told, and asyncio need not complain
        self._news.set()

    async def _finish(self) -> None:
        """Wait for the end of the run; being cancelled meanwhile cancels the run."""
        engine, task = self._started()
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            engine.abort(_cancelled(), task)
            await asyncio.wait([task])
            raise

    def _raise_failure(self) -> None:
        engine, _ = self._started()
        self._raised = True
        failure = engine.failure
        if isinstance(failure, HubbatchError):
            failure.outcome = self.outcome
        if failure is not None:
            raise failure

    def _show(self, record: RecordOutcome) -> None:
        if self._consuming:
            self._settled.append(record)
            self._news.set()


def _cancelled() -> HubbatchError:
    """Make what others get who wait for a run that one of them was cancelled in."""
    return HubbatchError("a task that waited for the run was cancelled, and the run with it")
