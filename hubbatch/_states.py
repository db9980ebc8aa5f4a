"""What became of single records, and how many of them ended in which state.

Values only; it knows nothing of the answer as a whole.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, count
from operator import getitem
from typing import Any, Generic, overload

import attrs
from attrs import field, frozen

from hubbatch._counted import counted
from hubbatch.models import BatchError, RecordStatus, ResultT

__all__ = [
    "NO_RESULT",
    "Counts",
    "KeptRecords",
    "RecordOutcome",
    "RecordTable",
    "errors_of",
    "joined",
    "without_success",
]


@frozen
class Counts:
    """How many records are in which state. Every record is in exactly one: the four always add up."""

    total: int = 0
    """How many records were taken from the source."""
    succeeded: int = 0
    failed: int = 0
    unknown: int = 0
    unsent: int = 0

    def __attrs_post_init__(self) -> None:
        if self.total != self.succeeded + self.failed + self.unknown + self.unsent:
            raise ValueError(f"{self!r} does not add up")

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.total + other.total,
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.unknown + other.unknown,
            self.unsent + other.unsent,
        )

    def __str__(self) -> str:
        return (
            f"{counted(self.total, 'record')}: {self.succeeded:,} succeeded, {self.failed:,} failed,"
            f" {self.unknown:,} unknown, {self.unsent:,} unsent"
        )


@frozen
class RecordOutcome(Generic[ResultT]):
    """What became of one record."""

    index: int
    """Its position in the caller's input, from 0."""
    input: Any = field(repr=False)
    """The record as the caller gave it, ready to be sent again."""
    status: RecordStatus
    result: ResultT | None = field(default=None, repr=False)
    error: BatchError | None = None
    attempts: int = 0
    """How many requests carried it."""

    @property
    def retryable(self) -> bool:
        """Whether it can be sent again as it is: it was never sent, is in doubt, or was not rejected for its own sake.

        A create in doubt may have been written; sent again it could be a duplicate.
        """
        if self.status is RecordStatus.FAILED:
            return self.error is not None and self.error.transient
        return self.status is not RecordStatus.SUCCEEDED

    @property
    def reason(self) -> str:
        """Why it has not succeeded: the error's category and message; empty where there is none."""
        return "" if self.error is None else f"{self.error.category}: {self.error.message}"


class _Records(Sequence[RecordOutcome[Any]]):
    """Records that are made when they are looked at: millions are kept for long and looked at once, if at all."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: int) -> RecordOutcome[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordOutcome[Any]]: ...
    def __getitem__(self, index: int | slice) -> RecordOutcome[Any] | list[RecordOutcome[Any]]:
        if isinstance(index, slice):
            return [self._at(number) for number in range(*index.indices(len(self)))]
        return self._at(range(len(self))[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'record')}>"

    def _at(self, index: int) -> RecordOutcome[Any]:
        raise NotImplementedError


def _numbers() -> array[int]:
    return array("I")


_NONE = array("I", [0])

NO_RESULT: Sequence[None] = (None,)
"""The results of a record that has none."""


@attrs.define(eq=False, repr=False)
class RecordTable(_Records):
    """Records by input index, one column a field."""

    inputs: list[Any] = field(factory=list)
    statuses: list[RecordStatus] = field(factory=list)
    replies: list[Sequence[Any]] = field(factory=list)
    """The results of the reply that settled a record, which may not have been built yet, and …"""
    places: array[int] = field(factory=_numbers)
    """… where among them its own stands."""
    errors: list[BatchError | None] = field(factory=list)
    attempts: array[int] = field(factory=_numbers)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def results(self) -> Iterator[Any]:
        """The results, which are built now."""
        every = dict(zip(map(id, self.replies), self.replies, strict=True))
        # Copied, for those that are built late take a call of Python for each item.
        built = {key: tuple(reply) for key, reply in every.items()}
        return map(getitem, map(built.__getitem__, map(id, self.replies)), self.places)

    def even(self) -> None:
        """Make all columns as long as the first: what has just been taken in has an input only."""
        if missing := len(self.inputs) - len(self.attempts):
            self.statuses.extend([RecordStatus.UNSENT] * missing)
            self.replies.extend([NO_RESULT] * missing)
            self.places.extend(_NONE * missing)
            self.errors.extend([None] * missing)
            self.attempts.extend(_NONE * missing)

    def copy(self) -> RecordTable:
        """Return a table that changes no more with this one."""
        return RecordTable(*(column[:] for column in attrs.astuple(self, recurse=False)))

    def _at(self, index: int) -> RecordOutcome[Any]:
        return RecordOutcome(
            index,
            self.inputs[index],
            self.statuses[index],
            self.replies[index][self.places[index]],
            self.errors[index],
            self.attempts[index],
        )


@attrs.define(eq=False, repr=False)
class KeptRecords(_Records):
    """Single records, and after them those that a run left off: never taken in, and never sent."""

    kept: list[RecordOutcome[Any]]
    first: int
    """The input index of the first one that was left off."""
    left: list[Any]

    def __len__(self) -> int:
        return len(self.kept) + len(self.left)

    def _at(self, index: int) -> RecordOutcome[Any]:
        if index < len(self.kept):
            return self.kept[index]
        index -= len(self.kept)
        return RecordOutcome(self.first + index, self.left[index], RecordStatus.UNSENT)


def without_success(
    records: Iterable[RecordOutcome[Any]],
) -> Iterator[tuple[int, RecordStatus, BatchError | None]]:
    """Return index, status and error of the records that did not succeed; no record is made for it."""
    rows = (
        zip(count(), records.statuses, records.errors, strict=False)
        if isinstance(records, RecordTable)
        else ((record.index, record.status, record.error) for record in records)
    )
    succeeded = RecordStatus.SUCCEEDED  # looked up once: it takes a call of Python in 3.11
    return (row for row in rows if row[1] is not succeeded)


def errors_of(records: Sequence[RecordOutcome]) -> dict[int, BatchError]:
    """Return the errors of some records, each once, by their identity; no record is made for it."""
    errors = (
        records.errors if isinstance(records, RecordTable) else [record.error for record in records]
    )
    found = dict(zip(map(id, errors), errors, strict=True))
    return {key: error for key, error in found.items() if error is not None}


def joined(
    parts: Sequence[tuple[Sequence[RecordOutcome[Any]], int, Mapping[int, BatchError]]],
) -> Sequence[RecordOutcome[Any]]:
    """Return the records of several parts as one sequence.

    A part: its records, the index that its first one gets, and by the identity of each of its errors the one that
    stands for it. Tables are joined a column at a time: millions of records take no step each.
    """
    positions = accumulate((len(records) for records, _, _ in parts), initial=0)
    tables = [
        (records, errors)
        for (records, first, errors), position in zip(parts, positions, strict=False)
        if isinstance(records, RecordTable) and first == position  # a table leaves no index out
    ]
    if len(tables) == len(parts):
        whole = RecordTable()
        for table, errors in tables:
            whole.inputs += table.inputs
            whole.statuses += table.statuses
            whole.replies += table.replies
            whole.places += table.places
            whole.attempts += table.attempts
            whole.errors += map(errors.get, map(id, table.errors))  # None has none
        return whole
    return [
        attrs.evolve(
            record,
            index=record.index + offset,
            error=record.error and errors[id(record.error)],
        )
        for records, offset, errors in parts
        for record in records
    ]
