"""What proxies and networks do between the client and the service: statuses, redirects, odd and monstrous answers."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_driver import Driver, Reply, ids, new

from hubbatch.sandbox import Cut, Fault, FaultKind

CREATES = [new(f"t{number}", n=str(number)) for number in range(3)]


def strike(fault: Fault | FaultKind, **options: Any) -> tuple[Driver, Reply]:
    """Send one create that the fault befalls."""
    driver = Driver(faults=[fault], **options)
    return driver, driver.batch("create", CREATES)


def archive(fault: Fault | FaultKind) -> tuple[bool, Reply]:
    """Archive one record under the fault; tell whether it was done."""
    driver = Driver(faults=[fault])
    key = driver.add()
    reply = driver.batch("archive", ids(key))
    return driver.service.objects("contacts")[key].archived, reply


def twins(kind: FaultKind) -> list[FaultKind]:
    """Return a kind and the one that looks the same after the write."""
    return [kind, FaultKind(f"{kind}_after_write")]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.REQUEST_TIMEOUT, 408),
        (FaultKind.PROXY_LOCKED, 423),
        (FaultKind.TOO_EARLY, 425),
        (FaultKind.CLIENT_CLOSED, 499),
        (FaultKind.PROXY_ERROR, 500),
        (FaultKind.NOT_IMPLEMENTED, 501),
        (FaultKind.BAD_GATEWAY, 502),
        (FaultKind.PROXY_UNAVAILABLE, 503),
        (FaultKind.VERSION_NOT_SUPPORTED, 505),
        (FaultKind.SERVER_DOWN, 521),
        (FaultKind.CONNECT_TIMEOUT, 522),
        (FaultKind.UNREACHABLE, 523),
        (FaultKind.ORIGIN_TIMEOUT, 524),
        (FaultKind.TLS_FAILED, 525),
        (FaultKind.TLS_INVALID, 526),
        (FaultKind.ORIGIN_DNS, 530),
    ],
)
def test_the_error_of_a_proxy_looks_the_same_before_and_after_the_write(
    kind: FaultKind, status: int
) -> None:
    bodies = set()
    for twin, written in zip(twins(kind), (0, 3), strict=True):
        driver, reply = strike(twin)
        assert twin.by_proxy
        assert (reply.status, reply.body) == (status, None)
        assert len(driver.service.objects("contacts")) == written
        bodies.add(reply.answer.body)
    assert len(bodies) == 1


def test_a_proxy_that_lost_the_service_says_so_in_plain_text() -> None:
    _, reply = strike(FaultKind.PROXY_UNAVAILABLE_AFTER_WRITE)
    assert reply.headers["Content-Type"] == "text/plain"
    assert reply.answer.body.endswith(b"reset reason: connection termination")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.FIREWALL, 403),
        (FaultKind.NOT_ALLOWED, 405),
        (FaultKind.PROXY_AUTHENTICATION, 407),
        (FaultKind.LENGTH_REQUIRED, 411),
        (FaultKind.HEADERS_TOO_LARGE, 431),
    ],
)
def test_what_a_proxy_does_not_forward_is_never_written(kind: FaultKind, status: int) -> None:
    driver, reply = strike(kind)
    assert (reply.status, reply.body) == (status, None)
    assert not kind.writes
    assert not driver.service.objects("contacts")


def test_a_firewall_may_mind_the_text_of_one_record() -> None:
    rule = Fault(FaultKind.FIREWALL, body_text="<script>")
    driver = Driver(faults=lambda _: rule)
    assert driver.batch("create", [new(a="1"), new(a="2")]).status == 201
    assert driver.batch("create", [new(a="1"), new(a="<script>")]).status == 403
    assert len(driver.service.objects("contacts")) == 2


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.MOVED_PERMANENTLY, 301),
        (FaultKind.FOUND, 302),
        (FaultKind.SEE_OTHER, 303),
        (FaultKind.TEMPORARY_REDIRECT, 307),
        (FaultKind.PERMANENT_REDIRECT, 308),
    ],
)
def test_a_redirect_can_come_after_the_write(kind: FaultKind, status: int) -> None:
    for twin, written in zip(twins(kind), (0, 3), strict=True):
        driver, reply = strike(twin)
        assert (reply.status, reply.answer.body) == (status, b"")
        assert reply.headers["Location"] == "/moved/crm/v3/objects/contacts/batch/create"
        assert len(driver.service.objects("contacts")) == written


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.BAD_REQUEST_WITH_RESULTS, 400),
        (FaultKind.NOT_FOUND_WITH_RESULTS, 404),
        (FaultKind.CONFLICT_WITH_RESULTS, 409),
        (FaultKind.UNPROCESSABLE_WITH_RESULTS, 422),
    ],
)
def test_an_error_status_may_stand_above_the_results_of_what_was_written(
    kind: FaultKind, status: int
) -> None:
    driver, reply = strike(kind)
    assert reply.status == status
    assert {result["id"] for result in reply.results} == {*driver.service.objects("contacts")}
    done, archived = archive(kind)
    assert done
    assert (archived.status, archived.results) == (status, [])
    refused = Driver(faults=[kind]).batch("create", [new(email="x")])
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (FaultKind.EMPTY, 200, b""),
        (FaultKind.FAILED_STATUS, 200, b'{"status":"FAILED"}'),
        (FaultKind.ACCEPTED, 202, b""),
        (FaultKind.ACCEPTED_PENDING, 202, b'{"status":"PENDING","results":[]}'),
        (FaultKind.UNKNOWN_ERRORS, 207, None),
    ],
)
def test_an_archive_may_be_answered_with_less_than_a_204(
    kind: FaultKind, status: int, body: bytes | None
) -> None:
    for twin, written in zip(twins(kind), (False, True), strict=True):
        done, reply = archive(twin)
        assert (done, reply.status) == (written, status)
        assert body is None or reply.answer.body == body
        assert ("Content-Type" in reply.headers) is bool(reply.answer.body)


def test_the_body_of_an_archives_answer_may_be_lost() -> None:
    for twin, written in zip(twins(FaultKind.BODY_LOST), (False, True), strict=True):
        done, reply = archive(twin)
        assert (done, reply.status, reply.answer.cut) == (written, 200, Cut.MID_BODY)
        assert 0 < len(reply.answer.sent) < len(reply.answer.body)


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.CANCELED_AFTER_WRITE, "CANCELED"), (FaultKind.PENDING_WITH_RESULTS, "PENDING")],
)
def test_results_may_stand_under_another_status_than_complete(kind: FaultKind, status: str) -> None:
    driver, reply = strike(kind)
    assert (reply.status, reply.body["status"]) == (201, status)
    assert {result["id"] for result in reply.results} == {*driver.service.objects("contacts")}
    done, archived = archive(kind)
    assert (done, archived.status, archived.body["status"]) == (True, 200, status)


@pytest.mark.parametrize(
    ("kind", "name", "status"),
    [(FaultKind.MANY_RESULTS, "results", 200), (FaultKind.MANY_ERRORS, "errors", 207)],
)
def test_an_answer_may_hold_more_than_any_input_explains(
    kind: FaultKind, name: str, status: int
) -> None:
    for twin, written in zip(twins(kind), (0, 3), strict=True):
        driver, reply = strike(Fault(twin, size=300_000))
        assert reply.status == status
        assert reply.body[name] == [{}] * 100_000
        assert 300_000 < len(reply.answer.body) < 300_200
        assert len(driver.service.objects("contacts")) == written


def test_an_answer_may_be_nested_deeply() -> None:
    fault = Fault(FaultKind.DEEP_JSON_AFTER_WRITE, depth=5)
    assert strike(fault)[1].body["results"] == [[[[[]]]]]
    body = strike(FaultKind.DEEP_JSON)[1].answer.body
    assert body.count(b"[") == body.count(b"]") == 1_000


def test_a_message_may_be_long() -> None:
    driver, reply = strike(Fault(FaultKind.LONG_MESSAGE, size=192 * 1024))
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    assert len(reply.body["message"]) == 192 * 1024
    assert not driver.service.objects("contacts")


@pytest.mark.parametrize(
    ("retry_after", "text"),
    [
        (3600, "3600"),
        (1e9, "1000000000"),
        (float("inf"), "inf"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("soon", "soon"),
    ],
)
@pytest.mark.parametrize(
    "kind", [FaultKind.RATE_ROLLING, FaultKind.PROXY_UNAVAILABLE, FaultKind.MIGRATING]
)
def test_any_time_or_nonsense_may_be_asked_for(
    kind: FaultKind, retry_after: float | str, text: str
) -> None:
    _, reply = strike(Fault(kind, retry_after=retry_after))
    assert reply.headers["Retry-After"] == text


def test_without_a_connection_a_surplus_answer_or_a_silent_close_changes_nothing() -> None:
    plain = Driver().batch("create", CREATES).body
    for kind in (FaultKind.SURPLUS_ANSWER, FaultKind.CLOSED_AFTER_ANSWER):
        _, reply = strike(kind)
        assert (reply.status, reply.body) == (201, plain)
    assert strike(FaultKind.SURPLUS_ANSWER)[1].answer.surplus.startswith(b"HTTP/1.1 204")
    assert strike(FaultKind.CLOSED_AFTER_ANSWER)[1].answer.closes


@pytest.mark.parametrize("kind", FaultKind)
def test_a_kind_after_the_write_has_the_properties_of_the_one_before(kind: FaultKind) -> None:
    before = kind.before_write
    assert (kind.by_proxy, kind.stops) == (before.by_proxy, before.stops)
    assert kind.writes or before is kind
