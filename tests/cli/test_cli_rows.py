"""From bytes to records: what is read, and the line and the advice of everything that cannot be."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from encodings import aliases
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hubbatch.cli import _lines, _rows
from hubbatch.cli._faults import CommandError, InputError
from hubbatch.cli._lines import Lines
from hubbatch.cli._rows import ROWS, Format, Layout, Row, csv_rows, ndjson_rows

EMAIL = Layout("email")
ANY = Layout(None)
IDS = Layout("id", ids_only=True)


def in_chunks(chunks: Iterable[bytes], encoding: str = "utf-8") -> Lines:
    parts = iter(chunks)
    return Lines(lambda _: next(parts, b""), encoding)


def as_file(data: bytes, encoding: str = "utf-8") -> Lines:
    return Lines(io.BytesIO(data).read, encoding)


def placed(rows: Iterable[Row]) -> list[tuple[int, dict[str, Any]]]:
    return [(row.line, dict(row)) for row in rows]


def test_csv_records_know_the_line_where_they_begin() -> None:
    text = 'email,note\r\na@b.cz,"two\nlines"\n\nč@b.cz,"x, ""y"" 🚀"'

    rows = placed(csv_rows(as_file(text.encode()), EMAIL))

    assert rows == [
        (2, {"email": "a@b.cz", "note": "two\nlines"}),
        (5, {"email": "č@b.cz", "note": 'x, "y" 🚀'}),
    ]


def test_an_empty_cell_is_left_out_unless_it_is_to_clear() -> None:
    data = b"email,city\na@b.cz,\n"

    assert placed(csv_rows(as_file(data), EMAIL)) == [(2, {"email": "a@b.cz"})]
    assert placed(csv_rows(as_file(data), Layout("email", clear_empty=True))) == [
        (2, {"email": "a@b.cz", "city": ""})
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_line_ends_byte_order_marks_and_encodings(end: str, encoding: str) -> None:
    data = f"email,name{end}a@b.cz,Zoë{end}".encode(encoding)
    read_as = "utf-8" if encoding == "utf-8-sig" else encoding

    assert placed(csv_rows(as_file(data, read_as), EMAIL)) == [
        (2, {"email": "a@b.cz", "name": "Zoë"})
    ]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    st.integers(1, 5),
)
def test_lines_do_not_depend_on_how_the_bytes_arrive(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode()
    expected = list(io.StringIO("\n".join(texts), newline=""))
    if expected and expected[0].startswith("\ufeff"):
        expected[0] = expected[0][1:]
        expected = [line for line in expected if line]

    lines = list(in_chunks(data[i : i + size] for i in range(0, len(data), size)))

    assert lines == expected


def test_a_line_is_given_out_before_the_next_one_is_there() -> None:
    arrived: list[str] = []

    def trickle() -> Iterable[bytes]:
        yield b'{"n":1}\n{"n":'
        assert arrived == ["1"]
        yield b"2}\n"

    arrived.extend(str(row["n"]) for row in ndjson_rows(in_chunks(trickle()), ANY))

    assert arrived == ["1", "2"]


def test_ndjson_numbers_keep_their_digits_and_blank_lines_are_passed_over() -> None:
    data = b'\n{"a": 12345678901234567890123, "b": 1.10, "c": null, "d": ""}\r\n  \n'

    assert placed(ndjson_rows(as_file(data), ANY)) == [
        (2, {"a": 12345678901234567890123, "b": Decimal("1.10"), "c": None, "d": ""})
    ]


def test_ids_are_bare_or_in_their_field() -> None:
    data = b'7\n"8"\n{"id": 9}\n{"other": 1}\n'
    by_email = Layout("email", ids_only=True)

    assert [row["id"] for row in ndjson_rows(as_file(data), IDS)] == [7, "8", 9, None]
    assert placed(ndjson_rows(as_file(b'{"email":"a@b.cz","id":"1"}'), by_email)) == [
        (1, {"id": "a@b.cz"})
    ]
    assert placed(csv_rows(as_file(b"n,email\n1,a@b.cz\n2,\n"), by_email)) == [
        (2, {"id": "a@b.cz"}),
        (3, {"id": ""}),
    ]


BAD_CSV = {
    "empty": (b"", 1, "no header"),
    "only blank lines": (b"\n\n", 1, "no header"),
    "header without a name": (b"email,,city\na,b,c\n", 1, "column 2 has no name"),
    "header that ends in a comma": (b"email,\na,b\n", 1, "column 2 has no name"),
    "same name twice": (b"email,city,email\na,b,c\n", 1, "names email twice"),
    "no key column": (b"mail,city\na,b\n", 1, "no column 'email'"),
    "another delimiter": (b"email;city\na;b\n", 1, "--delimiter"),
    "too few cells": (b"email,city\na,b\nc\n", 3, "1 cells where the header has 2"),
    "too many cells": (b"email,city\na,b\nc,d,e\n", 3, "3 cells where the header has 2"),
    "quote never closed": (b'email,city\na,b\nc,"d\ne,f\n', 3, "never closed"),
    "text after a quote": (b'email,city\na,"b"c\n', 2, "quotes"),
    "not UTF-8": ("email,city\na,b\nc,Zoë\n".encode("cp1252"), 3, "byte 0xEB is not utf-8"),
    "NUL": (b"email,city\na,b\nc,\0\n", 3, "NUL"),
    "UTF-16 unannounced": ("email\na\n".encode("utf-16-le"), 1, "--encoding utf-16"),
    "huge cell": (
        b"email,city\na,b\nc," + b"x" * (_rows.MAX_FIELD + 1) + b"\n",
        3,
        "longer than 1 MiB",
    ),
}


@pytest.mark.parametrize(("data", "line", "advice"), BAD_CSV.values(), ids=BAD_CSV)
def test_csv_that_cannot_be_read(data: bytes, line: int, advice: str) -> None:
    rows: list[Row] = []
    with pytest.raises(InputError) as caught:
        rows.extend(csv_rows(as_file(data), EMAIL))

    assert str(caught.value).startswith(f"line {line}: ")
    assert advice in str(caught.value)
    assert [row.line for row in rows] == list(range(2, line))


def test_a_file_without_a_column_of_record_ids() -> None:
    with pytest.raises(InputError, match=r"no column 'id'.*record ids"):
        list(csv_rows(as_file(b"email\na@b.cz\n"), IDS))


BAD_NDJSON = {
    "cut off": (b'{"a":1}\n{"a":', "not JSON"),
    "not JSON": (b'{"a":1}\nhello\n', "not JSON"),
    "a list": (b'{"a":1}\n[{"a":1}]\n', "jq -c '.[]'"),
    "text": (b'{"a":1}\n"x"\n', "not text"),
    "a number": (b'{"a":1}\n1.5\n', "not a number"),
    "null": (b'{"a":1}\nnull\n', "not null"),
    "NaN": (b'{"a":1}\n{"a":NaN}\n', "NaN is not a JSON number"),
    "not UTF-8": (b'{"a":1}\n{"a":"\xff"}\n', "byte 0xFF"),
    "NUL": (b'{"a":1}\n{"a":"\0"}\n', "NUL"),
    "endless digits": (
        b'{"a":1}\n{"a":' + b"9" * 5_000 + b"}\n",
        "too many digits: write it as text",
    ),
    "out of range": (b'{"a":1}\n{"a":1e99999999999999999999}\n', "out of range: write it as text"),
    "nested deeply": (b'{"a":1}\n{"a":' + b"[" * 60 + b"]" * 60 + b"}\n", "nested too deeply"),
    "nested too deeply": (b'{"a":1}\n{"a":' + b"[" * 200_000 + b"\n", "nested too deeply"),
}


@pytest.mark.parametrize(("data", "advice"), BAD_NDJSON.values(), ids=BAD_NDJSON)
def test_ndjson_that_cannot_be_read(data: bytes, advice: str) -> None:
    rows = ndjson_rows(as_file(data), ANY)

    assert next(rows) == {"a": 1}
    with pytest.raises(InputError, match=r"^line 2: ") as caught:
        next(rows)
    assert advice in str(caught.value)


@pytest.mark.parametrize("value", [b"true", b"null", b"1.5", b"[1]"])
def test_what_is_not_an_id(value: bytes) -> None:
    with pytest.raises(InputError, match="line 1: an id must be"):
        list(ndjson_rows(as_file(value), IDS))


def test_an_endless_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lines, "MAX_LINE", 2**20)

    def endless() -> Iterable[bytes]:
        yield b'{"a":1}\n'
        while True:
            yield b"x" * 65_536

    rows = ndjson_rows(in_chunks(endless()), ANY)
    assert next(rows) == {"a": 1}
    with pytest.raises(InputError, match="line 2: it is longer than 1 MiB"):
        next(rows)


def test_a_file_that_stops_being_readable() -> None:
    def read(_: int) -> bytes:
        raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match="line 1: it cannot be read: Input/output error"):
        next(Lines(read, "utf-8"))


@pytest.mark.parametrize(
    "name",
    [
        *("klingon", "rot13", "base64", "zlib", "hex", "a\0b", "", "\ud800", "os.path", "mbcs"),
        *(
            "idna",
            "punycode",
            "unicode_escape",
            "raw_unicode_escape",
            "undefined",
            "Unicode-Escape",
        ),
    ],
)
def test_an_unknown_encoding_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="no text encoding"):
        as_file(b"", name)


def test_the_first_character_decides_and_is_not_lost() -> None:
    lines = in_chunks([b" \n", b"\n", b'  {"a"', b":1}\n"])

    assert lines.first_character() == "{"
    assert placed(ndjson_rows(lines, ANY)) == [(3, {"a": 1})]
    assert as_file(b"").first_character() == ""
    assert as_file(b" " * 10**6).first_character() == ""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_stream_without_the_byte_order_mark_that_its_encoding_wants(encoding: str) -> None:
    with pytest.raises(InputError, match=r"line 1: this is not .* --encoding utf-16-le"):
        list(as_file("id\n1\n".encode(f"{encoding}-le"), encoding))


def test_brackets_within_text_are_no_depth() -> None:
    text = '{"a":"' + "[{" * 200 + '","b":"\\\\","c":"\\"' + "{" * 200 + '"}'

    assert len(placed(ndjson_rows(as_file(text.encode()), ANY))) == 1


ENCODINGS = sorted({*aliases.aliases, *aliases.aliases.values()})


@given(
    st.binary()
    | st.text('{}[]",:\\\nau180eE+-. \ud800').map(lambda text: text.encode(errors="replace")),
    st.sampled_from(ENCODINGS) | st.text(),
    st.sampled_from(Format),
    st.sampled_from([EMAIL, ANY, IDS]),
)
@example(b'{"a":1e99999999999999999999}', "utf-8", Format.NDJSON, ANY)
@example(b"email\n", "idna", Format.CSV, EMAIL)
@settings(max_examples=300)
def test_no_bytes_and_no_encoding_end_in_anything_but_a_command_error(
    data: bytes, encoding: str, form: Format, layout: Layout
) -> None:
    with suppress(CommandError):
        for row in ROWS[form](as_file(data, encoding), layout):
            json.dumps(row, default=str)
