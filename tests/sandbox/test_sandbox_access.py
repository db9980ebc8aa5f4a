"""Paths, tokens, scopes and limits."""

from __future__ import annotations

from uuid import UUID

import pytest
from sandbox_driver import Driver, ids, new

from hubbatch import RateLimit
from hubbatch.sandbox import SandboxRequest

PATH = "/crm/v3/objects/contacts/batch/create"
BODY = b'{"inputs":[{"properties":{"phone":"1"}}]}'
RATE = "X-HubSpot-RateLimit-"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/crm/v3/objects",
        "/crm/v3/objects/contacts/batch/delete",
        "/crm/v4/objects/contacts/batch/create",
        "/crm/objects/2025-10/contacts/batch/create",
        "/crm/objects/contacts/batch/create",
        "/crm/objects/v4/contacts/batch/create",
        "/crm/objects/2026-09-/contacts/batch/create",
        "/crm/v3/objects/contacts/batch/create/",
    ],
)
def test_an_unknown_path_is_404_of_another_category(path: str) -> None:
    reply = Driver().send(path, BODY)
    assert reply.status == 404
    assert reply.body["category"] != "OBJECT_NOT_FOUND"


@pytest.mark.parametrize(
    "kind", ["foos", "0-9999", "contactss", "p_", "2-", "2-x", "p_" + "x" * 101]
)
def test_an_unknown_object_type_is_404_of_another_category(kind: str) -> None:
    reply = Driver().batch("read", ids("1"), kind=kind)
    assert reply.status == 404
    assert reply.body["category"] != "OBJECT_NOT_FOUND"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_post_is_accepted(method: str) -> None:
    assert Driver().send(PATH, BODY, method=method).status == 405


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic x", "secret"])
def test_a_request_without_a_bearer_token_is_401(authorization: str | None) -> None:
    driver = Driver()
    reply = driver.send(PATH, BODY, authorization=authorization)
    assert (reply.status, reply.body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert not driver.service.writes


def test_any_token_will_do_unless_one_is_set() -> None:
    driver = Driver()
    assert driver.send(PATH, BODY, authorization="Bearer anything").status == 201
    driver.service.set_token("this")
    refused = driver.send(PATH, BODY)
    assert (refused.status, refused.body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert driver.send(PATH, BODY, authorization="Bearer this").status == 201
    assert Driver(token="this").send(PATH, BODY).status == 401


@pytest.mark.parametrize("token", [None, "secret"])
def test_an_expired_token_is_refused_until_there_is_a_new_one(token: str | None) -> None:
    driver = Driver(token=token)
    assert driver.send(PATH, BODY).status == 201
    driver.service.expire_token()
    refused = driver.send(PATH, BODY)
    assert (refused.status, refused.body["category"]) == (401, "EXPIRED_AUTHENTICATION")
    if token is not None:
        driver.service.set_token("new")
    assert driver.send(PATH, BODY, authorization="Bearer new").status == 201
    assert driver.send(PATH, BODY).body["category"] == "EXPIRED_AUTHENTICATION"


def test_a_token_that_lacks_a_scope_is_403_for_that_type_only() -> None:
    driver = Driver(forbidden=("deals",))
    refused = driver.batch("create", [new(amount="1")], kind="0-3")
    assert (refused.status, refused.body["category"]) == (403, "MISSING_SCOPES")
    assert driver.send(PATH, BODY).status == 201


def test_no_token_is_kept_or_shown() -> None:
    driver = Driver(token="secret")
    driver.send(PATH, BODY)
    request = SandboxRequest("POST", PATH, {}, {"Authorization": "Bearer secret"}, BODY, 0.0)
    driver.service.handle(request)
    for recorded in driver.service.requests:
        assert "authorization" not in {name.lower() for name in recorded.headers}
    shown = repr((driver.service.options, request, *driver.service.requests))
    assert "secret" not in shown


def test_what_came_in_is_recorded() -> None:
    driver = Driver()
    driver.send(PATH, BODY, query={"archived": "true"}, at=1.5)
    driver.send("/nowhere", b"")
    first, second = driver.service.requests
    assert (first.number, first.method, first.path, first.at) == (1, "POST", PATH, 1.5)
    assert (first.body, first.size, first.query) == (BODY, len(BODY), {"archived": "true"})
    assert (first.status, first.fault, second.status) == (201, None, 404)


def test_a_correlation_id_is_on_every_response_and_in_every_refusal() -> None:
    driver = Driver()
    created, lost = driver.send(PATH, BODY), driver.send("/nowhere", BODY)
    assert created.headers["X-HubSpot-Correlation-Id"]
    assert lost.headers["X-HubSpot-Correlation-Id"] == lost.body["correlationId"]
    assert created.headers["X-HubSpot-Correlation-Id"] != lost.body["correlationId"]
    assert str(UUID(lost.body["correlationId"])) == lost.body["correlationId"]


def test_a_body_above_the_limit_is_413() -> None:
    driver = Driver(max_body_bytes=len(BODY))
    assert driver.send(PATH, BODY).status == 201
    assert driver.send(PATH, BODY + b" ").status == 413


def test_object_responses_tell_the_limits() -> None:
    driver = Driver(rate_limit=RateLimit(3, 10.0), daily_limit=5, secondly_limit=2)
    driver.send(PATH, BODY, at=0.0)
    reply = driver.send(PATH, BODY, at=0.5)
    rates = {
        name.removeprefix(RATE): value for name, value in reply.headers.items() if RATE in name
    }
    assert rates == {
        "Max": "3",
        "Remaining": "1",
        "Interval-Milliseconds": "10000",
        "Daily": "5",
        "Daily-Remaining": "3",
        "Secondly": "2",
        "Secondly-Remaining": "0",
    }
    assert not any(RATE in name for name in driver.send("/nowhere", b"", at=20.0).headers)


def test_a_limit_that_is_not_set_has_no_headers() -> None:
    assert not any(RATE in name for name in Driver().send(PATH, BODY).headers)


def test_one_request_too_many_in_a_rolling_period_is_429() -> None:
    driver = Driver(rate_limit=RateLimit(2, 10.0))
    statuses = [
        driver.send(PATH, BODY, at=at).status for at in (0.0, 9.0, 9.5, 9.99, 10.0, 18.9, 19.0)
    ]
    assert statuses == [201, 201, 429, 429, 201, 429, 201]
    assert driver.service.max_in_window == 2
    assert len(driver.service.objects("contacts")) == 4


def test_the_three_shapes_of_429() -> None:
    rolling = Driver(rate_limit=RateLimit(1, 10.0))
    secondly = Driver(secondly_limit=1)
    daily = Driver(daily_limit=1, rate_limit=RateLimit(1, 10.0))
    bodies = []
    for driver in (rolling, secondly, daily):
        driver.send(PATH, BODY)
        reply = driver.send(PATH, BODY, at=0.5)
        assert reply.status == 429
        assert "Retry-After" not in reply.headers
        assert reply.body.pop("correlationId")
        bodies.append(reply.body)
    assert bodies == [
        {
            "status": "error",
            "message": "You have reached your ten_secondly_rolling limit.",
            "errorType": "RATE_LIMIT",
            "policyName": "TEN_SECONDLY_ROLLING",
        },
        {
            "status": "error",
            "message": "You have reached your secondly limit.",
            "category": "RATE_LIMITS",
        },
        {
            "status": "error",
            "message": "You have reached your daily limit.",
            "errorType": "RATE_LIMIT",
            "policyName": "DAILY",
        },
    ]


def test_a_429_may_say_when_to_come_back() -> None:
    driver = Driver(rate_limit=RateLimit(1, 10.0), retry_after=True)
    driver.send(PATH, BODY)
    reply = driver.send(PATH, BODY, at=2.5)
    assert reply.headers["Retry-After"] == "8"
    assert reply.headers[f"{RATE}Remaining"] == "0"


def test_a_day_begins_anew_at_midnight() -> None:
    driver = Driver(daily_limit=1, midnight=50.0, retry_after=True)
    assert driver.send(PATH, BODY).status == 201
    refused = driver.send(PATH, BODY, at=20.0)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "30")
    assert driver.send(PATH, BODY, at=50.0).status == 201


def test_latency_is_fixed_or_drawn_between_two_bounds() -> None:
    assert Driver(latency=0.25).send(PATH, BODY).answer.delay == 0.25
    driver = Driver(latency=(0.1, 0.2))
    delays = {driver.send(PATH, BODY).answer.delay for _ in range(5)}
    assert len(delays) == 5
    assert all(0.1 <= delay <= 0.2 for delay in delays)
