"""Faults: which request they befall, what they write, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sandbox_driver import Driver, Reply, ids, keyed, new

from hubbatch import RateLimit
from hubbatch.errors import UsageError
from hubbatch.sandbox import FLAKY, NASTY, Cut, Fault, FaultKind, RandomFaults

if TYPE_CHECKING:
    from hubbatch.sandbox import SandboxRequest

CREATES = [new(f"t{number}", n=str(number)) for number in range(3)]
RESHAPING = {
    FaultKind.OMITTED,
    FaultKind.OMITTED_AFTER_WRITE,
    FaultKind.STRANGER,
    FaultKind.REPEATED,
    FaultKind.CONTRADICTION,
    FaultKind.UNNAMED_ERRORS,
    FaultKind.PENDING,
    FaultKind.CANCELED,
}


def strike(fault: Fault | FaultKind, inputs: Any = None, **options: Any) -> tuple[Driver, Reply]:
    """Send one create that the fault befalls."""
    driver = Driver(faults=[fault], **options)
    return driver, driver.batch("create", inputs or CREATES)


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_writes_or_not_as_it_says(kind: FaultKind) -> None:
    driver, _ = strike(kind)
    written = {FaultKind.OMITTED: 2}.get(kind, 3 if kind.writes else 0)
    assert len(driver.service.objects("contacts")) == written
    assert Fault(kind).writes is kind.writes
    assert driver.service.requests[0].fault == kind


@pytest.mark.parametrize("kind", FaultKind)
def test_after_the_fault_the_next_request_is_served(kind: FaultKind) -> None:
    driver, reply = strike(kind)
    assert reply.answer.number == 1
    assert driver.batch("create", [new(n="9")]).status == 201


@pytest.mark.parametrize(
    ("kind", "status", "category"),
    [
        (FaultKind.LOCKED, 423, "LOCKED"),
        (FaultKind.MIGRATING, 477, "MIGRATION_IN_PROGRESS"),
        (FaultKind.SERVER_ERROR, 500, "INTERNAL_ERROR"),
        (FaultKind.SERVER_ERROR_AFTER_WRITE, 500, "INTERNAL_ERROR"),
        (FaultKind.BAD_GATEWAY, 502, None),
        (FaultKind.BAD_GATEWAY_AFTER_WRITE, 502, None),
        (FaultKind.UNAVAILABLE, 503, "SERVICE_UNAVAILABLE"),
        (FaultKind.GATEWAY_TIMEOUT, 504, "GATEWAY_TIMEOUT"),
        (FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE, 504, "GATEWAY_TIMEOUT"),
        (FaultKind.SERVER_DOWN, 521, None),
        (FaultKind.CONNECT_TIMEOUT, 522, None),
        (FaultKind.UNREACHABLE, 523, None),
        (FaultKind.ORIGIN_TIMEOUT, 524, None),
        (FaultKind.ORIGIN_TIMEOUT_AFTER_WRITE, 524, None),
        (FaultKind.TLS_FAILED, 525, None),
        (FaultKind.TLS_INVALID, 526, None),
        (FaultKind.INVALID_TOKEN, 401, "INVALID_AUTHENTICATION"),
        (FaultKind.EXPIRED_TOKEN, 401, "EXPIRED_AUTHENTICATION"),
        (FaultKind.MISSING_SCOPES, 403, "MISSING_SCOPES"),
        (FaultKind.TOO_LARGE, 413, "REQUEST_TOO_LARGE"),
        (FaultKind.URI_TOO_LONG, 414, None),
    ],
)
def test_a_refusing_fault_has_its_status_and_body(
    kind: FaultKind, status: int, category: str | None
) -> None:
    _, reply = strike(kind)
    assert reply.status == status
    assert (reply.body or {}).get("category") == category
    assert reply.headers["X-HubSpot-Correlation-Id"]
    if category is None:
        assert reply.answer.body.startswith(b"<!DOCTYPE html>")
    else:
        assert reply.body["correlationId"] == reply.headers["X-HubSpot-Correlation-Id"]


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (FaultKind.RATE_ROLLING, ("policyName", "TEN_SECONDLY_ROLLING")),
        (FaultKind.RATE_SECONDLY, ("category", "RATE_LIMITS")),
        (FaultKind.RATE_DAILY, ("policyName", "DAILY")),
    ],
)
def test_a_rate_fault_is_not_counted_as_accepted(kind: FaultKind, named: tuple[str, str]) -> None:
    driver, reply = strike(Fault(kind, retry_after=7), rate_limit=RateLimit(5, 10.0))
    assert reply.status == 429
    assert named in reply.body.items()
    assert reply.headers["Retry-After"] == "7"
    assert driver.service.max_in_window == 0
    assert "Retry-After" not in strike(kind)[1].headers


def test_a_migrating_account_always_says_when_to_come_back() -> None:
    assert strike(FaultKind.MIGRATING)[1].headers["Retry-After"] == "1"
    late = strike(Fault(FaultKind.MIGRATING, retry_after=86_400))
    assert late[1].headers["Retry-After"] == "86400"
    assert strike(Fault(FaultKind.LOCKED, retry_after=0.1))[1].headers["Retry-After"] == "0.1"


@pytest.mark.parametrize(("kind", "status"), [("found", 302), ("temporary_redirect", 307)])
def test_a_redirect_leads_somewhere(kind: str, status: int) -> None:
    _, reply = strike(Fault(kind))
    assert (reply.status, reply.answer.body) == (status, b"")
    assert reply.headers["Location"] == "/moved/crm/v3/objects/contacts/batch/create"
    away = strike(Fault(FaultKind.FOUND, location="http://other.invalid/"))
    assert away[1].headers["Location"] == "http://other.invalid/"


def test_some_answers_are_not_a_json_object() -> None:
    for kind in (FaultKind.HTML, FaultKind.HTML_AFTER_WRITE):
        _, reply = strike(kind)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert reply.answer.body.startswith(b"<!DOCTYPE html>")
    for kind in (FaultKind.NOT_AN_OBJECT, FaultKind.NOT_AN_OBJECT_AFTER_WRITE):
        _, reply = strike(kind)
        assert (reply.status, reply.body) == (200, ["COMPLETE"])


def test_a_reset_sends_nothing() -> None:
    for kind in (FaultKind.RESET, FaultKind.RESET_AFTER_WRITE):
        driver, reply = strike(kind)
        assert reply.answer.cut is Cut.BEFORE_HEADERS
        assert driver.service.requests[0].status is None


def test_a_truncated_answer_announces_more_than_it_sends() -> None:
    driver, reply = strike(FaultKind.TRUNCATED)
    assert reply.answer.cut is Cut.MID_BODY
    assert 0 < len(reply.answer.sent) < len(reply.answer.body)
    assert driver.service.requests[0].status == 201


def test_a_truncated_archive_loses_its_headers() -> None:
    driver = Driver(faults=[FaultKind.TRUNCATED])
    assert driver.batch("archive", ids("7")).answer.cut is Cut.BEFORE_HEADERS


def test_a_slow_answer_is_written_at_once_and_comes_late() -> None:
    driver, reply = strike(Fault(FaultKind.SLOW, delay=90.0), latency=0.5)
    assert reply.answer.delay == 90.5
    assert len(driver.service.objects("contacts")) == 3
    assert Driver(latency=0.5).batch("create", CREATES).answer.sent.startswith(b"{")


@pytest.mark.parametrize("kind", [FaultKind.TOO_LARGE, FaultKind.URI_TOO_LONG])
def test_a_small_enough_body_is_not_too_large(kind: FaultKind) -> None:
    assert strike(Fault(kind, body_limit=10_000))[1].status == 201
    driver, reply = strike(Fault(kind, body_limit=50))
    assert reply.status in {413, 414}
    assert not driver.service.objects("contacts")


@pytest.mark.parametrize("kind", [FaultKind.OMITTED, FaultKind.OMITTED_AFTER_WRITE])
def test_omitted_inputs_are_in_neither_results_nor_errors(kind: FaultKind) -> None:
    driver, reply = strike(Fault(kind, count=2))
    assert reply.status == 201
    assert (len(reply.results), reply.errors) == (1, [])
    assert len(driver.service.objects("contacts")) == (1 if kind is FaultKind.OMITTED else 3)


def test_an_archive_is_never_omitted_for_its_204_would_be_a_lie() -> None:
    driver = Driver(faults=[FaultKind.OMITTED, FaultKind.CANCELED])
    key, other = driver.add(), driver.add()
    assert driver.batch("archive", ids(key)).status == 204
    assert driver.service.objects("contacts")[key].archived
    canceled = driver.batch("archive", ids(other))
    assert (canceled.status, canceled.body["status"]) == (200, "CANCELED")
    assert not driver.service.objects("contacts")[other].archived


def test_a_stranger_is_a_result_for_nobody() -> None:
    driver, reply = strike(FaultKind.STRANGER)
    assert len(reply.results) == 4
    strangers = [
        item for item in reply.results if item["id"] not in driver.service.objects("contacts")
    ]
    assert len(strangers) == 1


def test_a_repeated_result_stands_there_twice() -> None:
    _, reply = strike(FaultKind.REPEATED)
    assert len(reply.results) == 4
    assert len({result["id"] for result in reply.results}) == 3


def test_a_contradiction_names_an_input_in_results_and_in_errors() -> None:
    _, reply = strike(FaultKind.CONTRADICTION)
    assert reply.status == 207
    traces = {result["objectWriteTraceId"] for result in reply.results}
    assert len(traces) == 3
    assert set(reply.errors[0]["context"]["objectWriteTraceId"]) < traces


def test_a_contradiction_without_trace_ids_goes_by_id() -> None:
    driver = Driver(faults=[FaultKind.CONTRADICTION, FaultKind.CONTRADICTION])
    key = driver.add()
    read = driver.batch("read", ids(key))
    updated = driver.batch("update", [keyed(key, a="1")])
    for reply in (read, updated):
        assert [result["id"] for result in reply.results] == [key]
        assert reply.errors[0]["context"] == {"ids": [key]}
    _, created = strike(FaultKind.CONTRADICTION, [new(a="1")])
    assert created.errors[0]["context"] == {"ids": [created.results[0]["id"]]}


def test_errors_can_lose_the_names_of_their_inputs() -> None:
    _, reply = strike(FaultKind.UNNAMED_ERRORS, [new("t1", a="1"), new("t2", email="x")])
    assert (len(reply.results), len(reply.errors)) == (1, 1)
    assert "context" not in reply.errors[0]


@pytest.mark.parametrize("kind", [FaultKind.PENDING, FaultKind.CANCELED])
def test_a_batch_may_not_be_complete(kind: FaultKind) -> None:
    _, reply = strike(kind)
    assert (reply.body["status"], reply.results) == (kind.name, [])


def test_a_refused_batch_stays_refused_under_faults_that_reshape_replies() -> None:
    for kind in RESHAPING:
        driver = Driver(faults=[Fault(kind, count=0)])
        reply = driver.batch("create", [new(a="1"), new(email="x")])
        assert reply.status == (201 if kind is FaultKind.CANCELED else 400)
        assert not driver.service.objects("contacts")


# Plans


def test_a_script_applies_to_accepted_requests_in_order() -> None:
    script = [FaultKind.LOCKED, None, Fault(FaultKind.UNAVAILABLE)]
    driver = Driver(faults=script, rate_limit=RateLimit(4, 10.0))
    assert driver.batch("create", CREATES, authorization=None).status == 401
    statuses = [driver.batch("create", CREATES).status for _ in range(5)]
    assert statuses == [423, 201, 503, 201, 429]


def test_a_function_can_decide() -> None:
    def decide(request: SandboxRequest) -> FaultKind | None:
        return FaultKind.LOCKED if request.path.endswith("read") else None

    driver = Driver(faults=decide)
    assert driver.batch("create", CREATES).status == 201
    assert driver.batch("read", ids("1")).status == 423


def test_random_faults_come_at_their_rates_and_by_seed() -> None:
    def play(seed: int | None, own: int | None = None) -> list[int]:
        faults = RandomFaults({FaultKind.LOCKED: 0.3, Fault(FaultKind.UNAVAILABLE): 0.1}, seed=own)
        driver = Driver(faults=faults, seed=seed)
        return [driver.batch("create", [new(a="1")]).status for _ in range(400)]

    statuses = play(1)
    assert 80 < statuses.count(423) < 160
    assert 20 < statuses.count(503) < 70
    assert statuses == play(1)
    assert statuses != play(2)
    assert play(1, own=5) == play(2, own=5)


@pytest.mark.parametrize("rates", [{FaultKind.LOCKED: 1.5}, {FaultKind.LOCKED: -0.1}])
def test_rates_are_probabilities(rates: dict[Fault | FaultKind, float]) -> None:
    with pytest.raises(UsageError, match="rates"):
        RandomFaults(rates)


@pytest.mark.parametrize(("name", "preset"), [("flaky", FLAKY), ("nasty", NASTY)])
def test_a_preset_goes_by_name(name: str, preset: RandomFaults) -> None:
    def play(faults: RandomFaults | str) -> list[str | None]:
        driver = Driver(faults=faults, seed=3)
        for _ in range(300):
            driver.batch("create", CREATES)
        return [request.fault for request in driver.service.requests]

    assert play(name) == play(preset)
    assert len({*play(name)}) > 3


def test_no_preset_ends_a_run() -> None:
    flaky, nasty = (
        {rate.kind if isinstance(rate, Fault) else rate for rate in preset.rates}
        for preset in (FLAKY, NASTY)
    )
    stopping = {
        *(FaultKind.INVALID_TOKEN, FaultKind.EXPIRED_TOKEN, FaultKind.MISSING_SCOPES),
        *(FaultKind.RATE_DAILY, FaultKind.FOUND, FaultKind.SEE_OTHER_AFTER_WRITE),
    }
    assert {kind for kind in FaultKind if kind.stops} >= stopping
    assert nasty == {kind for kind in FaultKind if not kind.stops}
    assert flaky < nasty


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Fault("nonsense")
