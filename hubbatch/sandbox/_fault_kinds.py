"""The kinds of faults: what HubSpot, the proxies before it and the network have been seen to do.

Names, and what follows from a name alone. How a fault is carried out is not said here.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["FaultKind"]

_AFTER = "_after_write"


class FaultKind(StrEnum):
    """What can go wrong; `writes` says whether the request is carried out all the same.

    A kind that ends in `_AFTER_WRITE` looks to the client just as the kind without that ending, but the request was
    carried out. "By a proxy" means without HubSpot's JSON: a web page or plain text.
    """

    # HubSpot's own refusals, in its JSON
    LOCKED = "locked"
    """423 in HubSpot's JSON."""
    RATE_ROLLING = "rate_rolling"
    """429 of the ten-second window; no `Retry-After` unless the fault gives one."""
    RATE_SECONDLY = "rate_secondly"
    """429 in the old shape, with a category and no policy name."""
    RATE_DAILY = "rate_daily"
    """429 of the day."""
    MIGRATING = "migrating"
    """477, always with `Retry-After`: 1 second unless the fault says otherwise."""
    UNAVAILABLE = "unavailable"
    """503 in HubSpot's JSON."""
    INVALID_TOKEN = "invalid_token"  # noqa: S105 (the name of a fault)
    """401 INVALID_AUTHENTICATION."""
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 (the name of a fault)
    """401 EXPIRED_AUTHENTICATION."""
    MISSING_SCOPES = "missing_scopes"
    """403."""
    TOO_LARGE = "too_large"
    """413 for a body of more than `body_limit` bytes; a smaller one is served as usual."""
    LONG_MESSAGE = "long_message"
    """400 for the whole batch, with a message of `size` bytes."""

    # Errors that say nothing about the write
    SERVER_ERROR = "server_error"
    """500 in HubSpot's JSON, before anything was written."""
    SERVER_ERROR_AFTER_WRITE = "server_error_after_write"
    BAD_GATEWAY = "bad_gateway"
    """502, before anything was written."""
    BAD_GATEWAY_AFTER_WRITE = "bad_gateway_after_write"
    GATEWAY_TIMEOUT = "gateway_timeout"
    """504, before anything was written."""
    GATEWAY_TIMEOUT_AFTER_WRITE = "gateway_timeout_after_write"
    ORIGIN_TIMEOUT = "origin_timeout"
    """524, before anything was written."""
    ORIGIN_TIMEOUT_AFTER_WRITE = "origin_timeout_after_write"

    # Errors of a proxy
    REQUEST_TIMEOUT = "request_timeout"
    """408 by a proxy."""
    REQUEST_TIMEOUT_AFTER_WRITE = "request_timeout_after_write"
    PROXY_LOCKED = "proxy_locked"
    """423 by a proxy."""
    PROXY_LOCKED_AFTER_WRITE = "proxy_locked_after_write"
    TOO_EARLY = "too_early"
    """425 by a proxy."""
    TOO_EARLY_AFTER_WRITE = "too_early_after_write"
    CLIENT_CLOSED = "client_closed"
    """499 by a proxy."""
    CLIENT_CLOSED_AFTER_WRITE = "client_closed_after_write"
    PROXY_ERROR = "proxy_error"
    """500 by a proxy."""
    PROXY_ERROR_AFTER_WRITE = "proxy_error_after_write"
    NOT_IMPLEMENTED = "not_implemented"
    """501 by a proxy."""
    NOT_IMPLEMENTED_AFTER_WRITE = "not_implemented_after_write"
    PROXY_UNAVAILABLE = "proxy_unavailable"
    """503 by a proxy: it lost its connection to the service."""
    PROXY_UNAVAILABLE_AFTER_WRITE = "proxy_unavailable_after_write"
    VERSION_NOT_SUPPORTED = "version_not_supported"
    """505 by a proxy."""
    VERSION_NOT_SUPPORTED_AFTER_WRITE = "version_not_supported_after_write"
    SERVER_DOWN = "server_down"
    """521."""
    SERVER_DOWN_AFTER_WRITE = "server_down_after_write"
    CONNECT_TIMEOUT = "connect_timeout"
    """522."""
    CONNECT_TIMEOUT_AFTER_WRITE = "connect_timeout_after_write"
    UNREACHABLE = "unreachable"
    """523."""
    UNREACHABLE_AFTER_WRITE = "unreachable_after_write"
    TLS_FAILED = "tls_failed"
    """525."""
    TLS_FAILED_AFTER_WRITE = "tls_failed_after_write"
    TLS_INVALID = "tls_invalid"
    """526."""
    TLS_INVALID_AFTER_WRITE = "tls_invalid_after_write"
    ORIGIN_DNS = "origin_dns"
    """530."""
    ORIGIN_DNS_AFTER_WRITE = "origin_dns_after_write"

    # A proxy did not forward the request
    FIREWALL = "firewall"
    """403 with the web page of a web application firewall; `body_text` says whose text it minds."""
    NOT_ALLOWED = "not_allowed"
    """405 by a proxy."""
    PROXY_AUTHENTICATION = "proxy_authentication"
    """407."""
    LENGTH_REQUIRED = "length_required"
    """411 by a proxy."""
    URI_TOO_LONG = "uri_too_long"
    """414 for a body of more than `body_limit` bytes; a smaller one is served as usual."""
    HEADERS_TOO_LARGE = "headers_too_large"
    """431 by a proxy."""

    # Redirects to `location`
    MOVED_PERMANENTLY = "moved_permanently"
    """301."""
    MOVED_PERMANENTLY_AFTER_WRITE = "moved_permanently_after_write"
    FOUND = "found"
    """302."""
    FOUND_AFTER_WRITE = "found_after_write"
    SEE_OTHER = "see_other"
    """303."""
    SEE_OTHER_AFTER_WRITE = "see_other_after_write"
    TEMPORARY_REDIRECT = "temporary_redirect"
    """307."""
    TEMPORARY_REDIRECT_AFTER_WRITE = "temporary_redirect_after_write"
    PERMANENT_REDIRECT = "permanent_redirect"
    """308."""
    PERMANENT_REDIRECT_AFTER_WRITE = "permanent_redirect_after_write"

    # Statuses that contradict the body: the request was carried out, and the body says so
    BAD_REQUEST_WITH_RESULTS = "bad_request_with_results"
    """400 whose body is the batch's answer; an archive's has an empty list of results."""
    NOT_FOUND_WITH_RESULTS = "not_found_with_results"
    """404, likewise."""
    CONFLICT_WITH_RESULTS = "conflict_with_results"
    """409, likewise."""
    UNPROCESSABLE_WITH_RESULTS = "unprocessable_with_results"
    """422, likewise."""

    # Answers that are none, or say nothing
    HTML = "html"
    """200 with a web page, nothing written."""
    HTML_AFTER_WRITE = "html_after_write"
    NOT_AN_OBJECT = "not_an_object"
    """200 with a JSON list, nothing written."""
    NOT_AN_OBJECT_AFTER_WRITE = "not_an_object_after_write"
    EMPTY = "empty"
    """200 with an empty body."""
    EMPTY_AFTER_WRITE = "empty_after_write"
    FAILED_STATUS = "failed_status"
    """200 with `{"status":"FAILED"}`."""
    FAILED_STATUS_AFTER_WRITE = "failed_status_after_write"
    ACCEPTED = "accepted"
    """202 with an empty body."""
    ACCEPTED_AFTER_WRITE = "accepted_after_write"
    ACCEPTED_PENDING = "accepted_pending"
    """202 with a body that says PENDING."""
    ACCEPTED_PENDING_AFTER_WRITE = "accepted_pending_after_write"
    UNKNOWN_ERRORS = "unknown_errors"
    """207 with a list of errors in a form that nobody has described."""
    UNKNOWN_ERRORS_AFTER_WRITE = "unknown_errors_after_write"
    BODY_LOST = "body_lost"
    """200, and the connection breaks in the middle of a body that says COMPLETE."""
    BODY_LOST_AFTER_WRITE = "body_lost_after_write"

    # Answers far beyond any bound
    MANY_RESULTS = "many_results"
    """200 with `size` bytes of empty results."""
    MANY_RESULTS_AFTER_WRITE = "many_results_after_write"
    MANY_ERRORS = "many_errors"
    """207 with `size` bytes of empty errors."""
    MANY_ERRORS_AFTER_WRITE = "many_errors_after_write"
    DEEP_JSON = "deep_json"
    """200 with a body nested `depth` deep."""
    DEEP_JSON_AFTER_WRITE = "deep_json_after_write"

    # The connection
    TRUNCATED = "truncated"
    """Carried out, but the connection breaks in the middle of the reply's body."""
    RESET = "reset"
    """The connection breaks before anything was written."""
    RESET_AFTER_WRITE = "reset_after_write"
    SLOW = "slow"
    """Carried out at once, and answered after `delay` more seconds (120 unless given)."""
    SURPLUS_ANSWER = "surplus_answer"
    """Carried out and answered, and then the server sends `surplus`, a second response, unasked."""
    CLOSED_AFTER_ANSWER = "closed_after_answer"
    """Carried out and answered; then the server closes the connection without having said so."""

    # Batch answers that do not add up
    OMITTED = "omitted"
    """`count` inputs are neither written nor in the reply; an archive is served as usual."""
    OMITTED_AFTER_WRITE = "omitted_after_write"
    """`count` inputs are written and not mentioned in the reply."""
    STRANGER = "stranger"
    """A result for an object that nobody asked for."""
    REPEATED = "repeated"
    """`count` results stand in the reply twice."""
    CONTRADICTION = "contradiction"
    """`count` inputs stand in results (they are written) and in errors."""
    UNNAMED_ERRORS = "unnamed_errors"
    """The error items of the reply do not say which inputs they are about."""
    PENDING = "pending"
    """Carried out, but the reply says PENDING and holds no results."""
    PENDING_WITH_RESULTS = "pending_with_results"
    """Carried out, but the reply says PENDING above its results."""
    CANCELED = "canceled"
    """Nothing is written, and the reply says CANCELED and holds no results."""
    CANCELED_AFTER_WRITE = "canceled_after_write"
    """Carried out, but the reply says CANCELED above its results."""

    @property
    def writes(self) -> bool:
        """Whether the request is carried out, as far as it is acceptable, under this fault."""
        return self.value.endswith(_AFTER) or self in _WRITING

    @property
    def by_proxy(self) -> bool:
        """Whether the answer is an error without HubSpot's own JSON."""
        return self.before_write in _BY_PROXY

    @property
    def stops(self) -> bool:
        """Whether it speaks of the token, the day or the address, and so ends a client's run."""
        return self.before_write in _STOPPING

    @property
    def before_write(self) -> FaultKind:
        """The kind that looks the same to the client although nothing was written, if there is one; else itself."""
        name = self.value.removesuffix(_AFTER)
        return FaultKind(name) if name in _VALUES else self


