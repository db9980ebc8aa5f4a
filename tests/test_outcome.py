"""The outcome as a value: reading, merging, raising, JSON, pickling."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import pickle
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
    errors,
)
from hubbatch._ledger import Keep, Ledger

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


def test_counts_always_add_up() -> None:
    with pytest.raises(ValueError, match="add up"):
        Counts(total=2, succeeded=1)
    assert str(Counts(1, 1)) == "1 records: 1 succeeded, 0 failed, 0 unknown, 0 unsent"


def test_no_repr_shows_a_customers_data() -> None:
    secret = {"email": "secret@x.com"}
    record = RecordOutcome(0, secret, S, ObjectResult("7", secret))
    outcome = Outcome(counts=Counts(1, 1), records=[record])
    assert "secret" not in repr(record) + repr(outcome)


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


def test_raise_for_errors_raises_also_where_no_record_was_kept() -> None:
    with pytest.raises(OutcomeError, match="no record was kept"):
        Outcome(counts=Counts(2, failed=1, unsent=1)).raise_for_errors()


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


class Unreadable:
    def model_dump(self, **_: object) -> dict[str, object]:
        raise ValueError

    def __str__(self) -> str:
        return "unreadable"


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE


def test_a_record_without_a_bottom_is_written_all_the_same() -> None:
    outcome = Outcome(counts=Counts(1, unsent=1), records=[RecordOutcome(0, CYCLE, N)])
    assert b"<dict>" in orjson.dumps(outcome.to_dict())


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
        (Unreadable(), "unreadable"),
    ],
)
def test_any_input_is_written_as_json_can_hold_it(record: Any, written: Any) -> None:
    outcome = Outcome(counts=Counts(1, unsent=1), records=[RecordOutcome(0, record, N)])
    assert orjson.loads(orjson.dumps(outcome.to_dict()))["records"][0]["input"] == written


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


@pytest.mark.parametrize(("keep", "kept"), [("all", [0, 1, 2]), ("errors", [1, 2]), ("none", [])])
def test_the_ledger_keeps_what_it_is_told_and_counts_all(keep: str, kept: list[int]) -> None:
    ledger = Ledger(Keep(keep))
    for number in range(3):
        ledger.take(number)
    error = BatchError("C", "m", indexes=(1,))
    ledger.note_errors([error])
    ledger.settle(1, F, error=error)
    ledger.settle(0, S)
    outcome = ledger.outcome([2])
    assert [record.index for record in outcome.records] == kept
    assert outcome.counts == Counts(3, succeeded=1, failed=1, unknown=1)
    assert outcome.num_errors == 1
    assert len(outcome.errors) == (0 if keep == "none" else 1)


def test_a_record_is_settled_once() -> None:
    ledger = Ledger(Keep.ALL)
    ledger.take("a")
    ledger.settle(0, S)
    ledger.settle(0, F)
    assert ledger.outcome([]).counts == Counts(1, succeeded=1)


@pytest.mark.parametrize("keep", Keep)
def test_to_succeed_together_is_to_succeed_one_by_one(keep: Keep) -> None:
    together, one_by_one = Ledger(keep), Ledger(keep)
    results = [ObjectResult("7"), None, ObjectResult("9")]
    for ledger in (together, one_by_one):
        for name in "abcde":
            ledger.take(name)
        ledger.settle(3, F)
    together.succeed([4, 0, 3], results, 2)
    for index, result in zip([4, 0, 3], results, strict=True):
        one_by_one.settle(index, S, result, None, 2)
    for ledger in (together, one_by_one):
        ledger.take("f")
    assert together.outcome([1]) == one_by_one.outcome([1])
    assert together.outcome([1]).counts == Counts(6, succeeded=2, failed=1, unknown=1, unsent=2)
    assert together.open_indexes() == [1, 2, 5]
