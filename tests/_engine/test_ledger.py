"""The books of a run: every record in one state, and as much kept as is wanted."""

from __future__ import annotations

import datetime as dt
import pickle

import pytest
from hypothesis import strategies as st

from hubbatch import (
    BatchError,
    BatchResponse,
    BatchStatus,
    Counts,
    ObjectResult,
    RecordOutcome,
    RecordStatus,
)
from hubbatch._engine.ledger import Ledger
from hubbatch.policies import Keep

S, F, U, N = RecordStatus

moments = st.none() | st.datetimes(
    dt.datetime(2020, 1, 1),
    dt.datetime(2030, 1, 1),
    timezones=st.just(dt.UTC),
)


@pytest.mark.parametrize(("keep", "kept"), [("all", [0, 1, 2]), ("errors", [1, 2]), ("none", [])])
def test_the_ledger_keeps_what_it_is_told_and_counts_all(keep: str, kept: list[int]) -> None:
    ledger = Ledger(Keep(keep))
    for number in range(3):
        ledger.take(number)
    error = BatchError("C", "m", indexes=(1,))
    ledger.note_errors([error])
    ledger.settle(1, F, error=error)
    ledger.settle(0, S)
    ledger.sent([2])
    outcome = ledger.outcome()
    assert [record.index for record in outcome.records] == kept
    assert outcome.counts == Counts(3, succeeded=1, failed=1, unknown=1)
    assert outcome.num_errors == 1
    assert len(outcome.errors) == (0 if keep == "none" else 1)


def test_a_record_is_settled_once() -> None:
    ledger = Ledger(Keep.ALL)
    ledger.take("a")
    ledger.settle(0, S)
    ledger.settle(0, F)
    assert ledger.outcome().counts == Counts(1, succeeded=1)


@pytest.mark.parametrize("keep", Keep)
@pytest.mark.parametrize("indexes", [[4, 0, 3], [0, 1, 2], [2, 3, 4], [1], []])
@pytest.mark.parametrize("answered", [True, False])
def test_to_succeed_together_is_to_succeed_one_by_one(
    keep: Keep, indexes: list[int], *, answered: bool
) -> None:
    together, one_by_one = Ledger(keep), Ledger(keep)
    results = [ObjectResult("7"), None, ObjectResult("9")][: len(indexes)]
    if not answered:
        results = [None] * len(indexes)
    for ledger in (together, one_by_one):
        for name in "abcde":
            ledger.take(name)
        ledger.sent([0, 1, 4])
        ledger.settle(3, F)
    together.succeed(indexes, results if answered else None, 2)
    for index, result in zip(indexes, results, strict=True):
        one_by_one.settle(index, S, result, None, 2)
    for ledger in (together, one_by_one):
        ledger.take("f")
    assert together.outcome() == one_by_one.outcome()
    assert together.outcome().results == one_by_one.outcome().results
    counts = together.outcome().counts
    assert counts == one_by_one.outcome().counts
    assert (counts.total, counts.succeeded, counts.failed) == (6, len({*indexes} - {3}), 1)
    assert together.open_indexes() == [index for index in (0, 1, 2, 4, 5) if index not in indexes]


