"""Property values: Python to wire text."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._records.values import InvalidRecordError, encode_value


class Colour(enum.Enum):
    RED = "red"
    COUNT = 3


class Stage(enum.StrEnum):
    WON = "closedwon"


class Level(enum.IntEnum):
    HIGH = 7


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not this"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as is", "as is"),
        ("", ""),
        (None, None),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-12, "-12"),
        (1.5, "1.5"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (dt.date(2026, 3, 1), "2026-03-01"),
        (dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "2026-03-01T12:00:00.000Z"),
        (
            dt.datetime(2026, 3, 1, 12, 0, 0, 123999, dt.timezone(dt.timedelta(hours=2))),
            "2026-03-01T10:00:00.123Z",
        ),
        (Colour.RED, "red"),
        (Colour.COUNT, "3"),
        (Stage.WON, "closedwon"),
        (Level.HIGH, "7"),
        (Text("text"), "text"),
        (["a", 1, True], "a;1;true"),
        (("x", "y"), "x;y"),
        ({"b", "a"}, "a;b"),
        (frozenset({2}), "2"),
        ([], ""),
        ([Colour.RED], "red"),
    ],
)
def test_a_value_has_one_text(value: Any, text: str | None) -> None:
    assert encode_value(value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "nan is not a number"),
        (float("inf"), "inf is not a number"),
        (Decimal("NaN"), "NaN is not a number"),
        (Decimal("-Infinity"), "not a number"),
        (Decimal("1E+999999"), "400 digits"),
        pytest.param(10**5000, "thousands of digits", id="huge"),
        (dt.datetime(2026, 3, 1), "time zone"),
        (dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-1))), "out of range"),
        ({"a": 1}, "type dict"),
        (object(), "type object"),
        (b"bytes", "type bytes"),
        (dt.time(1), "type time"),
        (["a;b"], "';'"),
        ([["a"]], "within a list"),
        ([None], "None"),
        ([float("nan")], "nan is not a number"),
    ],
)
def test_a_value_without_a_text_form_is_invalid_with_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(InvalidRecordError, match=reason):
        encode_value(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_as_plain_decimal_text(value: float) -> None:
    text = encode_value(value)
    assert text is not None
    assert "e" not in text.lower()
    assert float(text) == value
