"""Inputs into batches: by count, by bytes, with one trace id and one key only once.

A pure feed/flush chunker. It knows nothing of where inputs come from or what becomes of a batch.
"""

from __future__ import annotations

from hubbatch._records.planning import Input, encode_input

__all__ = ["Chunk", "Chunker"]

Chunk = list[Input]
"""Inputs that go into one request."""


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

    def __len__(self) -> int:
        return len(self._inputs)

    def feed(self, item: Input) -> list[Chunk]:
        """Take one input in; return the chunks that are full now: none, one, or two."""
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

    def flush(self) -> list[Chunk]:
        """Return what has been collected as a chunk, if there is anything."""
        if not self._inputs:
            return []
        chunk, self._inputs = self._inputs, []
        self._bytes = self._envelope_bytes
        self._caller_trace_ids.clear()
        return [chunk]

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
