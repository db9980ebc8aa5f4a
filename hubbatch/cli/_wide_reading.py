"""Objects with more properties than a request for a page can ask for: their ids are listed, and they are read by these.

The list endpoint has the names of properties in its URL and the search few of them in its body; a batch read takes any
number. What becomes of objects is not known here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from attrs import define, evolve, field

from hubbatch import (
    AuthenticationError,
    Client,
    HubbatchError,
    ObjectReader,
    ObjectResult,
    PermissionDeniedError,
    Progress,
    RecordOutcome,
    RecordStatus,
    RefusedError,
    TransportError,
    UsageError,
)
from hubbatch.models import LOCAL_VALIDATION, NO_ANSWER, OBJECT_NOT_FOUND

__all__ = ["ID_ONLY", "WideReader", "error_of", "is_wide"]

ID_ONLY = ("hs_object_id",)
"""What is read of an object whose id is all that is wanted."""
_LONGEST = 6_000
"""Characters of a URL: users met 414 beyond 8,000, and beyond 16,000."""
_AT_ONCE, _AT_ONCE_WITH_HISTORY = 100, 50
_KINDS: Mapping[str, type[HubbatchError]] = {
    "MISSING_SCOPES": PermissionDeniedError,
    "INVALID_AUTHENTICATION": AuthenticationError,
    "EXPIRED_AUTHENTICATION": AuthenticationError,
    LOCAL_VALIDATION: UsageError,
    NO_ANSWER: TransportError,
}
"""What an error of a record is, by its category."""


def is_wide(*names: Sequence[str]) -> bool:
    """Say whether so many names of properties are too long for a URL."""
    text = ",".join(each for some in names for each in some)
    return len(quote(text, errors="replace")) > _LONGEST


@define(eq=False)
class WideReader(AsyncIterator[ObjectResult]):
    """Objects whose ids a reading gives, in its order; one that has gone meanwhile is passed over."""

    _client: Client
    _ids: ObjectReader
    _object_type: str
    _options: dict[str, Any]
    """Those of the read: properties, histories, whether archived."""
    cursor: str | None = field(init=False)
    """As that of the reading, after the object that was given last."""
    _ready: deque[tuple[ObjectResult, str | None]] = field(factory=deque)
    _requests: int = 0
    _retries: int = 0

    def __attrs_post_init__(self) -> None:
        """Begin where the reading begins."""
        self.cursor = self._ids.cursor

    @property
    def progress(self) -> Progress:
        """How far it is: the requests are those of both."""
        progress = self._ids.progress
        return evolve(
            progress,
            requests=progress.requests + self._requests,
            retries=progress.retries + self._retries,
        )

    async def aclose(self) -> None:
        """End what is under way; `cursor` still tells where it was."""
        await self._ids.aclose()

    async def __anext__(self) -> ObjectResult:
        """Return the next object."""
        while not self._ready:
            await self._read_some()
        item, self.cursor = self._ready.popleft()
        return item

    async def _read_some(self) -> None:
        """Read the next objects. Raises `StopAsyncIteration` after the last."""
        most = _AT_ONCE_WITH_HISTORY if self._options["properties_with_history"] else _AT_ONCE
        found = list[tuple[str, str | None]]()
        async for each in self._ids:
            found.append((each.id, self._ids.cursor))
            if len(found) == most:
                break
        if not found:
            raise StopAsyncIteration
        run = self._client.read(self._object_type, [name for name, _ in found], **self._options)
        outcome = await run
        self._requests += run.progress.requests
        self._retries += run.progress.retries
        for record, (_, cursor) in zip(outcome.records, found, strict=True):
            if record.status is RecordStatus.SUCCEEDED and record.result is not None:
                self._ready.append((record.result, cursor))
            elif not _has_gone(record):
                raise error_of(record)


def error_of(record: RecordOutcome[ObjectResult]) -> HubbatchError:
    """Return what a reading raises that needs a record which could not be read: the kind is that of its error."""
    error = record.error
    message = f"an object could not be read ({record.reason or record.status})"
    if error is None:
        return TransportError(message)
    if error.category in _KINDS:
        return _KINDS[error.category](message)
    return TransportError(message) if error.transient else RefusedError(message, error)


def _has_gone(record: RecordOutcome[ObjectResult]) -> bool:
    return record.error is not None and record.error.category == OBJECT_NOT_FOUND
