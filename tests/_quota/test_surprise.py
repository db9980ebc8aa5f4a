"""How many places are left for what cannot be foreseen."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._quota.surprise import Surprise

PERIOD = 10.0
AT_FIRST = 4 * 0.7 * math.sqrt(0.995)
"""Four standard deviations of 0.7 % of a limit of 100, of which one answer without a surprise takes half a percent."""


@pytest.mark.parametrize(
    ("noted", "now", "places"),
    [
        ([], 0.0, 0.0),
        ([(0.0, 0.0)], 0.0, AT_FIRST),
        ([(-50.0, 0.0)], 0.0, AT_FIRST),  # what was counted below costs nothing
        ([(20.0, 0.0)], 0.0, 22.0),  # a tenth more than the surprise
        ([(20.0, 0.0)], 20.0, 22.0 * math.exp(-1 / 2)),
        ([(20.0, 0.0), (5.0, 1.0)], 1.0, 22.0 * math.exp(-1 / 40)),  # a smaller one leaves it
        ([(20.0, 0.0), (30.0, 1.0)], 1.0, 33.0),
        ([(20.0, 0.0), (20.0, 10.0)], 10.0, 22.0),  # the same again begins anew
    ],
)
def test_places_that_are_left(noted: list[tuple[float, float]], now: float, places: float) -> None:
    surprise = Surprise()
    for above, at in noted:
        surprise.note(above, 100, at, PERIOD)
    assert surprise.reserve(now, PERIOD) == pytest.approx(places)


def test_after_long_without_a_surprise_next_to_nothing_is_left() -> None:
    surprise = Surprise()
    for number in range(2_000):
        surprise.note(0.0, 100, number / 10, PERIOD)
    assert surprise.reserve(200.0, PERIOD) < 0.03


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 30)), min_size=1, max_size=30),
    st.floats(0, 100),
)
def test_the_last_surprise_is_left_in_full_and_fades(
    noted: list[tuple[float, float]], later: float
) -> None:
    surprise, now = Surprise(), 0.0
    for above, pause in noted:
        now += pause
        surprise.note(above, 100, now, PERIOD)
        assert surprise.reserve(now, PERIOD) >= above * 1.1 - 1e-9
    assert 0 <= surprise.reserve(now + later, PERIOD) <= surprise.reserve(now, PERIOD)
