"""The outcome as a value: reading, merging, raising, JSON, pickling."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import pickle
import time
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch import (
    BatchError,
    BatchStatus,
    Counts,
    ErrorDetail,
    HubbatchError,
    ObjectResult,
    Outcome,
    OutcomeError,
    RecordError,
    RecordOutcome,
    RecordStatus,
    RowResult,
    errors,
)
from hubbatch._states import RecordTable

S, F, U, N = RecordStatus

moments = st.none() | st.datetimes(
    dt.datetime(2020, 1, 1),
    dt.datetime(2030, 1, 1),
    timezones=st.just(dt.UTC),
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    statuses = draw(st.lists(st.sampled_from(RecordStatus), max_size=6))
    records, found = [], []
    for index, status in enumerate(statuses):
        error = None
        if status in {F, U}:
            error = BatchError(draw(st.sampled_from("AB")), "m", indexes=(index,))
            found.append(error)
        result = ObjectResult(str(index), {"a": "1"}) if status is S else None
        records.append(RecordOutcome(index, {"n": index}, status, result, error, 1))
    return Outcome(
        status=draw(st.sampled_from(BatchStatus)),
        counts=Counts(len(statuses), *(statuses.count(status) for status in RecordStatus)),
        records=records,
        errors=found,
        num_errors=len(found),
        requested_at=draw(moments),
        started_at=draw(moments),
        completed_at=draw(moments),
        links=draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))),
        warnings=draw(st.lists(st.text(max_size=2), max_size=1)),
    )


def some() -> Outcome:
    error = BatchError("VALIDATION_ERROR", "no", errors=[ErrorDetail("d", in_="x")], indexes=(1,))
    return Outcome(
        counts=Counts(total=3, succeeded=1, failed=1, unsent=1),
        records=[
            RecordOutcome(0, {"a": 1}, S, ObjectResult("7", {"a": "1"}), attempts=1),
            RecordOutcome(1, {"a": 2}, F, error=error, attempts=1),
            RecordOutcome(2, {"a": 3}, N),
        ],
        errors=[error],
        num_errors=1,
        started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )


def test_an_outcome_lists_its_records_by_state() -> None:
    outcome = some()
    assert [record.index for record in outcome.succeeded] == [0]
    assert [record.index for record in outcome.failed] == [1]
    assert [record.index for record in outcome.unsent] == [2]
    assert outcome.unknown == []
    assert [result.id for result in outcome.results] == ["7"]
    assert not outcome.ok
    assert Outcome().ok


def table_of(records: Sequence[RecordOutcome]) -> RecordTable:
    return RecordTable(
        inputs=[record.input for record in records],
        statuses=[record.status for record in records],
        replies=[(record.result,) for record in records],
        places=array("I", bytes(4 * len(records))),
        errors=[record.error for record in records],
        attempts=array("I", [record.attempts for record in records]),
    )


def test_a_table_of_records_reads_like_a_list_of_them() -> None:
    records = list(some().records)
    table = table_of(records)
    assert table == records
    assert table != records[:2]
    assert table != 3
    assert len(table) == 3
    assert table[-1] == records[-1]
    assert table[1:] == records[1:]
    assert table[::-1] == records[::-1]
    with pytest.raises(IndexError):
        table[3]
    assert repr(table) == "<3 records>"
    outcome = attrs.evolve(some(), records=table)
    assert outcome == some()
    assert outcome.results == some().results


def test_only_what_succeeded_is_among_the_results() -> None:
    records = [RecordOutcome(0, None, U, ObjectResult("7")), RecordOutcome(1, None, S)]
    outcome = Outcome(counts=Counts(2, succeeded=1, unknown=1), records=records)
    assert outcome.results == []
    assert [record.index for record in outcome.unknown] == [0]


def test_a_run_that_was_stopped_is_not_ok_even_if_nothing_failed() -> None:
    assert not Outcome(status=BatchStatus.CANCELED, counts=Counts(1, 1)).ok
    assert Outcome(status=BatchStatus.PENDING, counts=Counts(1, 1)).ok


def test_counts_always_add_up() -> None:
    with pytest.raises(ValueError, match="add up"):
        Counts(total=2, succeeded=1)
    assert str(Counts(1, 1)) == "1 record: 1 succeeded, 0 failed, 0 unknown, 0 unsent"


def test_no_repr_shows_a_customers_data() -> None:
    secret = {"email": "secret@x.com"}
    record = RecordOutcome(0, secret, S, ObjectResult("7", secret))
    refused = BatchError("VALIDATION_ERROR", "secret@x.com is taken")
    outcome = Outcome(counts=Counts(1, 1), records=[record], errors=[refused])
    assert "secret" not in repr(record) + repr(outcome)
    assert "RecordOutcome" not in repr(outcome), "a million records make no readable repr"


def test_raise_for_errors_is_silent_when_all_is_well() -> None:
    Outcome(counts=Counts(1, 1)).raise_for_errors()


def test_raise_for_errors_groups_what_went_wrong() -> None:
    many = [
        RecordOutcome(index, None, F, error=BatchError("C", f"m{index % 7}", indexes=(index,)))
        for index in range(20)
    ]
    outcome = Outcome(counts=Counts(20, failed=20), records=many)
    with pytest.raises(OutcomeError) as caught:
        outcome.raise_for_errors()
    assert caught.value.outcome is outcome
    assert len(caught.value.exceptions) == 20
    assert "3 × C: m0, e.g. record 0, 7" in str(caught.value)
    assert "and 2 more reasons" in str(caught.value)
    first = caught.value.exceptions[0]
    assert isinstance(first, RecordError)
    assert first.record is many[0]
    assert str(first) == "record 0 is FAILED: C: m0"


def test_a_group_has_a_thousand_errors_at_most_and_its_message_counts_them_all() -> None:
    error = BatchError("C", "m")
    records = [RecordOutcome(index, None, F, error=error) for index in range(1_500)]
    with pytest.raises(OutcomeError) as caught:
        Outcome(counts=Counts(1_500, failed=1_500), records=records).raise_for_errors()
    assert len(caught.value.exceptions) == 1_000
    assert "1500 × C: m, e.g. record 0, 1" in caught.value.message
    assert caught.value.outcome is not None
    assert len(caught.value.outcome.failed) == 1_500


def test_the_message_counts_the_reasons_the_most_frequent_first() -> None:
    reasons = ["d", "a", "b", "a", "b", "b", "e", "c"]
    records = [
        RecordOutcome(index, None, F, error=BatchError("C", reason))
        for index, reason in enumerate(reasons)
    ]
    records += [RecordOutcome(8, None, S), RecordOutcome(9, None, N), RecordOutcome(10, None, N)]
    counts = Counts(11, succeeded=1, failed=8, unsent=2)
    lines = {
        "b": "  3 × C: b, e.g. record 2, 4",
        "a": "  2 × C: a, e.g. record 1, 3",
        "unsent": "  2 × UNSENT, e.g. record 9, 10",
        "d": "  1 × C: d, e.g. record 0",
        "e": "  1 × C: e, e.g. record 6",
    }
    with pytest.raises(OutcomeError) as caught:
        Outcome(counts=counts, records=records).raise_for_errors()
    assert caught.value.message.splitlines() == [
        str(counts),
        *lines.values(),
        "  and 1 more reasons",
    ]
    without_c = Counts(10, succeeded=1, failed=7, unsent=2)
    with pytest.raises(OutcomeError) as caught:
        Outcome(counts=without_c, records=[*records[:7], *records[8:]]).raise_for_errors()
    assert caught.value.message.splitlines() == [str(without_c), *lines.values()]


@pytest.mark.parametrize(
    ("outcome", "note"),
    [
        (Outcome(counts=Counts(2, failed=1, unsent=1)), "no record was kept (keep='none')"),
        (
            Outcome(status=BatchStatus.CANCELED, counts=Counts(2, 2)),
            "the run was stopped before it had seen all its input",
        ),
    ],
)
def test_where_no_record_can_tell_the_message_says_why_it_is_raised(
    outcome: Outcome, note: str
) -> None:
    with pytest.raises(OutcomeError) as caught:
        outcome.raise_for_errors()
    assert caught.value.message.splitlines() == [str(outcome.counts), f"  {note}"]
    [error] = caught.value.exceptions
    assert str(error) == caught.value.message


def test_parts_of_an_outcome_error_carry_the_outcome() -> None:
    with pytest.raises(OutcomeError) as caught:
        some().raise_for_errors()
    part = caught.value.subgroup(lambda error: isinstance(error, RecordError))
    assert isinstance(part, OutcomeError)
    kept, rest = caught.value.split(
        lambda error: isinstance(error, RecordError) and "UNSENT" in str(error)
    )
    assert isinstance(kept, OutcomeError)
    assert isinstance(rest, OutcomeError)
    assert kept.outcome is rest.outcome is caught.value.outcome


@given(outcomes(), outcomes(), outcomes())
def test_merging_is_associative(first: Outcome, second: Outcome, third: Outcome) -> None:
    left = Outcome.merge(Outcome.merge(first, second), third)
    right = Outcome.merge(first, Outcome.merge(second, third))
    assert left == right == Outcome.merge(first, second, third)


@given(outcomes(), outcomes())
def test_merging_is_commutative_but_for_the_order(first: Outcome, second: Outcome) -> None:
    one, other = Outcome.merge(first, second), Outcome.merge(second, first)
    for field in ("status", "counts", "num_errors", "requested_at", "started_at", "completed_at"):
        assert getattr(one, field) == getattr(other, field)
    assert sorted(record.input["n"] for record in one.records) == sorted(
        record.input["n"] for record in other.records
    )


@given(outcomes(), outcomes())
def test_merging_renumbers_what_follows(first: Outcome, second: Outcome) -> None:
    merged = Outcome.merge(first, second)
    assert [record.index for record in merged.records] == list(range(merged.counts.total))
    for record in merged.records:
        if record.error is not None:
            assert record.error in merged.errors
            assert record.error.indexes == (record.index,)


def in_columns(outcome: Outcome) -> Outcome:
    """Return an outcome whose records are kept as a run keeps them."""
    return attrs.evolve(outcome, records=table_of(outcome.records))


@given(st.lists(outcomes(), max_size=4))
def test_tables_of_records_merge_like_lists_of_them(parts: list[Outcome]) -> None:
    merged = Outcome.merge(*parts)
    assert Outcome.merge(*map(in_columns, parts)) == merged
    assert Outcome.merge(*(in_columns(part) for part in parts[:1]), *parts[1:]) == merged
    found = {id(error) for error in merged.errors}
    assert all(id(record.error) in found for record in merged.records if record.error)


def without_successes(outcome: Outcome) -> Outcome:
    """Return an outcome as a run leaves it that keeps errors only."""
    return attrs.evolve(
        outcome, records=[record for record in outcome.records if record.status is not S]
    )


@given(st.lists(st.tuples(outcomes(), st.sampled_from(["all", "columns", "errors", "none"]))))
def test_a_merged_record_stands_where_it_stood_whatever_the_parts_before_it_kept(
    parts: list[tuple[Outcome, str]],
) -> None:
    kept: dict[str, Callable[[Outcome], Outcome]] = {
        "all": lambda part: part,
        "columns": in_columns,
        "errors": without_successes,
        "none": lambda part: attrs.evolve(part, records=[], errors=[]),
    }
    whole = Outcome.merge(*(part for part, _ in parts))
    merged = Outcome.merge(*(kept[how](part) for part, how in parts))
    assert merged.counts == whole.counts
    indexes = [record.index for record in merged.records]
    assert indexes == sorted(set(indexes))
    assert list(merged.records) == [whole.records[index] for index in indexes]
    assert len(indexes) == sum(len(kept[how](part).records) for part, how in parts)


def test_the_cost_of_merging_grows_with_the_records_and_not_with_their_square() -> None:
    part = in_columns(
        Outcome(counts=Counts(500, 500), records=[RecordOutcome(n, None, S) for n in range(500)])
    )

    def seconds(number: int) -> float:
        start = time.process_time()
        Outcome.merge(*[part] * number)
        return time.process_time() - start

    few, many = (min(seconds(number) for _ in range(5)) for number in (50, 400))
    assert many / few < 24, "eight times as many; a merge of two at a time takes 64 times as long"


def test_merging_lets_the_later_link_win() -> None:
    first, second = Outcome(links={"next": "1", "self": "0"}), Outcome(links={"next": "2"})
    assert Outcome.merge(first, second).links == {"next": "2", "self": "0"}


@given(outcomes())
def test_merging_with_nothing_changes_nothing(outcome: Outcome) -> None:
    assert Outcome.merge(outcome) == Outcome.merge(Outcome(), outcome) == outcome
    assert Outcome.merge() == Outcome()


@given(outcomes())
def test_an_outcome_survives_json(outcome: Outcome) -> None:
    assert Outcome.from_dict(orjson.loads(orjson.dumps(outcome.to_dict()))) == outcome


def test_json_uses_hubspots_own_names() -> None:
    data = some().to_dict()
    assert data["numErrors"] == 1
    assert data["startedAt"] == "2026-01-01T00:00:00Z"
    assert data["results"] == [{"id": "7", "properties": {"a": "1"}}]
    assert data["errors"][0]["errors"] == [{"message": "d", "in": "x"}]
    assert data["records"][1]["error"] == 0
    assert data["records"][0]["result"] == 0


class Colour(enum.Enum):
    RED = "red"
    BOTH = ("red", "blue")


class Unreadable:
    def model_dump(self, **_: object) -> dict[str, object]:
        raise ValueError

    def __str__(self) -> str:
        return "unreadable"


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE

RING: list[Any] = []
RING.append(RING)

ROPE: list[Any] = []


class Knot(enum.Enum):
    TIED = ROPE


ROPE.append(Knot.TIED)


def nested(depth: int) -> Any:
    """Make a record with so many lists and mappings around a text."""
    record: Any = "bottom"
    for level in range(depth):
        record = [record] if level % 2 else {"in": record}
    return record


def as_written(record: Any) -> Any:
    """Return what a record is in an outcome's JSON."""
    outcome = Outcome(counts=Counts(1, unsent=1), records=[RecordOutcome(0, record, N)])
    return orjson.loads(orjson.dumps(outcome.to_dict()))["records"][0]["input"]


