"""Rows of frames. The libraries are imported when a test runs, not before; one that is not installed is skipped."""

from __future__ import annotations

import datetime as dt
import importlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch import UsageError, in_thread
from hubbatch._records.frames import never_waits, rows_of
from hubbatch.testing import virtual_time

ROWS: list[dict[str, Any]] = [
    {"email": "a@x.com", "age": 30, "since": dt.datetime(2026, 3, 1, 12)},
    {"email": "b@x.com", "age": 41, "since": dt.datetime(2026, 3, 2)},
    {"email": None, "age": 7, "since": dt.datetime(2026, 3, 3)},
]


def pandas_frame(rows: list[dict[str, Any]]) -> Any:
    return importlib.import_module("pandas").DataFrame(rows)


def polars_frame(rows: list[dict[str, Any]]) -> Any:
    return importlib.import_module("polars").DataFrame(rows)


def arrow_table(rows: list[dict[str, Any]]) -> Any:
    return importlib.import_module("pyarrow").Table.from_pylist(rows)


def arrow_batch(rows: list[dict[str, Any]]) -> Any:
    return importlib.import_module("pyarrow").RecordBatch.from_pylist(rows)


def arrow_reader(rows: list[dict[str, Any]]) -> Any:
    return arrow_table(rows).to_reader()


class Relation:
    """As DuckDB's: nothing but a stream of Arrow's."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def relation(rows: list[dict[str, Any]]) -> Any:
    return Relation(arrow_table(rows))


MAKERS = [pandas_frame, polars_frame, arrow_table, arrow_batch, arrow_reader, relation]
OF_KNOWN_LENGTH = {pandas_frame, polars_frame, arrow_table, arrow_batch}


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Callable[[list[dict[str, Any]]], Any]:
    library = request.param.__name__.partition("_")[0]
    pytest.importorskip({"arrow": "pyarrow", "relation": "pyarrow"}.get(library, library))
    maker: Callable[[list[dict[str, Any]]], Any] = request.param
    return maker


def test_the_rows_of_a_frame_are_mappings(make: Callable[[list[dict[str, Any]]], Any]) -> None:
    rows = rows_of(make(ROWS))
    assert rows is not None
    found = list(rows)
    assert [{**row, "email": row["email"] or None} for row in found[:2]] == ROWS[:2]
    assert [type(row["age"]) for row in found] == [int, int, int]
    assert [row["email"] for row in found[:2]] == ["a@x.com", "b@x.com"]
    assert isinstance(found[0]["since"], dt.datetime)


def test_a_frame_that_is_in_memory_knows_its_length(
    make: Callable[[list[dict[str, Any]]], Any],
) -> None:
    rows = rows_of(make(ROWS))
    assert rows is not None
    if make in OF_KNOWN_LENGTH:
        assert len(rows) == 3
    else:
        with pytest.raises(TypeError):
            len(rows)


def test_all_rows_of_a_long_frame_come_in_order(
    make: Callable[[list[dict[str, Any]]], Any],
) -> None:
    rows = rows_of(make([{"n": number, "text": f"t{number}"} for number in range(1_001)]))
    assert rows is not None
    assert [(row["n"], row["text"]) for row in rows] == [(n, f"t{n}") for n in range(1_001)]


@pytest.mark.parametrize("make", [pandas_frame, arrow_table, arrow_batch])
def test_a_frame_without_rows_has_none(make: Callable[[list[dict[str, Any]]], Any]) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    rows = rows_of(make(ROWS)[:0])
    assert rows is not None
    assert list(rows) == []


@settings(deadline=None)  # the first example imports the library
@given(rows=st.integers(0, 600), columns=st.integers(1, 40))
def test_rows_are_made_as_they_are_pulled_and_none_is_lost(rows: int, columns: int) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({f"c{column}": range(rows) for column in range(columns)})
    source = rows_of(frame)
    assert source is not None
    assert [row["c0"] for row in source] == list(range(rows))


def test_frames_in_memory_wait_for_nothing_and_streams_may(
    make: Callable[[list[dict[str, Any]]], Any],
) -> None:
    assert never_waits(rows_of(make(ROWS))) is (make in OF_KNOWN_LENGTH)
    assert never_waits([]) is never_waits(()) is True
    assert never_waits(iter([])) is False


def test_a_frame_is_not_made_into_rows_as_a_whole() -> None:
    """A table of a million rows and one column is sliced 256 rows at a time."""
    pa = pytest.importorskip("pyarrow")
    sliced = []

    class Batch:
        schema = pa.schema([("a", pa.int64())])
        num_rows = 1_000_000

        def slice(self, first: int, size: int) -> Any:
            sliced.append((first, size))
            return pa.RecordBatch.from_pylist([{"a": n} for n in range(first, first + size)])

    from hubbatch._records.frames import _of_batches  # noqa: PLC0415 (what is looked into here)

    assert len(list(itertools.islice(_of_batches([Batch()]), 257))) == 257
    assert sliced == [(0, 256), (256, 256)]


def test_named_levels_of_an_index_are_columns() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(ROWS[:2])
    by_email = rows_of(frame.set_index("email"))
    assert by_email is not None
    assert [row["email"] for row in by_email] == ["a@x.com", "b@x.com"]
    by_both = rows_of(frame.set_index(["email", "age"])[["since"]])
    assert by_both is not None
    assert [list(row) for row in by_both] == [["email", "age", "since"]] * 2
    unnamed = rows_of(frame.set_index(frame["email"].to_numpy()))
    assert unnamed is not None
    assert list(next(iter(unnamed))) == ["email", "age", "since"]


@pytest.mark.parametrize(
    ("make_frame", "says"),
    [
        (lambda pd: pd.DataFrame([[1, 2]]), "a column is called 0"),
        (lambda pd: pd.DataFrame({("a", "b"): [1]}), r"a column is called \('a', 'b'\)"),
        (lambda pd: pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called 'a'"),
        (
            lambda pd: pd.DataFrame({"a": [1]}, index=pd.Index([5], name="a")),
            "two columns are called 'a'",
        ),
        (lambda pd: pd.DataFrame([[1]], columns=[""]), "a column is called ''"),
    ],
)
def test_columns_that_are_no_properties_are_refused(
    make_frame: Callable[[Any], Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        rows_of(make_frame(pytest.importorskip("pandas")))


def test_two_columns_of_one_name_in_a_table_are_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table([[1], [2]], names=["a", "a"])
    for frame in (table, table.to_batches()[0]):
        with pytest.raises(UsageError, match="two columns are called 'a'"):
            rows_of(frame)
    stream = rows_of(Relation(table))
    assert stream is not None
    with pytest.raises(UsageError, match="two columns are called 'a'"):
        list(stream)


def test_columns_and_arrays_are_no_frames() -> None:
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    for source in (pd.Series([1]), pa.chunked_array([[1]]), [1], "text", {"a": 1}, None):
        assert rows_of(source) is None


def test_without_pyarrow_a_stream_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = relation(ROWS)
    monkeypatch.setitem(importlib.sys.modules, "pyarrow", None)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"install hubbatch\[parquet\]"):
        rows_of(stream)


@virtual_time
async def test_rows_are_pulled_in_a_thread_where_that_is_wanted() -> None:
    pytest.importorskip("pandas")
    async with in_thread(pandas_frame(ROWS)) as rows:
        assert [row["age"] async for row in rows] == [30, 41, 7]
