"""What is done about every reply, by the table of symptoms, the policy and the earlier tries of a batch."""

from __future__ import annotations

import re
from datetime import UTC, datetime
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
from hubbatch._batches.decision import Decision, decide
from hubbatch._protocol.diagnosis import diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.symptoms import Action, Proof, Symptom
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint

POLICY = RetryPolicy()
PATIENT = RetryPolicy(max_elapsed=100_000.0)
NOT_SENT, NO, NOTHING = Proof.NOT_SENT, Proof.NOT_WRITTEN, Proof.NOTHING


def after(
    reply: Reply | NoReply,
    endpoint: Endpoint = UPDATE,
    *,
    history: dict[Symptom, int] | None = None,
    policy: RetryPolicy = POLICY,
    chance: float = 0.0,
    suspect: bool = False,
    today: datetime | None = None,
) -> Decision:
    return decide(
        endpoint,
        diagnose(endpoint, reply),
        history=history or {},
        policy=policy,
        chance=chance,
        suspect=suspect,
        today=today,
    )


def answer(code: int, headers: dict[str, str] | None = None, /, **body: Any) -> Reply:
    return Reply(code, headers or {}, orjson.dumps(body) if body else b"")


def said(code: int, headers: dict[str, str] | None = None, /, **body: Any) -> Reply:
    """Make a reply in HubSpot's own words."""
    return answer(code, headers, **{"category": "C", "message": "m", **body})


ROWS: list[tuple[Reply | NoReply, Action, Proof]] = [
    (NoReply(sent=False, reason="refused"), Action.RETRY, NOT_SENT),
    (NoReply(sent=True, reason="lost"), Action.RETRY, NOTHING),
    (answer(500), Action.RETRY, NOTHING),
    (said(500), Action.RETRY, NOTHING),
    (answer(501), Action.RETRY, NOTHING),
    (answer(502), Action.RETRY, NOTHING),
    (answer(504), Action.RETRY, NOTHING),
    (answer(505), Action.RETRY, NOTHING),
    (answer(524), Action.RETRY, NOTHING),
    (answer(599), Action.RETRY, NOTHING),
    (answer(999), Action.RETRY, NOTHING),
    (said(503), Action.RETRY, NO),
    (answer(503), Action.RETRY, NOTHING),
    (said(521), Action.RETRY, NO),
    (answer(521), Action.RETRY, NOTHING),
    (said(523), Action.RETRY, NO),
    (answer(523), Action.RETRY, NOTHING),
    (said(423), Action.RETRY, NO),
    (answer(423), Action.RETRY, NOTHING),
    (answer(408), Action.RETRY, NOTHING),
    (answer(425), Action.RETRY, NOTHING),
    (answer(499), Action.RETRY, NOTHING),
    (said(522), Action.RETRY, NO),
    (answer(522), Action.RETRY, NOTHING),
    (answer(525), Action.RETRY, NOTHING),
    (answer(526), Action.RETRY, NOTHING),
    (answer(530), Action.RETRY, NOTHING),
    (answer(405), Action.RETRY, NO),
    (answer(407), Action.RETRY, NO),
    (answer(411), Action.RETRY, NO),
    (answer(431), Action.RETRY, NO),
    (answer(400), Action.RETRY, NOTHING),
    (answer(409), Action.RETRY, NOTHING),
    (answer(403), Action.RETRY, NOTHING),
    (answer(429, policyName="TEN_SECONDLY_ROLLING"), Action.HOLD, NO),
    (answer(429, message="secondly"), Action.HOLD, NO),
    (answer(429), Action.HOLD, NO),
    (said(477), Action.HOLD, NO),
    (answer(429, policyName="DAILY"), Action.STOP, NO),
    (answer(401, category="EXPIRED_AUTHENTICATION"), Action.REFRESH, NO),
    (answer(401, category="INVALID_AUTHENTICATION"), Action.STOP, NO),
    (answer(401), Action.STOP, NOTHING),
    (answer(403, category="MISSING_SCOPES"), Action.STOP, NO),
    (answer(404, category="OBJECT_NOT_FOUND"), Action.ISOLATE, NO),
    (answer(404, category="INVALID_OBJECT_TYPE"), Action.STOP, NO),
    (answer(404), Action.STOP, NOTHING),
    (answer(400, category="VALIDATION_ERROR"), Action.ISOLATE, NO),
    (answer(409, category="CONFLICT"), Action.ISOLATE, NO),
    (answer(413), Action.HALVE, NO),
    (answer(414), Action.HALVE, NO),
    (answer(300), Action.STOP, NOTHING),
    (answer(302), Action.STOP, NOTHING),
    (answer(307), Action.STOP, NOTHING),
    (answer(409, category="CONFLICT", results=[]), Action.RETRY, NOTHING),
    (answer(302, results=[]), Action.RETRY, NOTHING),
    (Reply(200, {}, b"<html>"), Action.RETRY, NOTHING),
    (Reply(200, {}, b"[]"), Action.RETRY, NOTHING),
    (Reply(200, {}, b'{"status":"error","message":"m"}'), Action.RETRY, NOTHING),
    (Reply(200, {}, b"{}"), Action.RETRY, NOTHING),
    (answer(200, status="COMPLETE"), Action.ACCEPT, NOTHING),
    (answer(207, status="COMPLETE"), Action.ACCEPT, NOTHING),
]


