"""Bytes that are no text in the encoding that was named, or found: in the rejects, mended, and read again."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from files_support import bad_lines, entries, items, rejected, rows, stored, written
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch import RecordOutcome, RecordStatus
from hubbatch._output.cells import shown
from hubbatch.files import BadLine, Opened, Rejects, Results, Row
from hubbatch.files._unreadable import (
    has_marks,
    has_no_text,
    marked,
    read_anew,
    restored,
    shown_line,
)

CP1252 = 'email,name\na@b.cz,Zoë\nb@b.cz,Ann\nc@d.cz,"Ünal, Öz"\n'


def rejects_of(path: Path, name: str = "bad.csv", **options: str) -> Path:
    again = path.parent / name
    with Rejects(again) as rejects:
        rejects.write(*rejected(items(path, **options)))
    return again


def named(encoding: str | None) -> dict[str, str]:
    return {} if encoding is None else {"encoding": encoding}


def kinds(found: list[Row | BadLine]) -> list[type]:
    return [Row if isinstance(item, Row) else BadLine for item in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the rejects of a file in cp1252 that was read as UTF-8."""
    return rejects_of(written(tmp_path / "in.csv", CP1252.encode("cp1252")), encoding="utf-8")


def test_rejects_are_utf_8_throughout_and_show_the_bytes_that_were_none(path: Path) -> None:
    table = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))

    assert [row["name"] for row in table] == ["Zo<0xEB>", "Ann", "<0xDC>nal, <0xD6>z"]


def test_a_bad_row_is_bad_again_and_says_what_to_do(path: Path) -> None:
    assert kinds(items(path)) == [BadLine, Row, BadLine]
    first = bad_lines(path)[0]
    assert first.raw == "a@b.cz,Zo\udceb\r\n"
    assert "write what is meant in place of <0xEB>, or name the encoding" in first.reason
    assert "Zo" not in first.reason


def test_the_right_encoding_reads_all_rows_of_the_rejects(path: Path) -> None:
    found = rows(path, encoding="cp1252")

    assert [row["name"] for row in found] == ["Zoë", "Ann", "Ünal, Öz"]
    opened = entries(path, encoding="cp1252")[0]
    assert isinstance(opened, Opened)
    assert "utf-8" in str(opened)  # the mark counts for all else, and that is said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_rejects_that_were_mended_in_a_spreadsheet_are_read_whatever_it_saves(
    path: Path, encoding: str
) -> None:
    text = path.read_bytes().decode("utf-8-sig")
    path.write_bytes(text.replace("<0xEB>", "ë").replace("\r\n", "\n").encode(encoding))

    assert [row["name"] for row in rows(path)] == ["Zoë", "Ann"]
    assert [bad.raw for bad in bad_lines(path)] == ['c@d.cz,"\udcdcnal, \udcd6z"\r\n']


def test_rejects_that_were_saved_as_a_workbook_stay_bad_where_nobody_has_mended_them(
    path: Path,
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))):
        book.active.append(row)
    book.save(path.with_suffix(".xlsx"))

    found = items(path.with_suffix(".xlsx"))
    assert kinds(found) == [BadLine, Row, BadLine]
    assert len(rows(path.with_suffix(".xlsx"), encoding="cp1252")) == 3


def test_what_looks_like_a_byte_in_a_row_that_was_text_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email,name\na@b.cz,<0xEB>\n")

    assert rows(rejects_of(path)) == rows(path) == [{"email": "a@b.cz", "name": "<0xEB>"}]


@pytest.mark.parametrize("encoding", [None, "cp1252"])
@pytest.mark.parametrize("text", ["<0x41>bc", "<0xEB>", "<0x3C>", "<0x00>", "<0x-->"])
def test_what_looks_like_a_byte_in_a_bad_line_that_was_text_stays(
    tmp_path: Path, text: str, encoding: str | None
) -> None:
    again = rejects_of(written(tmp_path / "in.csv", f"email,name\na@b.cz,{text},more\n"))
    again.write_bytes(again.read_bytes().replace(b",more", b""))

    assert rows(again, **named(encoding)) == [{"email": "a@b.cz", "name": text}]


@pytest.mark.parametrize("text", ["<0x41>bc", "<0xEB>", "<0x3C>", "<0x3C>0xEB>", "<0x-->"])
def test_what_looks_like_a_byte_beside_bytes_that_were_no_text_stays(
    tmp_path: Path, text: str
) -> None:
    data = f"email,name\na@b.cz,Zoë {text}\n".encode("cp1252")
    again = rejects_of(written(tmp_path / "in.csv", data), encoding="utf-8")

    assert rows(again, encoding="cp1252") == [{"email": "a@b.cz", "name": f"Zoë {text}"}]
    again.write_bytes(again.read_bytes().replace(b"Zo<0xEB>", "Zoë".encode()))
    assert rows(again) == [{"email": "a@b.cz", "name": f"Zoë {text}"}]


