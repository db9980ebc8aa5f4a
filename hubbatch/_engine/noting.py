"""What a run tells its journal. What the journal raises ends the run, and is no error of the source or the service.

It knows nothing of batches, or of what is noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from hubbatch._engine.life import EndReason
from hubbatch._records.journal import Journal
from hubbatch.models import RecordStatus

__all__ = ["Notes", "notes_of"]


class Fail(Protocol):
    """Ends a run because of an error."""

    def __call__(self, error: BaseException, *, fatal: bool, reason: EndReason) -> None: ...


class Notes:
    """Tells a journal of records; `fail` is told what it raises."""

    def __init__(self, journal: Journal, fail: Fail) -> None:
        self._journal = journal
        self._fail = fail

    async def before_sending(self, positions: Sequence[int]) -> None:
        """Have the journal note that records may be sent now."""
        task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment]
        try:
            await self._journal.before_sending(positions)
        except asyncio.CancelledError as error:
            if task.cancelling():
                raise
            self._fail(error, fatal=True, reason=EndReason.JOURNAL)  # the journal's own
        except BaseException as error:  # the journal's own, whatever it is
            self._fail(error, fatal=True, reason=EndReason.JOURNAL)

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        """Have the journal note what records ended as."""
        try:
            self._journal.settled(positions, status, retryable=retryable)
        except BaseException as error:  # the journal's own, whatever it is
            self._fail(error, fatal=True, reason=EndReason.JOURNAL)


def notes_of(journal: Journal | None, fail: Fail) -> Notes | None:
    """Return what tells a run's journal, if it has one."""
    return None if journal is None else Notes(journal, fail)
