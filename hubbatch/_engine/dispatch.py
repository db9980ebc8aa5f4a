"""When a request is made of what waits: as many wait for their place as can be filled, and the rest not for long.

It decides about times only. What a request carries is chosen when it gets its place, by the queue; it knows nothing of
records or answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from hubbatch._admission.gate import Gate
from hubbatch._clock import now
from hubbatch._engine.carriers import Carriers
from hubbatch._records.input_queue import InputQueue
from hubbatch.policies import LimitClass

__all__ = ["Dispatcher", "Rest"]

_LOOK = 0.1
"""Seconds after which inputs that may wait longer look again whether they would have to wait in any case."""


class Rest(Enum):
    """Where the inputs stand that wait and do not fill a request."""

    UNSEEN = auto()
    """Nobody has looked at them, or there are none."""
    LINGERS = auto()
    """They wait for more."""
    IN_TURN = auto()
    """They wait for their turn among the runs that send requests which are not full."""
    DUE = auto()
    """A request takes them as they are when it leaves: they go on growing meanwhile."""


class Dispatcher:
    """Has requests of one run wait for their place.

    `linger`: seconds that inputs which do not fill a request wait for more. `open_`: whether requests are made at
    all. `most_batches`: how many may be under way at once; None: any number.
    """

    def __init__(
        self,
        queue: InputQueue,
        gate: Gate,
        carriers: Carriers,
        linger: float,
        open_: Callable[[], bool],
        *,
        limit_class: LimitClass,
        most_batches: int | None = None,
    ) -> None:
        self._queue = queue
        self._gate = gate
        self._carriers = carriers
        self._linger = linger
        self._open = open_
        self._limit_class = limit_class
        self._most_batches = most_batches
        self._closed = False
        self._exhausted = False
        self._full = 0
        """How many requests could be filled the last time."""
        self.rest = Rest.UNSEEN
        """A plain attribute, for it is asked for with every record."""
        self._lingers_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def dispatch(self) -> None:
        """Have as many requests wait for their place as there is something due for."""
        if self._closed:
            return
        queue, full = self._queue, self._queue.full
        rest = queue.rest
        if full > self._full or not rest:
            self._forget()  # what was the rest is part of a full request, or has left
        self._full = full
        if rest and self.rest is Rest.UNSEEN:
            self._mind_rest()
        if (wanted := full + (self.rest is Rest.DUE)) > self._carriers.unfilled and self._open():
            # More than can leave at once need not wait: each that leaves has others follow.
            wanted = min(wanted, self._gate.concurrency + 2)
            if self._most_batches is not None:
                room = self._most_batches - self._carriers.begun
                wanted = min(wanted, self._carriers.unfilled + room)
            while self._carriers.unfilled < wanted:
                self._carriers.begin()

    def hurry(self, *, exhausted: bool = False) -> None:
        """Do not let the rest linger: nothing comes before it has left, or ever once the source is exhausted."""
        self._exhausted = self._exhausted or exhausted
        if self._queue.rest and self.rest is not Rest.DUE and not self._closed:
            self._leave_soon()
        self.dispatch()

    def close(self) -> None:
        """Make nothing any more."""
        self._closed = True
        self._forget()

    def _mind_rest(self) -> None:
        """See to it that the rest does not wait for ever."""
        if self._exhausted:
            self._leave_soon()
        else:
            self.rest, self._lingers_until = Rest.LINGERS, now() + self._linger
            self._look_at(self._lingers_until)

    def _look(self) -> None:
        """See whether the rest has waited long enough, or would have to wait for its place in any case."""
        self._timer = None
        moment, gate = now(), self._gate
        if gate.crowded(self._limit_class):
            self._leave_soon()
        elif moment < self._lingers_until:
            self._look_at(self._lingers_until)
        elif moment < (ready_at := gate.partial_at(self)):
            self.rest = Rest.IN_TURN
            self._look_at(ready_at)
        else:
            gate.note_partial(self)
            self._leave_soon()
        self.dispatch()

    def _look_at(self, when: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(min(when, loop.time() + _LOOK), self._look)

    def _leave_soon(self) -> None:
        """Have a request take the rest."""
        self._forget()
        self.rest = Rest.DUE

    def _forget(self) -> None:
        if self.rest is Rest.IN_TURN:
            self._gate.leave_partial(self)
        self.rest = Rest.UNSEEN
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
