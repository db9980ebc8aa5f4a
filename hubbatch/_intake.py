"""The way in: a record becomes an input, waits for its key, joins a batch.

Synchronous and without a clock. It says which batches are full; when a batch that is not full should go, and what
becomes of any batch, is not its business.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from hubbatch._batching import Batch, Chunker
from hubbatch._codec import Envelope
from hubbatch._duplicates import Admission, Keyring
from hubbatch._options import Call
from hubbatch._planning import Input, Planner
from hubbatch._values import InvalidRecordError

__all__ = ["Intake"]


_FEED = Admission.FEED  # at hand for every record: to look it up takes a call of Python in 3.11


class Intake:
    """Turns the records of one run into batches."""

    def __init__(self, call: Call) -> None:
        self.envelope = Envelope(call.envelope)
        self._planner = Planner(
            call.operation,
            id_property=call.id_property,
            unique_property=call.unique_property,
            trace_prefix=f"{secrets.token_hex(4)}-",
        )
        self._chunker = Chunker(call.batch_size, call.max_batch_bytes, len(self.envelope))
        self._keyring = Keyring(call.duplicates, self._chunker, call.operation)

    @property
    def waiting(self) -> bool:
        """Whether there is a batch that is not full."""
        return len(self._chunker) > 0

    def take(self, index: int, record: Any) -> list[Batch]:
        """Take a record in; return the batches that are full now.

        Raises `InvalidRecordError` for a record that must not be sent.
        """
        try:
            item = self._planner.plan(index, record)
        except InvalidRecordError:
            raise
        except Exception as error:  # a record's own code may raise anything
            raise InvalidRecordError(
                f"the record cannot be read: {type(error).__name__}: {error}"
            ) from None
        if len(item.body) > self._chunker.largest:
            raise InvalidRecordError(
                f"the record takes {len(item.body)} bytes of JSON, more than a request may have;"
                " make it smaller or raise max_batch_bytes"
            )
        admission = self._keyring.admit(item)
        if admission is _FEED:
            return self._chunker.feed(item)
        if admission is Admission.REFUSE:
            raise InvalidRecordError(
                "the key occurred before in this run, and duplicates are refused"
            )
        return []

    def release(self, item: Input) -> list[Batch]:
        """Let the next record with a settled input's key go on; return the batches that are full now."""
        successor = self._keyring.release(item)
        return [] if successor is None else self._chunker.feed(successor)

    def release_all(self, items: Sequence[Input]) -> list[Batch]:
        """Let those go on who wait for the keys of settled inputs; return the batches that are full now."""
        return [
            batch
            for successor in self._keyring.release_all(items)
            for batch in self._chunker.feed(successor)
        ]

    def flush(self) -> list[Batch]:
        """Return the batch that is not full, if there is one."""
        return self._chunker.flush()

    def close(self) -> None:
        """Free what is kept outside the memory."""
        self._keyring.close()
