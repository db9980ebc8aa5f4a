"""What an answer says about the state of the service: one row a symptom, for the circuit breaker and the concurrency.

Pure. It knows nothing of what an answer says about the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from attrs import frozen

from hubbatch._diagnosis import Symptom

__all__ = ["Sign", "Signs", "signs_of"]


class Sign(Enum):
    """Whether the service works, as far as one answer tells."""

    WELL = auto()
    """It answers; a refusal is an answer too."""
    BROKEN = auto()
    NOTHING = auto()
    """The answer has a hold of its own, or may come from anything in between."""


@frozen
class Signs:
    """What one answer says."""

    health: Sign
    overload: bool = False
    """Whether it may be that too many requests are in flight."""


_WELL = Signs(Sign.WELL)
_BROKEN = Signs(Sign.BROKEN)
_OVERLOADED = Signs(Sign.BROKEN, overload=True)
_NOTHING = Signs(Sign.NOTHING)

_SIGNS: Mapping[Symptom, Signs] = MappingProxyType(
    {
        Symptom.ANSWERED: _WELL,
        Symptom.REJECTED: _WELL,
        Symptom.TOO_LARGE: _WELL,
        Symptom.NOTHING_FOUND: _WELL,
        Symptom.WRONG_PATH: _WELL,
        Symptom.FORBIDDEN: _WELL,
        Symptom.UNAUTHENTICATED: _WELL,
        Symptom.TOKEN_EXPIRED: _WELL,
        Symptom.REDIRECTED: _WELL,
        Symptom.NOT_SENT: _BROKEN,
        Symptom.SERVER_ERROR: _BROKEN,
        Symptom.ORIGIN_TROUBLE: _BROKEN,
        Symptom.LOST: _OVERLOADED,  # a timeout among others
        Symptom.GATEWAY_ERROR: _OVERLOADED,
        Symptom.UNAVAILABLE: _OVERLOADED,
        Symptom.LOCKED: Signs(Sign.NOTHING, overload=True),
        Symptom.RATE_LIMITED: _NOTHING,
        Symptom.DAILY_LIMIT: _NOTHING,
        Symptom.MIGRATING: _NOTHING,
        Symptom.UNREADABLE: _NOTHING,
    }
)


def signs_of(symptom: Symptom) -> Signs:
    """Return what a symptom says; one that is not in the table says nothing, neither good nor bad."""
    return _SIGNS.get(symptom, _NOTHING)
