"""The books of one run: every record taken in, in exactly one state, at any moment.

Synchronous and complete by construction: a record enters once and is settled once. It knows nothing of requests.
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections import deque
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs

from hubbatch._states import Counts, KeptRecords, RecordOutcome, RecordTable
from hubbatch.models import BatchError, BatchResponse, BatchStatus, RecordStatus, Result
from hubbatch.outcome import Outcome, known
from hubbatch.policies import Keep

__all__ = ["Ledger"]

_MOST_REMARKS = 1_000
"""Warnings, and links by name, that are kept of a stream's replies: the first ones."""


class Ledger:
    """Takes records in, settles them, and can say the truth about all of them at any time."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._shelf: _Table | _Exceptions = (
            _Table() if keep is Keep.ALL else _Exceptions(keeps_errors=keep is Keep.ERRORS)
        )
        self._taken = 0
        self._sent: set[int] = set()
        """The open records of which a byte may have left: they are in doubt as long as nothing else is known."""
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

    def take(self, record: Any) -> int:
        """Enter a record; return its index."""
        index = self._taken
        self._shelf.take(index, record)
        self._taken += 1
        return index

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
        self._shelf.settle(index, status, result, error, attempts)

    def succeed(
        self,
        indexes: list[int],
        results: Sequence[Result | None] | None,
        attempts: int,
    ) -> None:
        """Close records that have succeeded, as `settle` does one by one; `results` are not looked at."""
        self._sent.difference_update(indexes)
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
        """Count the records by state; of the open ones, those that were sent are UNKNOWN, the rest UNSENT."""
        in_flight = len(self._sent)
        return Counts(
            self._taken,
            self.settled(RecordStatus.SUCCEEDED),
            self.settled(RecordStatus.FAILED),
            self.settled(RecordStatus.UNKNOWN) + in_flight,
            self.settled(RecordStatus.UNSENT) + self.unsettled - in_flight,
        )

    def outcome(self, *, final: bool = False) -> Outcome[Any]:
        """Return the truth at this moment; of the open records, those that were sent are UNKNOWN, the rest UNSENT.

        It is a copy, which takes time for each record that is kept, unless it is `final`: nothing changes after it.
        """
        return Outcome(
            status=self._summary.status,
            counts=self.counts,
            records=self._shelf.records(self._sent, final=final),
            errors=sorted(self._errors, key=lambda error: error.indexes[:1] or (self._taken,)),
            num_errors=self._num_errors,
            requested_at=self._summary.requested_at,
            started_at=self._summary.started_at,
            completed_at=self._summary.completed_at,
            links=dict(self._summary.links),
            warnings=list(self._summary.warnings),
        )


class _Table:
    """Keeps all records, column by column. Records that were taken in since the last settling have an input only."""

    def __init__(self) -> None:
        self.open: dict[int, Any] = {}
        self._table = RecordTable()

    def take(self, index: int, record: Any) -> None:
        self._table.inputs.append(record)
        self.open[index] = record

    def settle(
        self,
        index: int,
        status: RecordStatus,
        result: Result | None,
        error: BatchError | None,
        attempts: int,
    ) -> None:
        table = self._table
        table.even()
        table.statuses[index] = status
        if result is not None:
            table.replies[index] = (result,)
        table.errors[index] = error
        table.attempts[index] = attempts
        del self.open[index]

    def succeed(
        self,
        indexes: list[int],
        results: Sequence[Result | None] | None,
        attempts: int,
    ) -> None:
        if not indexes:
            return
        table, still_open = self._table, self.open
        table.even()
        replies, places = table.replies, table.places
        # Looked up once: it takes a call of Python in 3.11.
        statuses, tries, succeeded = table.statuses, table.attempts, RecordStatus.SUCCEEDED
        first, number = indexes[0], len(indexes)
        if still_open.keys() >= set(indexes) and indexes == [*range(first, first + number)]:
            one_run = slice(first, first + number)  # as nearly always: nothing is a step for each
            statuses[one_run] = [succeeded] * number
            tries[one_run] = array("I", [attempts]) * number
            if results is not None:
                replies[one_run] = [results] * number
                places[one_run] = array("I", range(number))
            deque(map(still_open.__delitem__, indexes), 0)
            return
        for place, index in enumerate(indexes):
            if index in still_open:
                statuses[index] = succeeded
                tries[index] = attempts
                if results is not None:
                    replies[index], places[index] = results, place
                del still_open[index]

    def leave(self, _first: int, records: list[Any]) -> None:
        self._table.inputs.extend(records)
        self._table.even()

    def records(self, in_flight: Iterable[int], *, final: bool) -> Sequence[RecordOutcome[Any]]:
        self._table.even()
        if final:
            return self._table
        table = self._table.copy()
        for index in in_flight:
            table.statuses[index] = RecordStatus.UNKNOWN
        return table


class _Exceptions:
    """Keeps the records that did not succeed, or none."""

    def __init__(self, *, keeps_errors: bool) -> None:
        self.open: dict[int, Any] = {}
        self._keeps_errors = keeps_errors
        self._records: dict[int, RecordOutcome[Any]] = {}
        self._left_from = 0
        self._left: list[Any] = []

    def take(self, index: int, record: Any) -> None:
        self.open[index] = record

    def settle(
        self,
        index: int,
        status: RecordStatus,
        result: Result | None,
        error: BatchError | None,
        attempts: int,
    ) -> None:
        record = self.open[index]
        if self._keeps_errors and status is not RecordStatus.SUCCEEDED:
            self._records[index] = RecordOutcome(index, record, status, result, error, attempts)
        del self.open[index]

    def succeed(
        self,
        indexes: list[int],
        _results: Sequence[Result | None] | None,
        _attempts: int,
    ) -> None:
        for index in indexes:
            self.open.pop(index, None)

    def leave(self, first: int, records: list[Any]) -> None:
        if not self._left:
            self._left_from = first
        if self._keeps_errors:
            self._left.extend(records)

    def records(self, in_flight: Container[int], *, final: bool) -> Sequence[RecordOutcome[Any]]:
        if not self._keeps_errors:
            return []
        still_open = {
            index: RecordOutcome(
                index,
                record,
                RecordStatus.UNKNOWN if index in in_flight else RecordStatus.UNSENT,
            )
            for index, record in self.open.items()
        }
        records = {**self._records, **still_open}
        kept = [records[index] for index in sorted(records)]
        if not self._left:
            return kept
        return KeptRecords(kept, self._left_from, self._left if final else self._left.copy())


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
