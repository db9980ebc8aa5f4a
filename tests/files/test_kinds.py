"""Kinds of files: found by content before the name, and the line to type for what cannot be read."""

from __future__ import annotations

import builtins
import bz2
import csv
import datetime as dt
import gzip
import importlib
import io
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from files_support import bad_lines, entries, failure, items, rejected, rows, written

from hubbatch.files import Ended, Kind, Opened, Rejects, Row, _tables, read
from hubbatch.files._extras import needed

CSV = "email,name\na@b.cz,Zoë\nc@d.cz,\n"
RECORDS = [{"email": "a@b.cz", "name": "Zoë"}, {"email": "c@d.cz"}]


def zstd(data: bytes) -> bytes:
    packed: bytes = needed("zstd").compress(data)
    return packed


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return file.getvalue()


def opened(path: Path, **options: Any) -> Opened:
    first = entries(path, **options)[0]
    assert isinstance(first, Opened)
    return first


def table() -> pa.Table:
    return pa.table(
        {
            "email": ["a@b.cz", "c@d.cz", None],
            "score": [Decimal("1.10"), None, None],
            "born": [dt.date(2000, 1, 2), None, None],
            "seen": pa.array([1_700_000_000_123_456_789, None, None], pa.timestamp("ns", tz="UTC")),
        }
    )


TYPED = [
    {
        "email": "a@b.cz",
        "score": Decimal("1.10"),
        "born": dt.date(2000, 1, 2),
        "seen": dt.datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=dt.UTC),
    },
    {"email": "c@d.cz"},
]


