"""An outcome as flat rows and as a CSV file."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import enum
import io
import stat
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, people, upsert

from hubbatch import (
    BatchError,
    Counts,
    ObjectResult,
    Outcome,
    Pair,
    RecordOutcome,
    RecordStatus,
    RowResult,
    UsageError,
    files,
)
from hubbatch.testing import virtual_time

S, F, U, N = RecordStatus

OWN = ["_index", "_status", "_category", "_message", "_id", "_new"]


def outcome(*records: RecordOutcome) -> Outcome:
    statuses = [record.status for record in records]
    counts = Counts(len(records), *(statuses.count(status) for status in RecordStatus))
    return Outcome(counts=counts, records=list(records))


def of(given_input: Any, result: Any = None) -> dict[str, Any]:
    """Return the row of an input, without our own columns."""
    [row] = outcome(RecordOutcome(0, given_input, S, result)).rows()
    return {name: value for name, value in row.items() if name not in OWN}


LOADED = outcome(
    RecordOutcome(0, {"email": "a@x.com", "age": 30}, S, ObjectResult("7", {}, new=True)),
    RecordOutcome(1, {"email": "b", "x": "=1"}, F, error=BatchError("VALIDATION_ERROR", "=bad")),
    RecordOutcome(2, {"email": "c@x.com"}, U, error=BatchError("NO_REPLY", "lost")),
    RecordOutcome(3, {"email": "d@x.com"}, N),
)


def test_rows_have_the_same_keys_in_the_same_order() -> None:
    rows = list(LOADED.rows())
    assert [list(row) for row in rows] == [[*OWN, "email", "age", "x"]] * 4
    assert rows[0] == {
        "_index": 0,
        "_status": "SUCCEEDED",
        "_category": None,
        "_message": None,
        "_id": "7",
        "_new": True,
        "email": "a@x.com",
        "age": 30,
        "x": None,
    }
    assert rows[1] == {
        "_index": 1,
        "_status": "FAILED",
        "_category": "VALIDATION_ERROR",
        "_message": "=bad",
        "_id": None,
        "_new": None,
        "email": "b",
        "age": None,
        "x": "=1",
    }


@pytest.mark.parametrize(
    ("only", "indexes"),
    [
        (None, [0, 1, 2, 3]),
        ("succeeded", [0]),
        ("failed", [1]),
        ("unknown", [2]),
        ("unsent", [3]),
        ("not_succeeded", [1, 2, 3]),
        ("retryable", [2, 3]),
    ],
)
def test_only_some_rows_and_their_columns_are_wanted(only: Any, indexes: list[int]) -> None:
    rows = list(LOADED.rows(only))
    assert [row["_index"] for row in rows] == indexes
    assert ("age" in rows[0]) is (0 in indexes)


def test_another_word_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    word: Any = "bad"
    with pytest.raises(UsageError, match="only must be one of 'succeeded', 'failed'"):
        list(LOADED.rows(word))
    with pytest.raises(UsageError, match="only must be one of"):
        LOADED.to_csv(tmp_path / "x.csv", only=word)
    assert not list(tmp_path.iterdir())


LABEL = {"associationCategory": "USER_DEFINED", "associationTypeId": 7}


class Named(NamedTuple):
    email: str


@pytest.mark.parametrize(
    ("given_input", "result", "values"),
    [
        ({"a": 1, "_status": "x"}, None, {"a": 1}),
        (Named("a@x.com"), None, {"email": "a@x.com"}),
        ({"id": "7", "properties": {"a": 1}}, None, {"id": "7", "a": 1}),
        ({"id": "e", "idProperty": "email", "properties": {"a": 1}}, None, {"email": "e", "a": 1}),
        ({"properties": {"a": 1}, "associations": []}, None, {"a": 1}),
        (ObjectResult("7", {"a": "1"}), None, {"id": "7", "a": "1"}),
        ("7", None, {"id": "7"}),
        (7, ObjectResult("7", {"a": "1", "b": None}), {"id": "7", "a": "1", "b": None}),
        ({"id": 7}, ObjectResult("7", {"a": "1"}), {"id": "7", "a": "1"}),
        ({"id": 7, "a": 2}, ObjectResult("7", {"a": "1"}), {"id": 7, "a": 2}),
        ("7", RowResult({"id": "7", "name": "n"}), {"id": "7", "name": "n"}),
        (("1", "7"), RowResult({"labels": []}), {"from": "1", "to": "7"}),
        (("1", "7"), None, {"from": "1", "to": "7"}),
        (Pair("1", "7"), None, {"from": "1", "to": "7"}),
        (Pair("1", "7", [LABEL]), None, {"from": "1", "to": "7", "types": [LABEL]}),
        (
            {"from": {"id": "1"}, "to": {"id": "7"}, "types": [LABEL]},
            None,
            {"from": "1", "to": "7", "types": [LABEL]},
        ),
        (
            {"from": "ada", "to": {"id": "7", "x": 1}},
            None,
            {"from": "ada", "to": {"id": "7", "x": 1}},
        ),
        ({3: 1}, None, {"3": 1}),
    ],
)
def test_an_input_of_every_kind_has_its_values(
    given_input: Any, result: Any, values: dict[str, Any]
) -> None:
    assert of(given_input, result) == values


@pytest.mark.parametrize(
    ("given_input", "result", "values"),
    [
        ("A@x.com", {"a": "1"}, {"id": "7", "email": "A@x.com", "a": "1"}),
        ("A@x.com", {"email": "a@x.com"}, {"id": "7", "email": "A@x.com"}),
        (
            {"email": "a", "a": "old", "b": 2},
            {"a": "1"},
            {"id": "7", "email": "a", "a": "1", "b": 2},
        ),
        ({"id": "a@x.com"}, {}, {"id": "7", "email": "a@x.com"}),
        (ObjectResult("3", {"email": "a"}), {}, {"id": "7", "email": "a"}),
        ("a@x.com", None, {"id": None, "email": "a@x.com"}),
        ({"id": "3", "email": "a"}, None, {"id": None, "email": "a"}),
    ],
)
def test_a_row_of_a_read_has_the_id_of_its_record_and_what_it_was_asked_for_by(
    given_input: Any, result: dict[str, str] | None, values: dict[str, Any]
) -> None:
    found = None if result is None else ObjectResult("7", result)
    record = RecordOutcome(0, given_input, F if found is None else S, found)
    [row] = Outcome(counts=Counts(), records=[record], read_by="email").rows()
    assert {name: value for name, value in row.items() if name not in OWN} == values
    assert next(name for name in row if name not in OWN) == "id"


@virtual_time
async def test_what_was_read_by_e_mail_is_archived_by_record_ids(tmp_path: Path) -> None:
    async with World() as world:
        contacts = await upsert(world, people(3))
        emails = [each["email"] for each in people(3)]
        asked = ["nobody@x.com", *emails]
        outcome = await world.client.read("contacts", asked, id_property="email")
        rows = list(outcome.rows())
        assert [row["id"] for row in rows] == [None, *(each.id for each in contacts.results)]
        assert [row["email"] for row in rows] == asked
        copy = Outcome.from_dict(outcome.to_dict())
        assert list(Outcome.merge(copy, Outcome()).rows()) == rows
        archived = await world.client.archive("contacts", outcome.rows())
        assert archived.counts.succeeded == 3
        assert "the record id is missing" in archived.failed[0].reason
        assert not world.stored()


@virtual_time
async def test_a_row_of_a_read_by_id_that_was_not_found_says_which_id() -> None:
    async with World() as world:
        outcome = await world.client.read("contacts", ["404"])
        assert [row["id"] for row in outcome.rows()] == ["404"]
        other = await world.client.read("contacts", ["a@x.com"], id_property="email")
        assert Outcome.merge(outcome, outcome).read_by == "id"
        assert Outcome.merge(outcome, other).read_by is None


def test_an_input_whose_own_code_raises_is_a_row_nevertheless() -> None:
    class Raising:
        def model_dump(self, **_: Any) -> None:
            raise RuntimeError

    broken = Raising()
    assert of(broken) == {"id": broken}


def test_rows_make_a_frame() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(LOADED.rows())
    assert list(frame.columns) == [*OWN, "email", "age", "x"]
    assert list(frame[frame["_status"] == "FAILED"]["email"]) == ["b"]


def test_rows_are_written_by_a_dict_writer() -> None:
    text = io.StringIO()
    rows = list(LOADED.rows())
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    assert text.getvalue().count("\r\n") == 5


def test_a_csv_file_has_the_rows_and_our_columns_are_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "failed.csv"
    assert LOADED.to_csv(path, only="not_succeeded") == 3
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "_index": "1",
        "_status": "FAILED",
        "_category": "VALIDATION_ERROR",
        "_message": "'=bad",
        "_id": "",
        "_new": "",
        "email": "b",
        "x": "=1",
    }
    assert [row["_status"] for row in rows] == ["FAILED", "UNKNOWN", "UNSENT"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_unless_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    assert LOADED.to_csv(path) == 4
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        LOADED.to_csv(path)
    with pytest.raises(files.OutputError, match="other columns"):
        LOADED.to_csv(path, only="unsent", append=True)
    assert path.read_bytes() == before
    assert LOADED.to_csv(str(path), append=True) == 4
    assert path.read_bytes().count(b"a@x.com") == 2
    assert path.read_bytes().count(b"_index") == 1
    assert LOADED.to_csv(path, force=True) == 4
    assert path.read_bytes() == before


def test_no_rows_make_a_file_with_a_header(tmp_path: Path) -> None:
    assert Outcome().to_csv(tmp_path / "none.csv") == 0
    assert (tmp_path / "none.csv").read_text("utf-8-sig").strip() == ",".join(OWN)


class Stage(enum.Enum):
    WON = "closedwon"


class Raising:
    def __str__(self) -> str:
        raise RuntimeError


def test_a_cell_is_what_would_be_sent_as_far_as_there_is_such_a_text(tmp_path: Path) -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    endless: list[Any] = []
    endless.append(endless)
    values = {
        "none": None,
        "nan": float("nan"),
        "nat": pd.NaT,
        "na": pd.NA,
        "n": np.int64(7),
        "big": 1e22,
        "yes": True,
        "day": dt.date(2026, 3, 1),
        "several": ["a", "b"],
        "stage": Stage.WON,
        "half": "\ud800",
        "set": {"b", Stage.WON, "a"},
        "array": np.array([np.datetime64("2026-03-01"), None], dtype=object)[:1],
        "flags": [np.bool_(1), Stage.WON, np.float32(0.1)],
        "gaps": ["a", float("nan")],
        "no": decimal.Decimal("NaN"),
        "raising": Raising(),
        "endless": endless,
    }
    path = tmp_path / "values.csv"
    outcome(RecordOutcome(0, values, N)).to_csv(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert {name: row[name] for name in values} == {
        "none": "",
        "nan": "",
        "nat": "",
        "na": "",
        "n": "7",
        "big": "10000000000000000000000",
        "yes": "true",
        "day": "2026-03-01",
        "several": "a;b",
        "stage": "closedwon",
        "half": "<0x-->",
        "set": "a;b;closedwon",
        "array": "2026-03-01",
        "flags": "true;closedwon;0.1",
        "gaps": '["a",null]',
        "no": "",
        "raising": "<Raising>",
        "endless": "<list>",
    }


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)
some = st.fixed_dictionaries({"a": cells.filter(str.strip)}, optional={"b": cells, "c": cells})


@settings(deadline=None)  # it writes and reads files
@given(rows=st.lists(some, min_size=1, max_size=5))
def test_what_is_written_is_loaded_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "unsent.csv"
    outcome(*(RecordOutcome(index, row, N) for index, row in enumerate(rows))).to_csv(
        path, force=True
    )
    found = [entry for entry in files.read(path).entries() if isinstance(entry, files.Row)]
    assert [dict(row) for row in found] == rows
    assert {row.status for row in found} == {"UNSENT"}


def test_what_no_reader_takes_is_shown_and_read_as_the_text_that_stands_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "unsent.csv"
    given = [
        {"email": "a@b.cz", "bio": "x\0"},
        {"email": "b@b.cz", "bio": "\ud83d"},
        {"email": "c@b.cz"},
    ]
    outcome(*(RecordOutcome(index, row, N) for index, row in enumerate(given))).to_csv(path)

    found = list(files.read(path, bad_lines="reject", notice=lambda _: None))

    assert [row["email"] for row in found] == ["a@b.cz", "b@b.cz", "c@b.cz"]
    assert [row.get("bio") for row in found[:2]] == ["x<0x00>", "<0x-->"]


@virtual_time
async def test_what_has_failed_is_written_mended_and_loaded_again(tmp_path: Path) -> None:
    failed, mended = tmp_path / "failed.csv", tmp_path / "mended.csv"
    async with World() as world:
        first = await upsert(world, [{"email": "", "firstname": "Ada"}, *people(3)])
        assert first.to_csv(failed, only="failed") == 1
        with failed.open(encoding="utf-8-sig", newline="") as file:
            [row] = csv.DictReader(file)
        row["email"] = "ada@x.com"
        with mended.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
        assert (await upsert(world, files.read(mended))).ok
        assert world.stored()["ada@x.com"].keys() >= {"firstname"}
        assert not {name for name in world.stored()["ada@x.com"] if name.startswith("_")}
