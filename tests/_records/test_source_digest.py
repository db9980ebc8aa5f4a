"""A source is recognized by its records, frames and their values included."""

from __future__ import annotations

from typing import Any

import pytest

from hubbatch._records.source_digest import SourceDigest


def digest(*records: Any) -> bytes:
    found = SourceDigest()
    for record in records:
        found.add(record)
    return found.value


def test_values_of_numpy_and_pandas_count_by_what_they_are() -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    for one, other in [
        (np.int64(7), np.int64(8)),
        (np.float32(0.1), np.float32(0.2)),
        (pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-02")),
        (np.datetime64("2026-03-01"), pd.NaT),
        (pd.NA, np.bool_(0)),
    ]:
        assert digest({"a": one}) == digest({"a": one})
        assert digest({"a": one}) != digest({"a": other})
    assert digest({"a": np.int64(7)}) == digest({"a": 7})


def test_a_row_of_another_kind_with_the_same_values_is_the_same_record() -> None:
    pd = pytest.importorskip("pandas")
    assert digest(pd.Series({"a": 7})) == digest({"a": 7})
