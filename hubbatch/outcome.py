"""The answer HubSpot would have given had its API no batch limit, accounting for every record.

Values only: how an outcome is read, merged, raised from and written as JSON. It knows nothing of how it came about.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

import attrs
from attrs import field, frozen

from hubbatch._outcome_json import plain, result_from_dict, result_to_dict
from hubbatch._outcome_rows import Only, rows_of, write_csv
from hubbatch._protocol.converter import converter, write_time
from hubbatch._protocol.reading import read_time
from hubbatch._records.plain import json_value
from hubbatch._states import (
    Counts,
    RecordOutcome,
    RecordTable,
    errors_of,
    joined,
    without_success,
)
from hubbatch.errors import OutcomeError, RecordError
from hubbatch.models import (
    BatchError,
    BatchStatus,
    RecordStatus,
    Result,
    ResultT,
)

__all__ = ["Outcome"]


_R = TypeVar("_R", bound=Result)

_GRAVITY = (
    BatchStatus.COMPLETE,
    BatchStatus.PROCESSING,
    BatchStatus.PENDING,
    BatchStatus.CANCELED,
)
"""Of several statuses the last one here describes all together."""

_MOST_IN_A_GROUP = 1_000
"""Errors that are raised together: the outcome has them all, and a traceback of half a million serves nobody."""
_EXAMPLES = 2
"""Records that are named for a reason."""


@frozen
class Outcome(Generic[ResultT]):
    """One aggregate answer for any number of records.

    To write it as JSON or otherwise, use `to_dict`: `attrs.asdict` does not know how records are kept.
    """

    status: BatchStatus = BatchStatus.COMPLETE
    """COMPLETE: the run saw all its input through; CANCELED: it stopped early; else as a batch left it."""
    counts: Counts = field(factory=Counts)
    records: Sequence[RecordOutcome[ResultT]] = field(factory=list, repr=False)
    """The records kept (see `keep`), in input order."""
    errors: list[BatchError] = field(factory=list, repr=False)
    """Every error once; its `indexes` name the records that it explains."""
    num_errors: int = 0
    """Error items over all batches: `len(errors)` while all errors are kept."""
    requested_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    links: Mapping[str, str] = field(factory=dict, repr=False)
    """Of all replies together, by name; the first 1,000 names where only errors are kept."""
    warnings: list[Any] = field(factory=list, repr=False)
    """Of all replies; the first 1,000 where only errors are kept."""
    earlier: Counts = field(factory=Counts)
    """Of the records, those that earlier processes of a journaled load have settled: they have no result here."""
    read_by: str | None = None
    """Of a read of objects: what its inputs are, `id` or the unique property whose values they are; else None."""

    @property
    def results(self) -> list[ResultT]:
        """The results of the records that succeeded and were kept, in input order."""
        records = self.records
        pairs = (
            zip(records.statuses, records.results, strict=True)
            if isinstance(records, RecordTable)
            else ((record.status, record.result) for record in records)
        )
        succeeded = RecordStatus.SUCCEEDED  # looked up once: it takes a call of Python in 3.11
        return [result for status, result in pairs if result is not None and status is succeeded]

    @property
    def ok(self) -> bool:
        """Whether every record succeeded, and the run was not stopped before it had seen them all."""
        stopped = self.status is BatchStatus.CANCELED
        return self.counts.succeeded == self.counts.total and not stopped

    @property
    def succeeded(self) -> list[RecordOutcome[ResultT]]:
        """The kept records that were written, read or archived."""
        return self._having(RecordStatus.SUCCEEDED)

    @property
    def failed(self) -> list[RecordOutcome[ResultT]]:
        """The kept records that were refused and not written."""
        return self._having(RecordStatus.FAILED)

    @property
    def unknown(self) -> list[RecordOutcome[ResultT]]:
        """The kept records that were sent and got no trustworthy answer."""
        return self._having(RecordStatus.UNKNOWN)

    @property
    def unsent(self) -> list[RecordOutcome[ResultT]]:
        """The kept records that were taken in and never sent."""
        return self._having(RecordStatus.UNSENT)

    @property
    def retryable(self) -> list[RecordOutcome[ResultT]]:
        """The kept records that can be sent again as they are: neither done nor refused for their own sake."""
        return [record for record in self.records if record.retryable]

    def _having(self, status: RecordStatus) -> list[RecordOutcome[ResultT]]:
        return [record for record in self.records if record.status is status]

    def raise_for_errors(self) -> None:
        """Do nothing if the outcome is `ok`, else raise.

        Raises `OutcomeError`: a group of one `RecordError` for each of the first 1,000 kept records that did not
        succeed, or of a single one where there is none. Its message counts all of them, and its `outcome` has them.
        """
        if self.ok:
            return
        bad = (record for record in self.records if record.status is not RecordStatus.SUCCEEDED)
        errors = [
            RecordError(_sentence(record), record) for record in islice(bad, _MOST_IN_A_GROUP)
        ]
        message = f"{self.counts}{_digest(self.records)}"
        if self.status is BatchStatus.CANCELED:
            message += "\n  the run was stopped before it had seen all its input"
        if not errors:
            if self.counts.succeeded < self.counts.total:
                message += "\n  no record was kept (keep='none')"
            errors = [RecordError(message)]
        error = OutcomeError(message, errors)
        error.outcome = self
        raise error

    def rows(self, only: Only | None = None) -> Iterator[dict[str, Any]]:
        """Return the kept records as flat mappings, all with the same keys in the same order.

        First come columns of our own: `_index`, the place in the input; `_status`; `_category` and `_message` of the
        error; `_id` of the object, and `_new`, whether it was created. They are None where there is nothing to say.
        Then the values of the inputs, under their own names; a pair has `from` and `to`. An input that only names an
        object, in `id`, is followed by the properties that were read. A name of ours in an input is passed over.

        In a row of a read `id` is the id of the record that was found, whatever it was asked for by: where that was a
        unique property, what was asked for stands under its name, and what was not found has no `id`.

        `only`: `"succeeded"`, `"failed"`, `"unknown"`, `"unsent"`, `"not_succeeded"` (the last three) or `"retryable"`.
        `pandas.DataFrame(outcome.rows())` and `csv.DictWriter` take them as they are. Raises `UsageError` for another
        word.
        """
        return rows_of(self.records, only, self.read_by)

    def to_csv(
        self,
        path: str | os.PathLike[str],
        *,
        only: Only | None = None,
        append: bool = False,
        force: bool = False,
    ) -> int:
        """Write `rows` to a CSV file in UTF-8, and return how many; it is loaded again without our own columns.

        The file is its owner's alone (0600). One that is there is a `UsageError`, unless `append`, where its columns
        have to be the same, or `force`. Text of ours that a spreadsheet would run as a formula is quoted by `'`. A
        NUL is shown as `<0x00>`, half of a character as `<0x-->`: read again, that is the text. This
        blocks: in an event loop call it with `asyncio.to_thread`. Raises `hubbatch.files.OutputError`.
        """
        return write_csv(path, self.records, only, read_by=self.read_by, append=append, force=force)

    @staticmethod
    def merge(*outcomes: Outcome[_R]) -> Outcome[_R]:
        """Join the outcomes of consecutive runs into one, as if their inputs had been one input.

        Associative. Records and errors of the later ones are renumbered to follow the earlier ones.
        """
        return _merged(outcomes) if outcomes else Outcome()

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON values, in HubSpot's own field names where it has them.

        `records` refer to `results` and `errors` by position. Inputs, and what has no fixed form in HubSpot's answers,
        are written as JSON can hold them: text stands for what it has no word for, and for what lies too deep.
        """
        results = [record.result for record in self.records]
        given = [result for result in results if result is not None]
        result_positions = iter(range(len(given)))
        error_positions = {id(error): position for position, error in enumerate(self.errors)}
        return {
            "status": str(self.status),
            "results": [result_to_dict(result) for result in given],
            "errors": [converter.unstructure(plain(error)) for error in self.errors],
            "numErrors": self.num_errors,
            **{
                name: write_time(moment)
                for name, moment in (
                    ("requestedAt", self.requested_at),
                    ("startedAt", self.started_at),
                    ("completedAt", self.completed_at),
                )
                if moment is not None
            },
            "links": json_value(self.links),
            "warnings": json_value(self.warnings),
            "counts": attrs.asdict(self.counts),
            **({"earlier": attrs.asdict(self.earlier)} if self.earlier.total else {}),
            **({} if self.read_by is None else {"readBy": self.read_by}),
            "records": [
                {
                    "index": record.index,
                    "input": json_value(record.input),
                    "status": str(record.status),
                    "result": None if result is None else next(result_positions),
                    "error": error_positions.get(id(record.error)),
                    "attempts": record.attempts,
                }
                for record, result in zip(self.records, results, strict=True)
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome[Any]:
        """Read what `to_dict` wrote."""
        results = [result_from_dict(item) for item in data["results"]]
        errors = [converter.structure(item, BatchError) for item in data["errors"]]
        return cls(
            status=BatchStatus(data["status"]),
            counts=Counts(**data["counts"]),
            earlier=Counts(**data.get("earlier", {})),
            records=[
                RecordOutcome(
                    index=item["index"],
                    input=item["input"],
                    status=RecordStatus(item["status"]),
                    result=None if item["result"] is None else results[item["result"]],
                    error=None if item["error"] is None else errors[item["error"]],
                    attempts=item["attempts"],
                )
                for item in data["records"]
            ],
            errors=errors,
            num_errors=data["numErrors"],
            requested_at=read_time(data.get("requestedAt")),
            started_at=read_time(data.get("startedAt")),
            completed_at=read_time(data.get("completedAt")),
            links=data["links"],
            warnings=data["warnings"],
            read_by=data.get("readBy"),
        )


def _merged(outcomes: Sequence[Outcome[Any]]) -> Outcome[Any]:
    parts = []
    errors: list[BatchError] = []
    counts = Counts()
    for outcome in outcomes:
        moved = _moved(outcome, counts.total)
        errors += [moved[id(error)] for error in outcome.errors]
        if outcome.records:
            parts.append((outcome.records, counts.total, moved))
        counts += outcome.counts
    return Outcome(
        status=max((outcome.status for outcome in outcomes), key=_GRAVITY.index),
        counts=counts,
        records=joined(parts),
        errors=errors,
        num_errors=sum(outcome.num_errors for outcome in outcomes),
        requested_at=min(known(*(outcome.requested_at for outcome in outcomes)), default=None),
        started_at=min(known(*(outcome.started_at for outcome in outcomes)), default=None),
        completed_at=max(known(*(outcome.completed_at for outcome in outcomes)), default=None),
        links={name: link for outcome in outcomes for name, link in outcome.links.items()},
        warnings=[warning for outcome in outcomes for warning in outcome.warnings],
        earlier=sum((outcome.earlier for outcome in outcomes), Counts()),
        read_by=_agreed([outcome for outcome in outcomes if outcome.counts.total] or outcomes),
    )


def _agreed(outcomes: Iterable[Outcome[Any]]) -> str | None:
    """Return what all of them were read by; None if they differ in that."""
    found = {outcome.read_by for outcome in outcomes}
    return found.pop() if len(found) == 1 else None


def _moved(outcome: Outcome[Any], offset: int) -> dict[int, BatchError]:
    """Return an outcome's errors by their identity, with their records so many places further on."""
    found = {id(error): error for error in outcome.errors}
    found |= errors_of(outcome.records)
    if offset == 0:
        return found
    return {
        key: attrs.evolve(error, indexes=tuple([index + offset for index in error.indexes]))
        for key, error in found.items()
    }


def known(*moments: datetime | None) -> list[datetime]:
    """Return those of the times that are given."""
    return [moment for moment in moments if moment is not None]


def _sentence(record: RecordOutcome[Any]) -> str:
    return ": ".join(filter(None, (f"record {record.index} is {record.status}", record.reason)))


def _digest(records: Iterable[RecordOutcome[Any]], most: int = 5) -> str:
    """Sum up why records did not succeed, the most frequent reasons first."""
    tally: Counter[tuple[str, str] | RecordStatus] = Counter()
    examples: dict[tuple[str, str] | RecordStatus, list[str]] = {}
    for index, status, error in without_success(records):
        reason = (error.category, error.message) if error else status
        tally[reason] += 1
        if tally[reason] <= _EXAMPLES:
            examples.setdefault(reason, []).append(str(index))
    lines = [
        f"\n  {number} × {reason if isinstance(reason, str) else ': '.join(reason)}"
        f", e.g. record {', '.join(examples[reason])}"
        for reason, number in tally.most_common(most)
    ]
    if len(tally) > most:
        lines.append(f"\n  and {len(tally) - most} more reasons")
    return "".join(lines)
