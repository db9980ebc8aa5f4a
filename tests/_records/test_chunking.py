"""Inputs into chunks, each for one request."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st
from support import plan

from hubbatch import RecordStatus
from hubbatch._batches.batch import Batch
from hubbatch._records.chunking import Chunker
from hubbatch._records.envelope import Envelope
from hubbatch.endpoints import CREATE

sizes = st.lists(st.integers(0, 400), max_size=60)


@given(sizes, st.integers(1, 10), st.integers(600, 2000))
def test_nothing_is_lost_and_no_limit_exceeded(
    texts: list[int], max_inputs: int, max_bytes: int
) -> None:
    envelope = Envelope({"properties": ["a"]})
    chunker = Chunker(max_inputs, max_bytes, len(envelope))
    inputs = plan([{"a": "x" * size} for size in texts], CREATE)
    batches = [batch for item in inputs for batch in chunker.feed(item)] + chunker.flush()
    assert [item for batch in batches for item in batch] == inputs
    for batch in batches:
        assert 1 <= len(batch) <= max_inputs
        body = envelope.wrap(batch)
        assert len(body) <= max_bytes
        assert len(orjson.loads(body)["inputs"]) == len(batch)
    assert not chunker.flush()


def test_batches_are_as_full_as_the_limits_allow() -> None:
    chunker = Chunker(100, 10_000)
    inputs = plan([{"a": "x"}] * 250, CREATE)
    batches = [batch for item in inputs for batch in chunker.feed(item)] + chunker.flush()
    assert [len(batch) for batch in batches] == [100, 100, 50]


def test_an_input_too_large_for_any_batch_is_known_beforehand() -> None:
    chunker = Chunker(100, 1000, 50)
    assert chunker.largest == 950


def test_inputs_of_one_batch_with_the_same_trace_id_get_distinct_ones() -> None:
    chunker = Chunker(4, 10_000)
    given_ids = ["a", "a", "a#2", "a"]
    inputs = plan([{"properties": {}, "objectWriteTraceId": name} for name in given_ids], CREATE)
    [batch] = [batch for item in inputs for batch in chunker.feed(item)]
    wire_ids = [orjson.loads(item.body)["objectWriteTraceId"] for item in batch]
    assert len(set(wire_ids)) == 4
    assert wire_ids[0] == "a"
    assert [item.caller_trace_id for item in batch] == given_ids
    assert [item.wire["objectWriteTraceId"] for item in batch] == wire_ids


def test_a_batch_that_is_full_by_bytes_does_not_lend_its_trace_ids_to_the_next() -> None:
    chunker = Chunker(100, 400)
    records = [
        {"properties": {"a": "x" * 250}, "objectWriteTraceId": "z"},
        {"properties": {"a": "x" * 100}, "objectWriteTraceId": "a"},
        {"properties": {}, "objectWriteTraceId": "a"},
    ]
    batches = [batch for item in plan(records, CREATE) for batch in chunker.feed(item)]
    batches += chunker.flush()
    wire_ids = [[item.wire["objectWriteTraceId"] for item in batch] for batch in batches]
    assert wire_ids == [["z"], ["a", "a#2"]]


def test_the_same_trace_id_in_two_batches_needs_no_change() -> None:
    chunker = Chunker(1, 10_000)
    inputs = plan([{"properties": {}, "objectWriteTraceId": "a"}] * 2, CREATE)
    for item in inputs:
        chunker.feed(item)
    assert [item.wire["objectWriteTraceId"] for item in inputs] == ["a", "a"]


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
