"""Faults as values: what may go wrong with a request, and plans that say which one it befalls.

It knows nothing of how a fault is carried out; everything random follows from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._exchange import SandboxRequest

__all__ = [
    "FLAKY",
    "NASTY",
    "PRESETS",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "FaultSource",
    "RandomFaults",
    "open_plan",
]


class FaultKind(StrEnum):
    """What can go wrong; `writes` says whether the request is carried out all the same."""

    LOCKED = "locked"
    """423."""
    RATE_ROLLING = "rate_rolling"
    """429 of the ten-second window; no `Retry-After` unless the fault gives one."""
    RATE_SECONDLY = "rate_secondly"
    """429 in the old shape, with a category and no policy name."""
    RATE_DAILY = "rate_daily"
    """429 of the day."""
    MIGRATING = "migrating"
    """477, always with `Retry-After`: 1 second unless the fault says otherwise."""
    SERVER_ERROR = "server_error"
    """500, before anything was written."""
    BAD_GATEWAY = "bad_gateway"
    """502, before anything was written."""
    UNAVAILABLE = "unavailable"
    """503."""
    GATEWAY_TIMEOUT = "gateway_timeout"
    """504, before anything was written."""
    SERVER_DOWN = "server_down"
    """521."""
    CONNECT_TIMEOUT = "connect_timeout"
    """522."""
    UNREACHABLE = "unreachable"
    """523."""
    ORIGIN_TIMEOUT = "origin_timeout"
    """524, before anything was written."""
    TLS_FAILED = "tls_failed"
    """525."""
    TLS_INVALID = "tls_invalid"
    """526."""
    SERVER_ERROR_AFTER_WRITE = "server_error_after_write"
    """500 for a request that was carried out."""
    BAD_GATEWAY_AFTER_WRITE = "bad_gateway_after_write"
    """502 for a request that was carried out."""
    GATEWAY_TIMEOUT_AFTER_WRITE = "gateway_timeout_after_write"
    """504 for a request that was carried out."""
    ORIGIN_TIMEOUT_AFTER_WRITE = "origin_timeout_after_write"
    """524 for a request that was carried out."""
    INVALID_TOKEN = "invalid_token"  # noqa: S105 (the name of a fault)
    """401 INVALID_AUTHENTICATION."""
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 (the name of a fault)
    """401 EXPIRED_AUTHENTICATION."""
    MISSING_SCOPES = "missing_scopes"
    """403."""
    FOUND = "found"
    """302 to `location`."""
    TEMPORARY_REDIRECT = "temporary_redirect"
    """307 to `location`."""
    TOO_LARGE = "too_large"
    """413 for a body of more than `body_limit` bytes; a smaller one is served as usual."""
    URI_TOO_LONG = "uri_too_long"
    """414 for a body of more than `body_limit` bytes; a smaller one is served as usual."""
    HTML = "html"
    """200 with a web page, nothing written."""
    HTML_AFTER_WRITE = "html_after_write"
    """200 with a web page for a request that was carried out."""
    NOT_AN_OBJECT = "not_an_object"
    """200 with a JSON list, nothing written."""
    NOT_AN_OBJECT_AFTER_WRITE = "not_an_object_after_write"
    """200 with a JSON list for a request that was carried out."""
    TRUNCATED = "truncated"
    """Carried out, but the connection breaks in the middle of the reply's body."""
    RESET = "reset"
    """The connection breaks before anything was written."""
    RESET_AFTER_WRITE = "reset_after_write"
    """Carried out, but the connection breaks before the reply."""
    SLOW = "slow"
    """Carried out at once, and answered after `delay` more seconds (120 unless given)."""
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
    CANCELED = "canceled"
    """Nothing is written, and the reply says CANCELED and holds no results."""

    @property
    def writes(self) -> bool:
        """Whether the request is carried out, as far as it is acceptable, under this fault."""
        return self in _WRITING


_WRITING = frozenset(
    {
        FaultKind.SERVER_ERROR_AFTER_WRITE,
        FaultKind.BAD_GATEWAY_AFTER_WRITE,
        FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE,
        FaultKind.ORIGIN_TIMEOUT_AFTER_WRITE,
        FaultKind.HTML_AFTER_WRITE,
        FaultKind.NOT_AN_OBJECT_AFTER_WRITE,
        FaultKind.TRUNCATED,
        FaultKind.RESET_AFTER_WRITE,
        FaultKind.SLOW,
        FaultKind.OMITTED,
        FaultKind.OMITTED_AFTER_WRITE,
        FaultKind.STRANGER,
        FaultKind.REPEATED,
        FaultKind.CONTRADICTION,
        FaultKind.UNNAMED_ERRORS,
        FaultKind.PENDING,
    }
)
_SIZED = frozenset({FaultKind.TOO_LARGE, FaultKind.URI_TOO_LONG})


