"""What is decided about records stands in the ledger, is shown to an observer once, and frees their keys."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from support import people, result

from hubbatch import BatchError, BatchResponse, RecordOutcome, RecordStatus
from hubbatch._batches.transition import SettledInputs, Transition
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.reporter import RunReporter
from hubbatch._engine.settler import Settler
from hubbatch._observers import Observers
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._records.planning import Input
from hubbatch.endpoints import UPSERT
from hubbatch.models import LOCAL_VALIDATION
from hubbatch.policies import Duplicates, Keep

S, F, U, N = RecordStatus


@attrs.define
class Setup:
    """A settler, and what it writes to."""

    ledger: Ledger
    intake: Intake
    settler: Settler
    seen: list[RecordOutcome]

    def take(self, *records: Any) -> list[Input]:
        """Take records in; return those that may be sent."""
        for record in records:
            self.intake.take(self.ledger.take(record), record)
        return self.ready()

    def ready(self) -> list[Input]:
        """Return those that wait to be sent, and have them wait no more."""
        composed = iter(self.intake.compose, [])
        return [item for inputs in composed for item in inputs]

    @property
    def records(self) -> list[RecordOutcome]:
        return list(self.ledger.outcome().records)


def setup(*, observed: bool = False, **options: Any) -> Setup:
    seen: list[RecordOutcome] = []
    known: dict[str, Any] = {"batch_size": 1, "id_property": "email"}
    call = Call(UPSERT, "/w", "/r", **(known | options))
    ledger, intake = Ledger(Keep.ALL), Intake(call)
    reporter = RunReporter(Observers(), 1, call)
    observe = seen.extend if observed else None
    return Setup(ledger, intake, Settler(ledger, intake, observe, reporter), seen)


def settle(into: Setup, *done: SettledInputs, **said: Any) -> list[int]:
    """Settle records; return those that may be sent now."""
    into.settler.settle(Transition(done, **said))
    return [item.index for item in into.ready()]


observed = pytest.mark.parametrize("observed", [False, True])


@observed
def test_a_success_is_entered_with_its_result_and_its_attempts(observed: bool) -> None:
    into = setup(observed=observed)
    inputs = into.take(*people(2))
    assert not into.settler.any_success
    settle(into, SettledInputs(inputs, S, 3, [result("7"), None]))
    assert into.settler.any_success
    assert [(each.status, each.attempts) for each in into.records] == [(S, 3), (S, 3)]
    assert [each.result and each.result.id for each in into.records] == ["7", None]
    assert into.seen == (into.records if observed else [])


@observed
def test_a_success_without_results_is_one_too(observed: bool) -> None:
    into = setup(observed=observed)
    settle(into, SettledInputs(into.take(*people(2)), S, 1))
    assert [(each.status, each.result) for each in into.records] == [(S, None), (S, None)]


@observed
def test_a_failure_is_entered_with_its_error_and_is_no_success(observed: bool) -> None:
    into = setup(observed=observed)
    error = BatchError("C", "m", indexes=(0,))
    settle(into, SettledInputs(into.take(*people(1)), F, 2, error=error), errors=[error])
    assert not into.settler.any_success
    [record] = into.records
    assert (record.input, record.status, record.error, record.attempts) == (
        people(1)[0],
        F,
        error,
        2,
    )
    assert into.seen == ([record] if observed else [])
    outcome = into.ledger.outcome()
    assert (outcome.errors, outcome.num_errors) == ([error], 1)


def test_what_an_answer_says_beyond_its_records_is_entered() -> None:
    into = setup()
    settle(into, response=BatchResponse(links={"self": "here"}))
    assert into.ledger.outcome().links == {"self": "here"}


@observed
@pytest.mark.parametrize("status", [S, F])
def test_the_next_record_with_a_settled_key_may_go(observed: bool, status: RecordStatus) -> None:
    into = setup(observed=observed)
    [person] = people(1)
    [first] = into.take(person, person)
    assert settle(into, SettledInputs([first], status, 1)) == [1]
    assert into.ledger.open_indexes() == [1]


@observed
def test_all_that_wait_for_keys_that_are_settled_together_may_go(observed: bool) -> None:
    into = setup(observed=observed)
    inputs = into.take(*people(2), *people(2))
    assert settle(into, SettledInputs(inputs, S, 1)) == [2, 3]


@observed
def test_records_that_share_an_input_end_together(observed: bool) -> None:
    into = setup(observed=observed, duplicates=Duplicates.MERGE, batch_size=10)
    [person], [other] = people(1), people(1, 1)
    inputs = into.take(person, other, person)
    assert len(inputs) == 2
    settle(into, SettledInputs(inputs, S, 1, [result("7"), result("8")]))
    assert [each.result and each.result.id for each in into.records] == ["7", "8", "7"]
    assert sorted(each.index for each in into.seen) == ([0, 1, 2] if observed else [])


@observed
def test_a_record_with_a_trace_id_of_the_callers_own_gets_that_back(observed: bool) -> None:
    into = setup(observed=observed)
    sent = {
        "id": "p0@example.com",
        "properties": {"firstname": "P"},
        "objectWriteTraceId": "mine",
    }
    [item] = into.take(sent)
    assert item.caller_trace_id == "mine"
    settle(into, SettledInputs([item], S, 1, [result("7", trace_id="sent")]))
    [record] = into.records
    assert record.result == result("7", trace_id="mine")


@observed
def test_a_result_is_kept_as_it_came(observed: bool) -> None:
    into = setup(observed=observed)
    settle(into, SettledInputs(into.take(*people(1)), S, 1, [result("7", trace_id="sent")]))
    [record] = into.records
    assert record.result == result("7", trace_id="sent")


@observed
def test_a_doubt_about_a_record_with_a_trace_id_of_its_own_has_no_result(observed: bool) -> None:
    into = setup(observed=observed)
    sent = {"id": "p0@example.com", "properties": {}, "objectWriteTraceId": "mine"}
    settle(into, SettledInputs(into.take(sent), U, 1))
    [record] = into.records
    assert (record.status, record.result) == (U, None)


def test_a_record_that_must_not_be_sent_fails_with_a_reason() -> None:
    into = setup(observed=True)
    into.settler.close_invalid(into.ledger.take("x"), "no record")
    [record] = into.records
    error = BatchError(LOCAL_VALIDATION, "no record", indexes=(0,))
    assert (record.status, record.error, record.attempts) == (F, error, 0)
    assert into.seen == [record]
    assert into.ledger.outcome().errors == [error]


@observed
def test_what_is_left_when_a_run_ends_was_never_sent(observed: bool) -> None:
    into = setup(observed=observed)
    first, *_ = into.take(*people(3))
    settle(into, SettledInputs([first], S, 1))
    steps = list(into.settler.close_rest(iter(["x", "y"])))
    assert len(steps) == 2
    assert [each.status for each in into.records] == [S, N, N, N, N]
    assert [each.input for each in into.records[3:]] == ["x", "y"]
    assert [(each.attempts, each.error, each.result) for each in into.records[1:]] == [
        (0, None, None)
    ] * 4
    assert into.seen == (into.records if observed else [])
    assert into.ledger.unsettled == 0


def test_the_rest_is_closed_slice_by_slice() -> None:
    into = setup()
    for number in range(5_001):
        into.ledger.take(number)
    closing = into.settler.close_rest(iter(range(5_001)))
    left = [into.ledger.unsettled for _ in closing]
    assert left == [1, 0, 0, 0]
    assert into.ledger.taken == 10_002


def test_a_record_that_is_closed_is_not_shown_again() -> None:
    into = setup(observed=True)
    [item] = into.take(*people(1))
    settle(into, SettledInputs([item], F, 1), SettledInputs([item], U, 2))
    assert [(each.status, each.attempts) for each in into.seen] == [(F, 1)]
    assert into.records == into.seen


def test_what_is_in_doubt_twice_over_has_one_error() -> None:
    into = setup()
    into.take(*people(3))
    into.ledger.in_doubt.update({0: 7.0, 1: 7.0})
    into.ledger.sent([0])
    for _ in into.settler.close_rest(iter(())):
        pass
    outcome = into.ledger.outcome(final=True)
    assert [record.status for record in outcome.records] == [U, U, N]
    assert [error.indexes for error in outcome.errors] == [(0,), (1,)]
    assert outcome.num_errors == 2
