"""NDJSON: records with all their digits, and lines that are none with the reason."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from files_support import bad_lines, failure, items, rejected, rows, written

from hubbatch.files import BadLine, Rejects, Row


def placed(path: Path, **options: Any) -> list[tuple[int | None, dict[str, Any]]]:
    return [(row.line, dict(row)) for row in rows(path, **options)]


def test_numbers_keep_their_digits_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    text = '\n{"a": 12345678901234567890123, "b": 1.10, "c": null, "d": ""}\r\n  \n'

    assert placed(written(tmp_path / "in.ndjson", text)) == [
        (2, {"a": 12345678901234567890123, "b": Decimal("1.10"), "c": None, "d": ""})
    ]


def test_a_bare_id_is_the_property_that_it_is_said_to_be(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", '7\n"8"\n{"id": 9}\n{"other": 1}\n')

    assert [row.get("id") for row in rows(path, bare="id")] == [7, "8", 9, None]
    assert [bad.line for bad in bad_lines(path)] == [1, 2]


BAD = {
    "cut off": (b'{"a":', "not JSON"),
    "not JSON": (b"hello", "not JSON"),
    "two on a line": (b"{} {}", "jq -c ."),
    "a list": (b'[{"a":1}]', "jq -c '.[]'"),
    "text": (b'"x"', "not text"),
    "a number": (b"1.5", "not a number"),
    "null": (b"null", "not null"),
    "NaN": (b'{"a":NaN}', "NaN is not a JSON number"),
    "not UTF-8": (b'{"a":"\xff"}', "byte 0xFF"),
    "NUL": (b'{"a":"\0"}', "NUL"),
    "endless digits": (b'{"a":' + b"9" * 5_000 + b"}", "too many digits: write it as text"),
    "out of range": (b'{"a":1e99999999999999999999}', "out of range: write it as text"),
    "nested deeply": (b'{"a":' + b"[" * 60 + b"]" * 60 + b"}", "nested too deeply"),
    "nested too deeply": (b'{"a":' + b"[" * 200_000, "nested too deeply"),
}


@pytest.mark.parametrize(("data", "said"), BAD.values(), ids=BAD)
def test_a_line_that_is_no_record_costs_no_other_and_is_none_again(
    tmp_path: Path, data: bytes, said: str
) -> None:
    path = written(tmp_path / "in.ndjson", b'{"a":1}\n' + data + b'\n{"a":2}\n')

    found = items(path)
    with Rejects(tmp_path / "bad.ndjson") as rejects:
        rejects.write(*rejected(found))
    again = items(tmp_path / "bad.ndjson")

    for those in (found, again):
        assert [isinstance(item, BadLine) for item in those] == [False, True, False]
        (bad,) = [item for item in those if isinstance(item, BadLine)]
        assert bad.line == 2
        assert said in bad.reason
        assert bad.raw.rstrip().encode(errors="surrogateescape") == data
    assert [dict(item) for item in again if isinstance(item, Row)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("data", [b"true", b"null", b"1.5", b"[1]"])
def test_what_is_not_an_id(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path / "in.ndjson", data)
    (bad,) = bad_lines(path, bare="id", kind="ndjson")
    assert "an id must be" in bad.reason


def test_a_line_that_was_mended_in_the_rejects_is_a_record(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", '{"a":1\n')
    with Rejects(tmp_path / "bad.ndjson") as rejects:
        rejects.write(*rejected(items(path, kind="ndjson")))
    bad = json.loads((tmp_path / "bad.ndjson").read_text())
    assert bad["_raw"] == '{"a":1\n'

    bad["_raw"] = '{"a":1}'
    assert placed(written(tmp_path / "bad.ndjson", json.dumps(bad))) == [(1, {"a": 1})]


def test_rejects_keep_a_record_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", '  {"n": 1.50, "n2" : 1E2}\n{ }\n')
    with Rejects(tmp_path / "bad.ndjson") as rejects:
        rejects.write(*rejected(items(path)))

    first, second = (tmp_path / "bad.ndjson").read_text().splitlines()
    assert first.endswith(', "n": 1.50, "n2" : 1E2}')
    assert json.loads(second)["_line"] == 2
    assert placed(tmp_path / "bad.ndjson") == [
        (1, {"n": Decimal("1.50"), "n2": Decimal("1E+2")}),
        (2, {}),
    ]


def test_bare_ids_can_be_rejected_and_loaded_again(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", '7\n"8"\n')
    with Rejects(tmp_path / "bad.ndjson") as rejects:
        rejects.write(*rejected(items(path, bare="id")))

    assert placed(tmp_path / "bad.ndjson", bare="id") == [(1, {"id": 7}), (2, {"id": "8"})]


def test_an_endless_line_is_passed_over(tmp_path: Path) -> None:
    path = written(
        tmp_path / "in.ndjson", b'{"a":1}\n{"b":"' + b"x" * 17 * 2**20 + b'"}\n{"a":2}\n'
    )

    assert placed(path) == [(1, {"a": 1}), (3, {"a": 2})]
    (bad,) = bad_lines(path)
    assert (bad.line, bad.cut) == (2, True)


def test_bytes_in_no_encoding_are_bad_lines_and_no_other_encoding(tmp_path: Path) -> None:
    for wrong in (b"\xeb", b"\x81"):
        path = written(tmp_path / "in.ndjson", b'{"a":"' + wrong + b'"}\n{"a":1}\n')
        assert [bad.line for bad in bad_lines(path)] == [1]
        assert placed(path) == [(2, {"a": 1})]
    path = written(tmp_path / "in.ndjson", b'{"a":"\xeb"}\n')
    assert placed(path, encoding="cp1252") == [(1, {"a": "ë"})]


def test_an_empty_file_is_reported(tmp_path: Path) -> None:
    assert "there is no record in it" in str(failure(written(tmp_path / "in.ndjson", b"")))


def test_brackets_within_text_are_no_depth(tmp_path: Path) -> None:
    text = '{"a":"' + "[{" * 200 + '","b":"\\\\","c":"\\"' + "{" * 200 + '"}'
    assert len(rows(written(tmp_path / "in.ndjson", text))) == 1
