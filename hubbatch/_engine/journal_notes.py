"""What a run tells its journal, and asks it. What the journal raises ends the run.

That is no error of the source or the service. It knows nothing of batches, or of what is noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from hubbatch._engine.life import EndReason
from hubbatch._records.journal import Earlier, RunJournal
from hubbatch._records.source_digest import EVERY, SourceDigest
from hubbatch._to_its_end import to_its_end
from hubbatch.models import RecordStatus

__all__ = ["Fail", "Notes", "notes_of"]

_IN_DOUBT = Earlier(None)
"""What is believed of a record if the journal cannot tell."""


class Fail(Protocol):
    """Ends a run because of an error."""

    def __call__(self, error: BaseException, *, fatal: bool, reason: EndReason) -> None: ...


class Notes:
    """Tells a journal of records, and asks it about them; `fail` is given what it raises."""

    def __init__(self, journal: RunJournal, fail: Fail) -> None:
        self._journal = journal
        self._fail = fail
        self._begun = False
        """Whether the journal is open: nothing is noted otherwise."""
        self.digest: SourceDigest | None = None
        """The digest of the records that were taken from the source; None where none is wanted."""
        self.checkpoints: Mapping[int, bytes] = {}
        """The digests that earlier processes have noted: by how many records each is of."""
        self.repeated = 0
        """How many records earlier processes have had of the source, as far as digests tell."""
        self._noted = 0
        """Of how many records the last digest is."""

    async def begin(self, load: Callable[[], Awaitable[Mapping[str, Any]]]) -> bool:
        """Open the journal for a load; return whether that went well."""
        try:
            await to_its_end(self._begin(await load()))
            if self._journal.checks_source:
                self.digest = SourceDigest()
                self.checkpoints = self._journal.checkpoints()
                self.repeated = self._noted = max(self.checkpoints, default=0)
        except asyncio.CancelledError as error:
            self._raise_if_cancelled(error)
        except BaseException as error:  # the journal's own, whatever it is
            self._note_failure(error)
        else:
            return True
        return False

    async def _begin(self, load: Mapping[str, Any]) -> None:
        await self._journal.begin(load)
        self._begun = True

    def earlier(self, position: int) -> Earlier | None:
        """Return what earlier processes have left of a record."""
        if not self._begun:
            return None
        try:
            return self._journal.earlier(position)
        except BaseException as error:  # as above
            self._note_failure(error)
            return _IN_DOUBT

    def add(self, record: Any) -> None:
        """Add a record of the source to its digest."""
        digest = self.digest
        if digest is not None:
            digest.add(record)
            if digest.records % EVERY == 0:
                self._note_digest()

    async def before_sending(self, positions: Sequence[int]) -> None:
        """Have the journal note that records may be sent now."""
        self._note_digest()
        try:
            await self._journal.before_sending(positions)
        except asyncio.CancelledError as error:
            self._raise_if_cancelled(error)
        except BaseException as error:  # as above
            self._note_failure(error)

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        """Have the journal note what records ended as."""
        if not self._begun:
            return
        self._note_digest()
        try:
            self._journal.settled(positions, status, retryable=retryable)
        except BaseException as error:  # as above
            self._note_failure(error)

    async def end(self, *, complete: bool) -> None:
        """Have the journal closed, if it is open, also while the run is cancelled."""
        if not self._begun:
            return
        self._begun = False
        try:
            await to_its_end(self._journal.end(complete=complete))
        except asyncio.CancelledError as error:
            if not _is_cancelled():
                self._note_failure(error)
        except BaseException as error:  # as above
            self._note_failure(error)

    def fail(self, error: BaseException) -> None:
        """End the run because of what the journal shows."""
        self._note_failure(error)

    def _note_digest(self) -> None:
        """Have the digest of all that was taken from the source noted: it covers whatever is sent or settled."""
        digest = self.digest
        if digest is None or digest.records <= self._noted:
            return
        self._noted = digest.records
        try:
            self._journal.checkpoint(digest.records, digest.value)
        except BaseException as error:  # as above
            self._note_failure(error)

    def _raise_if_cancelled(self, error: asyncio.CancelledError) -> None:
        """Let a cancellation out if it is this task's own; one out of the journal ends the run like any exception."""
        if _is_cancelled():
            raise error
        self._note_failure(error)

    def _note_failure(self, error: BaseException) -> None:
        self._fail(error, fatal=True, reason=EndReason.JOURNAL)


def _is_cancelled() -> bool:
    task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment]
    return task.cancelling() > 0


def notes_of(journal: RunJournal | None, fail: Fail) -> Notes | None:
    """Return what tells a run's journal, if it has one."""
    return None if journal is None else Notes(journal, fail)
