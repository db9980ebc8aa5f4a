"""What a reply, or the lack of one, says: a symptom, the decoded answer or error, how long to wait.

Pure. It tells what came back; what to do about it is decided elsewhere.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC
from enum import Enum, auto

import attrs
from attrs import frozen

from hubbatch._codec import decode_error, decode_response
from hubbatch._exchange import INTERVAL, NoReply, Reply, whole_number
from hubbatch._operations import Operation
from hubbatch.models import NO_ANSWER, OBJECT_NOT_FOUND, BatchError, BatchResponse

__all__ = ["Diagnosis", "Symptom", "diagnose"]

_WINDOW = 10.0
"""Seconds of HubSpot's rolling window, where a reply does not say."""

_MIGRATION_PAUSE = 30.0


class Symptom(Enum):
    """What came back, as far as it makes a difference."""

    ANSWERED = auto()
    UNREADABLE = auto()
    NOT_SENT = auto()
    LOST = auto()
    SERVER_ERROR = auto()
    GATEWAY_ERROR = auto()
    UNAVAILABLE = auto()
    LOCKED = auto()
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


_BY_STATUS: Mapping[int, Symptom] = {
    401: Symptom.UNAUTHENTICATED,
    403: Symptom.FORBIDDEN,
    404: Symptom.WRONG_PATH,
    413: Symptom.TOO_LARGE,
    414: Symptom.TOO_LARGE,
    423: Symptom.LOCKED,
    429: Symptom.RATE_LIMITED,
    477: Symptom.MIGRATING,
    502: Symptom.GATEWAY_ERROR,
    503: Symptom.UNAVAILABLE,
    504: Symptom.GATEWAY_ERROR,
    521: Symptom.UNAVAILABLE,
    523: Symptom.UNAVAILABLE,
    524: Symptom.GATEWAY_ERROR,
    522: Symptom.ORIGIN_TROUBLE,
    525: Symptom.ORIGIN_TROUBLE,
    526: Symptom.ORIGIN_TROUBLE,
}

_BY_HUNDRED: Mapping[int, Symptom] = {
    3: Symptom.REDIRECTED,
    4: Symptom.REJECTED,
    5: Symptom.SERVER_ERROR,
}


_THE_RECORDS = frozenset({Symptom.REJECTED, Symptom.TOO_LARGE, Symptom.NOTHING_FOUND})
"""Refusals that are about what was sent; all others are about the service, the account or the way there."""


@frozen
class Diagnosis:
    """What came back: a response, or an error that says why there is none."""

    symptom: Symptom
    response: BatchResponse | None = None
    error: BatchError | None = None
    asked_wait: float | None = None
    """Seconds that the service wants to be left alone, as far as it said so or its kind of answer implies."""


def diagnose(operation: Operation, reply: Reply | NoReply) -> Diagnosis:
    """Read what came of one request."""
    if isinstance(reply, NoReply):
        symptom = Symptom.LOST if reply.sent else Symptom.NOT_SENT
        return Diagnosis(symptom, error=BatchError(NO_ANSWER, reply.reason, transient=True))
    if 200 <= reply.status < 300:  # noqa: PLR2004 (any 2xx is read by its body)
        response = decode_response(reply.body)
        if response is not None and (reply.body or not operation.answers_results):
            return Diagnosis(Symptom.ANSWERED, response)
        return Diagnosis(Symptom.UNREADABLE, error=decode_error(reply))
    error = decode_error(reply)
    symptom = _BY_STATUS.get(reply.status) or _BY_HUNDRED.get(
        reply.status // 100, Symptom.SERVER_ERROR
    )
    if symptom is Symptom.RATE_LIMITED and error.extra.get("policyName") == "DAILY":
        symptom = Symptom.DAILY_LIMIT
    elif symptom is Symptom.UNAUTHENTICATED and error.category == "EXPIRED_AUTHENTICATION":
        symptom = Symptom.TOKEN_EXPIRED
    elif symptom is Symptom.WRONG_PATH and error.category == OBJECT_NOT_FOUND:
        symptom = Symptom.NOTHING_FOUND
    asked = _retry_after(reply)
    if symptom not in _THE_RECORDS:
        error = attrs.evolve(error, transient=True)
    return Diagnosis(
        symptom, error=error, asked_wait=_window(symptom, reply, error) if asked is None else asked
    )


def _window(symptom: Symptom, reply: Reply, error: BatchError) -> float | None:
    """Return how long to hold everybody when the service did not say: a whole window."""
    if symptom is Symptom.MIGRATING:
        return _MIGRATION_PAUSE
    if symptom is not Symptom.RATE_LIMITED:
        return None
    if "your secondly limit" in error.message:
        return 1.0
    milliseconds = whole_number(reply.headers.get(INTERVAL), most=86_400_000)
    return _WINDOW if milliseconds is None else milliseconds / 1000


def _retry_after(reply: Reply) -> float | None:
    """Read `Retry-After`: seconds, or a date compared with the reply's own."""
    if not (text := reply.headers.get("retry-after", "").strip()):
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, reply)
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124 (NaN)


def _seconds_until(date: str, reply: Reply) -> float:
    """Return the seconds from the reply's own date to another one; NaN if either cannot be read."""
    try:
        until, now = (
            email.utils.parsedate_to_datetime(text).replace(tzinfo=UTC)
            for text in (date, reply.headers.get("date", ""))
        )
    except (TypeError, ValueError):
        return float("nan")
    return (until - now).total_seconds()
