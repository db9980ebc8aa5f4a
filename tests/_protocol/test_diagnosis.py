"""What a reply says: its symptom, what it proves, the error it holds, how long to wait. It never raises."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch._protocol.diagnosis import Diagnosis, diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.symptoms import Proof, Symptom
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint
from hubbatch.models import NO_ANSWER

NOT_WRITTEN, NOTHING = Proof.NOT_WRITTEN, Proof.NOTHING


def answer(code: int, headers: dict[str, str] | None = None, /, **body: Any) -> Reply:
    return Reply(code, headers or {}, orjson.dumps(body) if body else b"")


BY_STATUS: list[tuple[int, Symptom, Proof, Symptom, Proof]] = [
    # status, what it is and proves in HubSpot's own words, and without them
    (300, Symptom.REDIRECTED, NOTHING, Symptom.REDIRECTED, NOTHING),
    (302, Symptom.REDIRECTED, NOTHING, Symptom.REDIRECTED, NOTHING),
    (307, Symptom.REDIRECTED, NOTHING, Symptom.REDIRECTED, NOTHING),
    (308, Symptom.REDIRECTED, NOTHING, Symptom.REDIRECTED, NOTHING),
    (400, Symptom.REJECTED, NOT_WRITTEN, Symptom.FRONT_REFUSED, NOTHING),
    (401, Symptom.UNAUTHENTICATED, NOT_WRITTEN, Symptom.UNAUTHENTICATED, NOTHING),
    (403, Symptom.FORBIDDEN, NOT_WRITTEN, Symptom.FRONT_FORBIDDEN, NOTHING),
    (404, Symptom.WRONG_PATH, NOT_WRITTEN, Symptom.WRONG_PATH, NOTHING),
    (405, Symptom.NOT_FORWARDED, NOT_WRITTEN, Symptom.NOT_FORWARDED, NOT_WRITTEN),
    (407, Symptom.NOT_FORWARDED, NOT_WRITTEN, Symptom.NOT_FORWARDED, NOT_WRITTEN),
    (408, Symptom.FRONT_TIMEOUT, NOTHING, Symptom.FRONT_TIMEOUT, NOTHING),
    (409, Symptom.REJECTED, NOT_WRITTEN, Symptom.FRONT_REFUSED, NOTHING),
    (411, Symptom.NOT_FORWARDED, NOT_WRITTEN, Symptom.NOT_FORWARDED, NOT_WRITTEN),
    (413, Symptom.TOO_LARGE, NOT_WRITTEN, Symptom.TOO_LARGE, NOT_WRITTEN),
    (414, Symptom.TOO_LARGE, NOT_WRITTEN, Symptom.TOO_LARGE, NOT_WRITTEN),
    (422, Symptom.REJECTED, NOT_WRITTEN, Symptom.FRONT_REFUSED, NOTHING),
    (423, Symptom.LOCKED, NOT_WRITTEN, Symptom.LOCKED, NOTHING),
    (425, Symptom.FRONT_TIMEOUT, NOTHING, Symptom.FRONT_TIMEOUT, NOTHING),
    (429, Symptom.RATE_LIMITED, NOT_WRITTEN, Symptom.RATE_LIMITED, NOT_WRITTEN),
    (431, Symptom.NOT_FORWARDED, NOT_WRITTEN, Symptom.NOT_FORWARDED, NOT_WRITTEN),
    (477, Symptom.MIGRATING, NOT_WRITTEN, Symptom.MIGRATING, NOTHING),
    (499, Symptom.FRONT_TIMEOUT, NOTHING, Symptom.FRONT_TIMEOUT, NOTHING),
    (500, Symptom.SERVER_ERROR, NOTHING, Symptom.SERVER_ERROR, NOTHING),
    (501, Symptom.SERVER_ERROR, NOTHING, Symptom.SERVER_ERROR, NOTHING),
    (502, Symptom.GATEWAY_ERROR, NOTHING, Symptom.GATEWAY_ERROR, NOTHING),
    (503, Symptom.UNAVAILABLE, NOT_WRITTEN, Symptom.UNAVAILABLE, NOTHING),
    (504, Symptom.GATEWAY_ERROR, NOTHING, Symptom.GATEWAY_ERROR, NOTHING),
    (505, Symptom.SERVER_ERROR, NOTHING, Symptom.SERVER_ERROR, NOTHING),
    (521, Symptom.UNAVAILABLE, NOT_WRITTEN, Symptom.UNAVAILABLE, NOTHING),
    (522, Symptom.ORIGIN_TROUBLE, NOT_WRITTEN, Symptom.ORIGIN_TROUBLE, NOTHING),
    (523, Symptom.UNAVAILABLE, NOT_WRITTEN, Symptom.UNAVAILABLE, NOTHING),
    (524, Symptom.GATEWAY_ERROR, NOTHING, Symptom.GATEWAY_ERROR, NOTHING),
    (525, Symptom.ORIGIN_TROUBLE, NOT_WRITTEN, Symptom.ORIGIN_TROUBLE, NOTHING),
    (526, Symptom.ORIGIN_TROUBLE, NOT_WRITTEN, Symptom.ORIGIN_TROUBLE, NOTHING),
    (530, Symptom.ORIGIN_TROUBLE, NOT_WRITTEN, Symptom.ORIGIN_TROUBLE, NOTHING),
    (599, Symptom.SERVER_ERROR, NOTHING, Symptom.SERVER_ERROR, NOTHING),
    (999, Symptom.SERVER_ERROR, NOTHING, Symptom.SERVER_ERROR, NOTHING),
    (101, Symptom.SERVER_ERROR, NOTHING, Symptom.SERVER_ERROR, NOTHING),
]

OWN_WORDS = [
    {"status": "error", "message": "m", "category": "SOME"},
    {"status": "error", "message": "m", "correlationId": "4d3b9c1e-0000-0000-0000-000000000000"},
]
NOT_ITS_WORDS = [
    b"",
    b"<html>upstream connect error or disconnect/reset before headers</html>",
    b'{"message":"m"}',
    b'{"category":"","correlationId":null}',
    b'{"category":5}',
    b'["category"]',
    b'"category"',
    b'{"category":"SOME"',
]


@pytest.mark.parametrize("body", OWN_WORDS)
@pytest.mark.parametrize(("status", "symptom", "proof", "_symptom", "_proof"), BY_STATUS)
def test_what_hubspot_says_in_its_own_words_is_believed(
    body: dict[str, str],
    status: int,
    symptom: Symptom,
    proof: Proof,
    _symptom: Symptom,
    _proof: Proof,
) -> None:
    told = diagnose(CREATE, Reply(status, {}, orjson.dumps(body)))
    assert (told.symptom, told.proof) == (symptom, proof)


@pytest.mark.parametrize("body", NOT_ITS_WORDS)
@pytest.mark.parametrize(("status", "_symptom", "_proof", "symptom", "proof"), BY_STATUS)
def test_what_something_in_between_says_proves_nothing_but_that_it_did_not_forward(
    body: bytes,
    status: int,
    _symptom: Symptom,
    _proof: Proof,
    symptom: Symptom,
    proof: Proof,
) -> None:
    told = diagnose(CREATE, Reply(status, {}, body))
    assert (told.symptom, told.proof) == (symptom, proof)


@pytest.mark.parametrize("words", [{}, *OWN_WORDS])
@pytest.mark.parametrize("status", [row[0] for row in BY_STATUS])
def test_an_answer_with_results_under_a_status_that_is_no_success_is_unreadable(
    status: int, words: dict[str, str]
) -> None:
    body = {**words, "results": [{"id": "7", "properties": {}}]}
    told = diagnose(CREATE, Reply(status, {}, orjson.dumps(body)))
    assert (told.symptom, told.proof) == (Symptom.UNREADABLE, NOTHING)
    assert told.response is None
    assert told.error is not None
    assert told.error.transient


@pytest.mark.parametrize(
    ("reply", "symptom"),
    [
        (answer(429, policyName="DAILY"), Symptom.DAILY_LIMIT),
        (answer(429, policyName="TEN_SECONDLY_ROLLING"), Symptom.RATE_LIMITED),
        (answer(401, category="EXPIRED_AUTHENTICATION"), Symptom.TOKEN_EXPIRED),
        (answer(401, category="INVALID_AUTHENTICATION"), Symptom.UNAUTHENTICATED),
        (answer(404, category="OBJECT_NOT_FOUND"), Symptom.NOTHING_FOUND),
        (answer(404, category="INVALID_OBJECT_TYPE"), Symptom.WRONG_PATH),
    ],
)
def test_one_status_may_mean_several_things(reply: Reply, symptom: Symptom) -> None:
    told = diagnose(UPDATE, reply)
    assert (told.symptom, told.proof) == (symptom, NOT_WRITTEN)


ALL = (CREATE, UPDATE, UPSERT, READ, ARCHIVE)
ANSWERS: list[tuple[Reply, tuple[Endpoint, ...]]] = [
    # a reply under 2xx, and the verbs that it answers
    (Reply(204), (ARCHIVE,)),
    (Reply(200), ()),
    (Reply(202), ()),
    (Reply(200, {}, b"<html>"), ()),
    (Reply(200, {}, b"[]"), ()),
    (Reply(200, {}, b"{}"), ()),
    (answer(200, status="error", message="m"), ()),
    (answer(200, message="maintenance"), ()),
    (answer(200, status="COMPLETE", errors={}), ()),
    (answer(200, status="COMPLETE", results={}), ()),
    (answer(200, status="COMPLETE"), ALL),
    (answer(207, status="COMPLETE"), ALL),
    (answer(299, status="COMPLETE"), ALL),
    (answer(202, status="FAILED"), ALL),
    (answer(201, results=[]), ALL[:-1]),
    (answer(200, numErrors=0), ALL[:-1]),
]


@pytest.mark.parametrize("endpoint", ALL, ids=[each.name for each in ALL])
@pytest.mark.parametrize(("reply", "verbs"), ANSWERS)
def test_what_is_an_answer_to_which_verb(
    endpoint: Endpoint, reply: Reply, verbs: tuple[Endpoint, ...]
) -> None:
    told = diagnose(endpoint, reply)
    answered = endpoint in verbs
    assert told.symptom is (Symptom.ANSWERED if answered else Symptom.UNREADABLE)
    assert told.proof is NOTHING
    assert (told.response is not None) is answered
    assert (told.error is None) is answered


def test_an_answer_from_which_the_token_was_taken_out_is_not_what_was_sent() -> None:
    body = b'{"status":"COMPLETE","results":[{"id":"7","properties":{"a":"***"}}]}'
    assert diagnose(READ, Reply(200, {}, body)).symptom is Symptom.ANSWERED
    told = diagnose(READ, Reply(200, {}, body, redacted=True))
    assert (told.symptom, told.response) == (Symptom.UNREADABLE, None)
    refused = diagnose(READ, Reply(400, {}, b'{"category":"C","message":"***"}', redacted=True))
    assert refused.symptom is Symptom.REJECTED


@pytest.mark.parametrize(
    ("results", "errors", "answered"),
    [(300, 0, True), (301, 0, False), (0, 1100, True), (0, 1101, False)],
)
def test_more_results_or_errors_than_the_inputs_explain_are_no_answer(
    results: int, errors: int, answered: bool
) -> None:
    reply = answer(200, status="COMPLETE", results=[{}] * results, errors=[{}] * errors)
    told = diagnose(CREATE, reply, 100)
    assert told.symptom is (Symptom.ANSWERED if answered else Symptom.UNREADABLE)


@pytest.mark.parametrize(
    ("reply", "category", "message"),
    [
        (NoReply(sent=True, reason="lost"), NO_ANSWER, "lost"),
        (NoReply(sent=False, reason="refused"), NO_ANSWER, "refused"),
        (answer(500, category="INTERNAL", message="ours"), "INTERNAL", "ours"),
        (answer(409, category="CONFLICT", message="exists"), "CONFLICT", "exists"),
        (answer(400, category="VALIDATION_ERROR", message="m"), "VALIDATION_ERROR", "m"),
        (answer(429, errorType="RATE_LIMIT", message="m"), "RATE_LIMIT", "m"),
        (answer(400, message="m"), "HTTP_400", "m"),
        (Reply(400, {}, b"{}"), "HTTP_400", "HTTP 400"),
        (Reply(400), "HTTP_400", "HTTP 400 without a body"),
        (Reply(502, {}, b"<h1>Bad\n gateway</h1>"), "HTTP_502", "<h1>Bad gateway</h1>"),
        (Reply(200), "HTTP_200", "HTTP 200 without a body"),
        (Reply(200, {}, b"[1]"), "HTTP_200", "[1]"),
    ],
)
def test_an_error_says_what_came_back(reply: Reply | NoReply, category: str, message: str) -> None:
    error = diagnose(UPDATE, reply).error
    assert error is not None
    assert (error.category, error.message) == (category, message)


def test_the_correlation_id_is_taken_from_body_or_header() -> None:
    headers = {"x-hubspot-correlation-id": "from-header"}
    told = [
        diagnose(UPDATE, Reply(400, headers, body))
        for body in (b"{}", b'{"correlationId":"from-body"}')
    ]
    assert [each.error and each.error.correlation_id for each in told] == [
        "from-header",
        "from-body",
    ]
    assert told[0].symptom is Symptom.FRONT_REFUSED, "a header alone does not make it HubSpot's"


@pytest.mark.parametrize(
    ("reply", "transient"),
    [
        (answer(400, category="C"), False),
        (answer(404, category="OBJECT_NOT_FOUND"), False),
        (answer(413), False),
        (Reply(400, {}, b"<html>"), True),
        (Reply(403, {}, b"<html>"), True),
        (answer(408), True),
        (answer(405), True),
        (answer(401, category="C"), True),
        (answer(503, category="C"), True),
        (NoReply(sent=False, reason="no"), True),
    ],
)
def test_only_what_is_about_the_records_is_theirs_for_good(
    reply: Reply | NoReply, transient: bool
) -> None:
    error = diagnose(UPDATE, reply).error
    assert error is not None
    assert error.transient is transient


def waits(status: int, headers: dict[str, str], **body: Any) -> tuple[float | None, bool]:
    told = diagnose(UPDATE, answer(status, headers, **body))
    return told.asked_wait, told.asked


NOON = "Sun, 01 Mar 2026 12:00:00 GMT"
LATER = "Sun, 01 Mar 2026 12:00:30 GMT"
INTERVAL = "x-hubspot-ratelimit-interval-milliseconds"


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "4"}, (4.0, True)),
        (429, {"retry-after": " 0.5 "}, (0.5, True)),
        (429, {"retry-after": "-1"}, (0.0, True)),
        (429, {"retry-after": "soon"}, (10.0, False)),
        (429, {"retry-after": "nan"}, (10.0, False)),
        (429, {"retry-after": "1e9"}, (1e9, True)),
        (429, {"retry-after": "inf"}, (math.inf, True)),
        (429, {"retry-after": "-inf"}, (0.0, True)),
        (429, {"retry-after": LATER, "date": NOON}, (30.0, True)),
        (429, {"retry-after": LATER.replace("GMT", "-0000"), "date": NOON}, (30.0, True)),
        (429, {"retry-after": NOON, "date": LATER}, (0.0, True)),
        (429, {"retry-after": LATER}, (10.0, False)),
        (429, {"retry-after": LATER, "date": "now"}, (10.0, False)),
        (
            429,
            {
                "retry-after": "Sun, 01 Mar 100000000000000000000 12:00:30 GMT",
                "date": "Sun, 01 Mar 100000000000000000000 12:00:00 GMT",
            },
            (10.0, False),
        ),
        (429, {INTERVAL: "1000"}, (1.0, False)),
        (429, {INTERVAL: "60000"}, (60.0, False)),
        (429, {INTERVAL: "soon"}, (10.0, False)),
        (429, {INTERVAL: "86400000"}, (86_400.0, True)),
        (429, {INTERVAL: "86400001"}, (10.0, False)),
        (477, {}, (30.0, False)),
        (477, {"retry-after": "3600"}, (3600.0, True)),
        (503, {"retry-after": "20"}, (20.0, True)),
        (503, {}, (None, False)),
        (500, {}, (None, False)),
    ],
)
def test_how_long_the_service_wants_to_be_left_alone(
    status: int, headers: dict[str, str], wait: tuple[float, bool]
) -> None:
    assert waits(status, headers) == wait


def test_the_old_limit_is_of_one_second() -> None:
    message = "You have reached your secondly limit."
    assert waits(429, {}, message=message, category="RATE_LIMITS") == (1.0, False)
    rolling = "You have reached your ten_secondly_rolling limit."
    assert waits(429, {}, message=rolling) == (10.0, False)


_HEADER_NAMES = st.sampled_from(
    ["retry-after", "date", INTERVAL, "x-hubspot-correlation-id", "content-type"]
)


@given(
    status=st.integers(0, 1000) | st.sampled_from([200, 204, 207, 400, 401, 404, 409, 429, 503]),
    headers=st.dictionaries(_HEADER_NAMES, st.text(max_size=40), max_size=5),
    body=st.binary(max_size=60),
    endpoint=st.sampled_from(ALL),
    inputs=st.none() | st.integers(1, 100),
)
@example(429, {"retry-after": "9" * 400, "date": "9" * 400}, b"", UPDATE, 1)
@example(200, {}, b"[" * 1000 + b"]" * 1000, UPDATE, 1)
@example(200, {}, b'{"errors":[' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"]}", UPDATE, 1)
@example(400, {}, b'{"category":' + b"[" * 1000 + b"]" * 1000 + b"}", UPDATE, 1)
@example(400, {}, b'{"category":"C","context":' + b"[" * 1000 + b"]" * 1000 + b"}", UPDATE, 1)
@example(200, {}, b'{"status":"COMPLETE","completedAt":"0001-01-01T00:00:00+14:00"}', READ, 1)
@example(200, {}, b'{"status":["COMPLETE"],"numErrors":1e400}', READ, 1)
def test_no_reply_whatever_raises(
    status: int, headers: dict[str, str], body: bytes, endpoint: Endpoint, inputs: int | None
) -> None:
    told = diagnose(endpoint, Reply(status, headers, body), inputs)
    assert isinstance(told, Diagnosis)
    assert (told.response is None) is (told.error is not None)
    assert told.asked_wait is None or told.asked_wait >= 0
