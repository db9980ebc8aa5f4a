"""Forecasts of the server's count."""

from __future__ import annotations

import pytest

from hubbatch._quota.forecast import Forecaster, Nobody, Observation, Others


def seen(
    sent_at: float, counted: int, own: int, *, answered: int | None = None, refused: bool = False
) -> Observation:
    return Observation(sent_at, counted, own, own if answered is None else answered, 0.0, refused)


def test_what_others_sent_leaves_the_window_a_period_later() -> None:
    others = Others()
    assert others.used(0.0) == 0.0
    others.observe(seen(10.0, 20, 20), 10.0)
    others.observe(seen(11.0, 50, 20), 10.0)  # thirty within a second
    others.observe(seen(20.0, 50, 20), 10.0)
    assert others.used(20.0) == 30
    assert others.used(21.0) == pytest.approx(3.0), "they have left; a second's average has come"


def test_before_the_first_answer_others_are_taken_to_have_sent_evenly() -> None:
    others = Others()
    others.observe(seen(0.0, 60, 10), 10.0)
    assert others.used(4.0) == pytest.approx(50.0)


def test_a_refusal_tells_no_more_than_what_is_sure() -> None:
    others = Others()
    others.observe(seen(1.0, 60, 10), 10.0)
    others.observe(seen(2.0, 190, 180, answered=100, refused=True), 10.0)
    assert others.used(2.0) == pytest.approx(50.0), "of 180 between 0 and 80 were refused too"


@pytest.mark.parametrize(
    ("counted", "answered", "refused", "surprise"),
    [
        (100, 100, False, 0),
        (103, 100, False, 3),
        (97, 100, False, -3),
        (100, 100, True, 1),
        (103, 140, False, 0),
        (145, 140, False, 5),
        (97, 140, False, -3),
    ],
)
def test_a_surprise_is_what_our_own_count_does_not_explain(
    counted: int, answered: int, refused: bool, surprise: float
) -> None:
    assert seen(0.0, counted, 100, answered=answered, refused=refused).surprise == surprise


def test_a_surprise_is_kept_in_reserve_and_fades() -> None:
    forecaster = Forecaster(0, Nobody())
    assert forecaster.reserve(0.0, 10.0) == 0.0
    forecaster.judge(seen(0.0, 120, 100), 0.0, 10.0, 190)
    assert forecaster.reserve(0.0, 10.0) == 20
    for number in range(1000):
        forecaster.judge(seen(number / 10, 100, 100), number / 10, 10.0, 190)
    assert forecaster.reserve(100.0, 10.0) < 2
