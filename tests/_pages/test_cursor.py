"""The text by which a later reading goes on where an earlier one was."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch import UsageError
from hubbatch._pages.cursor import Position, decode, encode, fingerprint

MARK = fingerprint("list", "contacts")


def text(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode()


@given(st.text(max_size=50), st.lists(st.text(max_size=20), max_size=20))
def test_a_position_comes_back_from_its_text(after: str, ids: list[str]) -> None:
    position = Position(after, tuple(ids))
    written = encode(position, MARK)
    assert written.isascii()
    assert decode(written, MARK) == position


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "é",
        "100",
        text([]),
        text({"a": 1}),
        text([2, MARK, "1", []]),
        text([1, MARK, 1, []]),
        text([1, MARK, "1", [2]]),
        text([1, MARK, "1", "22"]),
        "A" * 200_000,
        7,
        b"x",
    ],
)
def test_any_other_text_is_a_usage_error(after: Any) -> None:
    with pytest.raises(UsageError, match="cursor"):
        decode(after, MARK)


def test_the_cursor_of_another_reading_is_a_usage_error() -> None:
    written = encode(Position("1"), MARK)
    with pytest.raises(UsageError, match="another reading"):
        decode(written, fingerprint("list", "companies"))
