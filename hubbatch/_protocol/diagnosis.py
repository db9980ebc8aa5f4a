"""What a reply, or the lack of one, says: a symptom, what it proves, the decoded answer or error, how long to wait.

Pure, and it never raises, whatever a server sends. What to do about a symptom is decided elsewhere.
"""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
from attrs import frozen

from hubbatch._protocol.answers import holds_results, read_answer
from hubbatch._protocol.codec import UNREAD, has_own_words, parse, quote, read_error
from hubbatch._protocol.exchange import INTERVAL, NoReply, Reply, whole_number
from hubbatch._protocol.symptoms import SYMPTOMS, Proof, Symptom
from hubbatch.endpoints import AnswerKind, Endpoint
from hubbatch.models import NO_ANSWER, OBJECT_NOT_FOUND, BatchError, BatchResponse

__all__ = ["Diagnosis", "diagnose"]

_WINDOW = 10.0
"""Seconds of HubSpot's rolling window, where a reply does not say."""

_LONGEST_WINDOW = 60.0
"""Seconds beyond which a window is no usual one, but as good as a wait that the service asks for."""

_MIGRATION_PAUSE = 30.0

_NO_CONTENT = 204

_BY_STATUS: Mapping[int, Symptom] = {
    401: Symptom.UNAUTHENTICATED,
    403: Symptom.FORBIDDEN,
    404: Symptom.WRONG_PATH,
    405: Symptom.NOT_FORWARDED,
    407: Symptom.NOT_FORWARDED,
    408: Symptom.FRONT_TIMEOUT,
    411: Symptom.NOT_FORWARDED,
    413: Symptom.TOO_LARGE,
    414: Symptom.TOO_LARGE,
    423: Symptom.LOCKED,
    425: Symptom.FRONT_TIMEOUT,
    429: Symptom.RATE_LIMITED,
    431: Symptom.NOT_FORWARDED,
    477: Symptom.MIGRATING,
    499: Symptom.FRONT_TIMEOUT,
    502: Symptom.GATEWAY_ERROR,
    503: Symptom.UNAVAILABLE,
    504: Symptom.GATEWAY_ERROR,
    521: Symptom.UNAVAILABLE,
    522: Symptom.ORIGIN_TROUBLE,
    523: Symptom.UNAVAILABLE,
    524: Symptom.GATEWAY_ERROR,
    525: Symptom.ORIGIN_TROUBLE,
    526: Symptom.ORIGIN_TROUBLE,
    530: Symptom.ORIGIN_TROUBLE,
}

_BY_HUNDRED: Mapping[int, Symptom] = {
    3: Symptom.REDIRECTED,
    4: Symptom.REJECTED,
    5: Symptom.SERVER_ERROR,
}

_WITHOUT_WORDS: Mapping[Symptom, Symptom] = {
    Symptom.REJECTED: Symptom.FRONT_REFUSED,
    Symptom.FORBIDDEN: Symptom.FRONT_FORBIDDEN,
}
"""What is said by something in between when it is not HubSpot that says it."""


@frozen
class Diagnosis:
    """What came back: a response, or an error that says why there is none."""

    symptom: Symptom
    response: BatchResponse | None = None
    error: BatchError | None = None
    asked_wait: float | None = None
    """Seconds that the service wants to be left alone, as far as it said so or its kind of answer implies."""
    proof: Proof = Proof.NOTHING
    """What is proven of what the request was to write."""
    clock: datetime | None = None
    """When the service answered, by its own clock, as far as an answer to a batch tells."""
    asked: bool = False
    """Whether the service named that time itself, and it is not just the usual window."""


def diagnose(endpoint: Endpoint, reply: Reply | NoReply, inputs: int | None = None) -> Diagnosis:
    """Read what came of one request, which carried so many inputs."""
    if isinstance(reply, NoReply):
        symptom = Symptom.LOST if reply.sent else Symptom.NOT_SENT
        error = BatchError(NO_ANSWER, reply.reason, transient=True)
        return Diagnosis(symptom, error=error, proof=SYMPTOMS[symptom].proof)
    try:
        return _read(endpoint, reply, inputs)
    except (
        Exception
    ) as fault:  # a server can send anything; a case that nobody thought of is one more
        error = BatchError(
            f"HTTP_{reply.status}", f"the reply cannot be read: {type(fault).__name__}"
        )
        return _unreadable(error)


