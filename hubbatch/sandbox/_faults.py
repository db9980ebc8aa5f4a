"""Faults as values: what may go wrong with a request, and plans that say which one it befalls.

It knows nothing of how a fault is carried out; everything random follows from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._exchange import SandboxRequest
from hubbatch.sandbox._fault_kinds import FaultKind

__all__ = [
    "FLAKY",
    "NASTY",
    "PRESETS",
    "Fault",
    "FaultPlan",
    "FaultSource",
    "RandomFaults",
    "open_plan",
]


_SIZED = frozenset({FaultKind.TOO_LARGE, FaultKind.URI_TOO_LONG})
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@frozen
class Fault:
    """One fault and its particulars; those that its kind has no use for are ignored."""

    kind: FaultKind = field(converter=FaultKind)
    retry_after: float | str | None = field(default=None, kw_only=True)
    """The header `Retry-After` of an answer that refuses: seconds, or any text (a date, nonsense)."""
    delay: float = field(default=120.0, kw_only=True)
    """Seconds, for SLOW."""
    body_limit: int = field(default=0, kw_only=True)
    """Bytes, for TOO_LARGE and URI_TOO_LONG."""
    body_text: str | None = field(default=None, kw_only=True)
    """The fault befalls only requests whose body holds this text."""
    min_idle: float = field(default=0.0, kw_only=True)
    """The fault befalls only requests on a connection that was idle for so many seconds (over HTTP)."""
    count: int = field(default=1, kw_only=True)
    """How many inputs or results it befalls, drawn at random."""
    location: str | None = field(default=None, kw_only=True)
    """Where a redirect leads; the same host, under `/moved`, unless given."""
    size: int = field(default=20_000, kw_only=True)
    """Bytes, for LONG_MESSAGE, MANY_RESULTS and MANY_ERRORS."""
    depth: int = field(default=1_000, kw_only=True)
    """Levels of nesting, for DEEP_JSON."""
    surplus: bytes = field(default=_NO_CONTENT, kw_only=True, repr=False)
    """The whole second response of SURPLUS_ANSWER, as it goes over the wire; a 204 unless given."""
    surplus_delay: float = field(default=0.0, kw_only=True)
    """Seconds from the real answer to the surplus one."""

    @property
    def writes(self) -> bool:
        """Whether the request is carried out; for OMITTED, all but the omitted inputs."""
        return self.kind.writes

    def befalls(self, request: SandboxRequest) -> bool:
        """Tell whether the fault makes a difference to this request."""
        if request.idle < self.min_idle:
            return False
        if self.body_text is not None and self.body_text.encode() not in request.body:
            return False
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
        FaultKind.UNAVAILABLE: 0.005,
        FaultKind.PROXY_UNAVAILABLE: 0.0025,
        FaultKind.PROXY_UNAVAILABLE_AFTER_WRITE: 0.0025,
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

_BEARABLE = [kind for kind in FaultKind if not kind.stops]
NASTY = RandomFaults(
    {
        Fault(kind, retry_after=0.1, delay=0.2, body_limit=4_000): 0.25 / len(_BEARABLE)
        for kind in _BEARABLE
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
