"""What each fault that refuses a request says: status and JSON of HubSpot's, or the text of a proxy.

A table from kind to words. Nothing here decides when a fault occurs, or writes a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._replies import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HTML", "PAGE", "REFUSALS", "Refusal", "missing_scopes", "refusal_of"]

HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
PAGE = b"<!DOCTYPE html><html><head><title>HubSpot</title></head><body>One moment</body></html>"
_PLAIN: Final = {"Content-Type": "text/plain"}
_UPSTREAM_LOST = b"upstream connect error or disconnect/reset before headers. reset reason: connection termination"
_BLOCKED = (
    b"<!DOCTYPE html><html><head><title>Attention Required!</title></head>"
    b"<body>Sorry, you have been blocked</body></html>"
)


@frozen
class Refusal:
    """An answer that says no: HubSpot's JSON if it has a category, else the body of a proxy."""

    status: int
    category: str | None = None
    message: str = ""
    body: bytes = PAGE
    headers: Mapping[str, str] = HTML


def _plain(status: int, text: bytes) -> Refusal:
    return Refusal(status, body=text, headers=_PLAIN)


_ROWS: Mapping[FaultKind, Refusal] = {
    FaultKind.LOCKED: Refusal(423, "LOCKED", "This resource is locked. Try again later."),
    FaultKind.MIGRATING: Refusal(477, "MIGRATION_IN_PROGRESS", "The account is being migrated."),
    FaultKind.UNAVAILABLE: Refusal(503, "SERVICE_UNAVAILABLE", "The service is unavailable."),
    FaultKind.INVALID_TOKEN: Refusal(
        401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid."
    ),
    FaultKind.EXPIRED_TOKEN: Refusal(
        401, "EXPIRED_AUTHENTICATION", "The access token is expired. Refresh it and try again."
    ),
    FaultKind.MISSING_SCOPES: Refusal(
        403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."
    ),
    FaultKind.TOO_LARGE: Refusal(413, "REQUEST_TOO_LARGE", "The request body is too large."),
    FaultKind.SERVER_ERROR: Refusal(500, "INTERNAL_ERROR", "internal error"),
    FaultKind.BAD_GATEWAY: Refusal(502),
    FaultKind.GATEWAY_TIMEOUT: Refusal(504, "GATEWAY_TIMEOUT", "The request timed out."),
    FaultKind.ORIGIN_TIMEOUT: Refusal(524),
    FaultKind.REQUEST_TIMEOUT: _plain(408, b"Request Time-out"),
    FaultKind.PROXY_LOCKED: Refusal(423),
    FaultKind.TOO_EARLY: _plain(425, b"Too Early"),
    FaultKind.CLIENT_CLOSED: Refusal(499),
    FaultKind.PROXY_ERROR: _plain(500, b"Internal Server Error"),
    FaultKind.NOT_IMPLEMENTED: Refusal(501),
    FaultKind.PROXY_UNAVAILABLE: _plain(503, _UPSTREAM_LOST),
    FaultKind.VERSION_NOT_SUPPORTED: Refusal(505),
    FaultKind.SERVER_DOWN: Refusal(521),
    FaultKind.CONNECT_TIMEOUT: Refusal(522),
    FaultKind.UNREACHABLE: Refusal(523),
    FaultKind.TLS_FAILED: Refusal(525),
    FaultKind.TLS_INVALID: Refusal(526),
    FaultKind.ORIGIN_DNS: Refusal(530),
    FaultKind.FIREWALL: Refusal(403, body=_BLOCKED),
    FaultKind.NOT_ALLOWED: Refusal(405),
    FaultKind.PROXY_AUTHENTICATION: Refusal(407),
    FaultKind.LENGTH_REQUIRED: _plain(411, b"Length Required"),
    FaultKind.URI_TOO_LONG: Refusal(414),
    FaultKind.HEADERS_TOO_LARGE: _plain(431, b"Request Header Fields Too Large"),
}
REFUSALS: Mapping[FaultKind, Refusal] = {
    kind: _ROWS[kind.before_write] for kind in FaultKind if kind.before_write in _ROWS
}
"""What each kind says that refuses, whether the request was carried out or not."""


def refusal_of(kind: FaultKind) -> RefusalError:
    """Return the JSON refusal that stands for a kind of fault."""
    if kind is FaultKind.MISSING_SCOPES:
        return missing_scopes("crm.objects")
    row = REFUSALS[kind]
    return RefusalError(row.status, row.category or "", row.message)


def missing_scopes(scope: str) -> RefusalError:
    """Return the refusal of a request whose token lacks a scope."""
    row = REFUSALS[FaultKind.MISSING_SCOPES]
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [f"{scope}.write", f"{scope}.read"]},
    }
    return RefusalError(row.status, "MISSING_SCOPES", row.message, errors=[detail])
