"""Move any number of records in and out of HubSpot, from asyncio, without losing one.

A *record* is what a caller gives, an *input* what a request holds of it, a *batch* the inputs of one request, a *run*
one call and all its records, a *row* of `endpoints` all that is particular to an endpoint. `_verbs` and `_calls` make
a run of a call; `events` holds what observers receive.

A name is loaded when it is first asked for: whoever imports only a part, such as the pytest plugin, pays for no more.
`from hubbatch import Client` at the head of a module loads it there, and not in the middle of an event loop.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubbatch._http.auth import TokenProvider
    from hubbatch._http.session import open_session
    from hubbatch._protocol.exchange import NoReply, Reply, Request, Transport
    from hubbatch._quota.limiter import RateLimiter
    from hubbatch._records.blocks import in_blocks
    from hubbatch._records.threads import in_thread
    from hubbatch._states import Counts, RecordOutcome
    from hubbatch.client import Client
    from hubbatch.endpoints import Endpoint
    from hubbatch.errors import (
        AuthenticationError,
        DailyLimitError,
        HubbatchError,
        OutcomeError,
        PermissionDeniedError,
        ProtocolError,
        RecordError,
        RefusedError,
        SourceChangedError,
        TransportError,
        UnknownObjectTypeError,
        UsageError,
    )
    from hubbatch.filters import Filter
    from hubbatch.models import (
        BatchError,
        BatchResponse,
        BatchStatus,
        ErrorDetail,
        ObjectResult,
        Pair,
        RecordStatus,
        RowResult,
    )
    from hubbatch.object_types import ObjectType
    from hubbatch.outcome import Outcome
    from hubbatch.policies import RateLimit, RetryPolicy
    from hubbatch.progress import Progress
    from hubbatch.reader import ObjectReader
    from hubbatch.run import Run
    from hubbatch.schema import Property, PropertyOption, Schema

__all__ = [
    "AuthenticationError",
    "BatchError",
    "BatchResponse",
    "BatchStatus",
    "Client",
    "Counts",
    "DailyLimitError",
    "Endpoint",
    "ErrorDetail",
    "Filter",
    "HubbatchError",
    "NoReply",
    "ObjectReader",
    "ObjectResult",
    "ObjectType",
    "Outcome",
    "OutcomeError",
    "Pair",
    "PermissionDeniedError",
    "Progress",
    "Property",
    "PropertyOption",
    "ProtocolError",
    "RateLimit",
    "RateLimiter",
    "RecordError",
    "RecordOutcome",
    "RecordStatus",
    "RefusedError",
    "Reply",
    "Request",
    "RetryPolicy",
    "RowResult",
    "Run",
    "Schema",
    "SourceChangedError",
    "TokenProvider",
    "Transport",
    "TransportError",
    "UnknownObjectTypeError",
    "UsageError",
    "in_blocks",
    "in_thread",
    "open_session",
]

_HOMES = {
    "AuthenticationError": "errors",
    "BatchError": "models",
    "BatchResponse": "models",
    "BatchStatus": "models",
    "Client": "client",
    "Counts": "_states",
    "DailyLimitError": "errors",
    "Endpoint": "endpoints",
    "ErrorDetail": "models",
    "Filter": "filters",
    "HubbatchError": "errors",
    "NoReply": "_protocol.exchange",
    "ObjectReader": "reader",
    "ObjectResult": "models",
    "ObjectType": "object_types",
    "Outcome": "outcome",
    "OutcomeError": "errors",
    "Pair": "models",
    "PermissionDeniedError": "errors",
    "Progress": "progress",
    "Property": "schema",
    "PropertyOption": "schema",
    "ProtocolError": "errors",
    "RateLimit": "policies",
    "RateLimiter": "_quota.limiter",
    "RecordError": "errors",
    "RecordOutcome": "_states",
    "RecordStatus": "models",
    "RefusedError": "errors",
    "Reply": "_protocol.exchange",
    "Request": "_protocol.exchange",
    "RetryPolicy": "policies",
    "RowResult": "models",
    "Run": "run",
    "Schema": "schema",
    "TokenProvider": "_http.auth",
    "Transport": "_protocol.exchange",
    "TransportError": "errors",
    "UnknownObjectTypeError": "errors",
    "SourceChangedError": "errors",
    "UsageError": "errors",
    "in_blocks": "_records.blocks",
    "in_thread": "_records.threads",
    "open_session": "_http.session",
}
"""Where each name is at home; a test holds this against the imports above."""

_MODULES = frozenset(
    {
        *(
            "client",
            "endpoints",
            "errors",
            "events",
            "files",
            "filters",
            "models",
            "object_types",
            "outcome",
        ),
        *("policies", "progress", "reader", "rehearsal", "run", "schema", "sync"),
    }
)
"""Public modules that are there without an import of their own."""


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})


if not TYPE_CHECKING:  # a type checker would take every misspelt name for one of these

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
