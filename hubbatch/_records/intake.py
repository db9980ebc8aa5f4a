"""The way in: a record becomes an input, waits for its key, joins a batch.

Synchronous and without a clock. It says which batches are full; when a batch that is not full should go, and what
becomes of any batch, is not its business.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from hubbatch._records.call import Call
from hubbatch._records.chunking import Chunk, Chunker
from hubbatch._records.duplicates import Admission
from hubbatch._records.envelope import Envelope
from hubbatch._records.planners import guard_of, planner_of
from hubbatch._records.planning import Input
from hubbatch._records.values import InvalidRecordError

__all__ = ["Intake"]


_FEED = Admission.FEED  # at hand for every record: to look it up takes a call of Python in 3.11


class Intake:
    """Turns the records of one run into chunks, each for one request."""

    def __init__(self, call: Call) -> None:
        self.envelope = Envelope(call.envelope, call.endpoint.body)
        self._planner = planner_of(
            call.endpoint,
            id_property=call.id_property,
            unique_property=call.unique_property,
            trace_prefix=f"{secrets.token_hex(4)}-",
            spelling=call.spelling,
        )
        self._chunker = Chunker(call.batch_size, call.max_batch_bytes, len(self.envelope))
        self._guard = guard_of(call.endpoint, call.duplicates, self._chunker)

    @property
    def waiting(self) -> bool:
        """Whether there is a chunk that is not full."""
        return len(self._chunker) > 0

    @property
    def waiting_for_key(self) -> int:
        """How many records wait for an earlier one with the same key, or share its request."""
        return self._guard.waiting

    @property
    def aside(self) -> int:
        """How many of those are no reason to take in fewer others."""
        return self._guard.aside

    def take(self, index: int, record: Any) -> list[Chunk]:
        """Take a record in; return the chunks that are full now.

        Raises `InvalidRecordError` for a record that must not be sent.
        """
        try:
            item = self._planner.plan(index, record)
        except InvalidRecordError:
            raise
        except Exception as error:  # a record's own code may raise anything
            raise InvalidRecordError(f"the record cannot be read: {_words(error)}") from None
        if len(item.body) > self._chunker.largest:
            raise InvalidRecordError(
                f"the record takes {len(item.body)} bytes of JSON, more than a request may have;"
                " make it smaller or raise max_batch_bytes"
            )
        admission = self._guard.admit(item)
        if admission is _FEED:
            full = self._chunker.feed(item)
            return self._written(full) if full else full
        if admission is Admission.REFUSE:
            raise InvalidRecordError(
                "the key occurred before in this run, and duplicates are refused"
            )
        return []

    def release(self, item: Input) -> list[Chunk]:
        """Let the next record with a settled input's key go on; return the chunks that are full now."""
        return [
            chunk
            for successor in self._guard.release(item)
            for chunk in self._written(self._chunker.feed(successor))
        ]

    def release_all(self, items: Sequence[Input]) -> list[Chunk]:
        """Let those go on who wait for the keys of settled inputs; return the chunks that are full now."""
        return [
            chunk
            for successor in self._guard.release_all(items)
            for chunk in self._written(self._chunker.feed(successor))
        ]

    def flush(self) -> list[Chunk]:
        """Return the chunk that is not full, if there is one."""
        return self._written(self._chunker.flush())

    def close(self) -> None:
        """Free what is kept outside the memory."""
        self._guard.close()

    def _written(self, full: list[Chunk]) -> list[Chunk]:
        """Return chunks that leave, with the JSON of inputs that others were merged into."""
        if self._guard.merges:
            for chunk in full:
                self._guard.write(chunk)
        return full


def _words(error: Exception) -> str:
    """Return what an exception says; its own code may raise, too."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__
