"""The books of one run: every record taken in, in exactly one state, at any moment.

Synchronous and complete by construction: a record enters once and is settled once. It knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from hubbatch.models import BatchError, BatchResponse, BatchStatus, ObjectResult, RecordStatus
from hubbatch.outcome import Counts, Outcome, RecordOutcome, known

__all__ = ["Keep", "Ledger"]


class Keep(StrEnum):
    """Which records an outcome retains. Counts are complete whatever is kept."""

    ALL = "all"
    ERRORS = "errors"
    NONE = "none"


class Ledger:
    """Takes records in, settles them, and can say the truth about all of them at any time."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._open: dict[int, Any] = {}
        self._taken = 0
        self._settled = dict.fromkeys(RecordStatus, 0)
        self._records: dict[int, RecordOutcome] = {}
        self._errors: list[BatchError] = []
        self._num_errors = 0
        self._summary = _Summary()

    @property
    def taken(self) -> int:
        """How many records have been taken from the source: the next record's index."""
        return self._taken

    @property
    def unsettled(self) -> int:
        """How many records are still open."""
        return len(self._open)

    def open_indexes(self) -> list[int]:
        """Return the records that are not settled."""
        return list(self._open)

    def settled(self, status: RecordStatus) -> int:
        """Return how many records are settled in a state."""
        return self._settled[status]

    def take(self, record: Any) -> int:
        """Enter a record; return its index."""
        index = self._taken
        self._taken += 1
        self._open[index] = record
        return index

    def settle(
        self,
        index: int,
        status: RecordStatus,
        result: ObjectResult | None = None,
        error: BatchError | None = None,
        attempts: int = 0,
    ) -> RecordOutcome | None:
        """Close a record for good. Return what became of it, or None if it had been closed before."""
        if index not in self._open:
            return None
        record = RecordOutcome(index, self._open.pop(index), status, result, error, attempts)
        self._settled[status] += 1
        if self._keep is Keep.ALL or (
            self._keep is Keep.ERRORS and status is not RecordStatus.SUCCEEDED
        ):
            self._records[index] = record
        return record

    def note_errors(self, errors: Iterable[BatchError]) -> None:
        """Enter errors, each once."""
        for error in errors:
            self._num_errors += 1
            if self._keep is not Keep.NONE:
                self._errors.append(error)

    def note_response(self, response: BatchResponse) -> None:
        """Enter what a reply says beyond its records: times, status, links, warnings."""
        self._summary.add(response, keep=self._keep is not Keep.NONE)

    def outcome(self, *, complete: bool, sent: Callable[[], Iterable[int]]) -> Outcome:
        """Return the truth at this moment; of the open records, those in `sent` are UNKNOWN, the rest UNSENT."""
        in_flight = {index for index in sent() if index in self._open}
        still_open = {
            index: RecordOutcome(
                index,
                record,
                RecordStatus.UNKNOWN if index in in_flight else RecordStatus.UNSENT,
            )
            for index, record in self._open.items()
        }
        records: Mapping[int, RecordOutcome] = self._records
        if self._keep is not Keep.NONE:
            records = {**self._records, **still_open}
        return Outcome(
            status=self._summary.status if complete else BatchStatus.CANCELED,
            counts=Counts(
                self._taken,
                self._settled[RecordStatus.SUCCEEDED],
                self._settled[RecordStatus.FAILED],
                self._settled[RecordStatus.UNKNOWN] + len(in_flight),
                self._settled[RecordStatus.UNSENT] + len(still_open) - len(in_flight),
            ),
            records=[records[index] for index in sorted(records)],
            errors=sorted(self._errors, key=lambda error: error.indexes[:1] or (self._taken,)),
            num_errors=self._num_errors,
            requested_at=self._summary.requested_at,
            started_at=self._summary.started_at,
            completed_at=self._summary.completed_at,
            links=dict(self._summary.links),
            warnings=list(self._summary.warnings),
        )


@attrs.define
class _Summary:
    """What many replies say together."""

    status: BatchStatus = BatchStatus.COMPLETE
    requested_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    links: dict[str, str] = attrs.field(factory=dict)
    warnings: list[Any] = attrs.field(factory=list)

    def add(self, response: BatchResponse, *, keep: bool) -> None:
        if response.status in {BatchStatus.PENDING, BatchStatus.PROCESSING}:
            self.status = response.status
        self.requested_at = min(known(self.requested_at, response.requested_at), default=None)
        self.started_at = min(known(self.started_at, response.started_at), default=None)
        self.completed_at = max(known(self.completed_at, response.completed_at), default=None)
        if keep:
            self.links.update(response.links)
            self.warnings.extend(response.warnings)