@pytest.mark.parametrize(("reply", "action", "proof"), ROWS)
@pytest.mark.parametrize("endpoint", [UPDATE, UPSERT, READ, ARCHIVE])
def test_every_answer_has_its_row(
    reply: Reply | NoReply, action: Action, proof: Proof, endpoint: Endpoint
) -> None:
    decision, diagnosis = after(reply, endpoint), diagnose(endpoint, reply)
    assert (decision.action, diagnosis.proof) == (action, proof)
    assert (diagnosis.response is None) == (action is not Action.ACCEPT)
    assert (diagnosis.error is None) == (action is Action.ACCEPT)
    assert (decision.exception is None) == (action is not Action.STOP)
    if action not in {Action.RETRY, Action.HOLD}:
        assert decision.wait == 0.0, "nobody waits for what is not sent again, nor for a new token"


@pytest.mark.parametrize(("reply", "action", "proof"), ROWS)
def test_a_create_is_never_sent_again_in_doubt(
    reply: Reply | NoReply, action: Action, proof: Proof
) -> None:
    expected = Action.GIVE_UP if (action, proof) == (Action.RETRY, NOTHING) else action
    assert after(reply, CREATE).action is expected
    if proof is NOTHING:
        assert after(reply, CREATE, history={Symptom.UNAVAILABLE: 1}).action not in {
            Action.RETRY,
            Action.HOLD,
            Action.REFRESH,
        }


@pytest.mark.parametrize("status", [477, 401])
def test_a_create_that_something_in_between_puts_off_is_in_doubt_too(status: int) -> None:
    assert after(answer(status), CREATE).action not in {Action.HOLD, Action.REFRESH}


@pytest.mark.parametrize(
    ("reply", "exception", "advice"),
    [
        (answer(429, policyName="DAILY"), DailyLimitError, "midnight"),
        (answer(401, message="bad"), AuthenticationError, "current one.*bad"),
        (said(403), PermissionDeniedError, "scope"),
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
        (said(503), 6, Action.GIVE_UP, None),
        (answer(503), 6, Action.GIVE_UP, None),
        (said(423), 6, Action.GIVE_UP, None),
        (answer(408), 6, Action.GIVE_UP, None),
        (answer(400), 6, Action.TAKE_APART, None),
        (answer(403), 2, Action.TAKE_APART, None),
        (Reply(200, {}, b"<html>"), 6, Action.TAKE_APART, None),
        (NoReply(sent=True, reason="lost"), 6, Action.GIVE_UP, None),
        (NoReply(sent=False, reason="refused"), 6, Action.STOP, TransportError),
        (answer(522), 3, Action.STOP, TransportError),
        (answer(405), 3, Action.STOP, TransportError),
        (answer(431), 3, Action.STOP, TransportError),
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
        (answer(407, message="who?"), "a proxy, does not forward the requests; check it.* who"),
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
        (answer(405), Action.STOP),
        (answer(522), Action.STOP),
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
        (said(477), Symptom.MIGRATING),
    ],
)
def test_being_told_not_now_is_not_an_attempt_but_not_for_ever(
    reply: Reply, symptom: Symptom
) -> None:
    assert after(reply, history={symptom: 58}).action is Action.HOLD
    assert after(reply, history={symptom: 59}).action is Action.GIVE_UP
    assert after(answer(500), history={symptom: 59}).action is Action.RETRY


