"""Sources that have many records at a time: what there is room for is taken from a block, and the others stay in it.

It knows nothing of who takes them, and of how much room there is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any, Self, TypeVar

from hubbatch.errors import UsageError

__all__ = ["BlockSource", "in_blocks", "of_sequence"]

_T = TypeVar("_T")


def in_blocks(blocks: AsyncIterable[Sequence[_T]]) -> BlockSource[_T]:
    """Return the records of an async iterable that gives lists of them, as an async iterator of records.

    For pages of another service, or chunks of a file: `client.upsert("contacts", in_blocks(pages()), …)`. A run takes
    as many records of a list at once as it has room for. That takes less time than to pull them one by one, where
    there are millions. The next list is asked for once all records of the one before have been taken; a list may be
    empty.

    What the iterable raises comes after the records before it. After a run that was stopped, the iterator may be read
    further: it still has the records that were not taken. Call `aclose()` to close the iterable, if it can be closed.

    Raises `UsageError` for what is no async iterable and, when it is read, for what gives no lists.
    """
    if not isinstance(blocks, AsyncIterable):
        raise UsageError(
            f"in_blocks() takes an async iterable of lists of records, not {type(blocks).__name__};"
            " hubbatch.in_thread(…) makes one of an iterable"
        )
    return _Given(blocks)


def of_sequence(records: Sequence[_T]) -> BlockSource[_T]:
    """Return the records of a list or tuple, which is one block."""
    return _AtHand(records)


class BlockSource(AsyncIterator[_T], ABC):
    """Records of which there are some at hand at a time.

    Between `some` and `take_off` nothing may be awaited, if others read the same source.
    """

    def __init__(self, block: Sequence[_T] = ()) -> None:
        self._block = block
        self._next = 0
        """Where in the block the next record stands."""

    @abstractmethod
    async def _more(self) -> bool:
        """Wait for another block and `_hold` it; return False at the end. Raises what the source raises.

        Called once there are no records left. True without another block is a call to look again.
        """

    async def aclose(self) -> None:
        """Drop what is at hand, and close what can be closed."""
        self._hold(())

    async def some(self, most: int) -> Sequence[_T]:
        """Return the next records, as many as are at hand and no more than `most`; none at the end.

        They are the next ones until they are taken off. Waits if there are none, and loses none if that is cancelled.
        """
        while self._next >= len(self._block):
            if not await self._more():
                return ()
        return self._block[self._next : self._next + most]

    def take_off(self, number: int) -> None:
        """Note that so many of the next records have been taken."""
        self._next += number

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        """Return the next record; raise what the source raises."""
        if not (records := await self.some(1)):
            raise StopAsyncIteration
        self.take_off(1)
        return records[0]

    def _hold(self, block: Sequence[_T]) -> None:
        self._block, self._next = block, 0


class _AtHand(BlockSource[_T]):
    async def _more(self) -> bool:
        return False


class _Given(BlockSource[_T]):
    def __init__(self, source: AsyncIterable[Sequence[_T]]) -> None:
        super().__init__()
        self._blocks = aiter(source)

    async def aclose(self) -> None:
        await super().aclose()
        if (close := getattr(self._blocks, "aclose", None)) is not None:
            await close()

    async def _more(self) -> bool:
        block: Any = await anext(self._blocks, None)
        if block is None:
            return False
        if isinstance(block, str | bytes) or not isinstance(block, Sequence):
            raise UsageError(
                f"in_blocks() takes an async iterable of lists of records, not of {type(block).__name__}"
            )
        self._hold(block if type(block) in {list, tuple} else list(block))
        return True