@pytest.mark.parametrize(
    ("record", "end"), [(CYCLE, "<dict>"), (RING, "<list>"), (Knot.TIED, "<list>")]
)
def test_a_record_without_a_bottom_is_written_all_the_same(record: Any, end: str) -> None:
    assert end in str(as_written(record))


def test_a_record_is_written_twenty_levels_deep() -> None:
    assert as_written(nested(20)) == nested(20)
    assert as_written(nested(21)) != nested(21)
    assert "<dict>" in str(as_written(nested(21)))


@attrs.frozen
class Person:
    born: dt.date
    tags: tuple[str, ...]
    height: float = float("nan")


@pytest.mark.parametrize(
    ("record", "written"),
    [
        ({"a": 1, 2: None}, {"a": 1, "2": None}),
        (
            Person(dt.date(2000, 1, 1), ("x",)),
            {"born": "2000-01-01", "tags": ["x"], "height": "nan"},
        ),
        ("7", "7"),
        (1.5, 1.5),
        (object, "<class 'object'>"),
        ({"stage": Colour.RED}, {"stage": "red"}),
        ({"stages": [Colour.BOTH, {Colour.RED}]}, {"stages": [["red", "blue"], ["red"]]}),
        (Unreadable(), "unreadable"),
    ],
)
def test_any_input_is_written_as_json_can_hold_it(record: Any, written: Any) -> None:
    assert as_written(record) == written