def test_no_content_answers_an_archive_only() -> None:
    assert after(Reply(204), ARCHIVE).action is Action.ACCEPT
    assert after(Reply(200), ARCHIVE).action is Action.RETRY
    assert after(Reply(202), ARCHIVE).action is Action.RETRY
    assert after(Reply(204), UPSERT).action is Action.RETRY
    assert after(Reply(204), CREATE).action is Action.GIVE_UP


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
        (answer(429, {"retry-after": "86400"}), 86_400.0),
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
        (said(477, {"retry-after": "3600"}), 3600.0),
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
        (said(477, {"retry-after": "0"}), 1.5),
        (said(477), 30.0),
        (answer(477), 30.0),
    ],
)
def test_how_long_everybody_is_held(reply: Reply, wait: float) -> None:
    decision = after(reply, policy=PATIENT)
    assert decision.action is Action.HOLD
    assert decision.wait == wait


NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("endpoint", [CREATE, UPDATE, ARCHIVE])
@pytest.mark.parametrize(
    ("reply", "seconds", "moment"),
    [
        (answer(429, {"retry-after": "301"}), "301", "2026-03-01 12:05:01 UTC"),
        (said(429, {"retry-after": "3600"}), "3600", "2026-03-01 13:00:00 UTC"),
        (said(477, {"retry-after": "7200"}), "7200", "2026-03-01 14:00:00 UTC"),
        (said(503, {"retry-after": "300.5"}), "300.5", "2026-03-01 12:05:01 UTC"),
        (said(423, {"retry-after": "86400"}), "86400", "2026-03-02 12:00:00 UTC"),
        (answer(429, {"retry-after": "1e99"}), "1e\\+99", None),
        (answer(429, {"retry-after": "inf"}), "inf", None),
        (
            answer(429, {"x-hubspot-ratelimit-interval-milliseconds": "86400000"}),
            "86400",
            "2026-03-02 12:00:00 UTC",
        ),
    ],
)
def test_a_wait_that_is_longer_than_the_policy_allows_ends_the_run_and_says_when_to_come_back(
    endpoint: Endpoint, reply: Reply, seconds: str, moment: str | None
) -> None:
    decision = after(reply, endpoint, today=NOON)
    assert decision.action is Action.STOP
    assert decision.wait == 0.0
    assert type(decision.exception) is TransportError
    text = str(decision.exception)
    assert re.search(
        rf"left alone for {seconds} seconds, longer than RetryPolicy.max_elapsed", text
    )
    assert "send `outcome.retryable` again after that" in text
    assert (f"that is at {moment}" in text) is (moment is not None)
    assert "UTC" not in str(after(reply, endpoint).exception), "without a wall clock, seconds do"


def test_a_wait_as_long_as_the_policy_allows_is_waited() -> None:
    assert after(answer(429, {"retry-after": "300"})).wait == 300.0
    brief = RetryPolicy(max_elapsed=2.0)
    assert after(answer(429, {"retry-after": "2"}), policy=brief).action is Action.HOLD
    assert after(answer(429, {"retry-after": "3"}), policy=brief).action is Action.STOP
    # The window is the quota's own, and not what the service asks for.
    assert after(answer(429), policy=brief) == Decision(Action.HOLD, 10.0)
    # Our own backoff is not what the service asks for either.
    assert after(answer(503), policy=brief).action is Action.RETRY


def test_what_stops_a_run_anyway_does_so_for_its_own_reason() -> None:
    daily = answer(429, {"retry-after": "40000"}, policyName="DAILY")
    assert type(after(daily).exception) is DailyLimitError
    assert after(said(400, {"retry-after": "40000"})).action is Action.ISOLATE


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


S, G, L, U, W = (
    Symptom.SERVER_ERROR,
    Symptom.GATEWAY_ERROR,
    Symptom.LOST,
    Symptom.UNAVAILABLE,
    Symptom.FRONT_FORBIDDEN,
)


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
        ({W: 1}, True, Action.TAKE_APART),
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


def test_who_wants_one_try_gets_nothing_taken_apart_for_a_firewall_either() -> None:
    policy = RetryPolicy(max_attempts=1)
    assert after(answer(403), policy=policy).action is Action.GIVE_UP
