"""What can come of a request, as one table: what each proves, what to do about it, and what it says of the service.

Data only. `diagnosis` finds the symptom of a reply, and `decision` says what follows from its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen

from hubbatch.errors import (
    AuthenticationError,
    DailyLimitError,
    HubbatchError,
    PermissionDeniedError,
    ProtocolError,
    TransportError,
    UnknownObjectTypeError,
)

__all__ = ["SYMPTOMS", "Action", "Proof", "Sign", "Symptom", "SymptomRow"]

_HOLDS = 60
"""How often a batch may be answered "not now": ten minutes of windows that others have used up."""


class Symptom(Enum):
    """What came back, as far as it makes a difference."""

    ANSWERED = auto()
    """An answer to the batch."""
    UNREADABLE = auto()
    """A success that is no answer, or an answer under a status that is no success."""
    NOT_SENT = auto()
    LOST = auto()
    SERVER_ERROR = auto()
    GATEWAY_ERROR = auto()
    UNAVAILABLE = auto()
    LOCKED = auto()
    FRONT_TIMEOUT = auto()
    """408, 425, 499: something in between gave up waiting for the request."""
    FRONT_REFUSED = auto()
    """A rejection without HubSpot's words, by something in between."""
    FRONT_FORBIDDEN = auto()
    """403 without HubSpot's words: a firewall that dislikes what it read."""
    NOT_FORWARDED = auto()
    """405, 407, 411, 431: something in between takes no such request at all."""
    RATE_LIMITED = auto()
    DAILY_LIMIT = auto()
    MIGRATING = auto()
    TOKEN_EXPIRED = auto()
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    NOTHING_FOUND = auto()
    WRONG_PATH = auto()
    REJECTED = auto()
    TOO_LARGE = auto()
    ORIGIN_TROUBLE = auto()
    REDIRECTED = auto()


class Proof(Enum):
    """What is proven of what a request was to write."""

    NOT_SENT = auto()
    """No byte of it has left."""
    NOT_WRITTEN = auto()
    NOTHING = auto()
    """It may have been written."""


class Action(Enum):
    """What to do with a batch now."""

    ACCEPT = auto()
    """Correlate the answer."""
    RETRY = auto()
    """Send it again after a wait."""
    HOLD = auto()
    """Hold every request of the client for the wait, then send it again."""
    REFRESH = auto()
    """Ask for a new token, then send it again."""
    HALVE = auto()
    """Send it again in two parts; one record alone is rejected."""
    TAKE_APART = auto()
    """It may hold what the service fails on: if others succeed, send it again in parts."""
    ISOLATE = auto()
    """Find the records at fault, and send the others again."""
    GIVE_UP = auto()
    """Settle it by what is known: rejected, or in doubt."""
    STOP = auto()
    """Settle it by what is known, and stop the run."""


class Sign(Enum):
    """What an answer says about the service, for the circuit breaker."""

    GOOD = auto()
    BAD = auto()
    NOTHING = auto()
    """It has a hold of its own, or may come from anything in between."""


@frozen
class SymptomRow:
    """One symptom."""

    proof: Proof
    action: Action
    least_wait: float = 0.0
    """Seconds to wait before another try, besides the backoff."""
    most_attempts: int | None = None
    """Tries with this symptom after which it is enough; None: the policy's `max_attempts`, of whatever kind."""
    at_last: Action = Action.GIVE_UP
    """What to do once the tries are used up."""
    needs_words: bool = True
    """Whether the proof holds only in HubSpot's own words, and not when a proxy says it."""
    counts: bool = True
    """Whether a try with this symptom is an attempt."""
    sign: Sign = Sign.GOOD
    overload: bool = False
    """Whether fewer requests at once may help."""
    of_the_records: bool = False
    """Whether it is about what was sent, and not about the service, the account or the way there."""
    may_be_poison: bool = False
    """Whether it may be the doing of a record on which the service, or a firewall, fails."""
    exception: type[HubbatchError] | None = None
    """What stops the run: at once for STOP, when the tries are used up for the others."""
    advice: str = ""


_NOTHING, _NO = Proof.NOTHING, Proof.NOT_WRITTEN
_BUSY = 2.0
"""Seconds that a service which says it is busy is left alone for at least."""

