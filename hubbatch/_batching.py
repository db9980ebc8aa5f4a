"""Inputs into batches: by count, by bytes, with one trace id and one key only once.

A pure feed/flush chunker. It knows nothing of where inputs come from or what becomes of a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

import attrs

from hubbatch._diagnosis import Symptom
from hubbatch._planning import Input, encode_input
from hubbatch.models import BatchError, RecordStatus

__all__ = ["Batch", "Chunker", "Step"]


class Step(Enum):
    """What is done with a batch next."""

    SEND = auto()
    COMPARE = auto()
    """See which of its records is like the object that one of them collides with."""
    LOOK_UP = auto()
    """See whether its records are in the account: whether they were written is unknown."""


@attrs.define(eq=False)
class Batch:
    """Inputs that travel together, and what is known of their fate."""

    inputs: Sequence[Input]
    number: int = 0
    """Which batch of the run it is, or is a part of."""
    whole: bool = True
    """Whether nothing has been taken away from it."""
    suspect: bool = False
    """Whether it is tried for being what the service fails on, so that its failures are its own."""
    step: Step = Step.SEND
    rounds: int = 0
    """How often a doubt about it has been looked into."""
    attempts: int = 0
    """Requests that carried it."""
    first_sent_at: tuple[float, float] | None = None
    """By the loop's clock, which may stand still while the machine sleeps, and by the wall's."""
    tried_since: float | None = None
    """When it first asked to be sent."""
    history: Counter[Symptom] = attrs.field(factory=Counter)
    """What came of the requests of this step."""
    resumes_at: float = 0.0
    """When it may be sent again."""
    fate: RecordStatus = RecordStatus.UNSENT
    """What these records are if nothing more is done: never sent, refused, or in doubt."""
    refusal: BatchError | None = None
    """The last answer that was not an acceptance, or why there was none."""
    collides_with: str | None = None
    """The object that is read to see which record collides with it."""
    comparisons: int = 0
    """How many such objects have been read."""
    refused: Mapping[int, BatchError] = attrs.field(factory=dict)
    """Why records, by index, were refused by the last try, although an earlier one may have written them."""

    def part(self, inputs: Sequence[Input], **changes: Any) -> Batch:
        """Return a batch of some of the inputs, of whose fate the same is known; its retries begin anew."""
        whole = self.whole and len(inputs) == len(self.inputs)
        return attrs.evolve(self, inputs=inputs, whole=whole, **{"history": Counter(), **changes})

    def halves(self, **changes: Any) -> list[Batch]:
        """Split the batch in two of about the same size in bytes."""
        half, seen, cut = sum(len(item.body) for item in self.inputs) / 2, 0, 0
        while seen < half:
            seen += len(self.inputs[cut].body)
            cut += 1
        cut = min(max(cut, 1), len(self.inputs) - 1)
        return [self.part(self.inputs[:cut], **changes), self.part(self.inputs[cut:], **changes)]


_SUFFIX = 8
"""Bytes by which a caller's trace id may grow to be told apart."""


class Chunker:
    """Collects inputs until a batch is full: `max_inputs` of them, or `max_bytes` of request body."""

    def __init__(self, max_inputs: int, max_bytes: int, envelope_bytes: int = 0) -> None:
        self._max_inputs = max_inputs
        self._max_bytes = max_bytes
        self.largest = max_bytes - envelope_bytes
        """Bytes that an input may have to be sent at all."""
        self._envelope_bytes = envelope_bytes
        self._inputs: list[Input] = []
        self._bytes = envelope_bytes
        self._caller_trace_ids: set[str] = set()
        self._batches = 0

    def __len__(self) -> int:
        return len(self._inputs)

    def feed(self, item: Input) -> list[Batch]:
        """Take one input in; return the batches that are full now: none, one, or two."""
        size = len(item.body) + 1  # the comma
        if (
            item.caller_trace_id is None
            and self._bytes + size <= self._max_bytes
            and len(self._inputs) < self._max_inputs - 1
        ):  # as nearly always
            self._inputs.append(item)
            self._bytes += size
            return []
        full = []
        if item.caller_trace_id is not None:
            size += _SUFFIX
        if self._inputs and self._bytes + size > self._max_bytes:
            full.extend(self.flush())
        if item.caller_trace_id is not None:
            self._make_trace_id_distinct(item)
        self._inputs.append(item)
        self._bytes += size
        if len(self._inputs) >= self._max_inputs:
            full.extend(self.flush())
        return full

    def flush(self) -> list[Batch]:
        """Return what has been collected as a batch, if there is anything."""
        if not self._inputs:
            return []
        batch = Batch(self._inputs, self._batches)
        self._batches += 1
        self._inputs = []
        self._bytes = self._envelope_bytes
        self._caller_trace_ids.clear()
        return [batch]

    def grow(self, item: Input, by: int) -> bool:
        """Note that an input that waits here grows by so many bytes, unless the batch would grow too large."""
        grown = self._bytes + by
        if grown > self._max_bytes or not any(waiting is item for waiting in self._inputs):
            return False
        self._bytes = grown
        return True

    def _make_trace_id_distinct(self, item: Input) -> None:
        """Tell apart two inputs of one batch to which the caller gave the same trace id."""
        wire = item.wire
        wanted = trace_id = wire["objectWriteTraceId"]
        count = 1
        while trace_id in self._caller_trace_ids:
            count += 1
            trace_id = f"{wanted}#{count}"
        self._caller_trace_ids.add(trace_id)
        if trace_id != wanted:
            wire["objectWriteTraceId"] = item.trace_id = trace_id
            item.body = encode_input(wire)
