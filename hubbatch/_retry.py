"""What to do about what came back: the service's failures as a table.

Pure: operation, diagnosis and earlier tries in, a decision out. It neither waits nor sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen

from hubbatch._diagnosis import Diagnosis, Symptom
from hubbatch._operations import Operation
from hubbatch.errors import (
    AuthenticationError,
    DailyLimitError,
    HubbatchError,
    PermissionDeniedError,
    ProtocolError,
    TransportError,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch.models import is_number

__all__ = ["Action", "Decision", "RetryPolicy", "Written", "decide"]

_LONGEST_HOLD = 24 * 3600.0
"""A migrating account is away for up to a day (HubSpot: error 477); no hold is longer."""

_TRIES_OF_A_SUSPECT = 2
"""How often to try a part of a batch that has failed so often that one of its records must be why."""

_HOLDS = 60
"""How often a batch may be told "not now": ten minutes of windows that others have used up."""


@frozen
class RetryPolicy:
    """When a batch is sent again: exponential backoff with jitter. Waits are seconds."""

    max_attempts: int = 6
    """Tries of one batch, the first included. Being rate limited does not count as one."""
    initial_wait: float = 0.5
    max_wait: float = 30.0
    jitter: float = 1.0
    """The part of a wait that is random: 1.0 is full jitter, 0.0 none."""
    max_elapsed: float = 300.0
    """How long a run goes on without one good answer before it stops with `TransportError`."""

    def __attrs_post_init__(self) -> None:
        for name in ("initial_wait", "max_wait", "jitter", "max_elapsed"):
            if not is_number(getattr(self, name)):
                raise UsageError(
                    f"RetryPolicy.{name} must be a number, not {getattr(self, name)!r}"
                )
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise UsageError(
                f"RetryPolicy.max_attempts must be at least 1, not {self.max_attempts!r}"
            )
        if not 0 <= self.initial_wait <= self.max_wait <= _LONGEST_HOLD:
            raise UsageError(
                "RetryPolicy needs 0 <= initial_wait <= max_wait <= 86400 seconds, not"
                f" initial_wait={self.initial_wait!r}, max_wait={self.max_wait!r}"
            )
        if not 0 <= self.jitter <= 1:
            raise UsageError(f"RetryPolicy.jitter must be from 0 to 1, not {self.jitter!r}")
        if self.max_elapsed < 0:
            raise UsageError(
                f"RetryPolicy.max_elapsed must be at least 0 seconds, not {self.max_elapsed!r}"
            )

    def backoff(self, attempt: int, chance: float) -> float:
        """Return the seconds to wait after the `attempt`-th try; `chance` is a random number from 0 to 1."""
        wait = min(self.max_wait, self.initial_wait * 2.0 ** min(attempt - 1, 60))
        return wait * (1 - self.jitter * chance)


class Action(Enum):
    """What to do with a batch now."""

    ACCEPT = auto()
    """Correlate the answer."""
    RETRY = auto()
    """Send it again after `wait` seconds."""
    HOLD = auto()
    """Hold every request of the client for `wait` seconds, then send it again."""
    REFRESH = auto()
    """Ask for a new token, then send it again."""
    HALVE = auto()
    """Send it again in two parts; one record alone is refused."""
    TAKE_APART = auto()
    """It may be what the service fails on: if others succeed, send it again in parts."""
    ISOLATE = auto()
    """Find the records to blame, and send the others again."""
    GIVE_UP = auto()
    """Settle it by what is known: refused, or in doubt."""
    STOP = auto()
    """Settle it by what is known, and stop the run with `exception`."""


class Written(Enum):
    """Whether the service has written what the request carried."""

    NOT_SENT = auto()
    NO = auto()
    UNKNOWN = auto()


@frozen
class _Row:
    written: Written
    action: Action
    least_wait: float = 0.0
    most_attempts: int | None = None
    """Instead of the policy's `max_attempts`."""
    exception: type[HubbatchError] | None = None
    """What stops the run: at once for STOP, when the attempts are used up for the others."""
    advice: str = ""


_NO, _UNKNOWN = Written.NO, Written.UNKNOWN

