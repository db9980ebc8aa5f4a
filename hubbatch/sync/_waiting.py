"""A loop in a thread of its own, and a thread that waits for what is carried out there.

Who waits pulls the sources meanwhile, and says when a signal has come. It knows nothing of verbs.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import hubbatch
from hubbatch import Outcome, Run, UsageError
from hubbatch._records.frames import rows_of
from hubbatch._records.threads import ThreadedSource

__all__ = ["LoopThread", "RunInterruptedError", "WaitingThread"]

_T = TypeVar("_T")

_READ_AHEAD = 500
"""Records that may be pulled from a source before they are wanted."""
_PATIENCE = 0.5
"""Seconds of waiting after which Python sees a signal also where waiting cannot be interrupted."""


class RunInterruptedError(KeyboardInterrupt):
    """Ctrl-C: the run took in no more, and what was in flight has been settled.

    `outcome` accounts for all that the run had taken in; it is None where there was no run yet.
    """

    def __init__(self, outcome: Outcome[Any] | None) -> None:
        super().__init__(outcome)
        self.outcome = outcome

    def __str__(self) -> str:
        return "" if self.outcome is None else f"the run was stopped; {self.outcome.counts}"


class LoopThread:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        ready: Future[asyncio.AbstractEventLoop] = Future()
        # A daemon: a client that was forgotten keeps no program from ending.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(ready)), name="hubbatch-sync", daemon=True
        )
        self._process = os.getpid()
        self.closed = False
        self._thread.start()
        self.loop = ready.result()

    async def _live(self, ready: Future[asyncio.AbstractEventLoop]) -> None:
        self._end = asyncio.Event()
        ready.set_result(asyncio.get_running_loop())
        await self._end.wait()

    def check(self) -> None:
        """Raise `UsageError` where to wait for what is carried out here would never end."""
        if self.closed or sys.is_finalizing():  # as Python ends, no other thread runs
            raise UsageError("the client is closed; make another one")
        if self._process != os.getpid():
            raise UsageError("the client belongs to another process; make one in this process")
        if self._thread is threading.current_thread():
            raise UsageError(
                "a callback, or an asynchronous source, would wait for itself: it is called in the thread of the client"
                " that it uses; use another client there"
            )

    def close(self, client: hubbatch.Client) -> None:
        """Close a client in the loop, and end the thread.

        Does nothing as Python ends, or in a process that was forked from its own: the thread does not run there.
        """
        if self.closed or sys.is_finalizing() or self._process != os.getpid():
            return
        self.check()
        self.closed = True
        try:
            asyncio.run_coroutine_threadsafe(client.aclose(), self.loop).result()
        finally:
            self.loop.call_soon_threadsafe(self._end.set)
            self._thread.join()


class WaitingThread(Executor):
    """A thread that waits for what is carried out in the loop's, and meanwhile does what it is given."""

    def __init__(self, client: hubbatch.Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._interruptions: list[BaseException] = []
        self._exit: BaseException | None = None
        self._run: Run[Any] | None = None
        self._task: asyncio.Task[Any] | None = None

    def submit(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Have the thread that waits call a function."""
        future: Future[_T] = Future()

        def work() -> None:
            try:
                result = function(*args, **kwargs)
            except BaseException as error:  # raised where the result is wanted
                future.set_exception(error)
            else:
                future.set_result(result)

        self._work.put(work)
        return future

    def pulling(self, source: Any) -> Any:
        """Return a source that is pulled in this thread, unless all of it is there, or nothing of it blocks."""
        at_hand = isinstance(source, str | bytes | list | tuple | dict | AsyncIterable)
        if at_hand or not isinstance(source, Iterable) or rows_of(source) is not None:
            return source
        return ThreadedSource(self._guarded(source), _READ_AHEAD, self)

    def _guarded(self, source: Iterable[_T]) -> Iterator[_T]:
        """Pull a source. What tells the program to end stops the run, and is raised once that has ended."""
        try:
            yield from source
        except (KeyboardInterrupt, SystemExit) as error:
            self._interrupted(error)

    def carry_out(self, call: Callable[[hubbatch.Client], Awaitable[_T]]) -> _T:
        """Have something carried out in the loop, wait for it, and return its result."""
        future = asyncio.run_coroutine_threadsafe(self._carry_out(call), self._loop)
        future.add_done_callback(lambda _: self._work.put(_nothing))
        while True:
            try:
                while not future.done():
                    with suppress(Empty):
                        self._work.get(timeout=_PATIENCE)()
                break
            except BaseException as error:  # a signal's, whatever its handler raises
                self._interrupted(error)
        if self._interruptions:
            raise self._interruption(future)
        result = future.result()
        if self._exit is not None:
            raise self._exit
        return cast("_T", result)

    async def _carry_out(self, call: Callable[[hubbatch.Client], Awaitable[_T]]) -> _T | None:
        self._task = asyncio.current_task()
        if self._interruptions:
            return None
        try:
            awaited = call(self._client)
            if isinstance(awaited, Run):
                self._run = awaited.start()
            return await awaited
        except (KeyboardInterrupt, SystemExit) as error:  # it would end the loop, too
            self._exit = error
            return None

    def _interrupted(self, error: BaseException) -> None:
        """Stop what is carried out; the second time, cancel it."""
        self._interruptions.append(error)
        self._loop.call_soon_threadsafe(self._stop, len(self._interruptions) > 1)

    def _stop(self, again: bool) -> None:  # noqa: FBT001 (as a loop calls it)
        if self._run is not None and not again:
            self._stopping = self._loop.create_task(self._run.stop())
        elif self._task is not None:
            self._task.cancel()

    def _interruption(self, future: Future[Any]) -> BaseException:
        """Return what is to be raised of what interrupted the wait."""
        outcome = None if self._run is None else self._run.outcome
        first = self._interruptions[0]
        error: BaseException = first
        if type(first) is KeyboardInterrupt or isinstance(first, RunInterruptedError):
            error = RunInterruptedError(outcome)
        elif outcome is not None:
            first.add_note(f"the run was stopped; {outcome.counts}")
        failure = self._exit if future.cancelled() else self._exit or future.exception()
        if failure is not None:
            error.add_note(f"meanwhile the run had ended with {type(failure).__name__}: {failure}")
        return error


def _nothing() -> None:
    """Do nothing: it wakes who waits for work."""
