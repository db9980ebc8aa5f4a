"""A run's life: its state, and what ended it. One enum, one table of steps, one owner.

A run is made, takes records in and sends them, and ends. Whatever goes wrong in between only moves it forward:

    CREATED -> RUNNING -> STOPPING -> FAILING -> CANCELLING -> ENDED     (steps may be left out)

STOPPING takes nothing more in and lets what was sent settle, FAILING sends nothing again either, CANCELLING does not
wait for answers. The first exception is what ended the run; later ones of another origin are attached to it.
It knows nothing of records, requests, tasks or time.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen

from hubbatch.errors import HubbatchError

__all__ = ["EndReason", "Life", "RunEnd", "State", "attach_error", "waiter_cancelled"]


class State(Enum):
    """Where a run stands."""

    CREATED = auto()
    RUNNING = auto()
    STOPPING = auto()
    FAILING = auto()
    CANCELLING = auto()
    ENDED = auto()


_STEPS: Mapping[State, frozenset[State]] = {
    State.CREATED: frozenset({State.RUNNING, State.ENDED}),
    State.RUNNING: frozenset({State.STOPPING, State.FAILING, State.CANCELLING, State.ENDED}),
    State.STOPPING: frozenset({State.FAILING, State.CANCELLING, State.ENDED}),
    State.FAILING: frozenset({State.CANCELLING, State.ENDED}),
    State.CANCELLING: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}
"""Where a run may go from a state. A step back is asked for often, by a stop while it is cancelled, and never made."""


class EndReason(Enum):
    """Who or what ended a run."""

    EXHAUSTED = auto()
    """Its source was seen through."""
    STOPPED = auto()
    """`stop()`, the deadline, `max_failures`, or the end of an `async with` block."""
    SOURCE = auto()
    """The source raised."""
    CALLBACK = auto()
    """`on_progress` raised."""
    JOURNAL = auto()
    """The journal raised."""
    SERVICE = auto()
    """The call, the account, the service or the way there forbade to go on."""
    CANCELLED = auto()
    """Whoever waited was cancelled, or the client was closed."""
    NOT_STARTED = auto()
    """It could not be started."""


@frozen
class RunEnd:
    """What ended a run."""

    reason: EndReason = EndReason.EXHAUSTED
    error: BaseException | None = None
    """What is raised to those who wait for the run."""

    @property
    def own_error(self) -> HubbatchError | None:
        """The error if the run itself made it: one out of a source or callback may be another run's."""
        error = self.error
        if not isinstance(error, HubbatchError) or self.reason in {
            EndReason.SOURCE,
            EndReason.CALLBACK,
        }:
            return None
        # A journal's is this run's, unless it came with another's outcome.
        return error if self.reason is not EndReason.JOURNAL or error.outcome is None else None


class Life:
    """Owns a run's state, and remembers what ended it."""

    def __init__(self) -> None:
        self.state = State.CREATED
        self.ending = RunEnd()
        self._raised: set[EndReason] = set()

    @property
    def taking(self) -> bool:
        """Whether records are taken in, and batches begun."""
        return self.state is State.RUNNING

    @property
    def failing(self) -> bool:
        """Whether nothing is sent again."""
        return self.state not in {State.CREATED, State.RUNNING, State.STOPPING}

    @property
    def ended(self) -> bool:
        """Whether every record is closed."""
        return self.state is State.ENDED

    def begin(self) -> None:
        """Start."""
        self._go(State.RUNNING)

    def stop(self) -> None:
        """Take nothing more in."""
        if self._go(State.STOPPING):
            self.ending = RunEnd(EndReason.STOPPED)

    def fail(self, reason: EndReason, error: BaseException, *, fatal: bool) -> None:
        """Stop because of an exception; after a fatal one, or one that ends the process, nothing is sent again."""
        fatal = fatal or isinstance(error, KeyboardInterrupt | SystemExit)
        self._go(State.FAILING if fatal else State.STOPPING)
        self._note(reason, error)

    def cancel(self, error: HubbatchError) -> None:
        """Wait for no more answers; `error` is raised unless there is a worse one."""
        if self._go(State.CANCELLING) and self.ending.error is None:
            self.ending = RunEnd(EndReason.CANCELLED, error)

    def break_off(self, error: BaseException) -> None:
        """Note what has broken off the task of the run itself."""
        if isinstance(error, asyncio.CancelledError):
            self.cancel(HubbatchError("the task of the run itself was cancelled"))
        else:  # a bug: nothing of ours may pass for the run's end
            self.fail(EndReason.SERVICE, error, fatal=True)

    def end_unstarted(self, error: BaseException) -> None:
        """End before the start."""
        self._note(EndReason.NOT_STARTED, error)
        self._go(State.ENDED)

    def end(self) -> None:
        """Note that every record is closed."""
        self._go(State.ENDED)

    def _go(self, to: State) -> bool:
        if to not in _STEPS[self.state]:
            return False
        self.state = to
        return True

    def _note(self, reason: EndReason, error: BaseException) -> None:
        """Keep the first exception; attach the first one of each other origin."""
        first = self.ending.error
        if first is None or self.ending.reason is EndReason.CANCELLED:
            self.ending = RunEnd(reason, error)
        elif reason not in self._raised:
            attach_error(first, error)
        self._raised.add(reason)


def waiter_cancelled(of: str) -> HubbatchError:
    """Make what others get who wait for a run that one of them was cancelled in."""
    return HubbatchError(f"a task that waited for the run{of} was cancelled, and the run with it")


def attach_error(error: BaseException, also: BaseException) -> None:
    """Attach another exception to one that is raised, where a traceback and a program can find it."""
    chain = _chain(error)
    if any(link is also for link in chain):
        return
    if not any(link is error for link in _chain(also)) and chain[-1].__context__ is None:
        chain[-1].__context__ = also
    words = traceback.format_exception_only(also)[-1].strip()  # also where its __str__ raises
    error.add_note(f"The run has failed, too, with {words}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and those that it goes back to."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and not any(link is other for other in chain):
        chain.append(link)
        link = link.__cause__ if link.__cause__ is not None else link.__context__
    return chain
