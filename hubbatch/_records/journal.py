"""The seam for a journal: what a run writes down, so that what became of records is known after its process has died.

A form only. It knows nothing of how a journal is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from hubbatch.models import RecordStatus

__all__ = ["Earlier", "RunJournal"]


@frozen
class Earlier:
    """What earlier processes of a load have left of one record."""

    status: RecordStatus | None
    """How it ended: it is not sent again. None: it may have been sent, and how that ended is not known."""
    since: float = 0.0
    """When it was first tried, by the wall's clock, in seconds since 1970; 0 if it was settled without being sent."""


@runtime_checkable
class RunJournal(Protocol):
    """Is given records before they are sent, and once they are settled; knows what earlier processes left of them.

    A load is one call, carried out by any number of processes, one after another. A record's position is its place
    among all records of the load's source, from 0: `RecordOutcome.index`. Records that are invalid, merged, wait, or
    were settled by an earlier process have one like any other. A source gives the same records, in the same order, to
    each process.

    Whatever a method raises ends the run. The records stay what they are.
    """

    checks_source: bool
    """Whether the run is to compare the source's records with those of earlier processes, by `checkpoints`.

    False where the front end knows otherwise that the input is the same: that of a file has a fingerprint.
    """

    async def begin(self, load: Mapping[str, Any]) -> None:
        """Open it for one run, before the first record is pulled. Raise to have the run end: nothing is sent.

        `load`: what the call is about, as JSON has it; `UsageError` if that is something else than at the first time.
        What is None in one of the two was not known, and is not compared.
        """

    def earlier(self, position: int) -> Earlier | None:
        """Return what earlier processes left of a record.

        None: it was never sent, or is to be sent like a new one: it was UNSENT, or FAILED and retryable.
        """

    def checkpoints(self) -> Mapping[int, bytes]:
        """Return the digests of earlier processes: by how many records of the source, from its first, each is of."""

    def checkpoint(self, records: int, digest: bytes) -> None:
        """Note the digest of the source's first records, so many.

        It is durable as soon as what is noted after it. Those of a multiple of 1,000 are kept; of all others the last.
        """

    async def before_sending(self, positions: Sequence[int]) -> None:
        """Make it durable that these records may be sent now; the first byte leaves after it returns.

        It is awaited for each record once, when the request that carries it first has its place in the quota: not
        before, for until then it is not known what the request will hold, and what was noted but never sent would be in
        doubt after a crash. The place is left to others while it takes its time, and waited for again.
        Retries and parts of the request are not noted again, nor is a record that an earlier process left in doubt, nor
        one that joins a request of the same object to read or archive, for it may be under way already.

        Raise to stop the run: these records are UNSENT, nothing is sent any more, and the exception ends the run.
        """

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        """Note what some records ended as. Each is noted once in a process, also those that were never sent.

        SUCCEEDED, FAILED and UNKNOWN are their end, unless they are `retryable`. To a later process, a record that is
        UNSENT, or FAILED and retryable, is like a new one; one that is UNKNOWN and retryable is in doubt, still since
        its first try.
        """

    async def end(self, *, complete: bool) -> None:
        """Close it: all that was noted is durable when this returns. Awaited once for each `begin` that returned.

        `complete`: the source was read to its end, and nothing stopped the run.
        """