SYMPTOMS: Mapping[Symptom, SymptomRow] = {
    Symptom.ANSWERED: SymptomRow(_NOTHING, Action.ACCEPT),
    Symptom.UNREADABLE: SymptomRow(_NOTHING, Action.RETRY, sign=Sign.NOTHING, may_be_poison=True),
    Symptom.NOT_SENT: SymptomRow(
        Proof.NOT_SENT,
        Action.RETRY,
        sign=Sign.BAD,
        exception=TransportError,
        advice="the service cannot be reached; check base_url, the network and the proxy",
    ),
    Symptom.LOST: SymptomRow(_NOTHING, Action.RETRY, sign=Sign.BAD, overload=True),
    Symptom.SERVER_ERROR: SymptomRow(_NOTHING, Action.RETRY, sign=Sign.BAD, may_be_poison=True),
    Symptom.GATEWAY_ERROR: SymptomRow(
        _NOTHING, Action.RETRY, sign=Sign.BAD, overload=True, may_be_poison=True
    ),
    Symptom.UNAVAILABLE: SymptomRow(
        _NO, Action.RETRY, least_wait=_BUSY, sign=Sign.BAD, overload=True
    ),
    Symptom.LOCKED: SymptomRow(
        _NO, Action.RETRY, least_wait=_BUSY, sign=Sign.NOTHING, overload=True
    ),
    Symptom.FRONT_TIMEOUT: SymptomRow(
        _NOTHING, Action.RETRY, least_wait=_BUSY, sign=Sign.NOTHING, overload=True
    ),
    Symptom.FRONT_REFUSED: SymptomRow(
        _NOTHING, Action.RETRY, sign=Sign.NOTHING, may_be_poison=True
    ),
    Symptom.FRONT_FORBIDDEN: SymptomRow(
        _NOTHING,
        Action.RETRY,
        most_attempts=2,
        at_last=Action.TAKE_APART,
        sign=Sign.NOTHING,
        may_be_poison=True,
    ),
    Symptom.NOT_FORWARDED: SymptomRow(
        _NO,
        Action.RETRY,
        most_attempts=3,
        needs_words=False,
        sign=Sign.NOTHING,
        exception=TransportError,
        advice="something on the way, such as a proxy, does not forward the requests; check it, and base_url",
    ),
    Symptom.RATE_LIMITED: SymptomRow(
        _NO,
        Action.HOLD,
        most_attempts=_HOLDS,
        needs_words=False,
        counts=False,
        sign=Sign.NOTHING,
    ),
    Symptom.MIGRATING: SymptomRow(
        _NO,
        Action.HOLD,
        least_wait=1.0,
        most_attempts=_HOLDS,
        counts=False,
        sign=Sign.NOTHING,
    ),
    Symptom.DAILY_LIMIT: SymptomRow(
        _NO,
        Action.STOP,
        needs_words=False,
        sign=Sign.NOTHING,
        exception=DailyLimitError,
        advice="the daily limit is used up; it resets at midnight in the account's time zone:"
        " send `outcome.retryable` again then",
    ),
    Symptom.TOKEN_EXPIRED: SymptomRow(
        _NO,
        Action.REFRESH,
        most_attempts=3,
        counts=False,
        exception=AuthenticationError,
        advice="the token has expired; give a token provider that renews it",
    ),
    Symptom.UNAUTHENTICATED: SymptomRow(
        _NO,
        Action.STOP,
        exception=AuthenticationError,
        advice="the service refused the token; check that it is the account's current one",
    ),
    Symptom.FORBIDDEN: SymptomRow(
        _NO,
        Action.STOP,
        exception=PermissionDeniedError,
        advice="the token lacks a scope; add it to the app and use the new token",
    ),
    Symptom.NOTHING_FOUND: SymptomRow(_NO, Action.ISOLATE, of_the_records=True),
    Symptom.WRONG_PATH: SymptomRow(
        _NO,
        Action.STOP,
        exception=UnknownObjectTypeError,
        advice="the account has no such object type, or not in this api_version; use the type's id",
    ),
    Symptom.REJECTED: SymptomRow(_NO, Action.ISOLATE, of_the_records=True),
    Symptom.TOO_LARGE: SymptomRow(_NO, Action.HALVE, needs_words=False, of_the_records=True),
    Symptom.ORIGIN_TROUBLE: SymptomRow(
        _NO,
        Action.RETRY,
        most_attempts=3,
        sign=Sign.BAD,
        exception=TransportError,
        advice="the service's front cannot reach the service; try again later",
    ),
    Symptom.REDIRECTED: SymptomRow(
        _NOTHING,
        Action.STOP,
        exception=ProtocolError,
        advice="the server redirects, which is not followed for the token would travel; check base_url",
    ),
}
"""Every symptom. Sources: HubSpot's documentation of its errors, and what proxies are known to answer."""
