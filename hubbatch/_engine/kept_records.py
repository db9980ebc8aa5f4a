"""The records of a ledger: those that are open, and of those that are settled all, the ones without success, or none.

It counts nothing, and decides nothing about a record.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Container, Iterable, Sequence
from itertools import count
from typing import Any

from hubbatch._states import KeptRecords, RecordOutcome, RecordTable
from hubbatch.models import BatchError, RecordStatus, Result
from hubbatch.policies import Keep

__all__ = ["Shelf", "shelf_of"]


class AllRecords:
    """Keeps all records, column by column. Records that were taken in since the last settling have an input only."""

    def __init__(self) -> None:
        self.open: dict[int, Any] = {}
        self._table = RecordTable()

    def take(self, first: int, records: Sequence[Any]) -> None:
        self._table.inputs.extend(records)
        self.open.update(zip(count(first), records, strict=False))

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


class Exceptions:
    """Keeps the records that did not succeed, or none."""

    def __init__(self, *, keeps_errors: bool) -> None:
        self.open: dict[int, Any] = {}
        self._keeps_errors = keeps_errors
        self._records: dict[int, RecordOutcome[Any]] = {}
        self._left_from = 0
        self._left: list[Any] = []

    def take(self, first: int, records: Sequence[Any]) -> None:
        self.open.update(zip(count(first), records, strict=False))

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


Shelf = AllRecords | Exceptions


def shelf_of(keep: Keep) -> Shelf:
    """Return what keeps the records of a run."""
    return AllRecords() if keep is Keep.ALL else Exceptions(keeps_errors=keep is Keep.ERRORS)
