"""Bodies out, replies in: every shape of section 3 of the facts, the odd ones included."""

from __future__ import annotations

import datetime as dt
import pickle
import weakref
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch import BatchError, BatchResponse, BatchStatus, ErrorDetail, ObjectResult
from hubbatch._codec import Envelope, decode_error, decode_response
from hubbatch._converter import camel, converter
from hubbatch._exchange import Reply

NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123000, dt.UTC)
NOON_TEXT = "2026-03-01T12:00:00.123Z"

RESULT: dict[str, Any] = {
    "id": "7",
    "properties": {"email": "a@x.com", "gone": None},
    "createdAt": NOON_TEXT,
    "updatedAt": NOON_TEXT,
    "archived": False,
}


def decode(**fields: Any) -> BatchResponse:
    response = decode_response(orjson.dumps(fields))
    assert response is not None
    return response


def decode_result(**fields: Any) -> ObjectResult:
    [result] = decode(status="COMPLETE", results=[fields]).results
    return result


def test_a_whole_reply_is_typed() -> None:
    response = decode(
        status="COMPLETE",
        results=[RESULT],
        numErrors=1,
        errors=[{"category": "OBJECT_NOT_FOUND", "message": "m", "context": {"ids": ["8"]}}],
        requestedAt=NOON_TEXT,
        startedAt=NOON_TEXT,
        completedAt=NOON_TEXT,
        links={"self": "l"},
        warnings=["w"],
        surprise=1,
    )
    assert response == BatchResponse(
        status=BatchStatus.COMPLETE,
        results=[
            ObjectResult("7", {"email": "a@x.com", "gone": None}, created_at=NOON, updated_at=NOON)
        ],
        errors=[BatchError("OBJECT_NOT_FOUND", "m", context={"ids": ["8"]})],
        num_errors=1,
        requested_at=NOON,
        started_at=NOON,
        completed_at=NOON,
        links={"self": "l"},
        warnings=["w"],
        extra={"surprise": 1},
    )


@pytest.mark.parametrize(
    ("field", "value", "attribute", "read"),
    [
        ("archived", True, "archived", True),
        ("archivedAt", NOON_TEXT, "archived_at", NOON),
        ("new", True, "new", True),
        ("objectWriteTraceId", "t", "object_write_trace_id", "t"),
        ("propertiesWithHistory", {"a": []}, "properties_with_history", {"a": []}),
        ("url", "u", "url", "u"),
        ("surprise", [1], "extra", {"surprise": [1]}),
        ("id", 7, "id", "7"),
        ("properties", None, "properties", {}),
        ("properties", {"n": 5}, "properties", {"n": "5"}),
        ("createdAt", "2026-03-01T14:00:00.123+02:00", "created_at", NOON),
        ("createdAt", "2026-03-01T12:00:00.123", "created_at", NOON),
        ("createdAt", "nonsense", "created_at", None),
        ("createdAt", None, "created_at", None),
        ("archived", None, "archived", False),
        ("new", "yes", "new", None),
    ],
)
def test_a_results_fields(field: str, value: Any, attribute: str, read: Any) -> None:
    assert getattr(decode_result(**{**RESULT, field: value}), attribute) == read


@pytest.mark.parametrize("missing", sorted(RESULT))
def test_any_field_of_a_result_may_be_missing(missing: str) -> None:
    fields = {name: value for name, value in RESULT.items() if name != missing}
    assert isinstance(decode_result(**fields), ObjectResult)


def test_a_result_that_was_read_is_like_any_other() -> None:
    response = decode_response(orjson.dumps({"results": [{"id": "7", "new": True}]}))
    assert response is not None
    [read] = response.results
    assert type(read) is ObjectResult
    assert read == ObjectResult("7", new=True) == pickle.loads(pickle.dumps(read))  # noqa: S301
    assert repr(read) == repr(ObjectResult("7", new=True))
    assert attrs.evolve(read, id="8") == ObjectResult("8", new=True)
    assert weakref.ref(read)() is read
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        read.id = "8"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("context", "read"),
    [
        ({"id": ["1"]}, {"id": ["1"]}),
        ("{missingScopes=[scope1, scope2]}", "{missingScopes=[scope1, scope2]}"),
        ('{"missingScopes":["a"]}', '{"missingScopes":["a"]}'),
        (5, None),
    ],
)
def test_a_nested_context_is_an_object_or_text(context: Any, read: Any) -> None:
    item = {"category": "C", "message": "m", "errors": [{"message": "n", "context": context}]}
    [error] = decode(errors=[item]).errors
    assert error.errors == [ErrorDetail("n", context=read)]


@pytest.mark.parametrize("sub_category", ["crm.associations", {"name": "x"}, None])
def test_a_sub_category_is_text_in_practice_and_an_object_in_the_reference(
    sub_category: Any,
) -> None:
    [error] = decode(errors=[{"category": "C", "message": "m", "subCategory": sub_category}]).errors
    assert error.sub_category == sub_category


