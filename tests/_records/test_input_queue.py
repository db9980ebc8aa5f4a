"""Inputs wait in a queue, and a request takes as many as it may hold."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from hypothesis import given
from hypothesis import strategies as st
from support import plan

from hubbatch import RecordStatus
from hubbatch._batches.batch import Batch
from hubbatch._records.input_queue import InputQueue, tell_apart
from hubbatch._records.planning import Input
from hubbatch._records.request_body import RequestBody
from hubbatch.endpoints import CREATE

sizes = st.lists(st.integers(0, 400), max_size=60)


def composed(queue: InputQueue) -> list[list[Input]]:
    """Take everything out of a queue, a request after the other."""
    taken = list(iter(queue.take, []))
    for inputs in taken:
        tell_apart(inputs)
    return taken


def filled(inputs: Iterable[Input], max_inputs: int = 100, max_bytes: int = 10_000) -> InputQueue:
    queue = InputQueue(max_inputs, max_bytes)
    for item in inputs:
        queue.append(item)
    return queue


@given(sizes, st.integers(1, 10), st.integers(600, 2000), st.data())
def test_nothing_is_lost_and_no_limit_exceeded(
    texts: list[int], max_inputs: int, max_bytes: int, data: st.DataObject
) -> None:
    request_body = RequestBody({"properties": ["a"]})
    queue = InputQueue(max_inputs, max_bytes, len(request_body))
    inputs = plan([{"a": "x" * size} for size in texts], CREATE)
    batches: list[list[Input]] = []
    for item in inputs:
        queue.append(item)
        if data.draw(st.booleans(), label="a request has its place"):
            batches.append(queue.take())
    batches += composed(queue)
    assert [item for batch in batches for item in batch] == inputs
    for batch in batches:
        assert 1 <= len(batch) <= max_inputs
        body = request_body.wrap(batch)
        assert len(body) <= max_bytes
        assert len(orjson.loads(body)["inputs"]) == len(batch)
    assert (len(queue), queue.full, queue.rest) == (0, 0, False)


@given(sizes, st.integers(1, 10), st.integers(600, 2000))
def test_it_is_known_how_many_requests_can_be_filled_at_the_least(
    texts: list[int], max_inputs: int, max_bytes: int
) -> None:
    queue = InputQueue(max_inputs, max_bytes)
    for item in plan([{"a": "x" * size} for size in texts], CREATE):
        before = queue.full
        assert queue.append(item) is (queue.full > before)
    full, rest = queue.full, queue.rest
    batches = composed(queue)
    assert len(batches) >= full + rest
    by_count = sum(len(batch) == max_inputs for batch in batches)
    assert full >= by_count
    assert (full > 0 or rest) is bool(texts)


def test_requests_are_as_full_as_the_limits_allow() -> None:
    queue = filled(plan([{"a": "x"}] * 250, CREATE))
    assert (queue.full, queue.rest) == (2, True)
    assert [len(batch) for batch in composed(queue)] == [100, 100, 50]
    queue = filled(plan([{"a": "x"}] * 200, CREATE))
    assert (queue.full, queue.rest) == (2, False)


def test_a_request_grows_until_it_is_made() -> None:
    inputs = plan([{"a": "x"}] * 120, CREATE)
    queue = filled(inputs[:30])
    for item in inputs[30:]:
        queue.append(item)
    assert queue.take() == inputs[:100]
    assert queue.take() == inputs[100:]


def test_a_request_may_be_wanted_smaller() -> None:
    inputs = plan([{"a": "x"}] * 120, CREATE)
    queue = filled(inputs)
    assert queue.take(1) == inputs[:1]
    assert queue.take(500) == inputs[1:]


def test_an_input_too_large_for_any_request_is_known_beforehand() -> None:
    assert InputQueue(100, 1000, 50).largest == 950


def test_what_an_input_grows_by_counts_while_it_waits() -> None:
    first, second, third = plan([{"a": "x" * 400}] * 3, CREATE)
    queue = InputQueue(100, 1000, grows=True)
    queue.append(first)
    assert queue.grow(first, 300)
    queue.append(second)
    assert (queue.full, queue.rest) == (1, True)
    assert queue.take() == [first]
    assert not queue.grow(first, 1), "it is under way"
    assert not queue.grow(third, 1), "it is not there yet"
    assert queue.take() == [second]
    assert not filled([third]).grow(third, 1), "none may"


def test_inputs_of_one_request_with_the_same_trace_id_get_distinct_ones() -> None:
    given_ids = ["a", "a", "a#2", "a"]
    inputs = plan([{"properties": {}, "objectWriteTraceId": name} for name in given_ids], CREATE)
    [batch] = composed(filled(inputs))
    wire_ids = [orjson.loads(item.body)["objectWriteTraceId"] for item in batch]
    assert len(set(wire_ids)) == 4
    assert wire_ids[0] == "a"
    assert [item.caller_trace_id for item in batch] == given_ids
    assert [item.wire["objectWriteTraceId"] for item in batch] == wire_ids


@given(st.integers(2, 60), st.integers(400, 1500))
def test_trace_ids_that_are_made_unique_exceed_no_limit(count: int, max_bytes: int) -> None:
    records = [{"properties": {"a": "x"}, "objectWriteTraceId": "a"}] * count
    batches = composed(filled(plan(records, CREATE), max_bytes=max_bytes))
    assert sum(map(len, batches)) == count
    for batch in batches:
        assert len(RequestBody({}).wrap(batch)) - len(RequestBody({})) <= max_bytes


def test_the_same_trace_id_in_two_requests_needs_no_change() -> None:
    records = [
        {"properties": {"a": "x" * 250}, "objectWriteTraceId": "z"},
        {"properties": {"a": "x" * 100}, "objectWriteTraceId": "a"},
        {"properties": {}, "objectWriteTraceId": "a"},
    ]
    batches = composed(filled(plan(records, CREATE), max_bytes=400))
    wire_ids = [[item.wire["objectWriteTraceId"] for item in batch] for batch in batches]
    assert wire_ids == [["z"], ["a", "a#2"]]
    batches = composed(filled(plan(records[1:], CREATE), max_inputs=1))
    assert [item.wire["objectWriteTraceId"] for [item] in batches] == ["a", "a"]


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=30))
def test_halves_share_the_bytes_and_what_is_known(texts: list[int]) -> None:
    inputs = plan([{"a": "x" * size} for size in texts], CREATE)
    batch = Batch(inputs, attempts=2, status=RecordStatus.UNKNOWN)
    first, second = batch.halves()
    assert [*first.inputs, *second.inputs] == inputs
    assert first.inputs
    assert second.inputs
    assert (first.attempts, second.status) == (2, RecordStatus.UNKNOWN)
    largest = max(len(item.body) for item in inputs)
    sums = [sum(len(item.body) for item in half.inputs) for half in (first, second)]
    assert abs(sums[0] - sums[1]) <= 2 * largest
