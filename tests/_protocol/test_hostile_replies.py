"""A reply of 1 MiB, whatever it holds, is judged in a time that grows no faster than its size, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from growth import growth
from hypothesis import given, settings
from hypothesis import strategies as st
from support import plan

from hubbatch import BatchResponse
from hubbatch._batches.at_fault import find_at_fault
from hubbatch._batches.batch import Batch
from hubbatch._batches.conflict import colliding_inputs, existing_id, unique_names
from hubbatch._batches.correlation import correlate
from hubbatch._batches.doubt import Doubts
from hubbatch._batches.problems import general, is_conflict, is_systemic, property_problems
from hubbatch._batches.recognition import sent_before
from hubbatch._protocol.diagnosis import diagnose
from hubbatch._protocol.exchange import Reply
from hubbatch._records.planning import Input
from hubbatch._records.spelling import CONTACTS
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint

MIB = 2**20
QUARTER = MIB // 4
BOUND = 10.0
"""How much longer four times as much may take: linear is 4, quadratic 16."""

CREATES = plan(
    [
        {"email": f"p{n}@x.com", "amount": f"{n}.0", **({"phone": "+49 731"} if n % 2 else {})}
        for n in range(100)
    ],
    CREATE,
    unique_property="email",
)
SENT: dict[Endpoint, list[Input]] = {
    CREATE: CREATES,
    UPDATE: plan([{"id": str(n), "a": "x"} for n in range(100)], UPDATE),
    UPSERT: plan([{"email": f"p{n}@x.com"} for n in range(100)], UPSERT, id_property="email"),
    READ: plan([f"p{n}@x.com" for n in range(100)], READ, id_property="email"),
    ARCHIVE: plan([str(n) for n in range(100)], ARCHIVE),
}
DOUBTS = Doubts(CREATE, "email", most_rounds=6)


def compare_with_found(endpoint: Endpoint, reply: Reply) -> None:
    """Do with a reply all that is done with one."""
    inputs = SENT[endpoint]
    diagnosis = diagnose(endpoint, reply, len(inputs))
    if diagnosis.response is not None:
        read(endpoint, inputs, diagnosis.response)
    if (error := diagnosis.error) is not None:
        find_at_fault(endpoint, inputs, error, CONTACTS)
        existing_id(error)
        is_conflict(error)
        is_systemic(error)
        property_problems(error)
        general(error.message, tuple(inputs[0].properties.values()))


def read(endpoint: Endpoint, inputs: list[Input], response: BatchResponse) -> None:
    correlate(endpoint, inputs, response, CONTACTS)
    if endpoint is READ:
        colliding_inputs(CREATES, response, unique_names("email"), CONTACTS)
        DOUBTS.findings(Batch(CREATES), response, sent_before(response.completed_at, 1.0, 2.0))


def filled(unit: bytes, size: int, head: bytes = b"", tail: bytes = b"") -> bytes:
    count = max(1, (size - len(head) - len(tail)) // (len(unit) + 1))
    return head + b",".join([unit] * count) + tail


def value_of(size: int, text: str) -> bytes:
    """Make an answer with results that match some inputs, but for one enormous value."""
    value = text * (size // len(text.encode()))
    properties = {"email": "p0@x.com", "amount": "0", "phone": value}
    return orjson.dumps({"status": "COMPLETE", "results": [{"id": "7", "properties": properties}]})


def error_of(size: int, message: str) -> bytes:
    text = message * (size // len(message.encode()))
    return orjson.dumps({"category": "VALIDATION_ERROR", "message": text})


SHAPES: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "zeros": (200, lambda size: b"0" * size),
    "a page": (502, lambda size: b"<a>" * (size // 3)),
    "blanks": (502, lambda size: b" \n" * (size // 2)),
    "nested lists": (200, lambda size: b"[" * (size // 2) + b"]" * (size // 2)),
    "nested objects": (400, lambda size: b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)),
    "many results": (200, lambda size: filled(b"{}", size, b'{"results":[', b"]}")),
    "many errors": (207, lambda size: filled(b"{}", size, b'{"errors":[', b"]}")),
    "300 results that all look alike": (
        200,
        lambda size: orjson.dumps(
            {
                "status": "COMPLETE",
                "results": [
                    {
                        "id": str(n),
                        "properties": {
                            "email": "p1@x.com",
                            "amount": "1",
                            "z": "z" * (size // 400),
                        },
                    }
                    for n in range(300)
                ],
            }
        ),
    ),
    "1,000 errors with many ids": (
        207,
        lambda size: orjson.dumps(
            {
                "status": "COMPLETE",
                "errors": [{"context": {"ids": ["1"] * (size // 4000)}} for _ in range(1000)],
            }
        ),
    ),
    "one error with many ids": (
        400,
        lambda size: filled(b'"1"', size, b'{"category":"C","context":{"ids":[', b"]}}"),
    ),
    "one error with many details": (
        400,
        lambda size: filled(b'{"code":"C"}', size, b'{"category":"C","errors":[', b"]}"),
    ),
    "one detail with many properties": (
        400,
        lambda size: filled(
            b'"a"',
            size,
            b'{"category":"C","errors":[{"code":"PROPERTY_DOESNT_EXIST","context":{"propertyName":[',
            b"]}}]}",
        ),
    ),
    "many unknown fields": (
        200,
        lambda size: filled(b'"x":[1]', size, b'{"status":"COMPLETE",', b"}"),
    ),
    "a message of the words 'by property'": (400, lambda size: error_of(size, "by property ")),
    "a message of lists": (400, lambda size: error_of(size, "[{")),
    "a message of words": (400, lambda size: error_of(size, "a1 b@ ")),
    "a message of ids": (409, lambda size: error_of(size, "Existing ID: ")),
    "a list of faults in a message": (
        400,
        lambda size: orjson.dumps(
            {"category": "C", "message": '[{"name":"a"}' + ',{"name":"a"}' * (size // 16) + "]"}
        ),
    ),
    "one long value": (200, lambda size: value_of(size, "ä")),
    "one long list of options": (200, lambda size: value_of(size, "a;")),
    "a value of combining characters": (200, lambda size: value_of(size, "\u0301\u0323")),
    "a read of an object with many addresses": (
        200,
        lambda size: orjson.dumps(
            {
                "status": "COMPLETE",
                "results": [
                    {
                        "id": "7",
                        "properties": {
                            "email": "z@x.com",
                            "hs_additional_emails": "a@b;" * (size // 4),
                        },
                    }
                ],
            }
        ),
    ),
}


@pytest.mark.parametrize("endpoint", [CREATE, READ, UPDATE], ids=["create", "read", "update"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_hostile_reply_is_read_in_linear_time(endpoint: Endpoint, shape: str) -> None:
    status, make = SHAPES[shape]
    replies = {size: Reply(status, {}, make(size)) for size in (QUARTER, MIB)}
    assert len(replies[MIB].body) > MIB // 2
    ratio = growth(lambda size: compare_with_found(endpoint, replies[size]), *replies, bound=BOUND)
    assert ratio <= BOUND, f"four times the bytes took {ratio:.1f} times as long"


def test_one_long_value_is_not_read_anew_for_every_input_that_it_may_be_for() -> None:
    properties = {"a": "1", "b": "x;" * 16_384}
    body = orjson.dumps({"status": "COMPLETE", "results": [{"id": "7", "properties": properties}]})
    response = diagnose(CREATE, Reply(200, {}, body), 100).response
    assert response is not None

    planned = {
        count: plan([{"a": "1"}, *({"a": f"{n}", "b": f"{n}"} for n in range(2, count))], CREATE)
        for count in (25, 100)
    }
    ratio = growth(lambda count: correlate(CREATE, planned[count], response), *planned, bound=2.5)
    assert ratio < 2.5, f"four times as many inputs took {ratio:.1f} times as long"


_TEXTS = st.sampled_from(
    ["1", "p1@x.com", "t1", "email", "a", "C", "CONFLICT", "OBJECT_NOT_FOUND", "COMPLETE", "[{}]"]
) | st.text(max_size=5)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("status", "results", "errors", "id", "ids", "properties", "context"),
                    *("message", "category", "createdAt", "completedAt", "numErrors", "code"),
                    *("objectWriteTraceId", "propertyName", "existingId", "email", "amount", "a"),
                    *("hs_additional_emails", "correlationId", "policyName", "errorType"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(
    endpoint=st.sampled_from([CREATE, UPDATE, UPSERT, READ, ARCHIVE]),
    status=st.sampled_from([200, 201, 204, 207, 400, 404, 409, 429, 500, 503]),
    value=_VALUES,
    more=st.dictionaries(st.sampled_from(["status", "results", "errors"]), _VALUES, max_size=3),
)
def test_no_json_whatever_raises(
    endpoint: Endpoint, status: int, value: Any, more: dict[str, Any]
) -> None:
    if isinstance(value, dict):
        value = {**value, **more}
    compare_with_found(endpoint, Reply(status, {}, orjson.dumps(value)))
