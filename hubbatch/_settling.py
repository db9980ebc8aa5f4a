"""From an answer, or the lack of one, to the books: each record of a batch is closed in its one true state.

Synchronous. It says which batches may go now that a key is free; it knows nothing of tasks, time or waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from hubbatch._batching import Batch
from hubbatch._correlation import correlate
from hubbatch._intake import Intake
from hubbatch._ledger import Ledger
from hubbatch._operations import Operation
from hubbatch._planning import Input
from hubbatch.models import (
    LOCAL_VALIDATION,
    NO_ANSWER,
    BatchError,
    BatchResponse,
    ObjectResult,
    RecordStatus,
)
from hubbatch.outcome import RecordOutcome

__all__ = ["Settler"]


class Settler:
    """Closes records in the ledger, shows them to an observer, and frees their keys."""

    def __init__(
        self,
        operation: Operation,
        ledger: Ledger,
        intake: Intake,
        observe: Callable[[RecordOutcome], None] | None,
    ) -> None:
        self._operation = operation
        self._ledger = ledger
        self._intake = intake
        self._observe = observe

    def accept(self, batch: Batch, response: BatchResponse, *, in_doubt: bool) -> list[Batch]:
        """Settle a batch by the answer to it; return the batches that are full now.

        After a doubt a refusal does not prove that nothing was written: the first try may have done it.
        """
        told = correlate(self._operation, batch.inputs, response)
        self._ledger.note_response(response)
        self._ledger.note_errors(told.errors)
        doubtful = in_doubt and self._operation.writes
        full = []
        for item, status, result, error in zip(
            batch.inputs, told.statuses, told.results, told.causes, strict=True
        ):
            settled = RecordStatus.UNKNOWN if doubtful and status is RecordStatus.FAILED else status
            full += self._settle(item, settled, result, error, batch.attempts)
        return full

    def give_up(self, batch: Batch, error: BatchError) -> list[Batch]:
        """Settle a batch by what is known of its fate; return the batches that are full now."""
        named = None
        if batch.attempts:
            indexes = tuple(member.index for item in batch.inputs for member in item.everyone())
            named = attrs.evolve(error, indexes=indexes)
            self._ledger.note_errors([named])
        return [
            full
            for item in batch.inputs
            for full in self._settle(item, batch.fate, None, named, batch.attempts)
        ]

    def abandon(self, batch: Batch, why: str) -> list[Batch]:
        """Settle a batch whose sending was broken off; return the batches that are full now."""
        error = BatchError(NO_ANSWER, why)
        if batch.refusal is not None and batch.fate is not RecordStatus.UNKNOWN:
            error = batch.refusal
        return self.give_up(batch, error)

    def refuse(self, index: int, message: str) -> None:
        """Close a record that must not be sent."""
        error = BatchError(LOCAL_VALIDATION, message, indexes=(index,))
        self._ledger.note_errors([error])
        self._close(index, RecordStatus.FAILED, None, error, 0)

    def close_rest(self, never_taken: Iterable[Any]) -> None:
        """Close what is still open, and what was never taken in, as never sent."""
        for record in never_taken:
            self._ledger.take(record)
        for index in self._ledger.open_indexes():
            self._close(index, RecordStatus.UNSENT, None, None, 0)

    def _settle(
        self,
        item: Input,
        status: RecordStatus,
        result: ObjectResult | None,
        error: BatchError | None,
        attempts: int,
    ) -> list[Batch]:
        for member in item.everyone():
            echoed = result
            if result is not None and member.caller_trace_id is not None:
                echoed = attrs.evolve(result, object_write_trace_id=member.caller_trace_id)
            self._close(member.index, status, echoed, error, attempts)
        return self._intake.release(item)

    def _close(
        self,
        index: int,
        status: RecordStatus,
        result: ObjectResult | None,
        error: BatchError | None,
        attempts: int,
    ) -> None:
        if self._observe is not None:
            record = self._ledger.input(index)
            self._observe(RecordOutcome(index, record, status, result, error, attempts))
        self._ledger.settle(index, status, result, error, attempts)
