"""What `scan` and `search` return: an async iterator of objects that reads one page ahead and can be resumed.

How pages follow one another, and how one is sent, is not its business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from hubbatch._counted import counted
from hubbatch._engine.page_sender import PageSender
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.snapshot import PageSnapshots
from hubbatch._pages.cursor import Position, decode, encode
from hubbatch._pages.page import Page, Query
from hubbatch._pages.trail import Trail
from hubbatch._records.call import Call
from hubbatch.errors import HubbatchError, ProtocolError, UsageError
from hubbatch.models import ObjectResult
from hubbatch.progress import Progress

__all__ = ["ObjectReader"]


class ObjectReader(AsyncIterator[ObjectResult]):
    """Objects that are read out, page after page: `async for contact in client.scan("contacts")`.

    While you work on a page the next one is fetched; no more than two pages are held. It starts when it is first
    iterated over.

    Every record that is there from the first page to the last, and that is not changed within the lag of HubSpot's
    index, comes once. Of records that are created, changed or archived meanwhile, some come and some do not. An end
    that is not the end raises: `ProtocolError` for pages that do not add up, `RefusedError` for a refusal,
    `TransportError` and the others as in a run. After an error, or a cancellation, nothing is lost: iterate again, or
    keep `cursor` and give it as `after=` later.

    To leave early is fine; `aclose()`, or `async with`, ends what is under way at once.
    """

    def __init__(
        self,
        query: Query,
        equip: Callable[[], ClientResources],
        after: str | None,
    ) -> None:
        self._query = query
        self._equip = equip
        self._start = Position() if after is None else decode(after, query.mark)
        query.check(self._start)
        self._under_way: tuple[PageSender, PageSnapshots] | None = None
        """What sends, and what says how far it is; None before the first page is asked for."""
        self._page: Page | None = None
        self._given = 0
        """How many records of the page have been given."""
        self._count = 0
        self._ahead: asyncio.Task[Page] | None = None
        """The page that is fetched ahead."""
        self._turning = asyncio.Lock()
        self._trail = Trail()
        self._total: int | None = None
        self._reason: HubbatchError | None = None
        """Why nothing more is given."""

    def __repr__(self) -> str:
        query = self._query
        return f"<ObjectReader {query.endpoint.name} {query.object_type}: {self._count} given>"

    @property
    def cursor(self) -> str | None:
        """Where this reading is, after the record that was given last: `after=` goes on there. None: at the beginning.

        Text that holds ids, of a page or two, and nothing else of the records.
        """
        at = self._start if self._page is None else self._query.position(self._page, self._given)
        return None if at == Position() else encode(at, self._query.mark)

    @property
    def total(self) -> int | None:
        """How many records matched when a search began; None: not known yet, or not said by the service."""
        return self._total

    @property
    def progress(self) -> Progress:
        """A snapshot of how far it has come: objects that were given count as succeeded. `total`: see there.

        Raises `UsageError` before the first object is asked for.
        """
        if self._under_way is None:
            raise UsageError("the reading has not started: iterate over it")
        _, snapshots = self._under_way
        return snapshots.progress(self._count, self._total)

    async def __anext__(self) -> ObjectResult:
        """Return the next object."""
        while True:
            page = self._page
            if self._reason is not None:
                raise self._reason
            if page is not None and self._given < len(page.records):
                self._given += 1
                self._count += 1
                return page.records[self._given - 1]
            if page is not None and page.following is None:
                raise StopAsyncIteration
            async with self._turning:
                if self._page is page and self._reason is None:
                    await self._turn_page()

    async def aclose(self) -> None:
        """End what is under way. Closing twice is fine; `cursor` still tells where the reading was."""
        if task := self.abort(HubbatchError("the reading was closed; go on with after=cursor")):
            await asyncio.wait([task])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def abort(self, reason: HubbatchError) -> asyncio.Task[Page] | None:
        """End the reading for `reason`; return the task to wait for, if one is under way."""
        if self._reason is None:
            self._reason = reason
        task, self._ahead = self._ahead, None
        if task is None or task.done():
            return None
        task.cancel()
        return task

    async def _turn_page(self) -> None:
        """Go on to the next page, and have the one after it fetched."""
        task = self._ahead
        if task is None or task.cancelled():  # whoever waited for it was cancelled
            task = self._ahead = self._begin(self._next())
        try:
            page = await task
        except asyncio.CancelledError:
            if self._reason is not None and task.cancelled() and not _is_cancelled():
                raise self._reason from None
            raise
        except HubbatchError as error:
            self._ahead = None
            error.add_note(
                f"{counted(self._count, 'object')} given so far; `cursor` tells where to go on, as after="
            )
            raise
        except BaseException:
            self._ahead = None
            raise
        self._ahead = None
        if self._reason is not None:
            return
        if self._page is None:
            self._total = page.total
        trail = self._trail.to("" if page.following is None else page.following.after)
        if trail.goes_round:
            raise ProtocolError("the cursors of the pages go round in a circle")
        self._page, self._given, self._trail = page, 0, trail
        if page.following is not None:
            self._ahead = self._begin(page.following)

    def _next(self) -> Position:
        if self._page is None or self._page.following is None:
            return self._start
        return self._page.following

    def _begin(self, position: Position) -> asyncio.Task[Page]:
        if self._under_way is None:
            query, resources = self._query, self._equip()
            call = Call(
                query.endpoint, "", None, batch_size=query.page_size, object_type=query.object_type
            )
            sender = PageSender(call, resources)
            snapshots = PageSnapshots(
                sender,
                resources.gate,
                limit_class=query.endpoint.limit_class,
                page_size=query.page_size,
            )
            self._under_way = sender, snapshots
        sender, _ = self._under_way
        task = asyncio.create_task(self._fetch(sender, position))
        task.add_done_callback(_look_at)
        return task

    async def _fetch(self, sender: PageSender, position: Position) -> Page:
        query = self._query
        return await sender.fetch(
            query.request(position), lambda response: query.read(position, response)
        )


def _is_cancelled() -> bool:
    """Whether it is the present task that is cancelled, and not what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _look_at(task: asyncio.Task[Page]) -> None:
    """Take note of how a page that was fetched ahead has ended, in case that nobody asks for it."""
    if not task.cancelled():
        task.exception()
