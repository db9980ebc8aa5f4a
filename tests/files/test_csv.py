"""CSV and TSV: delimiters and encodings found out, rows and their lines, and bad lines that cost no other."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from files_support import bad_lines, entries, failure, items, rows, written
from hypothesis import given
from hypothesis import strategies as st

from hubbatch.files import BadLine, Ended, InputError, Opened, Row, read
from hubbatch.files._bytes import Stream
from hubbatch.files._delimiters import delimiter_of
from hubbatch.files._encodings import encoding_of
from hubbatch.files._lines import line_blocks


def placed(path: Path, **options: Any) -> list[tuple[int | None, dict[str, Any]]]:
    return [(row.line, dict(row)) for row in rows(path, **options)]


def said(path: Path, **options: Any) -> tuple[str, ...]:
    first = entries(path, **options)[0]
    assert isinstance(first, Opened)
    return first.assumptions


def blank(path: Path) -> int:
    ended = entries(path)[-1]
    assert isinstance(ended, Ended)
    return ended.blank


def test_records_know_file_line_and_position(tmp_path: Path) -> None:
    text = 'email,note\r\na@b.cz,"two\nlines"\n\nč@b.cz,"x, ""y"" 🚀"'
    path = written(tmp_path / "in.csv", text)

    assert placed(path) == [
        (2, {"email": "a@b.cz", "note": "two\nlines"}),
        (5, {"email": "č@b.cz", "note": 'x, "y" 🚀'}),
    ]
    assert [(row.file, row.position, row.raw) for row in rows(path)] == [
        (str(path), 0, 'a@b.cz,"two\nlines"\n'),
        (str(path), 1, 'č@b.cz,"x, ""y"" 🚀"'),
    ]


def test_an_empty_cell_is_left_out_unless_it_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email,city\na@b.cz,\n")

    assert placed(path) == [(2, {"email": "a@b.cz"})]
    assert placed(path, keep_empty=True) == [(2, {"email": "a@b.cz", "city": ""})]


def test_an_empty_column_without_a_name_is_passed_over_and_said_once(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email,,city,\na@b.cz,,x,\nb@b.cz, ,,\n,,,\n")

    opened = entries(path)[0]

    assert placed(path) == [(2, {"email": "a@b.cz", "city": "x"}), (3, {"email": "b@b.cz"})]
    assert placed(path, keep_empty=True)[1] == (3, {"email": "b@b.cz", "city": ""})
    assert str(opened) == f"{path}: read as csv; columns 2, 4 have no name, and must be empty"
    assert not bad_lines(path)
    assert blank(path) == 1


def test_a_value_without_a_column_name_is_a_bad_line_that_says_where(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email,\na@b.cz,\nb@b.cz,x\nc@b.cz,\n")

    (bad,) = bad_lines(path)

    assert bad.reason.startswith("column 2 has a value here and no name")
    assert (bad.line, bad.raw) == (3, "b@b.cz,x\n")
    assert [line for line, _ in placed(path)] == [2, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_line_ends_byte_order_marks_and_encodings_are_found_out(
    tmp_path: Path, end: str, encoding: str
) -> None:
    path = written(tmp_path / "in.csv", f"email,name{end}a@b.cz,Zoë{end}".encode(encoding))

    assert placed(path) == [(2, {"email": "a@b.cz", "name": "Zoë"})]
    assert said(path) == (() if encoding.startswith("utf-8") else (encoding,))


def test_what_was_assumed_is_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email;name\na@b.cz;Zoë\n".encode("cp1252"))

    assert str(entries(path)[0]) == f"{path}: read as cp1252, delimiter ';'"
    assert str(entries(path, encoding="cp1252")[0]) == f"{path}: read with delimiter ';'"
    assert said(path, encoding="cp1252", delimiter=";") == ()


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2\n", ";"),
        ("a\tb, c\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("name;notes, long\nx;a, b, c\ny;d\n", ";"),
        ("name,notes; long\nx,a; b; c\ny,d\n", ","),
        ('"a;b",c\n"1;2",3\n', ","),
        ("only\n1\n2\n", ","),
        ("a;b;c\n", ";"),
        ("", ","),
        ('a;"open\n', ";"),
    ],
)
def test_the_delimiter_is_the_one_that_makes_rows_as_wide_as_the_header(
    text: str, delimiter: str
) -> None:
    assert delimiter_of(text.splitlines(keepends=True)) == delimiter


@pytest.mark.parametrize("first", ["sep=^\n", '"sep=^"\r\n', "SEP=^\n"])
def test_a_first_line_may_name_the_delimiter(tmp_path: Path, first: str) -> None:
    path = written(tmp_path / "in.csv", f"{first}a^b,c\n1^2\n")

    assert placed(path) == [(3, {"a": "1", "b,c": "2"})]
    assert said(path) == ()


@pytest.mark.parametrize(
    ("sample", "codec"),
    [
        (b"ascii", "utf-8-sig"),
        ("é".encode(), "utf-8-sig"),
        ("éé".encode() + b"\xff", "utf-8-sig"),
        (b"Zo\xeb", "cp1252"),
        (b"Zo\xeb" + "é".encode("cp1252") * 5, "cp1252"),
        ("ab".encode("utf-16-be"), "utf-16-be"),
        ("李さくら,ab\n".encode("utf-16-le"), "utf-16-le"),
        (b"\0\0\0\0", "utf-8-sig"),
        (b"\x81\x8d", ""),
        (b"", "utf-8-sig"),
    ],
)
def test_the_encoding_is_found_by_trial(sample: bytes, codec: str) -> None:
    assert encoding_of(sample, None, whole=True).codec == codec


def test_a_character_that_the_sample_cuts_in_two_is_no_fault() -> None:
    assert encoding_of("é".encode()[:1], None, whole=False).codec == "utf-8-sig"
    assert encoding_of(b"x" + "é".encode()[:1], None, whole=True).codec == "cp1252"


@pytest.mark.parametrize(
    ("written_as", "named", "mark"),
    [
        ("utf-8-sig", "cp1252", "utf-8"),
        ("utf-16", "utf-8", "utf-16"),
        ("utf-16", "utf-16-be" if sys.byteorder == "little" else "utf-16-le", "utf-16"),
    ],
)
@pytest.mark.parametrize("text", ["email\nZoë\n", '{"email": "Zoë"}\n'], ids=["csv", "ndjson"])
def test_a_name_that_contradicts_the_byte_order_mark_is_refused_with_what_to_do(
    tmp_path: Path, written_as: str, named: str, mark: str, text: str
) -> None:
    path = written(tmp_path / "in.csv", text.encode(written_as))

    problem = str(failure(path, encoding=named))
    assert f"byte order mark of {mark}, and the encoding that is named is {named}" in problem
    assert "name none, or save the file without the mark" in problem
    assert len(rows(path)) == 1


def test_a_name_that_agrees_with_the_byte_order_mark_is_no_assumption(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email\nZoë\n".encode("utf-8-sig"))

    assert placed(path, encoding="utf-8") == [(2, {"email": "Zoë"})]
    assert said(path, encoding="utf-8") == ()


def test_an_encoding_that_cannot_be_found_is_to_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "město,x\nťuk,1\n".encode("cp1250"))

    assert "name its encoding, such as cp1250" in str(failure(path))
    assert placed(path, encoding="cp1250") == [(2, {"město": "ťuk", "x": "1"})]


BAD_FILES = {
    "empty": (b"", 1, "the file is empty, there is no header"),
    "only blank lines": (b"\n\n", 3, "there is no header"),
    "header only": (b"email,city\n", 2, "there is no record in it"),
    "values without a name": (b"email,,city\na,b,c\n", 2, "column 2 has a value here and no name"),
    "an index without a name": (b",email\n\n0,a\n", 3, "column 1 has a value here and no name"),
    "same name twice": (b"email,city,email\na,b,c\n", 1, "names email twice"),
    "no key column": (b"\nmail,city\na,b\n", 2, "no column 'email' (it has mail, city)"),
    "a key that is nearly there": (b"E-mail,city\na,b\n", 1, "('E-mail'?)"),
    "an unknown delimiter": (b"email^city\na^b\n", 1, "name the delimiter"),
    "quote never closed in the header": (b'email,"city\na,b\n', 1, "never closed, in the header"),
    "text after a quote in the header": (b'"email"x,city\na,b\n', 1, "look at the quotes"),
    "a header that is not UTF-8": (
        b"email,\xc3\xa9\xc3\xa9\xff\na,b\n",
        1,
        "byte 0xFF is not utf-8",
    ),
}


@pytest.mark.parametrize(("data", "line", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_read_at_all(
    tmp_path: Path, data: bytes, line: int, said: str
) -> None:
    error = failure(written(tmp_path / "in.csv", data), key="email")

    assert said in error.problem
    assert (error.file, error.line) == (str(tmp_path / "in.csv"), line)


def test_a_file_without_a_column_of_record_ids(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email\na@b.cz\n")
    assert "name the unique property" in str(failure(path, key="id"))


BAD_LINES = {
    "too few cells": (b"c\n", "1 cells where the header has 2"),
    "too many cells": (b"c,d,e\n", "3 cells where the header has 2"),
    "quote never closed": (b'c,"d\n', "never closed"),
    "text after a quote": (b'c,"d"e\n', "look at the quotes"),
    "not UTF-8": ("c,Zoë\n".encode("cp1252"), "byte 0xEB is not utf-8"),
    "NUL": (b"c,\0\n", "NUL"),
    "huge cell": (b"c," + b"x" * 200_000 + b"\n", "longer than 131,072 characters"),
}


@pytest.mark.parametrize(("bad", "said"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_costs_no_other(tmp_path: Path, bad: bytes, said: str) -> None:
    before = "".join(f"é{n},b\n" for n in range(20_000)).encode()
    after = b"x,y\n" * 20_000
    path = written(tmp_path / "in.csv", b"email,city\n" + before + bad + after)

    found = items(path)

    assert [type(item) for item in found] == [Row] * 20_000 + [BadLine] + [Row] * 20_000
    (wrong,) = bad_lines(path)
    assert (wrong.line, wrong.position, wrong.cut) == (20_002, 20_000, False)
    assert said in wrong.reason
    assert wrong.raw.encode(errors="surrogateescape") == bad
    assert str(wrong).startswith(f"{path}, line 20002: ")
    assert "x" * 100 not in str(wrong)
    assert found[-1].line == 40_002


@pytest.mark.parametrize(("bad", "said"), BAD_LINES.values(), ids=BAD_LINES)
def test_or_it_is_the_end_after_the_rows_before_it(tmp_path: Path, bad: bytes, said: str) -> None:
    good = "".join(f"é{n},b\n" for n in range(5_000)).encode()
    path = written(tmp_path / "in.csv", b"email,city\n" + good + bad + b"x,y\n")
    found: list[Row] = []

    with pytest.raises(InputError, match=f"in.csv, line 5002: .*{said}"):
        found.extend(read(path))

    assert len(found) == 5_000


def test_a_byte_that_is_not_utf8_in_row_a_million_is_one_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    with path.open("wb") as file:
        file.write(b"email,city\n")
        file.write(b"a@b.cz,Praha\n" * 999_999)
        file.write(b"a@b.cz,Z\xeb\n" + b"a@b.cz,Praha\n" * 10)
    good = 0
    wrong: list[Any] = []
    for entry in read(path, bad_lines="reject", notice=wrong.append).entries():
        good += isinstance(entry, Row)
        wrong += [entry.line] if isinstance(entry, BadLine) else []
    assert (good, wrong) == (1_000_009, [1_000_001])


def test_a_quote_that_is_never_closed_costs_one_line_however_far_it_reaches(tmp_path: Path) -> None:
    lines = [f"{n},b" for n in range(30_000)]
    lines[200] = '200,"open'
    path = written(tmp_path / "in.csv", "n,x\n" + "\n".join(lines) + '\n"quoted, at last",y\n')

    found = items(path)

    assert [item.line for item in found if isinstance(item, BadLine)] == [202]
    assert len(found) == 30_001


def test_quotes_that_are_never_closed_line_after_line_end_in_bounded_time(tmp_path: Path) -> None:
    line = (
        'a""","\n'  # opens a quote if it stands alone, closes one and opens another if it does not
    )
    path = written(tmp_path / "in.csv", "n,x\n" + line * 7_000)

    found = items(path)

    assert len(found) == 7_000
    assert {type(item) for item in found} == {BadLine}
    assert [item.raw for item in found] == [line] * 7_000


