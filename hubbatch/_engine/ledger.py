"""The ledger of one run: every record taken in, in exactly one state, at any moment.

Synchronous and complete by construction: a record enters once and is settled once. It knows nothing of requests.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs

from hubbatch._engine.kept_records import shelf_of
from hubbatch._states import Counts
from hubbatch.models import (
    SETTLED_EARLIER,
    BatchError,
    BatchResponse,
    BatchStatus,
    RecordStatus,
    Result,
)
from hubbatch.outcome import Outcome, known
from hubbatch.policies import Keep

__all__ = ["Ledger"]

_MOST_REMARKS = 1_000
"""Warnings, and links by name, that are kept of a stream's replies: the first ones."""


_EARLIER = BatchError(
    SETTLED_EARLIER, "an earlier process of this load has settled it so, and said why"
)


class Ledger:
    """Takes records in, settles them, and has the state of each at any time."""

    def __init__(self, keep: Keep, read_by: str | None = None) -> None:
        self._keep = keep
        self._read_by = read_by
        self._shelf = shelf_of(keep)
        self._taken = 0
        self._sent: set[int] = set()
        """The open records of which a byte may have left: they are in doubt as long as nothing else is known."""
        self.in_doubt: dict[int, float] = {}
        """The open records that an earlier process of the load may have sent: since when, by the wall's clock."""
        self._earlier = dict.fromkeys(RecordStatus, 0)
        """How many records an earlier process has settled in each state."""
        self._not_succeeded = {
            status: 0 for status in RecordStatus if status is not RecordStatus.SUCCEEDED
        }
        self._errors: list[BatchError] = []
        self._num_errors = 0
        self._summary = _Summary(
            {Keep.ALL: math.inf, Keep.ERRORS: _MOST_REMARKS, Keep.NONE: 0}[keep]
        )

    @property
    def taken(self) -> int:
        """How many records have been taken from the source: the next record's index."""
        return self._taken

    @property
    def unsettled(self) -> int:
        """How many records are still open."""
        return len(self._shelf.open)

    def open_indexes(self, most: int | None = None) -> list[int]:
        """Return the records that are not settled, or the first of them."""
        return list(itertools.islice(self._shelf.open, most))

    def settled(self, status: RecordStatus) -> int:
        """Return how many records are settled in a state."""
        if status is RecordStatus.SUCCEEDED:  # all the others: nothing is counted for each
            return self._taken - self.unsettled - sum(self._not_succeeded.values())
        return self._not_succeeded[status]

    def settled_here(self, status: RecordStatus) -> int:
        """Return how many records this process has settled in a state."""
        return self.settled(status) - self._earlier[status]

    def take(self, record: Any) -> int:
        """Enter a record; return its index."""
        return self.take_all((record,))

    def take_all(self, records: Sequence[Any]) -> int:
        """Enter records; return the first one's index."""
        first = self._taken
        self._shelf.take(first, records)
        self._taken += len(records)
        return first

    def settle_earlier(self, index: int, status: RecordStatus) -> None:
        """Close a record that an earlier process of the load has settled."""
        error = None
        if status is not RecordStatus.SUCCEEDED:
            error = _EARLIER
            if self._earlier[RecordStatus.FAILED] + self._earlier[RecordStatus.UNKNOWN] == 0:
                self.note_errors([error])
        self._earlier[status] += 1
        self.settle(index, status, error=error)

    def leave(self, records: list[Any]) -> int:
        """Enter records that will never be sent, and close them; return the first one's index.

        They are the last ones. Nothing is made for each: a list that a run leaves off may have millions.
        """
        first = self._taken
        self._shelf.leave(first, records)
        self._taken += len(records)
        self._not_succeeded[RecordStatus.UNSENT] += len(records)
        return first

    def sent(self, indexes: Iterable[int]) -> None:
        """Note that a byte of some records may have left."""
        self._sent.update(indexes)

    def was_sent(self, index: int) -> bool:
        """Whether a byte of an open record may have left."""
        return index in self._sent

    @property
    def in_flight(self) -> int:
        """How many open records have been sent."""
        return len(self._sent)

    def is_open(self, index: int) -> bool:
        """Whether a record is not settled yet."""
        return index in self._shelf.open

    def open_among(self, indexes: Iterable[int]) -> list[int]:
        """Return which of some records are not settled yet."""
        still_open = self._shelf.open
        return [index for index in indexes if index in still_open]

    def input(self, index: int) -> Any:
        """Return a record that is not settled yet, as the caller gave it."""
        return self._shelf.open[index]

    def inputs(self, indexes: Iterable[int]) -> list[Any]:
        """Return records that are not settled yet."""
        return list(map(self._shelf.open.__getitem__, indexes))

    def settle(
        self,
        index: int,
        status: RecordStatus,
        result: Result | None = None,
        error: BatchError | None = None,
        attempts: int = 0,
    ) -> None:
        """Close a record for good; one that is closed already stays as it is."""
        if index not in self._shelf.open:
            return
        if status is not RecordStatus.SUCCEEDED:
            self._not_succeeded[status] += 1
        self._sent.discard(index)
        if self.in_doubt:
            self.in_doubt.pop(index, None)
        self._shelf.settle(index, status, result, error, attempts)

    def succeed(
        self,
        indexes: list[int],
        results: Sequence[Result | None] | None,
        attempts: int,
    ) -> None:
        """Close records that have succeeded, as `settle` does one by one; `results` are not looked at."""
        self._sent.difference_update(indexes)
        if self.in_doubt:
            for index in indexes:
                self.in_doubt.pop(index, None)
        self._shelf.succeed(indexes, results, attempts)

    def note_errors(self, errors: Iterable[BatchError]) -> None:
        """Enter errors, each once."""
        for error in errors:
            self._num_errors += 1
            if self._keep is not Keep.NONE:
                self._errors.append(error)

    def note_response(self, response: BatchResponse) -> None:
        """Enter what a reply says beyond its records: times, status, links, warnings."""
        self._summary.add(response)

    @property
    def counts(self) -> Counts:
        """Count the records by state; of the open ones, those that may have been sent are UNKNOWN, the rest UNSENT."""
        doubtful = len(self._doubtful)
        return Counts(
            self._taken,
            self.settled(RecordStatus.SUCCEEDED),
            self.settled(RecordStatus.FAILED),
            self.settled(RecordStatus.UNKNOWN) + doubtful,
            self.settled(RecordStatus.UNSENT) + self.unsettled - doubtful,
        )

    @property
    def earlier(self) -> Counts:
        """Count the records that earlier processes of the load have settled."""
        succeeded, failed, unknown, unsent = (self._earlier[status] for status in RecordStatus)
        return Counts(succeeded + failed + unknown + unsent, succeeded, failed, unknown, unsent)

    @property
    def _doubtful(self) -> set[int]:
        """The open records of which a byte may have left, now or in an earlier process."""
        return self._sent.union(self.in_doubt) if self.in_doubt else self._sent

    def outcome(self, *, final: bool = False) -> Outcome[Any]:
        """Return the outcome as it is now; of the open records, what may have been sent is UNKNOWN, the rest UNSENT.

        It is a copy, which takes time for each record that is kept, unless it is `final`: nothing changes after it.
        """
        return Outcome(
            status=self._summary.status,
            counts=self.counts,
            records=self._shelf.records(self._doubtful, final=final),
            earlier=self.earlier,
            errors=sorted(self._errors, key=lambda error: error.indexes[:1] or (self._taken,)),
            num_errors=self._num_errors,
            requested_at=self._summary.requested_at,
            started_at=self._summary.started_at,
            completed_at=self._summary.completed_at,
            links=dict(self._summary.links),
            warnings=list(self._summary.warnings),
            read_by=self._read_by,
        )


@attrs.define
class _Summary:
    """What many replies say together. `most`: how many warnings, and links by name, are kept."""

    most: float
    status: BatchStatus = BatchStatus.COMPLETE
    requested_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    links: dict[str, str] = attrs.field(factory=dict)
    warnings: list[Any] = attrs.field(factory=list)

    def add(self, response: BatchResponse) -> None:
        if response.status in {BatchStatus.PENDING, BatchStatus.PROCESSING}:
            self.status = response.status
        self.requested_at = min(known(self.requested_at, response.requested_at), default=None)
        self.started_at = min(known(self.started_at, response.started_at), default=None)
        self.completed_at = max(known(self.completed_at, response.completed_at), default=None)
        if response.links:
            self.links.update(
                (name, link)
                for name, link in response.links.items()
                if name in self.links or len(self.links) < self.most
            )
        if response.warnings and (space := self.most - len(self.warnings)) > 0:
            self.warnings.extend(response.warnings[: int(min(space, len(response.warnings)))])
