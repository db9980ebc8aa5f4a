"""Property values: Python to wire text."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
import zoneinfo
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._records.values import InvalidRecordError, ValueEncoder, encode_value
from hubbatch.policies import Missing


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
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
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
        (dt.datetime(2026, 3, 1), "time zone.*timezone='Europe/Berlin'"),
        (float("nan"), "missing='omit'"),
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


MISSING = [None, float("nan"), Decimal("NaN")]


@pytest.mark.parametrize("value", MISSING)
@pytest.mark.parametrize(
    ("missing", "text"), [(Missing.OMIT, None), (Missing.CLEAR, "")], ids=["omit", "clear"]
)
def test_a_missing_value_is_left_out_or_emptied(
    value: Any, missing: Missing, text: str | None
) -> None:
    assert ValueEncoder(missing).encode(value) == text


@pytest.mark.parametrize("value", MISSING)
def test_a_missing_value_is_refused_where_that_is_wanted(value: Any) -> None:
    with pytest.raises(InvalidRecordError, match="missing='omit', or missing='clear'"):
        ValueEncoder(Missing.REFUSE).encode(value)


@pytest.mark.parametrize("missing", [None, *Missing])
@pytest.mark.parametrize("value", [float("inf"), Decimal("-Infinity")])
def test_what_is_endless_is_not_missing(missing: Missing | None, value: Any) -> None:
    with pytest.raises(InvalidRecordError, match="not a number"):
        ValueEncoder(missing).encode(value)


@pytest.mark.parametrize("missing", [Missing.OMIT, Missing.CLEAR])
def test_what_is_missing_in_a_list_is_left_out(missing: Missing) -> None:
    encode = ValueEncoder(missing).encode
    assert encode(["a", None, float("nan"), "b"]) == "a;b"
    assert encode([None]) == ""
    with pytest.raises(InvalidRecordError):
        ValueEncoder(Missing.REFUSE).encode(["a", None])


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (dt.datetime(2026, 1, 1), "2025-12-31T23:00:00.000Z"),
        (dt.datetime(2026, 7, 1, 12, 30, 0, 5999), "2026-07-01T10:30:00.005Z"),
        (dt.datetime(2026, 10, 25, 2, 30), "2026-10-25T00:30:00.000Z"),
        (dt.datetime(2026, 10, 25, 2, 30, fold=1), "2026-10-25T01:30:00.000Z"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "2026-01-01T00:00:00.000Z"),
        (dt.date(2026, 1, 1), "2026-01-01"),
    ],
)
def test_a_datetime_without_a_zone_gets_the_calls(moment: dt.date, text: str) -> None:
    assert ValueEncoder(timezone=BERLIN).encode(moment) == text
    assert ValueEncoder(timezone=BERLIN).encode([moment]) == text


def test_a_zone_that_has_to_be_localized_is() -> None:
    class Zone(dt.tzinfo):
        """As those of pytz: attached as it stands it is four minutes off."""

        def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta:
            return dt.timedelta(minutes=53)

        def dst(self, moment: dt.datetime | None) -> None:
            return None

        def tzname(self, moment: dt.datetime | None) -> str:
            return "LMT"

        def localize(self, moment: dt.datetime) -> dt.datetime:
            return moment.replace(tzinfo=dt.timezone(dt.timedelta(hours=1)))

    encode = ValueEncoder(timezone=Zone()).encode
    assert encode(dt.datetime(2026, 1, 1, 1)) == "2026-01-01T00:00:00.000Z"


@given(
    st.one_of(st.text(), st.integers(), st.booleans(), st.dates(), st.uuids(), st.none()),
    st.sampled_from([None, *Missing]),
)
def test_options_change_nothing_of_values_that_are_there(
    value: Any, missing: Missing | None
) -> None:
    if value is not None:
        assert ValueEncoder(missing, BERLIN).encode(value) == encode_value(value)