@frozen
class Fault:
    """One fault and its particulars; those that its kind has no use for are ignored."""

    kind: FaultKind = field(converter=FaultKind)
    retry_after: float | None = field(default=None, kw_only=True)
    """Seconds, for the kinds with status 423, 429, 477 and 503."""
    delay: float = field(default=120.0, kw_only=True)
    """Seconds, for SLOW."""
    body_limit: int = field(default=0, kw_only=True)
    """Bytes, for TOO_LARGE and URI_TOO_LONG."""
    count: int = field(default=1, kw_only=True)
    """How many inputs or results it befalls, drawn at random."""
    location: str | None = field(default=None, kw_only=True)
    """Where a redirect leads; the same host, under `/moved`, unless given."""

    @property
    def writes(self) -> bool:
        """Whether the request is carried out; for OMITTED, all but the omitted inputs."""
        return self.kind.writes

    def befalls(self, request: SandboxRequest) -> bool:
        """Tell whether the fault makes a difference to this request."""
        return self.kind not in _SIZED or len(request.body) > self.body_limit


FaultSource: TypeAlias = Callable[[SandboxRequest], Fault | FaultKind | None]
"""Decides request by request."""


@frozen
class RandomFaults:
    """Draw a fault for every request: each kind, or each particular fault, at its rate (0 to 1)."""

    rates: Mapping[Fault | FaultKind, float]
    seed: int | None = None
    """None follows the sandbox's seed."""

    def __attrs_post_init__(self) -> None:
        total = sum(self.rates.values())
        if min(self.rates.values(), default=0.0) < 0 or total > 1:
            raise UsageError(
                f"The rates of faults must be at least 0 and sum to at most 1, not {total}."
            )

    def source(self, seed: int) -> FaultSource:
        """Return a fresh drawing of faults; the same seed draws the same ones."""
        generator = random.Random(seed if self.seed is None else self.seed)  # noqa: S311
        kinds = [*self.rates, None]
        weights = [*self.rates.values(), 1 - sum(self.rates.values())]

        def draw(_: SandboxRequest) -> Fault | FaultKind | None:
            return generator.choices(kinds, weights)[0]

        return draw


FLAKY = RandomFaults(
    {
        FaultKind.LOCKED: 0.01,
        Fault(FaultKind.RATE_ROLLING, retry_after=1.0): 0.005,
        FaultKind.UNAVAILABLE: 0.01,
        FaultKind.SERVER_ERROR: 0.005,
        FaultKind.SERVER_ERROR_AFTER_WRITE: 0.005,
        FaultKind.BAD_GATEWAY: 0.005,
        FaultKind.BAD_GATEWAY_AFTER_WRITE: 0.005,
        FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE: 0.005,
        FaultKind.RESET: 0.005,
        FaultKind.RESET_AFTER_WRITE: 0.005,
        Fault(FaultKind.SLOW, delay=0.5): 0.01,
    }
)
"""A bad day: one request in fifteen fails in a way that a retry heals or leaves in doubt."""

_STOPPING = frozenset(
    {
        FaultKind.RATE_DAILY,
        FaultKind.INVALID_TOKEN,
        FaultKind.EXPIRED_TOKEN,
        FaultKind.MISSING_SCOPES,
        FaultKind.FOUND,
        FaultKind.TEMPORARY_REDIRECT,
    }
)
NASTY = RandomFaults(
    {
        Fault(kind, retry_after=0.1, delay=0.2, body_limit=4_000): 0.007
        for kind in FaultKind
        if kind not in _STOPPING
    }
)
"""A terrible day: every kind of fault that does not end the run, on one request in four."""

PRESETS: Mapping[str, RandomFaults] = {"flaky": FLAKY, "nasty": NASTY}

FaultPlan: TypeAlias = Sequence[Fault | FaultKind | None] | RandomFaults | FaultSource | str | None
"""A script (an entry for each request in turn), a drawing, a function, or a preset's name."""


def open_plan(plan: FaultPlan, seed: int) -> Callable[[SandboxRequest], Fault | None]:
    """Return what decides, for each accepted request in turn, which fault befalls it."""
    source = _source(plan, seed)

    def decide(request: SandboxRequest) -> Fault | None:
        drawn = source(request)
        fault = Fault(drawn) if isinstance(drawn, FaultKind) else drawn
        return fault if fault is not None and fault.befalls(request) else None

    return decide


def _source(plan: FaultPlan, seed: int) -> FaultSource:
    if isinstance(plan, str):
        if plan not in PRESETS:
            raise UsageError(
                f"There is no preset of faults named {plan!r}: use one of {', '.join(PRESETS)}."
            )
        plan = PRESETS[plan]
    if isinstance(plan, RandomFaults):
        return plan.source(seed)
    if callable(plan):
        return plan
    script = iter(plan or ())
    return lambda _: next(script, None)