@pytest.mark.parametrize(
    "name", [name for name in errors.__all__ if name not in {"OutcomeError", "RecordError"}]
)
def test_errors_pickle_with_their_outcome(name: str) -> None:
    error: HubbatchError = getattr(errors, name)("what to do")
    error.outcome = some()
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    assert (type(twin), str(twin), twin.outcome) == (type(error), "what to do", some())


def test_an_outcome_error_pickles_and_copies() -> None:
    with pytest.raises(OutcomeError) as caught:
        some().raise_for_errors()
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301
        assert str(twin) == str(caught.value)
        assert twin.outcome == some()
        assert [str(error) for error in twin.exceptions] == [
            str(error) for error in caught.value.exceptions
        ]


EAST, WEST = (dt.timezone(dt.timedelta(hours=hours)) for hours in (5, -5))


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1, 1, 1, tzinfo=EAST),
        dt.datetime(9999, 12, 31, 23, 59, tzinfo=WEST),
        dt.datetime(2026, 1, 1, tzinfo=WEST),
    ],
)
def test_a_time_that_utc_cannot_hold_is_written_as_it_is(moment: dt.datetime) -> None:
    record = RecordOutcome(0, None, S, ObjectResult("7", created_at=moment))
    outcome = Outcome(counts=Counts(1, 1), records=[record], started_at=moment)
    twin = Outcome.from_dict(orjson.loads(orjson.dumps(outcome.to_dict())))
    assert twin.started_at == moment
    assert twin.results[0].created_at == moment


