"""Who may send a request, and how many: tokens, the rate limits and their headers.

It knows nothing of paths, bodies or faults, and keeps no token: only digests of those it saw.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._routes import RouteLimit
from hubbatch.sandbox._window import DAY, DailyCounter, RollingWindow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch.policies import RateLimit

__all__ = ["Limits", "Policy", "Tokens", "limit_body"]

_MOST_TOKENS = 10_000
"""How many tokens are remembered; the oldest are forgotten first."""
_SCHEME = "Bearer "


class Policy(StrEnum):
    """Which limit a 429 is about."""

    ROLLING = "rolling"
    SECONDLY = "secondly"
    DAILY = "daily"


_BODIES: Mapping[Policy, Mapping[str, str]] = {
    Policy.ROLLING: {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    },
    Policy.SECONDLY: {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "category": "RATE_LIMITS",
    },
    Policy.DAILY: {
        "status": "error",
        "message": "You have reached your daily limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "DAILY",
    },
}


def limit_body(policy: Policy, correlation_id: str) -> dict[str, Any]:
    """Return the JSON object of a 429, in the shape that the policy has."""
    return {**_BODIES[policy], "correlationId": correlation_id}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _digests(accounts: Mapping[str, int]) -> Mapping[bytes, int]:
    return {_digest(token): number for token, number in accounts.items()}


@define(eq=False)
class Tokens:
    """The bearer tokens that are accepted: any that is not empty, or one alone."""

    _accounts: Mapping[bytes, int] = field(factory=dict, converter=_digests, repr=False)
    """The accounts of the tokens that have one; these are accepted, too."""
    _only: bytes | None = None
    _seen: dict[bytes, None] = field(factory=dict, repr=False)
    _expired: dict[bytes, None] = field(factory=dict, repr=False)

    def accept_only(self, token: str | None) -> None:
        """Accept this token alone from now on, or with None any that has not expired."""
        self._only = None if token is None else _digest(token)

    def expire(self) -> None:
        """Let every token expire that is accepted or was used; a new one is needed."""
        self._expired |= self._seen
        if self._only is not None:
            self._expired[self._only] = None
        _bound(self._expired)

    def account_of(self, authorization: str) -> int | None:
        """Return the number of the account that a token is of; None for the default one."""
        if not self._accounts:
            return None
        return self._accounts.get(_digest(authorization.removeprefix(_SCHEME)))

    def objection(self, authorization: str) -> FaultKind | None:
        """Return what is wrong with the value of an `Authorization` header, if anything."""
        token = authorization.removeprefix(_SCHEME)
        if not authorization.startswith(_SCHEME) or not token.strip():
            return FaultKind.INVALID_TOKEN
        digest = _digest(token)
        if digest in self._expired:
            return FaultKind.EXPIRED_TOKEN
        if self._only is not None and digest != self._only and digest not in self._accounts:
            return FaultKind.INVALID_TOKEN
        self._seen[digest] = None
        _bound(self._seen)
        return None


def _bound(tokens: dict[bytes, None]) -> None:
    while len(tokens) > _MOST_TOKENS:
        del tokens[next(iter(tokens))]


@frozen
class _Exceeded:
    """The limit that has no room, and the seconds until it has."""

    policy: Policy
    wait: float


class Limits:
    """The account's limits, and the headers that tell of them ("API usage guidelines")."""

    def __init__(
        self,
        rate_limit: RateLimit | None,
        *,
        secondly_limit: int | None = None,
        daily_limit: int | None = None,
        midnight: float = DAY,
        search_limit: int | None = None,
    ) -> None:
        self.rolling = (
            RollingWindow(None)
            if rate_limit is None
            else RollingWindow(rate_limit.max_requests, rate_limit.period)
        )
        self._secondly = RollingWindow(secondly_limit, 1.0)
        self._daily = DailyCounter(daily_limit, midnight)
        self._search = RollingWindow(search_limit, 1.0)

    def exceeded(self, at: float, kind: RouteLimit = RouteLimit.INTERVAL) -> _Exceeded | None:
        """Return the limit that one more request would exceed; the daily one comes first."""
        if self._daily.is_full(at):
            return _Exceeded(Policy.DAILY, self._daily.midnight - at)
        if kind is RouteLimit.SEARCH and self._search.is_full(at):
            return _Exceeded(Policy.SECONDLY, self._search.seconds_until_free(at))
        if kind is not RouteLimit.INTERVAL:
            return None
        if self.rolling.is_full(at):
            return _Exceeded(Policy.ROLLING, self.rolling.seconds_until_free(at))
        if self._secondly.is_full(at):
            return _Exceeded(Policy.SECONDLY, self._secondly.seconds_until_free(at))
        return None

    def accept(self, at: float, kind: RouteLimit = RouteLimit.INTERVAL) -> None:
        """Count a request."""
        self._daily.accept(at)
        if kind is RouteLimit.SEARCH:
            self._search.accept(at)
        if kind is not RouteLimit.INTERVAL:
            return
        self.rolling.accept(at)
        if self._secondly.limit is not None:
            self._secondly.accept(at)

    def headers(self, at: float, kind: RouteLimit = RouteLimit.INTERVAL) -> dict[str, str]:
        """Return the headers of a response; a limit that is not set, or not for such requests, has none."""
        headers: dict[str, str] = {}
        if kind is RouteLimit.SEARCH:
            return headers
        is_interval = kind is RouteLimit.INTERVAL
        if is_interval and self.rolling.limit is not None:
            headers["X-HubSpot-RateLimit-Max"] = str(self.rolling.limit)
            headers["X-HubSpot-RateLimit-Remaining"] = str(self.rolling.remaining(at))
            headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(
                round(self.rolling.period * 1000)
            )
        if self._daily.limit is not None:
            headers["X-HubSpot-RateLimit-Daily"] = str(self._daily.limit)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(self._daily.remaining(at))
        if is_interval and self._secondly.limit is not None:
            headers["X-HubSpot-RateLimit-Secondly"] = str(self._secondly.limit)
            headers["X-HubSpot-RateLimit-Secondly-Remaining"] = str(self._secondly.remaining(at))
        return headers
