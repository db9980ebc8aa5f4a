"""Whatever a service answers to a row: nothing raises, every input has its status, and time grows with the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from growth import growth
from hypothesis import given, settings
from hypothesis import strategies as st
from other_endpoints import ASSOCIATE, ROWS, pair

from hubbatch import Endpoint
from hubbatch._batches.at_fault import find_at_fault
from hubbatch._batches.correlation import Correlation, correlate
from hubbatch._batches.paging import follow_pages
from hubbatch._protocol.diagnosis import diagnose
from hubbatch._protocol.exchange import Reply
from hubbatch._records.planners import planner_of
from hubbatch._records.planning import Input
from hubbatch._records.spelling import CONTACTS
from hubbatch.models import RecordStatus

SENT: dict[str, list[Any]] = {
    "gdpr-delete": [{"objectId": "1"}],
    "associations-create": [pair(1, 2), pair(3, 2), pair(2, 3)],
    "associate-default": [pair(1, 2), pair(3, 2)],
    "associations-archive": [("1", "2"), ("3", "2")],
    "associations-read": ["1", "2", "3"],
    "memberships-add": ["1", "2", "3"],
    "memberships-change": [{"recordIdsToAdd": "1"}, {"recordIdsToRemove": "2"}],
    "merge": [{"primaryObjectId": "1", "objectIdToMerge": "2"}],
    "events-send": [{"eventName": "x", "uuid": "1"}, {"eventName": "y", "uuid": "2"}],
}


def planned(row: Endpoint, records: list[Any]) -> list[Input]:
    planner = planner_of(row)
    return [planner.plan(index, record) for index, record in enumerate(records)]


def judged(row: Endpoint, inputs: list[Input], reply: Reply) -> Correlation | None:
    """Do everything with a reply that the engine does."""
    diagnosis = diagnose(row, reply, len(inputs))
    if diagnosis.response is not None:
        found = correlate(row, inputs, diagnosis.response)
        return follow_pages(row, inputs, found, {}, 1_000).correlation
    for error in [diagnosis.error] if diagnosis.error else []:
        find_at_fault(row, inputs, error, CONTACTS)
    return None


TEXTS = st.sampled_from(["1", "2", "3", "C", "CONFLICT", "OBJECT_NOT_FOUND", "COMPLETE", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("status", "results", "errors", "id", "ids", "context", "message", "category"),
                    *("fromObjectId", "toObjectId", "from", "to", "paging", "next", "after"),
                    *("recordsIdsAdded", "recordIdsMissing", "recordIdsRemoved", "numErrors"),
                    *("correlationId", "error", "properties"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None, max_examples=500)
@given(
    row=st.sampled_from(ROWS),
    status=st.sampled_from([200, 201, 204, 207, 400, 404, 409, 429, 500]),
    value=VALUES,
    more=st.dictionaries(
        st.sampled_from(["status", "results", "errors", "recordsIdsAdded"]), VALUES, max_size=3
    ),
)
def test_no_json_whatever_raises(
    row: Endpoint, status: int, value: Any, more: dict[str, Any]
) -> None:
    if isinstance(value, dict):
        value = {**value, **more}
    inputs = planned(row, SENT[row.name])
    correlation = judged(row, inputs, Reply(status, {}, orjson.dumps(value)))
    if correlation is not None:
        assert (
            len(correlation.statuses)
            == len(correlation.results)
            == len(correlation.causes)
            == len(inputs)
        )
        for state, cause in zip(correlation.statuses, correlation.causes, strict=True):
            assert state is RecordStatus.SUCCEEDED or cause is not None


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "many errors of one object": lambda size: {
        "errors": [
            {"category": "C", "message": "m", "context": {"id": ["1"]}} for _ in range(size // 55)
        ]
    },
    "many ids in one error": lambda size: {
        "errors": [{"category": "C", "context": {"ids": ["1"] * (size // 4)}}]
    },
    "many results of one pair": lambda size: {
        "results": [
            {"fromObjectId": str(at % 50 + 10), "toObjectId": "1"} for at in range(size // 40)
        ]
    },
    "deep results": lambda size: {"results": [{"fromObjectId": [[[{"a": [1] * (size // 3)}]]]}]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hostile_reply_is_read_in_linear_time(shape: str) -> None:
    inputs = planned(ASSOCIATE, [pair(each, 1) for each in range(10, 2_010)])
    replies = {
        size: Reply(207, {}, orjson.dumps({"status": "COMPLETE", **SHAPES[shape](size)}))
        for size in (250_000, 1_000_000)
    }
    ratio = growth(lambda size: judged(ASSOCIATE, inputs, replies[size]), *replies, bound=10)
    assert ratio <= 10, f"four times the bytes took {ratio:.1f} times as long"


def test_a_hundred_errors_of_one_object_give_every_pair_its_own() -> None:
    inputs = planned(ASSOCIATE, [pair(each, 1) for each in range(10, 110)])
    errors = [{"category": "C", "message": str(at), "context": {"id": "1"}} for at in range(100)]
    reply = Reply(207, {}, orjson.dumps({"status": "COMPLETE", "errors": errors}))
    correlation = judged(ASSOCIATE, inputs, reply)
    assert correlation is not None
    assert set(correlation.statuses) == {RecordStatus.FAILED}
    assert [len(error.indexes) for error in correlation.errors] == [1] * 100
