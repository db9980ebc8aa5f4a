"""What is counted of records is the same whether one process has counted them or several have, one after the other."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hubbatch import BatchError, RecordOutcome, RecordStatus
from hubbatch.cli._account import SettledAccount
from hubbatch.cli._reasons import Reasons

FAILED = RecordStatus.FAILED
MESSAGES = st.sampled_from(['no "Ada" here', 'no "Bob" here', "7 is wrong", "8 is wrong", "plain"])
REFUSED = st.builds(
    lambda index, category, message: RecordOutcome(
        index, {}, FAILED, error=BatchError(category, message)
    ),
    st.integers(0, 9_999),
    st.sampled_from(["VALIDATION_ERROR", "CONFLICT"]) | st.text(max_size=3),
    MESSAGES | st.text(max_size=20),
)


def by_category(reasons: Reasons) -> Counter[str]:
    found = Counter[str]()
    for count, reason, examples in reasons.top(10_000):
        assert 1 <= len(examples.split(", ")) == min(count, 3)
        found[reason.category] += count
    return found


@given(st.lists(st.lists(REFUSED, max_size=8), max_size=5))
def test_reasons_are_counted_over_processes(processes: list[list[RecordOutcome]]) -> None:
    whole, parts = SettledAccount(), SettledAccount()
    for records in processes:
        whole.add(records)
        parts.add(records)
        parts = SettledAccount.of(json.loads(json.dumps(parts.marks())))

    assert by_category(parts.reasons) == by_category(whole.reasons)


def test_what_a_single_message_quotes_is_not_kept() -> None:
    account = SettledAccount()
    account.add([RecordOutcome(0, {}, FAILED, error=BatchError("C", 'the name "Ada" is 7 long'))])

    assert "Ada" not in str(account.marks())
    assert [(reason.message, where) for _, reason, where in account.reasons.top(1)] == [
        ("the name … is … long", "record 0")
    ]


def test_however_many_reasons_there_are_what_is_kept_has_a_bound() -> None:
    account = SettledAccount()
    for number in range(3_000):
        error = BatchError(f"C{number}" * 100, "m" * 5_000)
        account.add([RecordOutcome(number, {}, FAILED, error=error)])

    kept = str(account.marks()["reasons"])

    assert len(kept) < 300_000
    assert (
        sum(count for count, *_ in SettledAccount.of(account.marks()).reasons.top(1_000)) == 3_000
    )


def test_reasons_that_cannot_be_read_are_none() -> None:
    for text in ("", "7", "[[1]]", '[["FAILED", "C"]]', "nonsense"):
        assert len(SettledAccount.of({"reasons": text}).reasons) == 0


def test_reasons_are_written_anew_only_once_more_was_counted() -> None:
    account = SettledAccount()
    refused = RecordOutcome(0, {}, FAILED, error=BatchError("C", "m"))
    account.add([refused])
    first = account.marks()["reasons"]

    account.add([RecordOutcome(1, {}, RecordStatus.SUCCEEDED)])
    assert account.marks()["reasons"] is first
    account.add([refused])
    assert account.marks()["reasons"] != first
    assert SettledAccount.of(account.marks()).reasons.top(1)[0][0] == 2


def test_a_reason_that_is_counted_by_itself_is_written_too() -> None:
    account = SettledAccount()
    before = account.marks()["reasons"]
    account.reasons.add_problem("C", "m", "line 1")
    assert account.marks()["reasons"] != before
