"""Values of numpy, pandas and pyarrow as Python has them. These libraries are imported when a test runs, not before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from hubbatch._records.native import MISSING, native
from hubbatch._records.values import InvalidRecordError, ValueEncoder, encode_value
from hubbatch.policies import Missing


@pytest.fixture
def np() -> Any:
    return pytest.importorskip("numpy")


@pytest.fixture
def pd() -> Any:
    return pytest.importorskip("pandas")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda np: np.int64(-7), "-7"),
        (lambda np: np.uint8(7), "7"),
        (lambda np: np.float64(1.5), "1.5"),
        (lambda np: np.float32(0.1), "0.1"),
        (lambda np: np.float16(0.1), "0.1"),
        (lambda np: np.longdouble("0.25"), "0.25"),
        (lambda np: np.bool_(1), "true"),
        (lambda np: np.bool_(0), "false"),
        (lambda np: np.str_("text"), "text"),
        (lambda np: np.datetime64("2026-03-01"), "2026-03-01"),
        (lambda np: np.datetime64("2026-03"), "2026-03-01"),
        (lambda np: np.datetime64("2026-03-01T12:00"), "2026-03-01T12:00:00.000Z"),
        (lambda np: np.datetime64("2026-03-01T12:00:00.123456789"), "2026-03-01T12:00:00.123Z"),
        (lambda np: np.array(["a", "b"]), "a;b"),
        (lambda np: np.array([1, 2]), "1;2"),
        (lambda np: np.array(["2026-03-01"], "datetime64[ns]"), "2026-03-01T00:00:00.000Z"),
        (lambda np: np.array(7), "7"),
        (lambda np: np.ma.array([1, 2, 3], mask=[0, 1, 0]), "1;3"),
        (lambda np: [np.int64(1), np.float64("nan")], "1"),
    ],
)
def test_a_numpy_value_has_the_text_of_pythons_own(
    np: Any, make: Callable[[Any], Any], text: str
) -> None:
    assert ValueEncoder(Missing.OMIT, dt.UTC).encode(make(np)) == text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda pd: pd.Timestamp("2026-03-01T12:00:00.123456789"), "2026-03-01T12:00:00.123Z"),
        (lambda pd: pd.Timestamp("2026-03-01", tz="Europe/Berlin"), "2026-02-28T23:00:00.000Z"),
        (lambda pd: pd.Series([7], dtype="Int64")[0], "7"),
        (lambda pd: pd.Series(["x"], dtype="category")[0], "x"),
    ],
)
def test_a_pandas_value_has_the_text_of_pythons_own(
    pd: Any, make: Callable[[Any], Any], text: str
) -> None:
    assert ValueEncoder(timezone=dt.UTC).encode(make(pd)) == text


GONE = [
    pytest.param(lambda pd, np: pd.NaT, id="NaT"),
    pytest.param(lambda pd, np: pd.NA, id="NA"),
    pytest.param(lambda pd, np: np.datetime64("NaT"), id="datetime64"),
    pytest.param(lambda pd, np: np.datetime64("NaT", "ns"), id="datetime64-ns"),
    pytest.param(lambda pd, np: np.float32("nan"), id="float32"),
    pytest.param(lambda pd, np: np.float64("nan"), id="float64"),
    pytest.param(lambda pd, np: np.ma.masked, id="masked"),
]


@pytest.mark.parametrize("make", GONE)
def test_what_a_library_calls_missing_is(pd: Any, np: Any, make: Callable[[Any, Any], Any]) -> None:
    assert ValueEncoder(Missing.OMIT).encode(make(pd, np)) is None
    assert ValueEncoder(Missing.CLEAR).encode(make(pd, np)) == ""
    for missing in (None, Missing.REFUSE):
        with pytest.raises(InvalidRecordError, match="missing='omit'"):
            ValueEncoder(missing).encode(make(pd, np))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda np: np.timedelta64(5, "ns"), id="timedelta"),
        pytest.param(lambda np: np.complex64(1), id="complex"),
        pytest.param(lambda np: np.bytes_(b"x"), id="bytes"),
        pytest.param(lambda np: np.array([[1]]), id="two dimensions"),
        pytest.param(lambda np: np.datetime64("20260-01-01"), id="year 20260"),
        pytest.param(lambda np: np.array([np.array([1])], dtype=object)[:, None], id="nested"),
    ],
)
def test_a_numpy_value_that_is_no_property_value_is_refused(
    np: Any, make: Callable[[Any], Any]
) -> None:
    with pytest.raises(InvalidRecordError, match="cannot be sent"):
        encode_value(make(np))


def test_a_time_without_a_zone_is_refused_whoever_made_it(pd: Any, np: Any) -> None:
    for moment in (pd.Timestamp("2026-03-01"), np.datetime64("2026-03-01T00:00")):
        with pytest.raises(InvalidRecordError, match="timezone="):
            encode_value(moment)


def test_an_arrow_value_is_pythons_own() -> None:
    pa = pytest.importorskip("pyarrow")
    assert encode_value(pa.scalar(7)) == "7"
    assert encode_value(pa.scalar(None, pa.int64())) is None
    assert encode_value(pa.scalar(["a", "b"])) == "a;b"


def test_whatever_is_pythons_own_stays_as_it_is(pd: Any) -> None:
    for value in ("text", 7, None, object(), dt.datetime(2026, 1, 1)):
        assert native(value) is value
    assert native(pd.NaT) is MISSING
