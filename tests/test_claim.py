"""What is claimed of a quota that others use too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbatch._claim import Claim

PERIOD = 10.0
lefts = st.lists(st.floats(0, 1000), min_size=1, max_size=30)


def test_next_to_all_that_others_leave_is_claimed() -> None:
    assert Claim().follow(100.0, 0.0) == 90
    assert Claim().follow(4.0, 0.0) == 4, "of so few even one place is a large part"


def test_small_changes_move_nothing_and_large_ones_no_more_than_they_must() -> None:
    claim = Claim()
    claim.follow(100.0, 0.0)
    assert claim.follow(95.0, 0.1) == 90
    assert claim.follow(100.0, 0.2) == 90
    assert claim.follow(80.0, 0.3) == 77
    assert claim.follow(84.0, 0.4) == 77
    assert claim.follow(120.0, 0.5) == 108


def test_each_refusal_makes_wary_for_a_while() -> None:
    claim = Claim()

    def least_unclaimed(now: float) -> float:
        claim.follow(2000.0, now)
        return 1000 - claim.follow(1000.0, now)

    unclaimed = [least_unclaimed(0.0)]
    for moment in (0.0, 10.0, 20.0):
        claim.refused(moment, PERIOD)
        unclaimed.append(least_unclaimed(moment))
    assert unclaimed == sorted(set(unclaimed))
    assert least_unclaimed(1000.0) == unclaimed[0] == 40


def test_however_often_it_is_refused_more_than_half_is_claimed() -> None:
    claim = Claim()
    for moment in range(100):
        claim.refused(float(moment), PERIOD)
    assert claim.follow(100.0, 100.0) >= 55


@given(lefts, st.lists(st.integers(0, 29), max_size=10))
def test_never_more_is_claimed_than_there_is(left: list[float], refused: list[int]) -> None:
    claim = Claim()
    for moment, each in enumerate(left):
        if moment in refused:
            claim.refused(float(moment), PERIOD)
        places = claim.follow(each, float(moment))
        assert 0.55 * each - 1 <= places <= each
