"""A HubSpot stand-in for tests and demonstrations: its API in memory, with limits and faults.

It needs no account and no network, and knows nothing of hubbatch's client: any HTTP client can talk to it. Its faults
are the kinds in `_fault_kinds`; its paths are rows in `_api`.
"""

from hubbatch.sandbox._account import Account
from hubbatch.sandbox._custom_events import CustomEvent
from hubbatch.sandbox._exchange import Answer, Cut, RecordedRequest, SandboxRequest
from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._faults import (
    FLAKY,
    NASTY,
    PRESETS,
    Fault,
    FaultPlan,
    FaultSource,
    RandomFaults,
)
from hubbatch.sandbox._habits import ConflictShape
from hubbatch.sandbox._names import OBJECT_TYPE_IDS
from hubbatch.sandbox._options import Options
from hubbatch.sandbox._records import StoredObject, Write
from hubbatch.sandbox._server import Sandbox
from hubbatch.sandbox._service import Service
from hubbatch.sandbox._spelling import PropertyType

__all__ = [
    "FLAKY",
    "NASTY",
    "OBJECT_TYPE_IDS",
    "PRESETS",
    "Account",
    "Answer",
    "ConflictShape",
    "CustomEvent",
    "Cut",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "FaultSource",
    "Options",
    "PropertyType",
    "RandomFaults",
    "RecordedRequest",
    "Sandbox",
    "SandboxRequest",
    "Service",
    "StoredObject",
    "Write",
]
