"""A source that blocks, pulled in a thread of its own, so that the event loop goes on meanwhile.

It knows how records come over from the thread; it knows nothing of runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from attrs import frozen

from hubbatch._records.blocks import BlockSource
from hubbatch._records.frames import FrameRows, rows_of
from hubbatch.errors import UsageError

__all__ = ["in_thread", "is_of_frame"]

_T = TypeVar("_T")

_SOON = 0.01
"""Seconds after which the thread hands over what it has: a slow source's records are not held back."""


def in_thread(source: Iterable[_T], *, read_ahead: int = 1_000) -> ThreadedSource[_T]:
    """Pull a blocking iterable in a worker thread and return its items as an async iterator.

    For a database cursor, a file or an HTTP client that blocks: `client.upsert("contacts", in_thread(rows()), …)`. The
    source is iterated, and closed where it has a `close`, in one thread and never by two at a time. Objects that are
    bound to the thread that makes them are best made in a generator, whose body runs in that thread as a whole. Of a
    frame of pandas, polars or Arrow the items are the rows.

    `read_ahead`: how many items may be pulled before they are wanted. So the source has to make a new object for each
    item: one that it fills again and again would change under those who have it.

    What the source raises comes out as it is. The iterator closes the source once it has ended or raised; otherwise
    call `aclose()`, or use it as an async context manager: it may be read further after a run that was stopped. A
    cancelled wait loses no item. A pull that blocks cannot be interrupted: the thread lives until it returns.

    Raises `UsageError` for what is no iterable, or no number of items.
    """
    if (rows := rows_of(source)) is not None:
        source = cast("Iterable[_T]", rows)
    if isinstance(source, str | bytes | bytearray | Mapping) or not isinstance(source, Iterable):
        raise UsageError(
            f"in_thread() takes an iterable of records that blocks, not {type(source).__name__};"
            " an async iterable needs no thread"
        )
    if type(read_ahead) is not int or read_ahead < 1:
        raise UsageError(f"read_ahead must be a whole number of at least 1, not {read_ahead!r}")
    return ThreadedSource(source, read_ahead)


def is_of_frame(source: object) -> bool:
    """Whether the records of a source are the rows of a frame."""
    return isinstance(source, FrameRows) or (isinstance(source, ThreadedSource) and source.of_frame)


@frozen
class _Haul(Generic[_T]):
    """What one turn of the thread has brought."""

    items: list[_T]
    ended: bool
    error: BaseException | None = None


class ThreadedSource(BlockSource[_T]):
    """An iterable that is pulled in a thread; see `in_thread`.

    `executor`: whose thread that is; None: one of its own.
    """

    def __init__(
        self, source: Iterable[_T], read_ahead: int, executor: Executor | None = None
    ) -> None:
        super().__init__()
        self._puller = _Puller(source, max(1, read_ahead // 2))
        self.of_frame = isinstance(source, FrameRows)
        """Whether its items are the rows of a frame."""
        self._prefetches = read_ahead > 1
        self._given = executor
        self._thread: ThreadPoolExecutor | None = None
        self._context = contextvars.copy_context()
        self._pending: Future[_Haul[_T]] | None = None
        self._ended = False
        self._error: BaseException | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source in its thread, after the pull that is under way. What was read ahead is dropped.

        A task that waits for an item meanwhile ends its iteration.
        """
        await super().aclose()
        self._error = None
        self._pending = None  # whoever waits for it is to end
        if not self._ended:
            self._ended = True
            closed = self._executor().submit(self._context.run, self._puller.close)
            self._release()
            await _done(closed)
            closed.result()

    async def _more(self) -> bool:
        if self._ended:
            self._raise_error()
            return False
        if self._pending is None:
            self._pending = self._pull()
        pending = self._pending
        await _done(pending)
        if self._pending is pending:  # nobody else has taken it meanwhile
            self._unload(pending.result())
        return True

    def _unload(self, haul: _Haul[_T]) -> None:
        self._pending = None
        self._hold(haul.items)
        self._ended, self._error = haul.ended, haul.error
        if self._ended:
            self._release()
        elif self._prefetches:
            self._pending = self._pull()

    def _pull(self) -> Future[_Haul[_T]]:
        return self._executor().submit(self._context.run, self._puller.pull)

    def _executor(self) -> Executor:
        if self._given is not None:
            return self._given
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="hubbatch-source")
            # Not `__del__`: the thread would end first when both are collected at one go.
            self._dropped = weakref.finalize(
                self, _close_dropped, self._thread, self._context, self._puller
            )
            self._dropped.atexit = False
        return self._thread

    def _release(self) -> None:
        """Let the thread end once it has done its work."""
        if self._thread is not None:
            self._dropped.detach()
            self._thread.shutdown(wait=False)

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is None:
            return
        try:
            raise error
        except StopAsyncIteration as slip:  # which must not pass for the end
            raise RuntimeError("the source raised StopAsyncIteration") from slip


def _close_dropped(
    thread: ThreadPoolExecutor, context: contextvars.Context, puller: _Puller[Any]
) -> None:
    """Close a source that nobody reads any more, in its thread."""
    with suppress(RuntimeError):  # the interpreter is shutting down
        thread.submit(context.run, puller.close)
    thread.shutdown(wait=False)


async def _done(future: Future[Any]) -> None:
    """Wait for a thread's work without laying hands on it: it goes on where this is cancelled."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is gone, and whoever waited with it
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(tell)
    await waiter


class _Puller(Generic[_T]):
    """What is done in the thread."""

    def __init__(self, source: Iterable[_T], most: int) -> None:
        self._source: Iterable[_T] | None = source
        self._most = most
        self._iterator: Iterator[_T] | None = None

    def pull(self) -> _Haul[_T]:
        """Bring the next items: as many as may be read ahead, or those that come soon."""
        items: list[_T] = []
        try:
            if self._source is None:
                return _Haul(items, ended=True)
            if self._iterator is None:
                self._iterator = iter(self._source)
            until = time.monotonic() + _SOON
            for item in self._iterator:
                items.append(item)
                if len(items) >= self._most or time.monotonic() >= until:
                    return _Haul(items, ended=False)
            self.close()
        except BaseException as error:  # the source's own, whatever it is: raised where it is read
            return self._broken(items, error)
        return _Haul(items, ended=True)

    def close(self) -> None:
        """Close the source where that can be done."""
        source, self._source = self._source, None
        iterator, self._iterator = self._iterator, None
        for each in (iterator, source) if iterator is not source else (source,):
            close = getattr(each, "close", None)
            if callable(close):
                close()

    def _broken(self, items: list[_T], error: BaseException) -> _Haul[_T]:
        try:
            self.close()
        except BaseException as another:  # attached to what broke the source
            error.add_note(f"closing the source failed, too: {type(another).__name__}")
        return _Haul(items, ended=True, error=error)
