"""The values of HubSpot's batch API, in its own words: results, errors, replies, statuses.

Plain frozen data with types. Nothing here knows how it is sent, read, retried or accounted for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import field, fields, frozen

__all__ = [
    "BatchError",
    "BatchResponse",
    "BatchStatus",
    "ErrorDetail",
    "ObjectResult",
    "Pair",
    "RecordStatus",
    "Result",
    "ResultT",
    "RowResult",
]


class BatchStatus(StrEnum):
    """How far a batch, or a whole run, has come; the spelling is HubSpot's."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    CANCELED = "CANCELED"
    COMPLETE = "COMPLETE"


class RecordStatus(StrEnum):
    """The one state of a record.

    SUCCEEDED, FAILED and UNSENT are promises about the account's data; UNKNOWN is the only doubt.
    """

    SUCCEEDED = "SUCCEEDED"
    """The service said so for this record."""
    FAILED = "FAILED"
    """It was refused, by the service or by a local check, and not written."""
    UNKNOWN = "UNKNOWN"
    """It was sent and no trustworthy answer came."""
    UNSENT = "UNSENT"
    """It was taken in, or stood further down in a list, and was never sent."""


class _Referable:
    """What weak references need, apart from the fields: two classes with the same fields have one layout then."""

    __slots__ = ("__weakref__",)


@frozen
class ObjectResult(_Referable):
    """One record as the service returned it. Times are aware datetimes, property values text."""

    id: str
    properties: Mapping[str, str | None] = field(factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False
    archived_at: datetime | None = None
    new: bool | None = None
    """Upsert only: True when the record was created, False when it was updated.

    None: the service does not say, or an earlier try whose answer was lost may have created what is there now.
    """
    object_write_trace_id: str | None = None
    properties_with_history: Mapping[str, Any] | None = None
    url: str | None = None
    extra: Mapping[str, Any] = field(factory=dict)
    """Fields of the reply that this version of hubbatch does not know."""


class ResultDraft(_Referable):
    """An `ObjectResult` that is not frozen yet: once all is filled in, it is given that class.

    A frozen class's own `__init__` takes four times as long, which was 8 % of a run's CPU.
    """

    __slots__ = tuple(item.name for item in fields(ObjectResult))


@frozen(eq=False)
class RowResult(Mapping[str, Any]):
    """What an endpoint answered for one record whose result is no object: HubSpot's fields, as a mapping.

    Times are text as they came. It equals a row with the same fields and `others`, and any other mapping with the same
    fields.
    """

    fields: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...] = ()
    """Further results for the same record: an association may be answered once for each direction."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RowResult) and self.others != other.others:
            return False
        return Mapping.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


Result = ObjectResult | RowResult
"""What a success has to show: an object, or a row of whatever else the endpoint is about."""

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    ResultT = TypeVar("ResultT", bound=Result, default=ObjectResult)
else:
    from typing import TypeVar

    ResultT = TypeVar("ResultT")  # Python has defaults of type variables from 3.13 on


@frozen
class Pair:
    """Two records, by their ids, and how one is associated with the other: HubSpot's association specs."""

    from_: str | int
    to: str | int
    types: Sequence[Mapping[str, Any]] = ()
    """Such as `{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}`."""


_LONGEST_MESSAGE = 20_000
"""Characters of a message that are kept: real ones quote a value or a few hundred ids at most."""


def _kept(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 1]}…"


@frozen
class ErrorDetail:
    """One item of an error's `errors`: what exactly is wrong, and where."""

    message: str = field(default="", converter=_kept)
    code: str | None = None
    context: Mapping[str, Any] | str | None = None
    """A map in practice, a string at times: HubSpot's reference has both."""
    in_: str | None = None
    sub_category: Any = None
    extra: Mapping[str, Any] = field(factory=dict)


CONFLICT = "CONFLICT"
OBJECT_NOT_FOUND = "OBJECT_NOT_FOUND"
"""HubSpot's categories that make a difference to what is done next."""
LOCAL_VALIDATION = "LOCAL_VALIDATION"
"""Category of our own errors about records that cannot be sent."""
NO_ANSWER = "NO_ANSWER"
"""Category of our own errors about records that were sent and got no trustworthy answer."""
SETTLED_EARLIER = "SETTLED_EARLIER"
"""Category of our own error about records without success that an earlier process of a journaled load has settled."""


@frozen
class BatchError:
    """One error and the inputs it explains.

    `category` is HubSpot's (`VALIDATION_ERROR`, `OBJECT_NOT_FOUND`, `CONFLICT`, …) or, for what hubbatch
    found out by itself, `LOCAL_VALIDATION`, `NO_ANSWER` or `SETTLED_EARLIER`.
    """

    category: str
    message: str = field(converter=_kept)
    status: str | None = None
    id: str | None = None
    sub_category: Any = None
    context: Mapping[str, Any] = field(factory=dict)
    errors: Sequence[ErrorDetail] = field(factory=list)
    links: Mapping[str, str] = field(factory=dict)
    correlation_id: str | None = None
    indexes: tuple[int, ...] = ()
    """Positions, in the caller's input, of the records that this error explains."""
    extra: Mapping[str, Any] = field(factory=dict)
    transient: bool = False
    """Whether the request was refused rather than its records: the same records may well succeed later."""


@frozen
class BatchResponse:
    """One reply of a batch endpoint, whatever its shape and status code were."""

    status: BatchStatus = BatchStatus.COMPLETE
    results: Sequence[ObjectResult] = field(factory=list)
    errors: Sequence[BatchError] = field(factory=list)
    num_errors: int = 0
    requested_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    links: Mapping[str, str] = field(factory=dict)
    warnings: Sequence[Any] = field(factory=list)
    extra: Mapping[str, Any] = field(factory=dict)
    rows: Sequence[RowResult] = ()
    """The results, where they are no objects."""