def test_error_items_omit_what_the_reference_requires() -> None:
    assert decode(errors=[{}]).errors == [BatchError("", "")]


def test_an_error_detail_keeps_all_its_fields() -> None:
    detail = {
        "message": "n",
        "code": "PROPERTY_DOESNT_EXIST",
        "in": "x",
        "subCategory": "s",
        "z": 1,
    }
    [error] = decode(errors=[{"category": "C", "message": "m", "errors": [detail]}]).errors
    assert error.errors == [ErrorDetail("n", "PROPERTY_DOESNT_EXIST", None, "x", "s", {"z": 1})]


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELED", "COMPLETE"])
def test_every_status_is_known(status: str) -> None:
    assert decode(status=status).status == status


@pytest.mark.parametrize("fields", [{"status": "NEW"}, {"status": None}, {"results": None}])
def test_what_is_missing_or_unknown_counts_as_an_empty_complete_reply(fields: Any) -> None:
    response = decode(**fields)
    assert response.status is BatchStatus.COMPLETE
    assert not response.results


def test_an_empty_body_is_the_answer_to_an_archive() -> None:
    assert decode_response(b"") == BatchResponse()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"null",
        b'"text"',
        b'{"status":"error"}',
        b'{"results":[',
        b"\xff",
        b"{}",
        b'{"message":"maintenance"}',
        b'{"status":"COMPLETE","errors":{}}',
    ],
)
def test_what_is_no_batch_answer_is_not_taken_for_one(body: bytes) -> None:
    assert decode_response(body) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "status",
                        "results",
                        "errors",
                        "id",
                        "properties",
                        "context",
                        "message",
                        "createdAt",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_whatever_breaks_the_decoder(value: Any) -> None:
    response = decode_response(orjson.dumps(value))
    assert response is None or isinstance(response, BatchResponse)
    assert isinstance(decode_error(Reply(400, {}, orjson.dumps(value))), BatchError)


@given(st.binary(max_size=50))
def test_no_bytes_whatever_break_the_decoder(body: bytes) -> None:
    assert decode_response(body) is None or isinstance(decode_response(body), BatchResponse)
    error = decode_error(Reply(502, {}, body))
    assert error.category
    assert error.message


@pytest.mark.parametrize(
    ("body", "category", "message"),
    [
        (b'{"category":"VALIDATION_ERROR","message":"m"}', "VALIDATION_ERROR", "m"),
        (b'{"errorType":"RATE_LIMIT","message":"m"}', "RATE_LIMIT", "m"),
        (b'{"message":"m"}', "HTTP_400", "m"),
        (b"{}", "HTTP_400", "HTTP 400"),
        (b"", "HTTP_400", "HTTP 400 without a body"),
        (b"<h1>Bad\n gateway</h1>", "HTTP_400", "<h1>Bad gateway</h1>"),
    ],
)
def test_an_error_always_has_a_category_and_a_message(
    body: bytes, category: str, message: str
) -> None:
    error = decode_error(Reply(400, {}, body))
    assert (error.category, error.message) == (category, message)


def test_a_long_page_is_quoted_in_short() -> None:
    assert len(decode_error(Reply(502, {}, b"x" * 10_000_000)).message) == 200


def test_the_correlation_id_is_taken_from_body_or_header() -> None:
    headers = {"x-hubspot-correlation-id": "from-header"}
    assert decode_error(Reply(400, headers, b"{}")).correlation_id == "from-header"
    body = b'{"correlationId":"from-body"}'
    assert decode_error(Reply(400, headers, body)).correlation_id == "from-body"


def test_the_envelope_goes_around_the_inputs() -> None:
    envelope = Envelope({"properties": ["a"], "idProperty": "email"})
    assert orjson.loads(envelope.wrap([])) == {
        "properties": ["a"],
        "idProperty": "email",
        "inputs": [],
    }
    assert len(envelope) == len(envelope.wrap([]))
    assert Envelope({}).wrap([]) == b'{"inputs":[]}'


@pytest.mark.parametrize(
    ("name", "wire_name"),
    [
        ("id", "id"),
        ("created_at", "createdAt"),
        ("in_", "in"),
        ("object_write_trace_id", "objectWriteTraceId"),
        ("num_errors", "numErrors"),
    ],
)
def test_names_are_spelled_as_hubspot_does(name: str, wire_name: str) -> None:
    assert camel(name) == wire_name


def test_models_survive_json() -> None:
    result = ObjectResult("7", {"a": None}, NOON, None, archived=True, new=False, extra={"z": 1})
    error = BatchError(
        "C",
        "m",
        "error",
        "i",
        "s",
        {"ids": ["1"]},
        [ErrorDetail("d", in_="q")],
        {"l": "k"},
        "c",
        (1, 2),
        {"y": 2},
    )
    for model in (result, error):
        data = orjson.loads(orjson.dumps(converter.unstructure(model)))
        assert converter.structure(data, type(model)) == model
