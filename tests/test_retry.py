"""The table of failures: what each means for a batch, and what is done."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from hubbatch import (
    AuthenticationError,
    DailyLimitError,
    PermissionDeniedError,
    ProtocolError,
    RetryPolicy,
    TransportError,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._diagnosis import Symptom, diagnose
from hubbatch._exchange import NoReply, Reply
from hubbatch._operations import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Operation
from hubbatch._retry import Action, Decision, Written, decide
from hubbatch.models import NO_ANSWER

POLICY = RetryPolicy()
NO, UNKNOWN = Written.NO, Written.UNKNOWN


def after(
    reply: Reply | NoReply,
    operation: Operation = UPDATE,
    *,
    history: dict[Symptom, int] | None = None,
    policy: RetryPolicy = POLICY,
    chance: float = 0.0,
    suspect: bool = False,
) -> Decision:
    return decide(
        operation,
        diagnose(operation, reply),
        history=history or {},
        policy=policy,
        chance=chance,
        suspect=suspect,
    )


def answer(code: int, headers: dict[str, str] | None = None, /, **body: Any) -> Reply:
    return Reply(code, headers or {}, orjson.dumps(body) if body else b"")


ROWS: list[tuple[Reply | NoReply, Action, Written]] = [
    (NoReply(sent=False, reason="refused"), Action.RETRY, Written.NOT_SENT),
    (NoReply(sent=True, reason="lost"), Action.RETRY, UNKNOWN),
    (answer(500), Action.RETRY, UNKNOWN),
    (answer(502), Action.RETRY, UNKNOWN),
    (answer(504), Action.RETRY, UNKNOWN),
    (answer(524), Action.RETRY, UNKNOWN),
    (answer(599), Action.RETRY, UNKNOWN),
    (answer(999), Action.RETRY, UNKNOWN),
    (answer(503), Action.RETRY, NO),
    (answer(521), Action.RETRY, NO),
    (answer(523), Action.RETRY, NO),
    (answer(423), Action.RETRY, NO),
    (answer(522), Action.RETRY, NO),
    (answer(525), Action.RETRY, NO),
    (answer(526), Action.RETRY, NO),
    (answer(429, policyName="TEN_SECONDLY_ROLLING"), Action.HOLD, NO),
    (answer(429, message="secondly"), Action.HOLD, NO),
    (answer(477), Action.HOLD, NO),
    (answer(429, policyName="DAILY"), Action.STOP, NO),
    (answer(401, category="EXPIRED_AUTHENTICATION"), Action.REFRESH, NO),
    (answer(401, category="INVALID_AUTHENTICATION"), Action.STOP, NO),
    (answer(401), Action.STOP, NO),
    (answer(403, category="MISSING_SCOPES"), Action.STOP, NO),
    (answer(404, category="OBJECT_NOT_FOUND"), Action.GIVE_UP, NO),
    (answer(404, category="INVALID_OBJECT_TYPE"), Action.STOP, NO),
    (answer(404), Action.STOP, NO),
    (answer(400, category="VALIDATION_ERROR"), Action.ISOLATE, NO),
    (answer(409, category="CONFLICT"), Action.ISOLATE, NO),
    (answer(405), Action.ISOLATE, NO),
    (answer(413), Action.HALVE, NO),
    (answer(414), Action.HALVE, NO),
    (answer(300), Action.STOP, NO),
    (answer(302), Action.STOP, NO),
    (answer(307), Action.STOP, NO),
    (Reply(200, {}, b"<html>"), Action.RETRY, UNKNOWN),
    (Reply(200, {}, b"[]"), Action.RETRY, UNKNOWN),
    (Reply(200, {}, b'{"status":"error","message":"m"}'), Action.RETRY, UNKNOWN),
    (Reply(200, {}, b"{}"), Action.RETRY, UNKNOWN),
    (answer(200, message="maintenance"), Action.RETRY, UNKNOWN),
    (answer(200, status="COMPLETE", errors={}), Action.RETRY, UNKNOWN),
    (answer(200, status="COMPLETE"), Action.ACCEPT, UNKNOWN),
    (answer(201, results=[]), Action.ACCEPT, UNKNOWN),
    (answer(207, status="COMPLETE"), Action.ACCEPT, UNKNOWN),
]


@pytest.mark.parametrize(("reply", "action", "written"), ROWS)
@pytest.mark.parametrize("operation", [UPDATE, UPSERT, READ, ARCHIVE])
def test_every_answer_has_its_row(
    reply: Reply | NoReply, action: Action, written: Written, operation: Operation
) -> None:
    decision = after(reply, operation)
    assert (decision.action, decision.written) == (action, written)
    diagnosis = diagnose(operation, reply)
    assert (diagnosis.response is None) == (action is not Action.ACCEPT)
    assert (diagnosis.error is None) == (action is Action.ACCEPT)
    assert (decision.exception is None) == (action is not Action.STOP)
    if action not in {Action.RETRY, Action.HOLD}:
        assert decision.wait == 0.0, "nobody waits for what is not sent again, nor for a new token"


@pytest.mark.parametrize(
    ("reply", "category", "message"),
    [
        (NoReply(sent=True, reason="lost"), NO_ANSWER, "lost"),
        (NoReply(sent=False, reason="refused"), NO_ANSWER, "refused"),
        (answer(500, category="INTERNAL", message="ours"), "INTERNAL", "ours"),
        (answer(409, category="CONFLICT", message="exists"), "CONFLICT", "exists"),
    ],
)
def test_an_error_says_what_came_back(reply: Reply | NoReply, category: str, message: str) -> None:
    error = diagnose(UPDATE, reply).error
    assert error is not None
    assert (error.category, error.message) == (category, message)


@pytest.mark.parametrize(("reply", "action", "written"), ROWS)
def test_a_create_is_never_sent_again_in_doubt(
    reply: Reply | NoReply, action: Action, written: Written
) -> None:
    expected = Action.GIVE_UP if (action, written) == (Action.RETRY, UNKNOWN) else action
    decision = after(reply, CREATE)
    assert (decision.action, decision.written) == (expected, written)


@pytest.mark.parametrize(
    ("reply", "exception", "advice"),
    [
        (answer(429, policyName="DAILY"), DailyLimitError, "midnight"),
        (answer(401, message="bad"), AuthenticationError, "current one.*bad"),
        (answer(403), PermissionDeniedError, "scope"),
        (answer(404), UnknownObjectTypeError, "object type"),
        (answer(301), ProtocolError, "base_url"),
    ],
)
def test_what_is_wrong_with_the_account_stops_the_run(
    reply: Reply, exception: type[Exception], advice: str
) -> None:
    decision = after(reply)
    assert type(decision.exception) is exception
    with pytest.raises(exception, match=advice):
        raise decision.exception


@pytest.mark.parametrize(
    ("reply", "most", "then", "exception"),
    [
        (answer(500), 6, Action.TAKE_APART, None),
        (answer(504), 6, Action.TAKE_APART, None),
        (answer(503), 6, Action.GIVE_UP, None),
        (answer(423), 6, Action.GIVE_UP, None),
        (NoReply(sent=True, reason="lost"), 6, Action.GIVE_UP, None),
        (NoReply(sent=False, reason="refused"), 6, Action.STOP, TransportError),
        (answer(522), 3, Action.STOP, TransportError),
        (answer(401, category="EXPIRED_AUTHENTICATION"), 3, Action.STOP, AuthenticationError),
    ],
)
def test_attempts_are_limited(
    reply: Reply | NoReply, most: int, then: Action, exception: type[Exception] | None
) -> None:
    symptom = diagnose(UPDATE, reply).symptom
    assert after(reply, history={symptom: most - 2}).action in {Action.RETRY, Action.REFRESH}
    last = after(reply, history={symptom: most - 1})
    assert last.action is then
    assert last.exception is None if exception is None else type(last.exception) is exception


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (NoReply(sent=False, reason="refused"), "cannot be reached; check base_url.* refused"),
        (answer(522, message="no origin"), "try again later.* no origin"),
        (answer(401, category="EXPIRED_AUTHENTICATION"), "give a token provider"),
    ],
)
def test_what_stops_the_run_after_many_tries_says_what_to_do(
    reply: Reply | NoReply, advice: str
) -> None:
    exception = after(reply, history={diagnose(UPDATE, reply).symptom: 5}).exception
    assert exception is not None
    assert re.search(advice, str(exception))


def test_a_limit_of_its_own_counts_its_own_kind() -> None:
    expired = answer(401, category="EXPIRED_AUTHENTICATION")
    assert after(expired, history={Symptom.UNAVAILABLE: 5}).action is Action.REFRESH
    assert after(answer(522), history={Symptom.SERVER_ERROR: 2}).action is Action.RETRY


def test_a_service_that_has_answered_once_is_not_called_unreachable() -> None:
    refused = NoReply(sent=False, reason="refused")
    decision = after(refused, history={Symptom.SERVER_ERROR: 1, Symptom.NOT_SENT: 4})
    assert decision.action is Action.GIVE_UP
    assert decision.exception is None


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        (answer(500), Action.GIVE_UP),
        (answer(503), Action.GIVE_UP),
        (NoReply(sent=False, reason="refused"), Action.STOP),
        (answer(429), Action.HOLD),
        (answer(401, category="EXPIRED_AUTHENTICATION"), Action.REFRESH),
    ],
)
def test_a_policy_of_one_attempt_tries_once(reply: Reply | NoReply, action: Action) -> None:
    decision = after(reply, policy=RetryPolicy(max_attempts=1))
    assert decision.action is action


@pytest.mark.parametrize(
    ("reply", "symptom"),
    [
        (answer(429, policyName="TEN_SECONDLY_ROLLING"), Symptom.RATE_LIMITED),
        (answer(477), Symptom.MIGRATING),
    ],
)
def test_being_told_not_now_is_not_an_attempt_but_not_for_ever(
    reply: Reply, symptom: Symptom
) -> None:
    assert after(reply, history={symptom: 58}).action is Action.HOLD
    assert after(reply, history={symptom: 59}).action is Action.GIVE_UP
    assert after(answer(500), history={symptom: 59}).action is Action.RETRY


def test_an_empty_body_answers_an_archive_only() -> None:
    assert after(Reply(200, {}, b""), ARCHIVE).action is Action.ACCEPT
    assert after(Reply(200, {}, b""), UPSERT).action is Action.RETRY
    assert after(Reply(200, {}, b""), CREATE).action is Action.GIVE_UP


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (
            answer(429, policyName="TEN_SECONDLY_ROLLING", message="ten_secondly_rolling limit"),
            10.0,
        ),
        (answer(429, message="You have reached your secondly limit.", category="RATE_LIMITS"), 1.0),
        (answer(429, {"x-hubspot-ratelimit-interval-milliseconds": "1000"}), 1.0),
        (answer(429, {"x-hubspot-ratelimit-interval-milliseconds": "soon"}), 10.0),
        (answer(429, {"x-hubspot-ratelimit-interval-milliseconds": "86400000"}), 86_400.0),
        (answer(429, {"x-hubspot-ratelimit-interval-milliseconds": "86400001"}), 10.0),
        (answer(429, {"retry-after": "4"}), 4.0),
        (answer(429, {"retry-after": "0.5"}), 0.5),
        (answer(429, {"retry-after": "-1"}), 0.5),
        (answer(429, {"retry-after": "0"}), 0.5),
        (answer(429, {"retry-after": "soon"}), 10.0),
        (answer(429, {"retry-after": "nan"}), 10.0),
        (answer(429, {"retry-after": "1e99"}), 86_400.0),
        (
            answer(
                429,
                {
                    "retry-after": "Sun, 01 Mar 2026 12:00:30 GMT",
                    "date": "Sun, 01 Mar 2026 12:00:00 GMT",
                },
            ),
            30.0,
        ),
        (answer(429, {"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}), 10.0),
        (answer(477, {"retry-after": "3600"}), 3600.0),
        (
            answer(
                429,
                {
                    "retry-after": "Sun, 01 Mar 2026 12:00:30 -0000",
                    "date": "Sun, 01 Mar 2026 12:00:00 GMT",
                },
            ),
            30.0,
        ),
        (answer(477, {"retry-after": "0"}), 1.5),
        (answer(477), 30.0),
    ],
)
def test_how_long_everybody_is_held(reply: Reply, wait: float) -> None:
    decision = after(reply)
    assert decision.action is Action.HOLD
    assert decision.wait == wait


@pytest.mark.parametrize(
    ("reply", "attempt", "chance", "wait"),
    [
        (answer(500), 1, 0.0, 0.5),
        (answer(500), 2, 0.0, 1.0),
        (answer(500), 2, 0.5, 0.5),
        (answer(500), 5, 0.0, 8.0),
        (answer(500), 5, 1.0, 0.0),
        (answer(503), 1, 1.0, 2.0),
        (answer(423), 1, 0.0, 2.5),
        (answer(503, {"retry-after": "20"}), 1, 1.0, 20.0),
        (NoReply(sent=False, reason="refused"), 1, 0.0, 0.5),
    ],
)
def test_how_long_one_batch_waits(
    reply: Reply | NoReply, attempt: int, chance: float, wait: float
) -> None:
    history = {diagnose(UPDATE, reply).symptom: attempt - 1}
    assert after(reply, history=history, chance=chance).wait == wait


def test_backoff_grows_to_its_limit_and_never_overflows() -> None:
    policy = RetryPolicy(initial_wait=1.0, max_wait=30.0, jitter=0.5)
    assert policy.backoff(10_000, 0.0) == 30.0
    assert policy.backoff(10_000, 1.0) == 15.0


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempts": 1},
        {"initial_wait": 0, "max_wait": 0},
        {"initial_wait": 86_400, "max_wait": 86_400},
        {"jitter": 0},
        {"jitter": 1},
        {"max_elapsed": 0},
    ],
)
def test_the_limits_of_a_policy_belong_to_it(options: dict[str, Any]) -> None:
    policy = RetryPolicy(**options)
    assert {name: getattr(policy, name) for name in options} == options


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempts": 0},
        {"max_attempts": 1.5},
        {"initial_wait": -1},
        {"initial_wait": 31},
        {"max_wait": float("nan")},
        {"max_wait": 1e9},
        {"jitter": 1.1},
        {"jitter": "full"},
        {"max_elapsed": -1},
        {"max_elapsed": None},
        {"initial_wait": "1"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        RetryPolicy(**options)


def test_symptoms_are_all_in_use() -> None:
    seen = {diagnose(UPDATE, row[0]).symptom for row in ROWS}
    assert seen == set(Symptom)


S, G, L, U = Symptom.SERVER_ERROR, Symptom.GATEWAY_ERROR, Symptom.LOST, Symptom.UNAVAILABLE


@pytest.mark.parametrize(
    ("history", "suspect", "action"),
    [
        ({S: 5}, False, Action.TAKE_APART),
        ({G: 5}, False, Action.TAKE_APART),
        ({S: 2, L: 3}, False, Action.GIVE_UP),
        ({U: 5}, False, Action.GIVE_UP),
        ({}, True, Action.RETRY),
        ({U: 1}, True, Action.RETRY),
        ({G: 1}, True, Action.TAKE_APART),
    ],
)
def test_most_tries_have_to_be_failures_of_the_service_and_two_convict_a_suspect(
    history: dict[Symptom, int], suspect: bool, action: Action
) -> None:
    told = diagnose(UPSERT, Reply(500, {}, b"{}"))
    after = decide(UPSERT, told, history=history, policy=RetryPolicy(), chance=0.0, suspect=suspect)
    assert after.action is action


def test_one_lost_answer_at_last_does_not_save_a_batch_from_being_taken_apart() -> None:
    lost = NoReply(sent=True, reason="lost")
    assert after(lost, history={S: 5}).action is Action.TAKE_APART


def test_who_wants_one_try_gets_nothing_taken_apart() -> None:
    policy = RetryPolicy(max_attempts=1)
    assert after(answer(500), policy=policy).action is Action.GIVE_UP
    assert after(answer(500), policy=policy, suspect=True).action is Action.GIVE_UP
