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
from hubbatch._protocol.codec import (
    UNREAD,
    has_own_words,
    parse,
    quote,
    read_error,
    read_response,
)
from hubbatch._protocol.converter import camel, converter
from hubbatch._records.request_body import RequestBody

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
    return read_value(**parse(orjson.dumps(fields)))


def read_value(**fields: Any) -> BatchResponse:
    response = read_response(fields)
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
        ("createdAt", "0001-01-01", "created_at", dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
        ("createdAt", 5, "created_at", None),
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
    read = decode_result(id="7", new=True)
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


@pytest.mark.parametrize("fields", [{"results": []}, {"results": None}, {"numErrors": 0}])
def test_a_reply_without_a_status_is_complete(fields: Any) -> None:
    response = decode(**fields)
    assert response.status is BatchStatus.COMPLETE
    assert not response.results


@pytest.mark.parametrize("status", ["NEW", "complete", "", "FAILED", None, 5, ["COMPLETE"], {}])
def test_a_status_that_is_not_known_does_not_say_that_all_is_done(status: Any) -> None:
    assert decode(status=status, results=[]).status is BatchStatus.PROCESSING


@pytest.mark.parametrize(
    ("item", "message"),
    [("text", "text"), (5, "5"), (None, ""), ([1], "[1]"), (True, "True"), ("x" * 30_000, None)],
)
def test_an_error_item_of_an_unknown_form_is_an_error_nevertheless(
    item: Any, message: str | None
) -> None:
    [error] = decode(status="COMPLETE", errors=[item]).errors
    assert error.category == ""
    assert message is None or error.message == message
    assert len(error.message) <= 20_001
    assert error.context == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"text"',
        b'{"status":"error"}',
        b'{"status":"error","results":[]}',
        b'{"results":[',
        b"\xff",
        b"{}",
        b'{"message":"maintenance"}',
        b'{"status":"COMPLETE","errors":{}}',
        b'{"status":"COMPLETE","results":{}}',
        b'{"status":"COMPLETE","results":"none"}',
    ],
)
def test_what_is_no_batch_answer_is_not_taken_for_one(body: bytes) -> None:
    assert read_response(parse(body)) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b'{"a":', b"nan", b'{"a":1}{}'])
def test_what_is_no_json_is_unread(body: bytes) -> None:
    assert parse(body) is UNREAD


def test_json_whatever_it_is_is_read() -> None:
    assert [parse(body) for body in (b"null", b"5", b'"a"', b"[]", b"{}")] == [None, 5, "a", [], {}]


@pytest.mark.parametrize(
    ("value", "own"),
    [
        ({"category": "C"}, True),
        ({"correlationId": "i"}, True),
        ({"category": "", "correlationId": "i"}, True),
        ({"category": ""}, False),
        ({"category": None, "correlationId": None}, False),
        ({"category": 5, "correlationId": ["i"]}, False),
        ({"message": "m", "status": "error"}, False),
        ({"errorType": "RATE_LIMIT"}, False),
        (["category"], False),
        ("category", False),
        (None, False),
        (UNREAD, False),
    ],
)
def test_hubspots_own_words_have_a_category_or_a_correlation_id(value: Any, own: bool) -> None:
    assert has_own_words(value) is own


@pytest.mark.parametrize(
    ("inputs", "results", "errors", "read"),
    [
        (1, 102, 0, True),
        (1, 103, 0, False),
        (1, 0, 110, True),
        (1, 0, 111, False),
        (100, 300, 1100, True),
        (100, 301, 0, False),
        (100, 0, 1101, False),
        (None, 5000, 5000, True),
    ],
)
def test_more_results_or_errors_than_the_inputs_explain_are_no_answer(
    inputs: int | None, results: int, errors: int, read: bool
) -> None:
    value = {"status": "COMPLETE", "results": [{}] * results, "errors": [{}] * errors}
    assert (read_response(value, inputs) is not None) is read