def test_a_row_that_was_not_sent_has_no_category_and_stays_text(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email,name\na@b.cz,<0xEB>\n")
    with Rejects(tmp_path / "bad.csv") as rejects:
        rejects.write(RecordOutcome(0, rows(path)[0], RecordStatus.UNSENT))

    found = rows(tmp_path / "bad.csv", encoding="cp1252")
    assert found == [{"email": "a@b.cz", "name": "<0xEB>"}]


def test_lines_whose_bytes_were_no_text_have_a_category_of_their_own(tmp_path: Path) -> None:
    data = "email,name\na@b.cz,Zoë\nb@b.cz\nc@b.cz,A\0\n".encode("cp1252")
    again = rejects_of(written(tmp_path / "in.csv", data), encoding="utf-8")

    table = list(csv.DictReader(io.StringIO(again.read_bytes().decode("utf-8-sig"))))
    assert [row["_category"] for row in table] == ["BAD_BYTES", "BAD_LINE", "BAD_BYTES"]


def test_bytes_that_were_no_text_stay_known_where_the_columns_were_moved(path: Path) -> None:
    table = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    moved = io.StringIO()
    csv.writer(moved).writerows(row[5:] + row[:5] for row in table)
    path.write_text(moved.getvalue(), "utf-8")

    third = rejects_of(path, "third.csv")
    assert kinds(items(third)) == [BadLine, Row, BadLine]
    assert [row["name"] for row in rows(third, encoding="cp1252")] == ["Zoë", "Ann", "Ünal, Öz"]


def test_results_and_rejects_of_bad_bytes_may_be_rejected_again_and_again(path: Path) -> None:
    again = rejects_of(path, "worse.csv")
    third = rejects_of(again, "worst.csv")

    assert [bad.raw for bad in bad_lines(third)] == [bad.raw for bad in bad_lines(path)]
    assert len(rows(third, encoding="cp1252")) == 3


def test_a_name_of_a_file_that_is_no_text_harms_no_row(tmp_path: Path) -> None:
    try:
        path = written(tmp_path / "in\udceb.csv", "email,name\na@b.cz,Zoë\n")
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")

    again = rejects_of(path)
    assert b"in<0xEB>.csv" in again.read_bytes()
    assert rows(again) == [{"email": "a@b.cz", "name": "Zoë"}]
    line = written(tmp_path / "in\udceb.ndjson", '{"name": "Zoë"}\n')
    assert rows(rejects_of(line, "bad.ndjson")) == [{"name": "Zoë"}]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "shift-jis"])
def test_ndjson_of_another_encoding_is_rejected_so_that_any_name_reads_it(
    tmp_path: Path, encoding: str
) -> None:
    name = "テスト" if encoding == "shift-jis" else "Zoë"
    path = written(tmp_path / "in.ndjson", f'{{"name": "{name}"}}\n{{"name": \n'.encode(encoding))
    again = rejects_of(path, "bad.ndjson", encoding=encoding)

    assert again.read_bytes().isascii()
    for named in ({}, {"encoding": "cp1252"}):
        assert rows(again, **named) == [{"name": name}]
        assert len(bad_lines(again, **named)) == 1


def test_bad_bytes_of_ndjson_are_read_with_the_encoding_that_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", '{"name": "Zoë"}\n{"name": "Ann"}\n'.encode("cp1252"))
    again = rejects_of(path, "bad.ndjson")

    assert kinds(items(again)) == [BadLine, Row]
    assert rows(again, encoding="cp1252") == [{"name": "Zoë"}, {"name": "Ann"}]


def test_results_are_utf_8(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "email\nZoë\n".encode("cp1252"))
    with Results(tmp_path / "done.csv") as results:
        results.write(*[stored(row, 1) for row in rows(path)])

    assert "Zoë" in (tmp_path / "done.csv").read_bytes().decode("utf-8-sig")


@settings(max_examples=50, deadline=None)
@given(
    text=st.text(
        st.characters(codec="cp1250", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters='"')
        | st.just("é"),
        min_size=1,
        max_size=12,
    ).filter(str.strip),
    wrong=st.sampled_from(["utf-8", "ascii", "cp1252", "cp1250"]),
)
def test_whatever_encoding_was_named_wrongly_the_right_one_gives_the_row(
    text: str, wrong: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = f'email,name\na@b.cz,Ann\nc@d.cz,"{text}"\n'.encode("cp1250")
        path = written(Path(folder) / "in.csv", data)
        found = items(path, encoding=wrong)
        again = rejects_of(path, encoding=wrong)
        loaded = items(again, encoding="cp1250")

    again_bad = isinstance(found[1], BadLine)
    assert kinds(loaded) == [Row, Row]
    if again_bad:  # else the wrong encoding has text for every byte, and nobody can know
        assert loaded[1] == {"email": "c@d.cz", "name": text}


@given(st.lists(st.sampled_from("<0xEB>C3-é") | st.sampled_from(["<0x", "\udceb", "\0", "\udc00"])))
def test_whatever_text_is_shown_beside_bytes_it_comes_back(parts: list[str]) -> None:
    text = "".join(parts)
    if has_no_text(text):
        assert restored(shown_line(text)) == text
        assert not has_no_text(shown_line(text))
    else:
        assert shown_line(text) == text


@given(st.binary(max_size=20), st.sampled_from(["utf-8", "cp1252", "ascii", "shift-jis"]))
def test_marks_give_back_the_bytes(data: bytes, encoding: str) -> None:
    text = data.decode(encoding, "hubbatch.files.mark")

    with_marks = marked(text, encoding)
    if has_no_text(with_marks):
        assert restored(shown_line(with_marks)) == with_marks
    if encoding != "shift-jis" and has_marks(with_marks):
        assert with_marks.encode("utf-8", "surrogateescape") == data


def test_what_is_no_text_in_utf_16_cannot_be_read_anew() -> None:
    assert marked("é\udcd8", "utf-16-le") == "é\udc00"
    assert shown("é\udc00") == "é<0x-->"
    assert restored("é<0x-->") == "é\udc00"
    assert read_anew("é\udc00", "cp1252") is None
    assert read_anew("é\udceb", "utf-16-le") is None