class Speechless:
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize("value", [nested(1000), Speechless(), float("inf"), {1: {2}}, b"x"])
def test_whatever_a_result_or_an_error_holds_can_be_written(value: Any) -> None:
    result = ObjectResult("7", extra={"x": value}, properties_with_history={"a": value})
    detail = ErrorDetail("m", context={"x": value}, sub_category=value, extra={"x": value})
    error = BatchError("C", "m", context={"x": value}, errors=[detail], sub_category=value)
    outcome = Outcome(
        counts=Counts(2, 1, 1),
        records=[RecordOutcome(0, value, S, result), RecordOutcome(1, value, F, error=error)],
        errors=[error],
        links={"x": value},
        warnings=[value],
    )
    written = orjson.loads(orjson.dumps(outcome.to_dict()))
    assert Outcome.from_dict(written).counts == outcome.counts


def test_rows_are_equal_if_their_further_results_are_too() -> None:
    row, both = RowResult({"id": "1"}), RowResult({"id": "1"}, ({"id": "2"},))
    assert row == RowResult({"id": "1"}) == {"id": "1"}
    assert both == RowResult({"id": "1"}, ({"id": "2"},)) == {"id": "1"}
    assert row != both
    assert RowResult({"id": "2"}) != row
    assert row != [("id", "1")]
    first, second = (
        Outcome(counts=Counts(1, 1), records=[RecordOutcome(0, 1, S, result)])
        for result in (row, both)
    )
    assert first != second
