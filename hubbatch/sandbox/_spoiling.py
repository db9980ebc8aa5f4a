"""How each fault is carried out: on a batch, on what it did, or on the answer.

Tables from kind to effect. Nothing here decides when a fault occurs, or writes a record.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import orjson
from attrs import evolve, frozen

from hubbatch.sandbox._exchange import Answer, Cut, SandboxRequest
from hubbatch.sandbox._faults import Fault, FaultKind
from hubbatch.sandbox._replies import CORRELATION_ID, Done, Problem, RefusalError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from hubbatch.sandbox._inputs import Batch

__all__ = [
    "missing_scopes",
    "refusal_of",
    "retry_after_text",
    "spoil_answer",
    "spoil_batch",
    "spoil_done",
]

_PAGE = b"<!DOCTYPE html><html><head><title>HubSpot</title></head><body>One moment</body></html>"
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json;charset=utf-8"}


@frozen
class _Status:
    """An answer that says no: JSON with that category, or a gateway's web page without one."""

    status: int
    category: str | None = None
    message: str = ""


_STATUSES: Mapping[FaultKind, _Status] = {
    FaultKind.LOCKED: _Status(423, "LOCKED", "This resource is locked. Try again later."),
    FaultKind.MIGRATING: _Status(477, "MIGRATION_IN_PROGRESS", "The account is being migrated."),
    FaultKind.SERVER_ERROR: _Status(500, "INTERNAL_ERROR", "internal error"),
    FaultKind.SERVER_ERROR_AFTER_WRITE: _Status(500, "INTERNAL_ERROR", "internal error"),
    FaultKind.BAD_GATEWAY: _Status(502),
    FaultKind.BAD_GATEWAY_AFTER_WRITE: _Status(502),
    FaultKind.UNAVAILABLE: _Status(503, "SERVICE_UNAVAILABLE", "The service is unavailable."),
    FaultKind.GATEWAY_TIMEOUT: _Status(504, "GATEWAY_TIMEOUT", "The request timed out."),
    FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE: _Status(
        504, "GATEWAY_TIMEOUT", "The request timed out."
    ),
    FaultKind.SERVER_DOWN: _Status(521),
    FaultKind.CONNECT_TIMEOUT: _Status(522),
    FaultKind.UNREACHABLE: _Status(523),
    FaultKind.ORIGIN_TIMEOUT: _Status(524),
    FaultKind.ORIGIN_TIMEOUT_AFTER_WRITE: _Status(524),
    FaultKind.TLS_FAILED: _Status(525),
    FaultKind.TLS_INVALID: _Status(526),
    FaultKind.INVALID_TOKEN: _Status(
        401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid."
    ),
    FaultKind.EXPIRED_TOKEN: _Status(
        401, "EXPIRED_AUTHENTICATION", "The access token is expired. Refresh it and try again."
    ),
    FaultKind.MISSING_SCOPES: _Status(
        403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."
    ),
    FaultKind.TOO_LARGE: _Status(413, "REQUEST_TOO_LARGE", "The request body is too large."),
    FaultKind.URI_TOO_LONG: _Status(414),
}


def refusal_of(kind: FaultKind) -> RefusalError:
    """Return the JSON refusal that stands for a kind of fault."""
    if kind is FaultKind.MISSING_SCOPES:
        return missing_scopes("crm.objects")
    row = _STATUSES[kind]
    return RefusalError(row.status, row.category or "", row.message)


def missing_scopes(scope: str) -> RefusalError:
    """Return the refusal of a request whose token lacks a scope."""
    row = _STATUSES[FaultKind.MISSING_SCOPES]
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [f"{scope}.write", f"{scope}.read"]},
    }
    return RefusalError(row.status, "MISSING_SCOPES", row.message, errors=[detail])


def spoil_batch(fault: Fault | None, batch: Batch, generator: random.Random) -> None:
    """Take from a batch, before it is carried out, the inputs that the fault omits."""
    if fault is not None and fault.kind is FaultKind.OMITTED:
        _drop(batch.inputs, fault.count, generator)


def spoil_done(fault: Fault | None, done: Done, generator: random.Random) -> None:
    """Change what will be said about a batch that was carried out."""
    spoil = None if fault is None else _REPORTS.get(fault.kind)
    if spoil is not None and fault is not None:
        spoil(done, fault, generator)


def spoil_answer(fault: Fault, answer: Answer, request: SandboxRequest) -> Answer:
    """Return the answer as the fault leaves it."""
    spoil = _ANSWERS.get(fault.kind)
    return answer if spoil is None else spoil(answer, fault, request)


def retry_after_text(seconds: float) -> str:
    """Return the value of a `Retry-After` header: whole seconds, rounded up, unless below one."""
    return str(math.ceil(seconds)) if seconds >= 1 else f"{seconds:g}"


