"""The demonstration: the same people for the same seed, and a comparison that would notice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from cli_driver import hubbatch

from hubbatch import Client, RecordOutcome, RecordStatus
from hubbatch.cli import _demo
from hubbatch.cli._demo_comparing import differences, expected
from hubbatch.cli._demo_people import People
from hubbatch.sandbox import Sandbox


def test_it_ends_with_an_outcome_that_agrees_with_the_store() -> None:
    finished = hubbatch("demo", "--records", 600, token=None)

    assert finished.code == 0
    assert finished.count("succeeded") == 596
    assert finished.count("failed") == 4
    assert "and they agree" in finished.out
    assert "expected to fail: 4" in finished.out
    assert finished.out.count("1 × failed") == 4


@pytest.mark.parametrize("records", [1, 2, 7, 40])
def test_it_works_with_few_records(records: int) -> None:
    finished = hubbatch("demo", "--records", records, "--seed", 3, token=None)

    assert finished.code == 0
    assert finished.count("read") == records


def test_it_fails_when_the_store_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Sandbox):
        def objects(self, object_type: str) -> dict[str, object]:  # type: ignore[override]
            return dict(list(super().objects(object_type).items())[3:])

    monkeypatch.setattr(_demo, "Sandbox", Forgetful)

    finished = hubbatch("demo", "--records", 100, token=None)

    assert finished.code == 1
    assert "DIFFER in 3 places" in finished.out
    assert finished.out.count("is not in the account") == 3


def test_it_ends_early_when_the_service_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_demo, "Client", lambda _, **options: Client("wrong", **options))
    monkeypatch.setattr(_demo, "Sandbox", lambda **options: Sandbox(token="right", **options))

    finished = hubbatch("demo", "--records", 100, token=None)

    assert finished.code == 3
    assert "error: " in finished.err


def test_people_follow_from_the_seed() -> None:
    people = People(3_000, 1)

    made = [repr(person) for person in people]

    assert made == [repr(person) for person in People(3_000, 1)]
    assert made != [repr(person) for person in People(3_000, 2)]
    assert len(made) == len(people) == 3_000
    assert (people.broken, people.twice) == (4, 6)


def test_people_are_as_varied_as_real_ones() -> None:
    text = "".join(repr(person) for person in People(500, 1))

    for sample in ("Zoë", "李", "🚀", ", Jr.", "''", "None", "nan", " at ", "EXAMPLE.COM"):
        assert sample in text


def record(index: int, **properties: object) -> RecordOutcome:
    return RecordOutcome(index, properties, RecordStatus.SUCCEEDED)


def test_the_expected_account_is_that_of_records_written_one_by_one() -> None:
    wanted = expected(
        [
            record(1, email="A@B.cz", city="", born=date(2000, 1, 2), tags=["x", "y"]),
            record(0, email="a@b.cz", city="Brno", score=7, new=True, name=None),
            record(2, email="c@b.cz", seen=datetime(2026, 1, 2, 3, 4, 5, 6_000, tzinfo=UTC)),
        ]
    )

    assert wanted == {
        "a@b.cz": {
            "email": "a@b.cz",
            "score": "7",
            "new": "true",
            "born": "2000-01-02",
            "tags": "x;y",
        },
        "c@b.cz": {"email": "c@b.cz", "seen": "2026-01-02T03:04:05.006Z"},
    }


def test_every_difference_is_found() -> None:
    sandbox = Sandbox()
    for properties in (
        {"email": "same@b.cz", "city": "Brno"},
        {"email": "other@b.cz", "city": "Brno"},
        {"email": "extra@b.cz"},
        {"city": "Brno"},
        {"city": "Praha"},
    ):
        sandbox.add("contacts", properties)
    wanted = {
        "same@b.cz": {"email": "same@b.cz", "city": "Brno"},
        "other@b.cz": {"email": "other@b.cz", "city": "Praha"},
        "missing@b.cz": {"email": "missing@b.cz"},
    }

    values, found = differences(wanted, sandbox.objects("contacts"))

    assert values == 3
    assert [text.split(" {")[0] for text in found] == [
        " should not be in the account",
        "1 contacts share an e-mail address",
        "extra@b.cz should not be in the account",
        "missing@b.cz is not in the account",
        "other@b.cz is",
    ]


def test_the_demonstration_has_an_end() -> None:
    assert hubbatch("demo", "--records", 10**30).code == 2