_TABLE: Mapping[Symptom, _Row] = {
    Symptom.ANSWERED: _Row(_UNKNOWN, Action.ACCEPT),
    Symptom.UNREADABLE: _Row(_UNKNOWN, Action.RETRY),
    Symptom.NOT_SENT: _Row(
        Written.NOT_SENT,
        Action.RETRY,
        exception=TransportError,
        advice="the service cannot be reached; check base_url, the network and the proxy",
    ),
    Symptom.LOST: _Row(_UNKNOWN, Action.RETRY),
    Symptom.SERVER_ERROR: _Row(_UNKNOWN, Action.RETRY),
    Symptom.GATEWAY_ERROR: _Row(_UNKNOWN, Action.RETRY),
    Symptom.UNAVAILABLE: _Row(_NO, Action.RETRY, least_wait=2.0),
    Symptom.LOCKED: _Row(_NO, Action.RETRY, least_wait=2.0),
    Symptom.RATE_LIMITED: _Row(_NO, Action.HOLD, most_attempts=_HOLDS),
    Symptom.MIGRATING: _Row(_NO, Action.HOLD, least_wait=1.0, most_attempts=_HOLDS),
    Symptom.DAILY_LIMIT: _Row(
        _NO,
        Action.STOP,
        exception=DailyLimitError,
        advice="the daily limit is used up; it resets at midnight in the account's time zone:"
        " send `outcome.retryable` again then",
    ),
    Symptom.TOKEN_EXPIRED: _Row(
        _NO,
        Action.REFRESH,
        most_attempts=3,
        exception=AuthenticationError,
        advice="the token has expired; give a token provider that renews it",
    ),
    Symptom.UNAUTHENTICATED: _Row(
        _NO,
        Action.STOP,
        exception=AuthenticationError,
        advice="the service refused the token; check that it is the account's current one",
    ),
    Symptom.FORBIDDEN: _Row(
        _NO,
        Action.STOP,
        exception=PermissionDeniedError,
        advice="the token lacks a scope; add it to the app and use the new token",
    ),
    Symptom.NOTHING_FOUND: _Row(_NO, Action.GIVE_UP),
    Symptom.WRONG_PATH: _Row(
        _NO,
        Action.STOP,
        exception=UnknownObjectTypeError,
        advice="the account has no such object type, or not in this api_version; use the type's id",
    ),
    Symptom.REJECTED: _Row(_NO, Action.ISOLATE),
    Symptom.TOO_LARGE: _Row(_NO, Action.HALVE),
    Symptom.ORIGIN_TROUBLE: _Row(
        _NO,
        Action.RETRY,
        most_attempts=3,
        exception=TransportError,
        advice="the service's front cannot reach the service; try again later",
    ),
    Symptom.REDIRECTED: _Row(
        _NO,
        Action.STOP,
        exception=ProtocolError,
        advice="the server redirects, which is not followed for the token would travel; check base_url",
    ),
}

_AGAIN = {Action.RETRY, Action.HOLD, Action.REFRESH}

_FAILURES = {Symptom.SERVER_ERROR, Symptom.GATEWAY_ERROR}
"""Answers that may be the doing of a record on which the service fails."""

_NOT_NOW = {Symptom.RATE_LIMITED, Symptom.MIGRATING}
"""Answers that do not count as an attempt."""


@frozen
class Decision:
    """What to do next with a batch."""

    action: Action
    written: Written
    wait: float = 0.0
    """Seconds until then."""
    exception: HubbatchError | None = None


def decide(
    operation: Operation,
    diagnosis: Diagnosis,
    *,
    history: Mapping[Symptom, int],
    policy: RetryPolicy,
    chance: float,
    suspect: bool = False,
) -> Decision:
    """Decide what to do after one more try of a batch.

    `history`: what came of its earlier tries. `chance`: a random number from 0 to 1, for the jitter. `suspect`: it is
    a part of a batch that was taken apart, because most of its tries were failures of the service.
    """
    symptom, error = diagnosis.symptom, diagnosis.error
    row = _TABLE[symptom]
    if error is None:
        return Decision(row.action, row.written)
    if row.written is Written.UNKNOWN and not operation.idempotent:
        return Decision(Action.GIVE_UP, row.written)  # never blindly twice
    of_this_kind = history.get(symptom, 0) + 1
    attempt = 1 + sum(count for kind, count in history.items() if kind not in _NOT_NOW)
    tries = attempt if row.most_attempts is None else of_this_kind
    action, exception = row.action, None
    failures = sum((history.get(kind, 0) + (kind is symptom)) for kind in _FAILURES)
    convicted = suspect and symptom in _FAILURES and failures >= _TRIES_OF_A_SUSPECT
    if action in _AGAIN and (tries >= (row.most_attempts or policy.max_attempts) or convicted):
        action = _at_last(row, attempt, failures, only_of_this_kind=of_this_kind == tries)
    if action is Action.STOP and row.exception is not None:
        exception = row.exception(f"{row.advice} ({error.category}: {error.message})")
    wait = 0.0
    if action in {Action.RETRY, Action.HOLD}:  # what the service asks for, and no less than ours
        ours = row.least_wait + policy.backoff(attempt, chance)
        wait = min(max(ours, diagnosis.asked_wait or 0.0), _LONGEST_HOLD)
    return Decision(action, row.written, wait, exception)


def _at_last(row: _Row, attempts: int, failures: int, *, only_of_this_kind: bool) -> Action:
    """Return what to do with a batch whose attempts are used up."""
    # Unreachable is a service that was never reached: else it is this batch that has had bad luck.
    if row.exception is not None and only_of_this_kind:
        return Action.STOP
    several = attempts > 1  # else nothing is to be sent twice
    return Action.TAKE_APART if several and failures > attempts / 2 else Action.GIVE_UP