def _drop(items: list[Any], count: int, generator: random.Random) -> None:
    for _ in range(min(count, len(items))):
        del items[generator.randrange(len(items))]


def _omit(done: Done, fault: Fault, generator: random.Random) -> None:
    _drop(done.results, fault.count, generator)


def _add_stranger(done: Done, _: Fault, generator: random.Random) -> None:
    record_id = str(10**12 + generator.randrange(10**12))
    stamp = "2001-01-01T00:00:00.000Z"
    done.results.append(
        {
            "id": record_id,
            "properties": {
                "hs_object_id": record_id,
                "createdate": stamp,
                "lastmodifieddate": stamp,
            },
            "createdAt": stamp,
            "updatedAt": stamp,
            "archived": False,
        }
    )


def _repeat(done: Done, fault: Fault, generator: random.Random) -> None:
    done.results += generator.sample(done.results, min(fault.count, len(done.results)))


def _contradict(done: Done, fault: Fault, generator: random.Random) -> None:
    pairs = list(zip(done.sources, done.results, strict=True))
    for item, result in generator.sample(pairs, min(fault.count, len(pairs))):
        context = item.naming() or {"ids": [result["id"]]}
        message = "Property values were not valid: []"
        done.problems.append(Problem("VALIDATION_ERROR", message, context))


def _unname(done: Done, _: Fault, __: random.Random) -> None:
    done.problems = [evolve(problem, message="Failed", context={}) for problem in done.problems]


def _pend(done: Done, _: Fault, __: random.Random) -> None:
    done.results, done.problems, done.status = [], [], "PENDING"


_REPORTS: Mapping[FaultKind, Callable[[Done, Fault, random.Random], None]] = {
    FaultKind.OMITTED_AFTER_WRITE: _omit,
    FaultKind.STRANGER: _add_stranger,
    FaultKind.REPEATED: _repeat,
    FaultKind.CONTRADICTION: _contradict,
    FaultKind.UNNAMED_ERRORS: _unname,
    FaultKind.PENDING: _pend,
}


def _refuse(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    row = _STATUSES[fault.kind]
    more: dict[str, str] = {}
    retry_after = fault.retry_after
    if fault.kind is FaultKind.MIGRATING and retry_after is None:
        retry_after = 1.0
    if retry_after is not None:
        more["Retry-After"] = retry_after_text(retry_after)
    correlation_id = answer.headers[CORRELATION_ID]
    if row.category is None:
        # It comes from the gateway, which knows no limits.
        headers = {CORRELATION_ID: correlation_id, **_HTML, **more}
        return evolve(answer, status=row.status, headers=headers, body=_PAGE)
    body = orjson.dumps(refusal_of(fault.kind).body(correlation_id))
    return evolve(answer, status=row.status, headers={**answer.headers, **_JSON, **more}, body=body)


def _redirect(answer: Answer, fault: Fault, request: SandboxRequest) -> Answer:
    location = fault.location or f"/moved{request.path}"
    status = 302 if fault.kind is FaultKind.FOUND else 307
    return evolve(answer, status=status, headers={**answer.headers, "Location": location}, body=b"")


def _show_page(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    return evolve(answer, status=200, headers={**answer.headers, **_HTML}, body=_PAGE)


def _show_list(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    return evolve(answer, status=200, headers={**answer.headers, **_JSON}, body=b'["COMPLETE"]')


def _truncate(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    # An archive's answer has no body to break off: there the headers are lost.
    cut = Cut.MID_BODY if answer.body else Cut.BEFORE_HEADERS
    return evolve(answer, cut=cut, sent_bytes=len(answer.body) // 2)


def _reset(answer: Answer, _: Fault, __: SandboxRequest) -> Answer:
    return evolve(answer, cut=Cut.BEFORE_HEADERS)


def _delay(answer: Answer, fault: Fault, _: SandboxRequest) -> Answer:
    return evolve(answer, delay=answer.delay + fault.delay)


_ANSWERS: Mapping[FaultKind, Callable[[Answer, Fault, SandboxRequest], Answer]] = {
    **dict.fromkeys(_STATUSES, _refuse),
    FaultKind.FOUND: _redirect,
    FaultKind.TEMPORARY_REDIRECT: _redirect,
    FaultKind.HTML: _show_page,
    FaultKind.HTML_AFTER_WRITE: _show_page,
    FaultKind.NOT_AN_OBJECT: _show_list,
    FaultKind.NOT_AN_OBJECT_AFTER_WRITE: _show_list,
    FaultKind.RESET: _reset,
    FaultKind.RESET_AFTER_WRITE: _reset,
    FaultKind.TRUNCATED: _truncate,
    FaultKind.SLOW: _delay,
}