def _read(endpoint: Endpoint, reply: Reply, inputs: int | None) -> Diagnosis:
    value = parse(reply.body)
    if 200 <= reply.status < 300:  # noqa: PLR2004 (any 2xx is read by its body)
        response = _response(endpoint, reply, value, inputs)
        if response is not None:
            return Diagnosis(Symptom.ANSWERED, response, clock=_clock(reply, response))
        return _unreadable(_error(reply, value))
    error = _error(reply, value)
    if holds_results(endpoint, reply.body):
        return _unreadable(error)  # what it says of its status does not undo what was done
    symptom = _symptom(reply, value, error)
    row = SYMPTOMS[symptom]
    proven = has_own_words(value) or not row.needs_words
    asked = _retry_after(reply)
    wait = _window(symptom, reply, error) if asked is None else asked
    return Diagnosis(
        symptom,
        error=error if row.of_the_records else attrs.evolve(error, transient=True),
        asked_wait=wait,
        proof=row.proof if proven else Proof.NOTHING,
        asked=asked is not None or (wait is not None and wait > _LONGEST_WINDOW),
    )


def _clock(reply: Reply, response: BatchResponse) -> datetime | None:
    told = response.completed_at or response.started_at
    return _date(reply.headers.get("date", "")) if told is None else told


def _unreadable(error: BatchError) -> Diagnosis:
    return Diagnosis(Symptom.UNREADABLE, error=attrs.evolve(error, transient=True))


def _response(
    endpoint: Endpoint, reply: Reply, value: Any, inputs: int | None
) -> BatchResponse | None:
    """Read a success by its body, whatever its status code; None if it is not an answer to the batch.

    No content at all is one where the endpoint has nothing to say, and only under the status that means it.
    """
    if not reply.body:
        silent = reply.status == _NO_CONTENT and endpoint.answer is AnswerKind.NOTHING
        return BatchResponse() if silent else None
    if reply.redacted:
        return None  # values that held the token are no longer what the service sent
    return read_answer(endpoint, value, inputs)


def _symptom(reply: Reply, value: Any, error: BatchError) -> Symptom:
    symptom = _BY_STATUS.get(reply.status) or _BY_HUNDRED.get(
        reply.status // 100, Symptom.SERVER_ERROR
    )
    if not has_own_words(value):
        symptom = _WITHOUT_WORDS.get(symptom, symptom)
    if symptom is Symptom.RATE_LIMITED and error.extra.get("policyName") == "DAILY":
        return Symptom.DAILY_LIMIT
    if symptom is Symptom.UNAUTHENTICATED and error.category == "EXPIRED_AUTHENTICATION":
        return Symptom.TOKEN_EXPIRED
    if symptom is Symptom.WRONG_PATH and error.category == OBJECT_NOT_FOUND:
        return Symptom.NOTHING_FOUND
    return symptom


def _error(reply: Reply, value: Any) -> BatchError:
    """Read the error of a reply that rejects a request as a whole; a body that is not a JSON object is quoted."""
    fallback = f"HTTP_{reply.status}"
    if value is UNREAD or type(value) is not dict:
        text = quote(reply.body)
        return BatchError(fallback, text or f"HTTP {reply.status} without a body")
    error = read_error(value)
    kind = value.get("errorType")
    return attrs.evolve(
        error,
        category=error.category or (kind if isinstance(kind, str) and kind else fallback),
        message=error.message or f"HTTP {reply.status}",
        correlation_id=error.correlation_id or reply.headers.get("x-hubspot-correlation-id"),
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
    """Read `Retry-After`: seconds, or a date compared with the reply's own; None where it tells neither."""
    if not (text := reply.headers.get("retry-after", "").strip()):
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, reply)
    return None if math.isnan(seconds) else max(0.0, seconds)


def _seconds_until(date: str, reply: Reply) -> float:
    """Return the seconds from the reply's own date to another one; NaN if either cannot be read."""
    until, now = _date(date), _date(reply.headers.get("date", ""))
    return math.nan if until is None or now is None else (until - now).total_seconds()


def _date(text: str) -> datetime | None:
    """Read a header's date, which is in UTC; None if it cannot be read."""
    try:
        return email.utils.parsedate_to_datetime(text).replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
