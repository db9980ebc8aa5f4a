"""What the service may make of a value beyond its form, and of what it may have made the value that it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._records.respelling import made_of, may_become


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("0731 1234", "+49 731 1234"),
        ("(0731) 12-34", "+497311234"),
        ("1234", "+1 1234"),
        ("1.005", "1.01"),
        ("1.005", "1.00"),
        ("1.005", "1"),
        ("-0.5", "-1"),
        ("2.5", "2"),
        (".4", "0"),
        ("1.50", "2.0"),
    ],
)
def test_a_value_that_the_service_may_have_made_of_another_is_known(sent: str, held: str) -> None:
    assert may_become(sent) & made_of(held)
    assert not may_become(held) & made_of(sent), "never the other way about"


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("x", "x y"),
        ("1234", "1234"),
        ("1234", "91234"),
        ("+1 1234", "+49 1 1234"),
        ("1.005", "1.02"),
        ("1.005", "2"),
        ("000", "+1000"),
        ("2026-01-01", "2026-01-02"),
        ("", ""),
        ("1" * 100, "+4" + "1" * 100),
    ],
)
def test_what_has_nothing_to_do_with_a_value_is_not_taken_for_it(sent: str, held: str) -> None:
    assert not may_become(sent) & made_of(held)


@given(st.one_of(st.text("0123456789+-.()/ ", max_size=70), st.text(max_size=70)))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert isinstance(may_become(text) & made_of(text), set)