@pytest.mark.parametrize(("keep", "most"), [("all", 3_000), ("errors", 1_000), ("none", 0)])
def test_warnings_and_links_of_a_stream_are_bounded(keep: str, most: int) -> None:
    ledger = Ledger(Keep(keep))
    for number in range(1_500):
        links = {"same": str(number), f"l{number}": "x"}
        ledger.note_response(BatchResponse(warnings=[number, number], links=links))
    outcome = ledger.outcome()
    assert outcome.warnings == [number // 2 for number in range(most)]
    assert len(outcome.links) == min(most, 1_501)
    assert outcome.links.get("same") == (None if keep == "none" else "1499")


@pytest.mark.parametrize("keep", Keep)
def test_records_that_are_left_off_are_unsent(keep: Keep) -> None:
    ledger = Ledger(keep)
    for name in "ab":
        ledger.take(name)
    ledger.settle(0, S)
    ledger.settle(1, F)
    assert ledger.leave(["c"]) == 2
    before = ledger.outcome()
    assert ledger.leave(["d", "e"]) == 3
    for outcome in (ledger.outcome(), ledger.outcome(final=True)):
        assert outcome.counts == Counts(5, succeeded=1, failed=1, unsent=3)
        kept = {Keep.ALL: "abcde", Keep.ERRORS: "bcde", Keep.NONE: ""}[keep]
        assert [record.input for record in outcome.records] == list(kept)
        assert [record.index for record in outcome.records] == [
            "abcde".index(name) for name in kept
        ]
        assert [record.input for record in outcome.unsent] == list(kept[-3:])
        assert pickle.loads(pickle.dumps(outcome)) == outcome  # noqa: S301 (our own)
    assert before.counts.total == 3
    assert len(before.records) == len(kept) - 2 if kept else not before.records


@pytest.mark.parametrize("keep", ["all", "errors"])
def test_what_is_kept_of_a_record_is_all_that_is_known_of_it(keep: str) -> None:
    ledger = Ledger(Keep(keep))
    for name in "abcd":
        ledger.take(name)
    error = BatchError("C", "m", indexes=(1,))
    ledger.settle(0, S)
    ledger.settle(1, F, ObjectResult("7"), error, 3)
    assert ledger.leave(["e", "f"]) == 4
    assert ledger.leave(["g"]) == 6
    ledger.sent([2])
    records = {record.index: record for record in ledger.outcome().records}
    assert records.get(0) == (RecordOutcome(0, "a", S) if keep == "all" else None)
    assert records[1] == RecordOutcome(1, "b", F, ObjectResult("7"), error, 3)
    assert records[2] == RecordOutcome(2, "c", U)
    assert records[3] == RecordOutcome(3, "d", N)
    assert [(records[at].input, records[at].status) for at in (4, 5, 6)] == [
        ("e", N),
        ("f", N),
        ("g", N),
    ]
    assert ledger.outcome().counts == Counts(7, succeeded=1, failed=1, unknown=1, unsent=4)
    assert (ledger.unsettled, ledger.settled(N), ledger.settled(F)) == (2, 3, 1)
    assert (ledger.open_indexes(), ledger.open_indexes(1)) == ([2, 3], [2])
    assert (ledger.is_open(2), ledger.is_open(1), ledger.input(2)) == (True, False, "c")


def test_times_of_many_replies_span_them_all_and_a_batch_that_is_pending_is_told() -> None:
    ledger = Ledger(Keep.ALL)
    times = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (3, 1, 2)]
    ledger.note_response(BatchResponse(status=BatchStatus.PENDING))
    for time in times:
        ledger.note_response(BatchResponse(requested_at=time, started_at=time, completed_at=time))
    outcome = ledger.outcome()
    assert (outcome.requested_at, outcome.started_at) == (times[1], times[1])
    assert outcome.completed_at == times[0]
    assert outcome.status is BatchStatus.PENDING


def test_errors_stand_in_the_order_of_their_records_and_those_without_come_last() -> None:
    ledger = Ledger(Keep.ALL)
    ledger.take("a")
    ledger.take("b")
    of_none, second, first = (BatchError("C", "m", indexes=at) for at in ((), (1,), (0,)))
    ledger.note_errors([of_none, second, first])
    assert ledger.outcome().errors == [first, second, of_none]
    assert ledger.outcome().num_errors == 3


@pytest.mark.parametrize("final", [True, False])
def test_an_outcome_changes_no_more_unless_it_is_the_last(final: bool) -> None:
    for keep in (Keep.ALL, Keep.ERRORS):
        ledger = Ledger(keep)
        ledger.leave(["a"])
        outcome = ledger.outcome(final=final)
        ledger.leave(["b"])
        assert len(outcome.records) == (2 if final else 1), "the last one is no copy"
