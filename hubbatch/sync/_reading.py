"""What `scan` and `search` return where there is no event loop: an iterator of objects that can be gone on with.

How a call is carried out in the loop's thread is not its business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import hubbatch
from hubbatch import ObjectReader, ObjectResult, UsageError

__all__ = ["BlockingReader"]

_ITEMS = 200
"""Objects that come over from the loop's thread together."""

_Run = Callable[[Callable[[hubbatch.Client], Awaitable[Any]]], Any]
_Placed = tuple[ObjectResult, str | None]
"""An object, and the cursor after it."""


class BlockingReader(Iterator[ObjectResult]):
    """Objects that are read out, page after page: `for contact in client.scan("contacts")`.

    What comes, and what is raised, `hubbatch.ObjectReader` says. An error, Ctrl-C included, ends it: go on with another
    reading, `after=reader.cursor`. To leave early is fine; `close()`, or `with`, ends what is under way at once.
    """

    def __init__(self, reader: ObjectReader, run: _Run) -> None:
        self._reader = reader
        self._cursor = reader.cursor
        self._items = _items(reader, run)  # knows nothing of this object, which may be forgotten

    def __repr__(self) -> str:
        return repr(self._reader)

    @property
    def cursor(self) -> str | None:
        """Where this reading is, after the object that was given last: `after=` goes on there. None: at the beginning.

        It stays so after an error, and after the end.
        """
        return self._cursor

    @property
    def total(self) -> int | None:
        """How many records matched when a search began; None: not known yet, or not said by the service."""
        return self._reader.total

    def __next__(self) -> ObjectResult:
        """Return the next object."""
        item, self._cursor = next(self._items)
        return item

    def close(self) -> None:
        """End what is under way. Closing twice is fine; `cursor` still tells where the reading was."""
        self._items.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _items(reader: ObjectReader, run: _Run) -> Generator[_Placed, None, None]:
    async def some() -> tuple[list[_Placed], Exception | None]:
        found: list[_Placed] = []
        try:
            async for item in reader:
                found.append((item, reader.cursor))
                if len(found) >= _ITEMS:
                    break
        except Exception as error:  # raised once what came before it has been handed over
            return found, error
        return found, None

    try:
        while True:
            found, error = run(lambda _: some())
            yield from found
            if error is not None:
                raise error
            if len(found) < _ITEMS:
                return
    finally:
        with suppress(UsageError):  # the client is closed, or cannot be waited for
            run(lambda _: reader.aclose())
