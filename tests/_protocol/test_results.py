"""Results are kept column by column and built when they are looked at, and read like any list of them."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch import ObjectResult
from hubbatch._protocol.results import Results, read_result, read_results

WHEN = "2026-03-01T12:00:00.123Z"

texts = st.text("a1Z- ", max_size=5)
odd = st.one_of(
    *(st.none(), st.booleans(), st.integers(0, 9), st.just([["deep"]]), st.just({"a": 1})),
    *(st.sampled_from([WHEN, "2026-03-01", "no time"]), texts),
)
usual = st.fixed_dictionaries(
    {"id": texts, "properties": st.dictionaries(texts, texts | st.none(), max_size=3)},
    optional={
        "createdAt": st.sampled_from([WHEN, "2026-03-02T00:00:00Z"]) | st.none(),
        "updatedAt": st.sampled_from([WHEN, "no time"]),
        "archived": st.booleans(),
        "new": st.booleans() | st.none(),
        "objectWriteTraceId": texts | st.none(),
        "url": texts,
    },
)
names = ("id", "properties", "createdAt", "updatedAt", "archived", "new", "objectWriteTraceId")
any_fields = st.dictionaries(
    st.sampled_from([*names, "url", "archivedAt", "propertiesWithHistory", "more"]), odd
)


def plain(number: int) -> dict[str, Any]:
    return {
        "id": f"{number}",
        "properties": {"email": f"{number}@x.com", "gone": None},
        "createdAt": WHEN,
        "updatedAt": WHEN,
        "archived": False,
        "new": True,
        "objectWriteTraceId": f"t{number}",
    }


@given(st.lists(usual, max_size=4) | st.lists(usual | any_fields, max_size=4))
def test_results_in_columns_are_what_each_is_when_it_is_read_alone(
    values: list[dict[str, Any]],
) -> None:
    values = orjson.loads(orjson.dumps(values))
    alone = [read_result(value) for value in values]
    results = read_results(values)
    assert list(results.trace_ids) == [result.object_write_trace_id for result in alone]
    assert len(results) == len(alone)
    assert list(results) == alone
    assert results == alone
    assert [type(result) for result in results] == [ObjectResult] * len(alone)


@given(st.permutations(range(5)), st.booleans())
def test_results_can_be_put_into_another_order_before_and_after_they_are_built(
    order: list[int], looked_at: bool
) -> None:
    results = read_results([plain(number) for number in range(5)])
    if looked_at:
        assert results[0].id == "0"
    moved = results.in_order(order)
    assert list(moved.trace_ids) == [f"t{number}" for number in order]
    assert [result.id for result in moved] == [f"{number}" for number in order]
    assert [result.id for result in results] == ["0", "1", "2", "3", "4"]


def test_a_result_that_was_looked_at_stays_the_same_object() -> None:
    results = read_results([plain(1), plain(2)])
    assert results[1] is results[-1]
    assert next(iter(results)) is results[0]
    assert results[:1] == [results[0]]
    with pytest.raises(IndexError):
        results[2]


def test_results_that_nobody_has_looked_at_can_be_copied_and_pickled() -> None:
    def fresh() -> Results:
        return read_results([plain(1), plain(2)])

    assert pickle.loads(pickle.dumps(fresh())) == fresh()  # noqa: S301 (our own)
    assert copy.deepcopy(fresh()) == fresh()
    assert repr(fresh()) == "<2 results>"
    assert fresh() != [1]
    assert fresh() != 1


def test_the_garbage_collector_has_nothing_to_track_for_a_result_that_nobody_has_looked_at() -> (
    None
):
    body = orjson.dumps([plain(number) for number in range(500)])
    gc.collect()
    before = len(gc.get_objects())
    results = read_results(orjson.loads(body))
    gc.collect()  # it finds out here which tuples hold nothing that it has to follow
    assert len(gc.get_objects()) - before < 50
    assert len(results) == 500
    assert results[0].id == "0"
    assert len(gc.get_objects()) - before > 500, "built, each is an object of its own"
