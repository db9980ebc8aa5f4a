"""What the ends of pairs are found by is remembered, within bounds, for as long as a pair may wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, field

from hubbatch import ObjectResult, Outcome, RecordOutcome, RecordStatus
from hubbatch._faces.pairing import End


@define
class Account:
    """Finds every value, and counts how often it was asked."""

    asked: list[str] = field(factory=list)

    def __call__(self, object_type: str, values: Iterable[str], id_property: str) -> Any:
        values = list(values)
        self.asked += values
        records = [
            RecordOutcome(at, value, RecordStatus.SUCCEEDED, ObjectResult(f"id of {value}", {}))
            for at, value in enumerate(values)
        ]

        async def outcome() -> Outcome:
            return Outcome(records=records)

        return outcome()


def pairs(first: int, last: int) -> list[dict[str, Any]]:
    return [{"from": {"id": f"v{number}"}} for number in range(first, last)]


async def test_a_pair_that_waits_for_others_to_be_asked_about_is_not_forgotten() -> None:
    account = Account()
    end = End("from", "contacts", "email", account)
    for first in range(0, 30_000, 1_000):
        await end.look_up(pairs(first, first + 1_000))
        assert end.id_of(pairs(first, first + 1)[0]) == f"id of v{first}"
        [waiting] = pairs(max(0, first - 1_000), max(0, first - 1_000) + 1)
        assert end.id_of(waiting) is not None
    await end.look_up(pairs(29_000, 30_000))
    assert len(account.asked) == 30_000
