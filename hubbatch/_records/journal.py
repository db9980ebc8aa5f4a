"""The seam for a journal: what a run tells one who is to know, after its process has died, what became of records.

A form only. It knows nothing of how a journal is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hubbatch.models import RecordStatus

__all__ = ["Journal"]


class Journal(Protocol):
    """Hears of records before they are sent, and once they are settled.

    A record's position is its place among all that the run has taken from its source, from 0: `RecordOutcome.index`.
    Records that are refused, merged or wait have one like any other. A source that leaves records out, such as those
    that an earlier process has settled, has to be counted by whoever makes it.
    """

    async def before_sending(self, positions: Sequence[int]) -> None:
        """Make it durable that these records may be sent now; the first byte leaves after it returns.

        It is awaited for each record once, when the request that carries it first has its place in the quota: not
        before, for until then nobody knows what the request will hold, and what was noted but never sent would be in
        doubt after a crash. The place is left to others while it takes its time, and waited for again.
        Retries and parts of the request are not told again, nor is a record that joins a request of the same object
        to read or archive, for it may be under way already.

        Raise to stop the run: these records are UNSENT, nothing is sent any more, and the exception ends the run.
        """

    def settled(self, positions: Sequence[int], status: RecordStatus) -> None:
        """Note what some records ended as. Each is told once, also those that were never sent.

        What it raises ends the run like an exception of `before_sending`. The records stay what they are.
        """
