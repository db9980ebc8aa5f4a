"""What to do about what came back: the decision that a caller's policy makes of a symptom's row.

Pure: endpoint, diagnosis and earlier tries in, a decision out. It neither waits nor sends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from attrs import frozen

from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import SYMPTOMS, Action, Proof, Row, Sign, Symptom
from hubbatch.endpoints import Endpoint
from hubbatch.errors import HubbatchError, TransportError
from hubbatch.models import BatchError
from hubbatch.policies import LONGEST_WAIT, RetryPolicy

__all__ = ["AGAIN", "Decision", "decide"]

_TRIES_OF_A_SUSPECT = 2
"""How often to try a part of a batch that has failed so often that one of its records must be why."""


AGAIN = frozenset({Action.RETRY, Action.HOLD, Action.REFRESH})


@frozen
class Decision:
    """What to do next with a batch."""

    action: Action
    wait: float = 0.0
    """Seconds until then."""
    exception: HubbatchError | None = None
    """What stops the run."""


def decide(
    endpoint: Endpoint,
    diagnosis: Diagnosis,
    *,
    history: Mapping[Symptom, int],
    policy: RetryPolicy,
    chance: float,
    suspect: bool = False,
    in_vain: float = 0.0,
    longest_wait: float = LONGEST_WAIT,
    today: datetime | None = None,
) -> Decision:
    """Decide what to do after one more try of a batch.

    `history`: what came of its earlier tries. `chance`: a random number from 0 to 1, for the jitter. `suspect`: it is
    a part of a batch that was taken apart, because most of its tries were failures of the service. `in_vain`:
    for so many seconds the service has not given one good answer. `longest_wait`: the most seconds that it may have
    anybody wait. `today`: the time by the wall's clock, for messages.
    """
    symptom, error = diagnosis.symptom, diagnosis.error
    row = SYMPTOMS[symptom]
    if error is None:
        return Decision(row.action)
    if (
        row.action in AGAIN
        and diagnosis.asked
        and (diagnosis.asked_wait or 0.0) > policy.max_elapsed
    ):
        return Decision(Action.STOP, exception=_come_back(diagnosis, policy, today))
    if row.action in AGAIN and row.sign is Sign.NOTHING and in_vain > policy.max_elapsed:
        return Decision(Action.STOP, exception=_never_good(error, in_vain))
    if row.action in AGAIN and diagnosis.proof is Proof.NOTHING and not endpoint.idempotent:
        return Decision(Action.GIVE_UP)  # never blindly twice
    of_this_kind = history.get(symptom, 0) + 1
    attempt = 1 + sum(count for kind, count in history.items() if SYMPTOMS[kind].counts)
    tries = attempt if row.most_attempts is None else of_this_kind
    most = policy.max_attempts
    if row.most_attempts is not None:
        most = min(row.most_attempts, most) if row.counts else row.most_attempts
    action, exception = row.action, None
    failures = sum(
        history.get(kind, 0) + (kind is symptom)
        for kind, each in SYMPTOMS.items()
        if each.suspicious
    )
    convicted = suspect and row.suspicious and failures >= _TRIES_OF_A_SUSPECT
    if action in AGAIN and (tries >= most or convicted):
        action = _at_last(row, attempt, failures, only_of_this_kind=of_this_kind == tries)
    if action is Action.STOP and row.exception is not None:
        exception = row.exception(f"{row.advice} ({error.category}: {error.message})")
    wait = 0.0
    if action in {Action.RETRY, Action.HOLD}:  # what the service asks for, and no less than ours
        ours = row.least_wait + policy.backoff(attempt, chance)
        wait = min(max(ours, diagnosis.asked_wait or 0.0), longest_wait)
    return Decision(action, wait, exception)


def _at_last(row: Row, attempts: int, failures: int, *, only_of_this_kind: bool) -> Action:
    """Return what to do with a batch whose attempts are used up."""
    # Unreachable is a service that was never reached: else it is this batch that has had bad luck.
    if row.exception is not None and only_of_this_kind:
        return Action.STOP
    if attempts == 1:
        return Action.GIVE_UP  # nothing is to be sent twice
    return Action.TAKE_APART if failures > attempts / 2 else row.at_last


def _come_back(diagnosis: Diagnosis, policy: RetryPolicy, today: datetime | None) -> TransportError:
    """Return the error of a run that the service asks to come back later than it will wait."""
    wait, error = diagnosis.asked_wait or 0.0, diagnosis.error
    when = ""
    if today is not None and wait <= 366 * LONGEST_WAIT:
        moment = (today + timedelta(seconds=math.ceil(wait))).astimezone(UTC)
        when = f", that is at {moment:%Y-%m-%d %H:%M:%S} UTC"
    reason = "" if error is None else f" ({error.category}: {error.message})"
    return TransportError(
        f"the service asks to be left alone for {wait:g} seconds, longer than RetryPolicy.max_elapsed"
        f" ({policy.max_elapsed:g}): send `outcome.retryable` again after that{when}{reason}"
    )


def _never_good(error: BatchError, seconds: float) -> TransportError:
    """Return the error of a run of which the service has only ever said "not now", or nothing that can be read."""
    return TransportError(
        f"for {seconds:.0f} seconds the service has not given one good answer; others may be using the whole quota, or"
        f" something on the way may answer for it: send `outcome.retryable` again later ({error.category}:"
        f" {error.message})"
    )
