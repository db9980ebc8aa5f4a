"""What others are expected to use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._quota.others import Others


def test_what_others_sent_leaves_the_window_a_period_later() -> None:
    others = Others()
    assert others.used(0.0) == 0.0
    others.note(0, 10.0, 10.0)
    others.note(30, 11.0, 10.0)  # thirty within a second
    others.note(30, 20.0, 10.0)
    assert others.used(20.0) == 30
    assert others.used(21.0) == pytest.approx(3.0), "they have left; a second's average has come"


def test_before_the_first_answer_others_are_taken_to_have_sent_evenly() -> None:
    others = Others()
    others.note(50, 0.0, 10.0)
    assert others.used(4.0) == pytest.approx(50.0)


@given(
    st.lists(
        st.tuples(st.floats(-100, 300), st.floats(0.001, 30), st.floats(0, 30)),
        min_size=1,
        max_size=40,
    )
)
def test_no_less_than_nobody_is_expected(levels: list[tuple[float, float, float]]) -> None:
    others, moment = Others(), 0.0
    for level, pause, later in levels:
        moment += pause
        others.note(level, moment, 10.0)
        assert others.used(moment) == max(0.0, level)
        assert others.used(moment + later) >= 0