def nested(depth: int, kind: str) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize("kind", ["list", "dict"])
@pytest.mark.parametrize("depth", [100, 900])
def test_what_is_nested_deep_is_left_out_and_breaks_nothing(depth: int, kind: str) -> None:
    deep = nested(depth, kind)
    names = ("status", "message", "category", "context", "subCategory", "id", "links", "surprise")
    [error] = read_value(errors=[dict.fromkeys(names, deep)]).errors
    assert error.context == {}
    assert error.sub_category is None
    assert error.extra == {"surprise": None}
    assert len(repr(error)) < 1000
    details = [dict.fromkeys(("message", "code", "context", "in", "subCategory", "z"), deep)]
    [error] = read_value(errors=[{"category": "C", "message": "m", "errors": details}]).errors
    assert error.errors[0].context is None
    fields = ("id", "url", "propertiesWithHistory", "createdAt", "new", "surprise")
    [read] = read_value(
        results=[{**dict.fromkeys(fields, deep), "properties": {"a": deep}}]
    ).results
    assert read.properties_with_history is None
    assert read.extra == {"surprise": None}
    assert read_value(status=deep, results=[], links=deep, warnings=[deep]).warnings == [None]
    for model in (error, read):
        orjson.dumps(converter.unstructure(model))


@pytest.mark.parametrize(("items", "kept"), [(99_999, True), (100_001, False)])
def test_what_is_very_wide_is_left_out(items: int, kept: bool) -> None:
    error = read_error({"category": "C", "message": "m", "what": [1] * items})
    assert error.category == "C"
    assert error.extra["what"] == ([1] * items if kept else None)


def test_what_is_nested_as_replies_are_is_kept() -> None:
    context = {"a": [{"b": [{"c": "d"}]}]}
    [error] = decode(errors=[{"category": "C", "message": "m", "context": context}]).errors
    assert error.context == context


def test_json_nested_a_thousand_deep_is_read_or_unread_and_breaks_nothing() -> None:
    for count in (1000, 1024, 1025, 100_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            inner = opening * count + b"1" + closing * count
            for body in (inner, b'{"status":"COMPLETE","errors":[' + inner + b"]}"):
                value = parse(body)
                response = read_response(value)
                assert response is None or len(response.errors) == 1
                if isinstance(value, dict):
                    assert isinstance(read_error(value), BatchError)


def test_long_words_and_messages_are_cut() -> None:
    error = read_error({"category": "C" * 1000, "message": "m" * 100_000, "errors": [{}] * 1000})
    assert error.category == "C" * 200
    assert error.message == "m" * 19_999 + "…"
    assert read_error({"message": error.message}).message == error.message  # cut once only
    assert len(error.errors) == 200
    assert read_error({"message": "m" * 20_000}).message == "m" * 20_000
    detail = {"message": "d" * 100_000}
    assert len(read_error({"errors": [detail]}).errors[0].message) == 20_000


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
    response = read_response(parse(orjson.dumps(value)))
    assert response is None or isinstance(response, BatchResponse)
    if isinstance(value, dict):
        assert isinstance(read_error(value), BatchError)


@given(st.binary(max_size=50))
def test_no_bytes_whatever_break_the_decoder(body: bytes) -> None:
    assert isinstance(read_response(parse(body)), BatchResponse | None)
    assert len(quote(body)) <= 200


@pytest.mark.parametrize(
    ("value", "category", "message"),
    [
        ({"category": "VALIDATION_ERROR", "message": "m"}, "VALIDATION_ERROR", "m"),
        ({"message": "m"}, "", "m"),
        ({"category": None, "message": None}, "", ""),
        ({"category": 5, "message": ["m"]}, "5", "['m']"),
        ({}, "", ""),
    ],
)
def test_an_error_takes_what_there_is(value: dict[str, Any], category: str, message: str) -> None:
    error = read_error(value)
    assert (error.category, error.message) == (category, message)


def test_a_page_is_quoted_in_short_and_on_one_line() -> None:
    assert quote(b"<h1>Bad\n gateway</h1>") == "<h1>Bad gateway</h1>"
    assert quote(b"") == ""
    assert quote(b"x" * 10_000_000) == "x" * 200
    assert quote(b"\xff\xfe") == "\ufffd\ufffd"


def test_the_request_body_has_its_fields_around_the_inputs() -> None:
    request_body = RequestBody({"properties": ["a"], "idProperty": "email"})
    assert orjson.loads(request_body.wrap([])) == {
        "properties": ["a"],
        "idProperty": "email",
        "inputs": [],
    }
    assert len(request_body) == len(request_body.wrap([]))
    assert RequestBody({}).wrap([]) == b'{"inputs":[]}'


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
