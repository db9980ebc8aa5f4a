"""The requests of one run that are under way, each in a task of its own, and what becomes of them when it ends.

A new request waits for its place without a batch. The batch is composed when the gate lets the request through, and is
kept here until its records are closed, whatever happens to the task. It knows nothing of where batches come from.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence

from hubbatch._batches.batch import Batch
from hubbatch._clock import now
from hubbatch._engine.runner import BatchRunner
from hubbatch._engine.sender import Carrier
from hubbatch.errors import TransportError

__all__ = ["Carriers"]

_BROKEN_OFF = "the run was stopped before an answer came"


class Carriers:
    """Carries batches until they are settled.

    `group`: where their tasks live. `over`: whether nothing is to be sent again; `fail` is given what a batch
    raises; `moved` is called after a step that leaves something to do, `ended` when a batch is settled.
    """

    def __init__(
        self,
        runner: BatchRunner,
        group: asyncio.TaskGroup,
        *,
        over: Callable[[], bool],
        fail: Callable[[BaseException], None],
        moved: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._runner = runner
        self._group = group
        self._over = over
        self._fail = fail
        self._moved = moved
        self._ended = ended
        self.unfilled = 0
        """How many requests wait for their place and have no batch yet."""
        self._carriers: dict[asyncio.Task[None], Carrier] = {}

    def __len__(self) -> int:
        return len(self._carriers)

    @property
    def batches(self) -> int:
        """How many batches are under way, each with all its parts."""
        return len({batch.number for batch in self.open()})

    @property
    def begun(self) -> int:
        """How many batches are under way or about to be: those, too, that wait for their place or are just composed."""
        return self.batches + sum(not carrier.batch.inputs for carrier in self._carriers.values())

    @property
    def pausing(self) -> int:
        """How many batches wait for their time to be sent again."""
        return self._runner.pausing

    def open(self) -> Iterator[Batch]:
        """Return the batches that are not settled: those under way, and those that go on after these."""
        under_way = (carrier.batch for carrier in self._carriers.values() if carrier.batch.inputs)
        return itertools.chain(under_way, self._runner.waiting())

    def begin(self) -> None:
        """Have one more request wait for its place."""
        self.unfilled += 1
        self._carry_on(Batch((), tried_since=now()))

    def note_filled(self) -> None:
        """Note that a request that was waiting has been given its batch."""
        self.unfilled -= 1

    def leave(self, which: Callable[[Batch], bool]) -> None:
        """End the waiting of those batches that are to be left as they are, and of all that have none yet.

        What is being sent goes on.
        """
        current = asyncio.current_task()
        for task, carrier in self._carriers.items():
            batch = carrier.batch
            if not carrier.sending and task is not current and (not batch.inputs or which(batch)):
                task.cancel()

    def close(self) -> None:
        """Settle what is still open: its task never got a turn, or the run has ended without it."""
        self._runner.withdraw(_BROKEN_OFF)
        for carrier in self._carriers.values():
            if carrier.batch.inputs:
                self._runner.break_off(carrier.batch, _BROKEN_OFF)
        self._carriers.clear()
        self.unfilled = 0

    def _carry_on(self, batch: Batch) -> None:
        carrier = Carrier(batch)
        self._carriers[self._group.create_task(self._carry(carrier))] = carrier

    async def _carry(self, carrier: Carrier) -> None:
        """Carry one batch until it is settled or others carry its parts. Its records are accounted for in any case."""
        task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]
        open_ = True
        try:
            while open_ and not self._over():
                following = await self._runner.step(carrier)
                open_ = bool(following)
                if open_:
                    carrier.batch = following[0]
                    self._go_on(following[1:])
                    self._moved()
            if open_:
                self._break_off(carrier.batch, _BROKEN_OFF)
        except (
            BaseException
        ) as error:  # cancelled, no token, no service, or a bug: every record is accounted for
            self._break_off(carrier.batch, _why(error))
            if isinstance(error, asyncio.CancelledError) and task.cancelling():
                raise
            self._fail(_as_failure(error))
        finally:
            if self._carriers.pop(task, None) is not None and not carrier.batch.inputs:
                self.unfilled -= 1
        self._ended()

    def _go_on(self, batches: Sequence[Batch], why: str = _BROKEN_OFF) -> None:
        """Have batches carried on that come of others, unless the run is over."""
        for batch in batches:
            if self._over():
                self._break_off(batch, why)
            else:
                self._carry_on(batch)

    def _break_off(self, batch: Batch, why: str) -> None:
        """Settle a batch whose sending was broken off, if there is one yet."""
        if batch.inputs:
            self._go_on(self._runner.break_off(batch, why), why)


def _why(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return _BROKEN_OFF
    if isinstance(error, TransportError):
        return str(error)
    return f"the run broke off: {type(error).__name__}"  # its message may hold anything


def _as_failure(error: BaseException) -> BaseException:
    """Return what stops the run; a cancellation that nobody asked for comes of a session that was closed."""
    if isinstance(error, asyncio.CancelledError):
        return TransportError(
            "the session was closed while requests waited for it; keep it open until the run has ended"
        )
    return error
