"""A run's life: where it stands, and what ended it. One enum, one table of steps, one owner.

A run is made, takes records in and sends them, and ends. Whatever goes wrong in between only moves it forward:

    CREATED -> RUNNING -> STOPPING -> FAILING -> CANCELLING -> ENDED     (steps may be left out)

STOPPING takes nothing more in and lets what was sent settle, FAILING sends nothing again either, CANCELLING does not
wait for answers. The first exception is what ended the run; later ones of another origin are told along with it.
It knows nothing of records, requests, tasks or time.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen

from hubbatch.errors import HubbatchError

__all__ = ["Ending", "Life", "Reason", "State", "tell_along"]


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


class Reason(Enum):
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
    REFUSED = auto()
    """It could not be started."""


@frozen
class Ending:
    """What ended a run."""

    reason: Reason = Reason.EXHAUSTED
    error: BaseException | None = None
    """What is raised to those who wait for the run."""

    @property
    def own_error(self) -> HubbatchError | None:
        """The error if the run itself made it: one out of a source or callback may be another run's."""
        made_elsewhere = self.reason in {Reason.SOURCE, Reason.CALLBACK, Reason.JOURNAL}
        return self.error if isinstance(self.error, HubbatchError) and not made_elsewhere else None


class Life:
    """Owns a run's state, and remembers what ended it."""

    def __init__(self) -> None:
        self.state = State.CREATED
        self.ending = Ending()
        self._raised: set[Reason] = set()

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
            self.ending = Ending(Reason.STOPPED)

    def fail(self, reason: Reason, error: BaseException, *, fatal: bool) -> None:
        """Stop because of an exception; after a fatal one, or one that ends the process, nothing is sent again."""
        fatal = fatal or isinstance(error, KeyboardInterrupt | SystemExit)
        self._go(State.FAILING if fatal else State.STOPPING)
        self._note(reason, error)

    def cancel(self, error: HubbatchError) -> None:
        """Wait for no more answers; `error` is for those who are not told anything worse."""
        if self._go(State.CANCELLING) and self.ending.error is None:
            self.ending = Ending(Reason.CANCELLED, error)

    def refuse(self, error: BaseException) -> None:
        """End before the start."""
        self._note(Reason.REFUSED, error)
        self._go(State.ENDED)

    def end(self) -> None:
        """Note that every record is closed."""
        self._go(State.ENDED)

    def _go(self, to: State) -> bool:
        if to not in _STEPS[self.state]:
            return False
        self.state = to
        return True

    def _note(self, reason: Reason, error: BaseException) -> None:
        """Keep the first exception; tell along with it the first one of each other origin."""
        first = self.ending.error
        if first is None or self.ending.reason is Reason.CANCELLED:
            self.ending = Ending(reason, error)
        elif reason not in self._raised:
            tell_along(first, error)
        self._raised.add(reason)


def tell_along(error: BaseException, also: BaseException) -> None:
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