_VALUES = frozenset(FaultKind)
_WRITING = frozenset(
    {
        FaultKind.BAD_REQUEST_WITH_RESULTS,
        FaultKind.NOT_FOUND_WITH_RESULTS,
        FaultKind.CONFLICT_WITH_RESULTS,
        FaultKind.UNPROCESSABLE_WITH_RESULTS,
        FaultKind.TRUNCATED,
        FaultKind.SLOW,
        FaultKind.SURPLUS_ANSWER,
        FaultKind.CLOSED_AFTER_ANSWER,
        FaultKind.OMITTED,
        FaultKind.STRANGER,
        FaultKind.REPEATED,
        FaultKind.CONTRADICTION,
        FaultKind.UNNAMED_ERRORS,
        FaultKind.PENDING,
        FaultKind.PENDING_WITH_RESULTS,
    }
)
_BY_PROXY = frozenset(
    {
        FaultKind.BAD_GATEWAY,
        FaultKind.ORIGIN_TIMEOUT,
        FaultKind.REQUEST_TIMEOUT,
        FaultKind.PROXY_LOCKED,
        FaultKind.TOO_EARLY,
        FaultKind.CLIENT_CLOSED,
        FaultKind.PROXY_ERROR,
        FaultKind.NOT_IMPLEMENTED,
        FaultKind.PROXY_UNAVAILABLE,
        FaultKind.VERSION_NOT_SUPPORTED,
        FaultKind.SERVER_DOWN,
        FaultKind.CONNECT_TIMEOUT,
        FaultKind.UNREACHABLE,
        FaultKind.TLS_FAILED,
        FaultKind.TLS_INVALID,
        FaultKind.ORIGIN_DNS,
        FaultKind.FIREWALL,
        FaultKind.NOT_ALLOWED,
        FaultKind.PROXY_AUTHENTICATION,
        FaultKind.LENGTH_REQUIRED,
        FaultKind.URI_TOO_LONG,
        FaultKind.HEADERS_TOO_LARGE,
    }
)
_STOPPING = frozenset(
    {
        FaultKind.RATE_DAILY,
        FaultKind.INVALID_TOKEN,
        FaultKind.EXPIRED_TOKEN,
        FaultKind.MISSING_SCOPES,
        FaultKind.MOVED_PERMANENTLY,
        FaultKind.FOUND,
        FaultKind.SEE_OTHER,
        FaultKind.TEMPORARY_REDIRECT,
        FaultKind.PERMANENT_REDIRECT,
    }
)