def test_a_record_over_many_lines_has_a_bound(tmp_path: Path) -> None:
    cells = ",".join('"' + "y" * 1_000 + "\n" + '"' for _ in range(2_000))
    path = written(tmp_path / "in.csv", f'n,x\n1,2\n{cells},"open\n3,4\n')

    found = rows(path)

    assert dict(found[0]) == {"n": "1", "x": "2"}
    assert dict(found[-1]) == {"n": "3", "x": "4"}


def test_a_line_without_end_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(
        tmp_path / "in.csv", b'n,x\n1,"two\n' + b'lines"' + b"y" * 17 * 2**20 + b"\r\n3,4\n"
    )

    found = items(path)

    assert [(item.line, isinstance(item, BadLine)) for item in found] == [
        (2, True),
        (3, True),
        (4, False),
    ]
    assert isinstance(found[1], BadLine)
    assert found[1].cut


@pytest.mark.parametrize("where", ["header", "end"])
def test_a_line_without_end_where_nothing_follows(tmp_path: Path, where: str) -> None:
    begun = b"" if where == "header" else b"n,x\n"
    path = written(tmp_path / "in.csv", begun + b"y" * 17 * 2**20)

    if where == "header":
        assert "the header is longer" in str(failure(path))
    else:
        assert [bad.line for bad in bad_lines(path)] == [2]


