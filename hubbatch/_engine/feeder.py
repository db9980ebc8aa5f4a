"""The pull on the source: no faster than there is room for its records, and some at a time where they are at hand.

It knows the kinds of iterables and how they end or break, and gives the event loop its turn by time; what becomes
of a record is its owner's business.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Sequence,
    Sized,
)
from typing import Any, Protocol, cast

from hubbatch._engine.life import Life, State
from hubbatch._records.blocks import BlockSource, of_sequence
from hubbatch._records.frames import never_waits
from hubbatch._records.prepared import AskingError, PreparedSource, is_at_hand

__all__ = ["AskingError", "Feeder", "length_of"]

_END = object()

_TURN = 0.002
"""Seconds of pulling after which the loop gets its turn: others wait for it meanwhile."""

_BLOCKING = 0.005
"""Seconds of one pull from which on it is said to block."""

_SLICE, _FIRST_SLICE = 100, 8
"""Records that are handed over at one go where so many are at hand, at most and at first: how many there may be follows
from how long they take, for they may have code of their own."""

_TURNS = 4
"""Turns of the loop after a pull that blocked: what has become ready takes a few, from the socket to who waits."""

_SHARE, _BLOCKED = 0.1, 0.25
"""Pulls that block are warned of once they take this share of the time, and these seconds more: a process that others
or the garbage collector hold up for a moment now and then has no such source."""

_RUNNING = State.RUNNING  # at hand for every record: to look it up takes a call of Python in 3.11


class Check(Protocol):
    """What may have to be known before records are handed over."""

    @property
    def must_prepare(self) -> bool:
        """Whether `prepare` has to be awaited before."""

    async def prepare(self) -> None:
        """Do what has to be done; nothing of it raises."""


class Feeder:
    """Hands records over while there is room, until the source ends, breaks, or the run takes no more.

    `room` returns how many records may be handed over now; `take` is given some, takes the first of them, and returns
    how many these are and whether to ask again for room;
    `idle` is called before waiting for room, `blocks` once if the source turns out to block the loop for more than a
    part of the time. `check` may have something to do before records are handed over.
    """

    def __init__(
        self,
        source: Iterable[Any] | AsyncIterable[Any],
        life: Life,
        blocks: Callable[[float], None],
        *,
        room: Callable[[], int],
        take: Callable[[Sequence[Any]], tuple[int, bool]],
        idle: Callable[[], None],
        check: Check | None = None,
    ) -> None:
        self._source = source
        self._life = life
        self._room = room
        self._take = take
        self._idle = idle
        self._check = check
        self._blocks = blocks
        self._waiting: asyncio.Future[None] | None = None
        self._blocked: float | None = None if never_waits(source) else 0.0
        """Seconds for which pulls have blocked the loop beyond their share; None: nobody wants to know (any more)."""
        self._blocked_at = 0.0
        self.exhausted = False
        """Whether the source has been seen through to its end."""

    async def run(self) -> None:
        """Feed to the end; raises whatever the source raises."""
        if isinstance(self._source, AsyncIterable):
            records = aiter(self._source)
            try:
                if isinstance(records, BlockSource):
                    await self._run_blocks(records)
                else:
                    await self._run_async(records)
            finally:  # what was made here is closed here; the caller's own may be used further
                if records is not self._source:
                    await _aclose(records)
        elif type(self._source) in {list, tuple}:
            await self._run_blocks(of_sequence(cast("Sequence[Any]", self._source)))
        else:
            await self._run_sync(iter(self._source))

    def wake(self) -> None:
        """Look again whether there is room."""
        if self._waiting is not None and not self._waiting.done() and self._room() > 0:
            self._waiting.set_result(None)

    def rest(self, taken: int) -> Iterator[Any]:
        """Return what comes after so many records that were taken, as far as it is at hand.

        That is the rest of a list. A `range` makes its items on demand and may have a billion.
        """
        if self.exhausted:
            return iter(())
        if isinstance(self._source, PreparedSource):
            return self._source.rest()
        if not is_at_hand(self._source):
            return iter(())
        return itertools.islice(self._source, taken, None)

    async def _run_blocks(self, source: BlockSource[Any]) -> None:
        clock = asyncio.get_running_loop().time
        turn_ends, most = clock() + _TURN, _FIRST_SLICE
        while room := await self._room_for_more():
            while room > 0 and self._life.state is _RUNNING:
                records = await source.some(min(room, most))
                began = clock()
                running = self._life.state is _RUNNING
                if not records:
                    self.exhausted = running
                    return
                # Of a source that stops its own run, the record that it gives then is taken, as of any other.
                taken, ask = self._take(records if running else records[:1])
                source.take_off(taken)
                room -= taken
                now = clock()
                most = _next_slice(most, now - began)
                if now >= turn_ends:  # it may never have waited for anything
                    await asyncio.sleep(0)
                    turn_ends = clock() + _TURN
                    break
                if ask:
                    break

    async def _run_sync(self, records: Iterator[Any]) -> None:
        life, take, clock = self._life, self._take, asyncio.get_running_loop().time
        turn_ends = clock() + _TURN
        while room := await self._room_for_more():
            left = room
            last = clock()  # it may have waited for room
            for record in itertools.islice(records, room):
                left -= 1
                moment = clock()
                if moment - last > _BLOCKING:
                    self._note_blocking(last, moment)
                last = moment
                _, ask = take((record,))
                if ask or moment >= turn_ends or life.state is not _RUNNING:
                    break
            else:
                if left:
                    self.exhausted = True
                    return
            if last >= turn_ends:
                for _ in range(_TURNS if last - turn_ends > _BLOCKING else 1):
                    await asyncio.sleep(0)
                turn_ends = clock() + _TURN

    async def _run_async(self, records: AsyncIterator[Any]) -> None:
        life, take, clock = self._life, self._take, asyncio.get_running_loop().time
        turn_ends = clock() + _TURN
        while room := await self._room_for_more():
            for _ in range(room):
                record = await anext(records, _END)
                if record is _END:
                    self.exhausted = life.state is _RUNNING
                    return
                _, ask = take((record,))
                if ask or clock() >= turn_ends or life.state is not _RUNNING:
                    break
            if clock() >= turn_ends:  # it may never have waited for anything
                await asyncio.sleep(0)
                turn_ends = clock() + _TURN

    async def _room_for_more(self) -> int:
        """Wait until records may be handed over and return how many; 0 once nobody wants more."""
        while self._life.state is _RUNNING:
            if self._check is not None and self._check.must_prepare:
                await self._check.prepare()
                continue
            if (room := self._room()) > 0:
                return room
            self._idle()
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return 0

    def _note_blocking(self, since: float, until: float) -> None:
        """Tell once of a source that blocks the loop. What it does there may also be a record's own code."""
        if self._blocked is None:
            return
        blocked = max(0.0, self._blocked - _SHARE * (since - self._blocked_at)) + until - since
        self._blocked, self._blocked_at = blocked, until
        if blocked > _BLOCKED:
            self._blocked = None
            self._blocks(_SHARE)


def length_of(source: object) -> int | None:
    """Return how many records a source has, where it can tell: its own code may fail."""
    try:
        return len(source) if isinstance(source, Sized) else None
    except Exception:
        return None


async def _aclose(records: AsyncIterator[Any]) -> None:
    aclose = getattr(records, "aclose", None)
    if aclose is not None:
        await aclose()


def _next_slice(records: int, took: float) -> int:
    """Return how many records may be handed over next at one go, after so many have taken so many seconds."""
    if took > _TURN:
        return max(1, records // 2)
    return min(_SLICE, 2 * records) if took < _TURN / 2 else records
