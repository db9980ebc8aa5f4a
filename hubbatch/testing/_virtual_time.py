"""An event loop whose time jumps to the next timer, and how a test is run in it.

It knows nothing of clients or transports.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, Unpack

from hubbatch import UsageError

__all__ = [
    "DeadlockError",
    "TasksLeftBehindError",
    "VirtualTimeLoop",
    "run_in_virtual_time",
    "virtual_time",
    "wall_clock",
]

P = ParamSpec("P")
T = TypeVar("T")
Args = TypeVarTuple("Args")

_PATIENCE = 1.0
"""Real seconds for which the time stands still while another thread may wake the loop."""

_TICK = 1e-9
"""Seconds that each idle turn takes at least: rounding must not make the time stand."""

_MOST_SHOWN = 10
"""Tasks that a message shows."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class DeadlockError(RuntimeError):
    """Nothing will ever happen again: every task waits, and there is no timer, socket or thread to wait for."""


class TasksLeftBehindError(AssertionError):
    """The test has ended, and tasks that were started in it have not."""


class _Selector(selectors.SelectSelector):
    """Never waits: what the loop would have waited for is the time that has passed."""

    def __init__(self, deadlock: Callable[[], DeadlockError]) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0
        self.interrupt: tuple[int, Callable[[], object]] | None = None
        self.in_executor = 0
        """How many calls are under way in threads that the loop waits for."""
        self._deadlock = deadlock

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        self.turns += 1
        if self.interrupt is not None and self.turns == self.interrupt[0]:
            self.interrupt[1]()
            return ready
        idle = not ready and timeout != 0
        if idle and (self.in_executor or (timeout is None and threading.active_count() > 1)):
            ready = super().select(_PATIENCE)
        if not ready and timeout is not None:
            self.now += max(timeout, _TICK)
        elif not ready:
            raise self._deadlock()
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time starts at 0 and jumps to the next timer, so that waiting takes none.

    `asyncio.sleep`, timeouts and `loop.time()` go by it; `time.sleep`, threads and sockets do not.

    It stands still, for one real second at most, while a call is under way in an executor (`asyncio.to_thread`), or
    where there is no timer and another thread may wake the loop. Other threads and sockets it does not wait for: timers
    run out while they work.
    """

    # Ours because the libraries that do it round the time, and aiolimiter then waits for ever.

    def __init__(self) -> None:
        self._virtual = _Selector(self._deadlock)
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._virtual.now

    def spend(self, seconds: float) -> None:
        """Let time pass while the loop stands still, as what blocks it does."""
        self._virtual.now += seconds

    @property
    def turns(self) -> int:
        """How often the loop has gone round: between two turns every task runs to its next await."""
        return self._virtual.turns

    def interrupt(self, turn: int, action: Callable[[], object]) -> None:
        """Call `action` once the loop has gone round so often: to cancel a task at any of its awaits, one by one."""
        self._virtual.interrupt = (turn, action)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Args]], T], *args: *Args
    ) -> asyncio.Future[T]:
        """Call a function in another thread; the time stands still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._virtual.in_executor += 1
        future.add_done_callback(self._note_executed)
        return future

    def _note_executed(self, _: object) -> None:
        self._virtual.in_executor -= 1

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 (the base class has it)
    ) -> None:
        """End the threads of the loop's executor. Their time is no virtual one, so no timeout holds."""
        await super().shutdown_default_executor()

    def _deadlock(self) -> DeadlockError:
        return DeadlockError(
            "nothing will ever happen again, the tasks wait for each other or for nobody:"
            + _list(asyncio.all_tasks(self))
        )


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop of its own with virtual time, and return what it returns.

    Raises `TasksLeftBehindError` if a task is left behind, and `DeadlockError` once nothing will ever happen again.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        main.close()
        raise UsageError(
            "virtual time needs an event loop of its own, and one is running here: call it from a synchronous"
            " function, or put @virtual_time on the test and no mark of an async plugin"
        )
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_watch(main))


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make an asynchronous test a synchronous one that runs in virtual time; no plugin for async tests is needed.

    Fixtures and parameters are passed on. An async fixture lives in another event loop: make what it would make within
    the test.
    """
    if not inspect.iscoroutinefunction(test):
        raise UsageError(f"@virtual_time is for `async def` functions, and {test!r} is none")

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_in_virtual_time(test(*args, **kwargs))

    return run


def wall_clock() -> float:
    """Return seconds since 1970 that go with the running loop's time, which is 0 at midnight of 2026-01-01 in UTC.

    For `Client(clock=wall_clock)`, so that the times in messages are the same whenever the test runs. A sandbox's
    `Service` begins at that time, too.
    """
    return _EPOCH + asyncio.get_running_loop().time()


async def _watch(main: Coroutine[Any, Any, T]) -> T:
    try:
        result = await main
    except BaseException as error:
        if left := await _left_behind():
            error.add_note(f"Tasks were left behind, too:{_list(left)}")
        raise
    if left := await _left_behind():
        raise TasksLeftBehindError(f"the test ended before tasks that it had started:{_list(left)}")
    return result


async def _left_behind() -> set[asyncio.Task[Any]]:
    await asyncio.sleep(0)  # what is ready ends now
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def _list(tasks: Iterable[asyncio.Task[Any]]) -> str:
    shown = sorted(map(repr, tasks))
    more = [f"… and {len(shown) - _MOST_SHOWN} more"] if len(shown) > _MOST_SHOWN else []
    return "".join(f"\n  {task}" for task in [*shown[:_MOST_SHOWN], *more])