def test_blank_rows_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "\n  \na,b\n\n1,2\n,\n ,\t\n\r\n,3\n")

    assert placed(path) == [(5, {"a": "1", "b": "2"}), (9, {"b": "3"})]
    assert blank(path) == 4


def chunks(data: bytes, size: int) -> Stream:
    parts: Iterator[bytes] = iter([data[i : i + size] for i in range(0, len(data), size)])
    return Stream(lambda _: next(parts, b""))


@given(
    st.text(st.characters(codec="utf-8") | st.sampled_from("\r\n\0")).map(str.encode)
    | st.lists(st.sampled_from([b"\r", b"\n", b"\xff", b"\xc3", b"\xa9", b"a"])).map(b"".join),
    st.integers(1, 4),
)
def test_lines_do_not_depend_on_how_the_bytes_arrive(data: bytes, size: int) -> None:
    at_once = [line for block in line_blocks(chunks(data, 10**6), "utf-8") for line in block.lines]
    by_and_by = [line for block in line_blocks(chunks(data, size), "utf-8") for line in block.lines]

    assert by_and_by == at_once
    assert "".join(at_once).encode(errors="surrogateescape") == data


def test_lines_are_given_out_before_the_next_ones_are_there() -> None:
    arrived: list[str] = []

    def trickle() -> Iterator[bytes]:
        yield b"one\ntw"
        assert arrived == ["one\n"]
        yield b"o\n"

    parts = trickle()
    for block in line_blocks(Stream(lambda _: next(parts, b"")), "utf-8"):
        arrived += block.lines
    assert arrived == ["one\n", "two\n"]


@given(
    st.binary() | st.text('",;\n\r\0a ').map(str.encode),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "utf-7"]),
)
def test_no_bytes_and_no_encoding_end_in_anything_but_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, encoding: str
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "any.csv", data)
    for options in (
        {},
        {"encoding": encoding, "kind": "csv"},
        {"encoding": encoding, "kind": "ndjson"},
    ):
        source = read(path, bad_lines="reject", notice=lambda _: None, **options)  # type: ignore[arg-type]
        with suppress(InputError):
            assert {Row}.issuperset({type(row) for row in source})


def test_the_limit_of_the_csv_module_is_left_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    items(written(tmp_path / "in.csv", "a\n1\n"))
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_stream_without_the_byte_order_mark_that_its_encoding_wants(
    tmp_path: Path, encoding: str
) -> None:
    path = written(tmp_path / "in.csv", "id\n1\n".encode(f"{encoding}-le"))
    assert f"this is not {encoding}" in str(failure(path, encoding=encoding, kind="csv"))
    assert "such as utf-16-le" in str(failure(path, encoding=encoding, kind="csv"))
