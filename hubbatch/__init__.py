"""Move any number of records in and out of HubSpot, from asyncio, without losing one."""

from hubbatch._auth import TokenProvider
from hubbatch._quota import RateLimiter
from hubbatch._retry import RetryPolicy
from hubbatch._states import Counts, RecordOutcome
from hubbatch._threads import in_thread
from hubbatch.client import Client
from hubbatch.errors import (
    AuthenticationError,
    DailyLimitError,
    HubbatchError,
    OutcomeError,
    PermissionDeniedError,
    ProtocolError,
    RecordError,
    TransportError,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch.models import (
    BatchError,
    BatchResponse,
    BatchStatus,
    ErrorDetail,
    ObjectResult,
    RateLimit,
    RecordStatus,
)
from hubbatch.outcome import Outcome
from hubbatch.progress import Progress
from hubbatch.run import Run

__all__ = [
    "AuthenticationError",
    "BatchError",
    "BatchResponse",
    "BatchStatus",
    "Client",
    "Counts",
    "DailyLimitError",
    "ErrorDetail",
    "HubbatchError",
    "ObjectResult",
    "Outcome",
    "OutcomeError",
    "PermissionDeniedError",
    "Progress",
    "ProtocolError",
    "RateLimit",
    "RateLimiter",
    "RecordError",
    "RecordOutcome",
    "RecordStatus",
    "RetryPolicy",
    "Run",
    "TokenProvider",
    "TransportError",
    "UnknownObjectTypeError",
    "UsageError",
    "in_thread",
]
