"""One run's order, as a value: which verb, where, and how. It is checked before it is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from hubbatch._records.journal import RunJournal
from hubbatch._records.spelling import CONTACTS, Spelling
from hubbatch.endpoints import Effect, Endpoint, ResultShape
from hubbatch.policies import Duplicates, Keep, Missing
from hubbatch.progress import Progress
from hubbatch.schema import Schema

__all__ = ["DEFAULT_BATCH_BYTES", "DEFAULT_LINGER", "Call", "Described"]

DEFAULT_BATCH_BYTES = 3 * 1024 * 1024

DEFAULT_LINGER = 0.05
"""Seconds that a batch which is not full waits for more records."""


@runtime_checkable
class Described(Protocol):
    """What makes inputs of records, and says by what it differs from others of its kind."""

    @property
    def described(self) -> Mapping[str, Any]:
        """What was given for it, as JSON has it."""


@frozen
class Call:
    """One run's order, checked."""

    endpoint: Endpoint
    path: str
    read_path: str | None
    """Where what it writes can be read, if anywhere."""
    batch_size: int
    max_batch_bytes: int = DEFAULT_BATCH_BYTES
    max_failures: int | None = None
    deadline: float | None = None
    linger: float = DEFAULT_LINGER
    prefetch: int | None = None
    on_progress: Callable[[Progress], None] | None = None
    duplicates: Duplicates = Duplicates.SERIAL
    keep: Keep | None = None
    id_property: str | None = None
    unique_property: str | None = None
    query: Mapping[str, str] = {}
    body_fields: Mapping[str, Any] = {}
    """Fields of the request body next to `inputs`."""
    object_type: str = ""
    spelling: Spelling = CONTACTS
    """How the values of the object type are compared."""
    convert: Callable[[Any], Any] | None = None
    """Makes of a caller's record what an input is made of; raises `InvalidRecordError` where that cannot be sent."""
    schema: Schema | Call | None = None
    """What records are held against before they are sent: a caller's schema, or what fetches the account's."""
    of_frame: bool = False
    """Whether its records are rows of a frame, whose columns need not all be meant for it."""
    missing: Missing | None = None
    """What becomes of missing values; None: None is left out, NaN, NaT and NA are refused."""
    timezone: dt.tzinfo | None = None
    """The zone of datetimes that have none; None: they are refused."""
    journal: RunJournal | None = None
    """Who hears of records before they are sent and once they are settled, and knows what earlier processes left."""

    @property
    def read_by(self) -> str | None:
        """What the inputs of a read of objects are: `id`, or values of a unique property. None: it is no such read."""
        if (
            self.endpoint.effect is not Effect.READS
            or self.endpoint.result is not ResultShape.OBJECT
        ):
            return None
        return self.id_property or self.body_fields.get("idProperty") or "id"
