"""How a fault changes the answer to a request: its status, its body, the connection it comes on.

A table from kind to effect. Whether the request was carried out is decided before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import orjson
from attrs import evolve

from hubbatch.sandbox._exchange import Answer, Cut, SandboxRequest
from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._faults import Fault
from hubbatch.sandbox._refusals import HTML, PAGE, REFUSALS, refusal_of
from hubbatch.sandbox._replies import CORRELATION_ID, error_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

__all__ = ["retry_after_text", "spoil_answer"]

_JSON: Final = {"Content-Type": "application/json;charset=utf-8"}
_ERROR = 400
_COMPLETE = (
    b'{"status":"COMPLETE","results":[],"startedAt":"2026-01-01T00:00:00.000Z",'
    b'"completedAt":"2026-01-01T00:00:00.000Z"}'
)
_UNKNOWN_ERRORS = (
    b'{"status":"COMPLETE","results":[],"errors":[{"code":17,"about":["all"]},"failed"]}'
)
_TIMES: Final = "2026-01-01T00:00:00.000Z"

_Effect: TypeAlias = "Callable[[Answer, Fault, SandboxRequest], Answer]"


def spoil_answer(fault: Fault, answer: Answer, request: SandboxRequest) -> Answer:
    """Return the answer as the fault leaves it."""
    spoil = _EFFECTS.get(fault.kind.before_write)
    return answer if spoil is None else spoil(answer, fault, request)


def retry_after_text(value: float | str) -> str:
    """Return a `Retry-After` header: text as it is, seconds rounded up, unless they are below one."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return str(value)
    return str(math.ceil(value)) if value >= 1 else f"{value:g}"


def _refuse(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    row = REFUSALS[fault.kind]
    more: dict[str, str] = {}
    retry_after = fault.retry_after
    if fault.kind is FaultKind.MIGRATING and retry_after is None:
        retry_after = 1.0
    if retry_after is not None:
        more["Retry-After"] = retry_after_text(retry_after)
    correlation_id = answer.headers[CORRELATION_ID]
    if row.category is None:
        # It comes from a proxy, which knows no limits.
        headers = {CORRELATION_ID: correlation_id, **row.headers, **more}
        return evolve(answer, status=row.status, headers=headers, body=row.body)
    body = orjson.dumps(refusal_of(fault.kind).body(correlation_id))
    return evolve(answer, status=row.status, headers={**answer.headers, **_JSON, **more}, body=body)


def _long_message(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    words = "Property values were not valid by property "
    message = (words * (fault.size // len(words) + 1))[: fault.size]
    body = error_body("VALIDATION_ERROR", message, answer.headers[CORRELATION_ID])
    return _say(answer, 400, orjson.dumps(body))


def _say(answer: Answer, status: int, body: bytes) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return evolve(answer, status=status, headers=headers | (_JSON if body else {}), body=body)


def _saying(status: int, body: bytes = b"") -> _Effect:
    return lambda answer, _, __: _say(answer, status, body)


def _redirecting(status: int) -> _Effect:
    def redirect(answer: Answer, fault: Fault, request: SandboxRequest) -> Answer:
        location = fault.location or f"/moved{request.path}"
        moved = _say(answer, status, b"")
        return evolve(moved, headers={**moved.headers, "Location": location})

    return redirect


def _contradicting(status: int) -> _Effect:
    def contradict(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
        return answer if answer.status >= _ERROR else _say(answer, status, answer.body or _COMPLETE)

    return contradict


def _show_page(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    return evolve(answer, status=200, headers={**answer.headers, **HTML}, body=PAGE)


def _many(answer: Answer, status: int, name: str, fault: Fault) -> Answer:
    items = b",".join([b"{}"] * (fault.size // 3))
    body = b'{"status":"COMPLETE","startedAt":"%b","completedAt":"%b","%b":[%b]}'
    stamp = _TIMES.encode()
    return _say(answer, status, body % (stamp, stamp, name.encode(), items))


def _many_results(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    return _many(answer, 200, "results", fault)


def _many_errors(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    return _many(answer, 207, "errors", fault)


def _nest(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    nested = b"[" * fault.depth + b"]" * fault.depth
    return _say(answer, 200, b'{"status":"COMPLETE","results":%b}' % nested)


def _lose_body(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    whole = _say(answer, 200, _COMPLETE)
    return evolve(whole, cut=Cut.MID_BODY, sent_bytes=len(_COMPLETE) // 2)


def _truncate(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    # An archive's answer has no body to break off: there the headers are lost.
    cut = Cut.MID_BODY if answer.body else Cut.BEFORE_HEADERS
    return evolve(answer, cut=cut, sent_bytes=len(answer.body) // 2)


def _reset(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    return evolve(answer, cut=Cut.BEFORE_HEADERS)


def _delay(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    return evolve(answer, delay=answer.delay + fault.delay)


def _add_surplus(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    return evolve(answer, surplus=fault.surplus, surplus_delay=fault.surplus_delay)


def _close(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    return evolve(answer, closes=True)


_EFFECTS: Mapping[FaultKind, _Effect] = {
    **dict.fromkeys(REFUSALS, _refuse),
    FaultKind.LONG_MESSAGE: _long_message,
    FaultKind.MOVED_PERMANENTLY: _redirecting(301),
    FaultKind.FOUND: _redirecting(302),
    FaultKind.SEE_OTHER: _redirecting(303),
    FaultKind.TEMPORARY_REDIRECT: _redirecting(307),
    FaultKind.PERMANENT_REDIRECT: _redirecting(308),
    FaultKind.BAD_REQUEST_WITH_RESULTS: _contradicting(400),
    FaultKind.NOT_FOUND_WITH_RESULTS: _contradicting(404),
    FaultKind.CONFLICT_WITH_RESULTS: _contradicting(409),
    FaultKind.UNPROCESSABLE_WITH_RESULTS: _contradicting(422),
    FaultKind.HTML: _show_page,
    FaultKind.NOT_AN_OBJECT: _saying(200, b'["COMPLETE"]'),
    FaultKind.EMPTY: _saying(200),
    FaultKind.FAILED_STATUS: _saying(200, b'{"status":"FAILED"}'),
    FaultKind.ACCEPTED: _saying(202),
    FaultKind.ACCEPTED_PENDING: _saying(202, b'{"status":"PENDING","results":[]}'),
    FaultKind.UNKNOWN_ERRORS: _saying(207, _UNKNOWN_ERRORS),
    FaultKind.BODY_LOST: _lose_body,
    FaultKind.MANY_RESULTS: _many_results,
    FaultKind.MANY_ERRORS: _many_errors,
    FaultKind.DEEP_JSON: _nest,
    FaultKind.RESET: _reset,
    FaultKind.TRUNCATED: _truncate,
    FaultKind.SLOW: _delay,
    FaultKind.SURPLUS_ANSWER: _add_surplus,
    FaultKind.CLOSED_AFTER_ANSWER: _close,
}