def workbook(path: Path, *sheets: tuple[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets:
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "zstd": zstd,
    "zip": lambda data: zipped(people__csv=data, __MACOSX=b""),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", ["people.csv", "people.parquet", "people"])
def test_packed_files_are_unpacked_whatever_they_are_called(
    tmp_path: Path, packing: str, name: str
) -> None:
    pack = PACKINGS[packing] if packing != "zip" else lambda data: zipped(people__csv=data)
    path = written(tmp_path / name, pack(CSV.encode()))

    assert [dict(row) for row in rows(path)] == RECORDS
    assert opened(path).packed == packing
    assert opened(path).kind is Kind.CSV


def test_several_gzip_members_and_zstd_frames_are_one_file(tmp_path: Path) -> None:
    for pack in (gzip.compress, zstd):
        data = pack(b"email\na@b.cz\n") + pack(b"c@d.cz\n")
        assert len(rows(written(tmp_path / "in", data))) == 2


def test_what_a_mac_adds_to_a_zip_is_no_second_file(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("people.csv", CSV)
        archive.writestr("__MACOSX/._people.csv", b"\0")
        archive.writestr("folder/", b"")
    assert len(rows(written(tmp_path / "in.zip", file.getvalue()))) == 2


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("in.csv", b'{"a":1}\n', Kind.NDJSON),
        ("in.csv", b' \n{ "a":1}\n', Kind.NDJSON),
        ("in.csv", b'[{"a":1}]', Kind.JSON),
        ("in.ndjson", b'\xef\xbb\xbf [\n {"a":1}\n]\n', Kind.JSON),
        ("in.jsonl", b"7\n8\n", Kind.NDJSON),
        ("in.json.gz", gzip.compress(b"7\n", mtime=0), Kind.NDJSON),
        ("in.csv", b"7\n8\n", Kind.CSV),
        ("in", b"[Email],[Name]\na,b\n", Kind.CSV),
        ("in", b"{Email},b\na,b\n", Kind.CSV),
        ("in.csv", '{"a":1}\n'.encode("utf-16"), Kind.NDJSON),
        ("in.csv", '[{"a":"\u00e9"}]'.encode("utf-16-le"), Kind.JSON),
    ],
)
def test_the_kind_is_found_by_the_content_and_by_the_name_only_in_doubt(
    tmp_path: Path, name: str, data: bytes, kind: Kind
) -> None:
    assert opened(written(tmp_path / name, data), bare="id").kind is kind


def test_a_kind_that_is_named_is_believed(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", b"7\n8\n")
    assert opened(path, kind="csv").kind is Kind.CSV


def test_parquet_gives_typed_values(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    pyarrow.parquet.write_table(table(), path)

    found = entries(path)

    assert [dict(entry) for entry in found if isinstance(entry, Row)] == TYPED
    ended = found[-1]
    assert isinstance(ended, Ended)
    assert (ended.blank, ended.fingerprint.size) == (1, path.stat().st_size)


@pytest.mark.parametrize("form", ["file", "feather", "stream"])
def test_arrow_files_and_streams(tmp_path: Path, form: str) -> None:
    path = tmp_path / "in"
    if form == "feather":
        pyarrow.feather.write_feather(table(), path)
    else:
        new = pyarrow.ipc.new_file if form == "file" else pyarrow.ipc.new_stream
        with new(path, table().schema) as writer:
            writer.write_table(table())
    assert [dict(row) for row in rows(path)] == TYPED


def test_a_packed_arrow_stream_is_read_and_a_packed_parquet_names_the_command(
    tmp_path: Path,
) -> None:
    stream = io.BytesIO()
    with pyarrow.ipc.new_stream(stream, table().schema) as writer:
        writer.write_table(table())
    path = written(tmp_path / "in.arrows.gz", gzip.compress(stream.getvalue()))
    assert [dict(row) for row in rows(path)] == TYPED

    pyarrow.parquet.write_table(table(), tmp_path / "in.parquet")
    path = written(tmp_path / "in.gz", gzip.compress((tmp_path / "in.parquet").read_bytes()))
    assert "parquet within gzip: unpack it first" in str(failure(path))


def test_a_workbook_knows_the_rows_of_its_sheet(tmp_path: Path) -> None:
    day, moment = dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 10, 30)
    lines: list[list[Any]] = [
        [],
        ["email", "n", "day", "seen", "ok", None],
        ["a@b.cz", 7, day, moment, True],
        [],
        ["c@d.cz", 1.5, None, None, False],
        ["e@f.cz", 1, None, None, False, None, "stray"],
    ]
    path = workbook(tmp_path / "in.xlsx", ("People", lines), ("Other", [["x"], ["y"]]))

    found = rows(path)

    assert [(row.line, dict(row)) for row in found] == [
        (3, {"email": "a@b.cz", "n": 7, "day": day, "seen": moment, "ok": True}),
        (5, {"email": "c@d.cz", "n": 1.5, "ok": False}),
    ]
    assert isinstance(found[0]["n"], int)
    assert opened(path).assumptions == ("sheet 'People' of 2",)
    assert [(bad.line, "right of the header" in bad.reason) for bad in bad_lines(path)] == [
        (6, True)
    ]
    assert [dict(row) for row in rows(path, sheet="Other")] == [{"x": "y"}]
    assert opened(path, sheet="Other").assumptions == ()
    assert "no sheet 'People2': it has 'People', 'Other'" in str(failure(path, sheet="People2"))


def test_an_empty_column_of_a_workbook_needs_no_name(tmp_path: Path) -> None:
    lines: list[list[Any]] = [
        ["email", None, "n"],
        ["a@b.cz", None, 1],
        ["c@d.cz", "x", 2],
        ["e@f.cz", None, 3],
    ]
    path = workbook(tmp_path / "in.xlsx", ("A", lines))
    with Rejects(tmp_path / "bad.ndjson") as rejects:
        rejects.write(*rejected(rows(path)))

    (bad,) = bad_lines(path)

    assert opened(path).unnamed == (2,)
    assert (bad.line, bad.raw) == (3, "c@d.cz,x,2\r\n")
    assert bad.reason.startswith("column 2 has a value here and no name")
    for file in (path, tmp_path / "bad.ndjson"):
        assert [dict(row) for row in rows(file)] == [
            {"email": "a@b.cz", "n": 1},
            {"email": "e@f.cz", "n": 3},
        ]
    path = workbook(tmp_path / "index.xlsx", ("A", [[None, "email"], [], [0, "a@b.cz"]]))
    assert (failure(path).line, failure(path).problem) == (
        3,
        bad.reason.replace("column 2", "column 1"),
    )


def test_times_and_durations_of_a_workbook_are_text(tmp_path: Path) -> None:
    cells = ["a@b.cz", dt.time(9, 30), dt.timedelta(hours=30)]
    path = workbook(tmp_path / "in.xlsx", ("A", [["email", "at", "took"], cells]))

    assert [dict(row) for row in rows(path)] == [
        {"email": "a@b.cz", "at": "09:30:00", "took": "1 day, 6:00:00"}
    ]


def test_an_empty_sheet_is_reported(tmp_path: Path) -> None:
    assert "the sheet is empty" in str(failure(workbook(tmp_path / "in.xlsx", ("A", []))))


def test_a_workbook_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "in.xlsx", ("A", [["a"], *([n] for n in range(2_000))]))
    monkeypatch.setattr(_tables, "_MAX_UNPACKED", 10_000)
    assert "save the sheet as CSV" in str(failure(path))


def test_a_json_array_is_read_as_a_stream_with_all_digits(tmp_path: Path) -> None:
    text = '[{"a": 1.10, "b": 12345678901234567890123},\n 7, null, {"c": ["\u00e9"]}]'
    path = written(tmp_path / "in.json", text)

    assert [dict(row) for row in rows(path)] == [
        {"a": Decimal("1.10"), "b": 12345678901234567890123},
        {"c": ["\u00e9"]},
    ]
    assert [bad.position for bad in bad_lines(path)] == [1, 2]
    assert [dict(row) for row in rows(path, bare="id")][1] == {"id": 7}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'[{"a":1},{"a":', "in record 2 of the array: it is cut off"),
        (b'[{"a":1},{"a"}]', "in record 2 of the array: not JSON"),
        (b'[{"a":1}] x', "not JSON"),
        (b'[{"a":"\xff"}]', "the text is not in its encoding"),
        (b"[]", "there is no record in it"),
    ],
)
def test_an_array_that_breaks_ends_there(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in str(failure(written(tmp_path / "in.json", data)))


def test_one_record_of_an_array_has_a_bound(tmp_path: Path) -> None:
    path = written(tmp_path / "in.json", b'[{"a":1},{"a":"' + b"x" * 17 * 2**20 + b'"}]')
    assert "in record 2 of the array: this record is longer than 16 MiB: take it out" in str(
        failure(path)
    )


def foreign(path: Path) -> dict[str, tuple[bytes, str]]:
    with sqlite3.connect(path / "db") as database:
        database.execute("create table t (a)")
    return {
        "bzip2": (bz2.compress(CSV.encode()), "bunzip2"),
        "xz": (lzma.compress(CSV.encode()), "unxz"),
        "sqlite": ((path / "db").read_bytes(), "sqlite3 -csv -header"),
        "pdf": (b"%PDF-1.7\n", "export the table as CSV"),
        "avro": (b"Obj\x01\x04", "Parquet or NDJSON"),
        "html": (b"<table><tr>", "save it as CSV"),
        "html with a mark": (b"\xef\xbb\xbf<html>", "save it as CSV"),
        "packed twice": (gzip.compress(gzip.compress(CSV.encode())), "gunzip FILE"),
    }


def test_a_kind_that_is_not_read_says_what_to_type(tmp_path: Path) -> None:
    for name, (data, advice) in foreign(tmp_path).items():
        assert advice in str(failure(written(tmp_path / "in.csv", data))), name


DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip cut off": (lambda: gzip.compress(os.urandom(100_000).hex().encode())[:-20], "cut off"),
    "gzip damaged": (lambda: gzip.compress(CSV.encode())[:-6] + b"xxxxxx", "damaged"),
    "zstd cut off": (lambda: zstd(CSV.encode())[:-3], "cut off"),
    "zstd of a window that takes too much memory": (
        lambda: b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(20),
        "window of more than 128 MiB (zstd --long): unpack it first with `zstd -d --long=31`",
    ),
    "zstd damaged": (lambda: zstd(CSV.encode())[:6] + b"xxxxxxxxxx", "damaged"),
    "zip cut off": (lambda: zipped(a=CSV.encode())[:-30], "the zip is damaged"),
    "zip of two": (lambda: zipped(a=b"1", b=b"2"), "the zip holds 2 files"),
    "zip of none": (zipped, "the zip holds 0 files"),
    "parquet": (lambda: b"PAR1" + b"x" * 100, "cannot be read as Parquet"),
    "arrow": (lambda: b"ARROW1" + b"x" * 100, "cannot be read as Arrow"),
    "arrow stream": (lambda: b"\xff" * 4 + b"x" * 100, "cannot be read as Arrow"),
    "workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "read as a workbook"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_reported_with_what_to_do(tmp_path: Path, what: str) -> None:
    make, said = DAMAGED[what]
    error = failure(written(tmp_path / "in.csv", make()))
    assert said in str(error)
    assert str(error).startswith(f"{tmp_path / 'in.csv'}")


def test_a_library_that_gives_up_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        pass

    class Workbook:
        @staticmethod
        def from_path(_: str) -> None:
            raise PanicException("called `Option::unwrap()` on a `None` value")

    path = workbook(tmp_path / "in.xlsx", ("A", [["a"], [1]]))
    monkeypatch.setattr("python_calamine.CalamineWorkbook", Workbook)
    assert "cannot be read as a workbook" in str(failure(path))


def test_the_rows_before_the_end_of_a_cut_off_file_are_given(tmp_path: Path) -> None:
    body = "".join(f"{n},{os.urandom(8).hex()}\n" for n in range(20_000))
    data = gzip.compress(f"n,x\n{body}".encode())
    source = read(written(tmp_path / "in.csv.gz", data[: len(data) // 2]))
    found: list[Row] = []
    with pytest.raises(Exception, match=r"line [0-9]+: the gzip data is cut off"):
        found.extend(source)
    assert len(found) > 8_000
    assert [row["n"] for row in found] == [str(n) for n in range(len(found))]


def test_a_zip_with_a_password_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("File 'a' is encrypted, password required for extraction")

    path = written(tmp_path / "in.zip", zipped(a=b"a\n1\n"))
    monkeypatch.setattr("zipfile.ZipFile.open", refuse)
    assert "unpack it first" in str(failure(path))


@pytest.mark.parametrize(
    ("data", "module", "line"),
    [
        (zstd(CSV.encode()), "zstd", "pip install 'hubbatch[zst]'"),
        (b'[{"a":1}]', "ijson", "pip install 'hubbatch[json]'"),
        (b"PAR1" + b"x" * 100, "pyarrow", "pip install 'hubbatch[parquet]'"),
        (b"ARROW1" + b"x" * 100, "pyarrow", "pip install 'hubbatch[parquet]'"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "calamine", "pip install 'hubbatch[excel]'"),
    ],
)
def test_a_library_that_is_missing_is_named_with_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, module: str, line: str
) -> None:
    load = importlib.import_module

    def without(name: str) -> Any:
        if module in name:
            raise ImportError(name)
        return load(name)

    monkeypatch.setattr("importlib.import_module", without)
    assert line in str(failure(written(tmp_path / "in", data)))


def test_reading_csv_loads_no_library_of_an_extra(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", CSV)
    code = (
        f"import sys; from hubbatch.files import read; list(read({str(path)!r}));"
        "print({'ijson', 'pyarrow', 'python_calamine', 'openpyxl'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_small_file_that_unpacks_to_a_huge_line_costs_no_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(b"a,b\n1,2\n")
        for _ in range(64):
            file.write(b"x" * 2**20)
        file.write(b"\n3,4\n")
    path = written(tmp_path / "in.csv.gz", packed.getvalue())
    assert path.stat().st_size < 2**17

    found = items(path)

    assert [dict(item) for item in found if isinstance(item, Row)] == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4"},
    ]
    (bad,) = bad_lines(path)
    assert bad.cut
    assert (bad.line, len(bad.raw)) == (3, 2**16)
    assert "longer than 16 MiB" in bad.reason


@pytest.mark.parametrize(("suffix", "kind"), [(".csv", Kind.CSV), (".ndjson", Kind.NDJSON)])
def test_rejects_of_typed_tables_become_text_by_their_suffix(
    tmp_path: Path, suffix: str, kind: Kind
) -> None:
    path, again = tmp_path / "in.parquet", tmp_path / f"bad{suffix}"
    pyarrow.parquet.write_table(table(), path)
    with Rejects(again) as rejects:
        rejects.write(*rejected(items(path)))

    assert opened(again).kind is kind
    first, second = rows(again)
    assert [str(value) for value in first.values() if value is not None] == [
        "a@b.cz",
        "1.10",
        "2000-01-02",
        "2023-11-14T22:13:20.123456+00:00",
    ]
    assert {name: value for name, value in second.items() if value is not None} == {
        "email": "c@d.cz"
    }


def test_rejects_of_an_array_become_lines(tmp_path: Path) -> None:
    values = [{"a": 1}, 7, {"b": ["\u00e9", None], "c": {"d": 12345678901234567890123}}]
    path, again = written(tmp_path / "in.json", json.dumps(values)), tmp_path / "bad.txt"
    with Rejects(again) as rejects:
        rejects.write(*rejected(items(path)))

    assert [dict(row) for row in rows(again)] == [values[0], values[2]]
    assert len(bad_lines(again)) == 1
    assert builtins.all(line.startswith("{") for line in again.read_text().splitlines())


def test_a_rejects_file_may_come_back_as_a_workbook(tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", "email,n\na@b.cz,1\nc@d.cz,2\n")
    with Rejects(tmp_path / "bad.csv") as rejects:
        rejects.write(*rejected(items(source)))
    with (tmp_path / "bad.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = [*csv.reader(file), []]
    path = workbook(tmp_path / "mended.xlsx", ("Sheet", lines))

    first, second = rows(path)

    assert (dict(first), first.status) == ({"email": "a@b.cz", "n": "1"}, "FAILED")
    assert second.raw == {"email": "c@d.cz", "n": "2"}


def test_rows_of_a_csv_are_written_as_lines_where_the_first_file_was_typed(tmp_path: Path) -> None:
    typed = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.table({"n": [1], "x": ["a"]}), typed)
    plain = written(tmp_path / "b.csv", "x,n\nb,2\nragged\n")
    with Rejects(tmp_path / "bad.ndjson") as rejects:
        rejects.write(*rejected([*items(typed), *items(plain)]))

    assert [dict(row) for row in rows(tmp_path / "bad.ndjson")] == [
        {"n": 1, "x": "a"},
        {"x": "b", "n": "2"},
    ]
    assert [bad.raw for bad in bad_lines(tmp_path / "bad.ndjson")] == ["ragged\n"]
