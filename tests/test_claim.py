"""What is claimed of a quota, and how a claim moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._claim import Claim

PERIOD, LIMIT = 10.0, 200


def test_what_is_free_at_first_is_claimed_at_once() -> None:
    assert Claim().follow(180.0, LIMIT, 0.0, PERIOD) == 180


def test_a_claim_falls_at_once_and_rises_by_two_limits_a_period() -> None:
    claim = Claim()
    claim.follow(180.0, LIMIT, 0.0, PERIOD)
    assert claim.follow(50.0, LIMIT, 0.1, PERIOD) == 50
    moment, claimed = 0.1, 50.0
    while claimed < 180:
        moment += 0.1
        claimed = claim.follow(180.0, LIMIT, moment, PERIOD)
    assert moment == pytest.approx(0.1 + 130 / LIMIT * PERIOD / 2, abs=0.11)


def test_while_nobody_looks_a_claim_does_not_rise_but_is_forgotten_in_the_end() -> None:
    claim = Claim()
    claim.follow(50.0, LIMIT, 0.0, PERIOD)
    assert claim.follow(180.0, LIMIT, 10.0, PERIOD) == 70, "everybody was held meanwhile"
    assert claim.follow(180.0, LIMIT, 31.0, PERIOD) == 180


def test_each_refusal_makes_wary_for_a_while() -> None:
    claim = Claim()
    cautions = [claim.caution(0.0, PERIOD)]
    for moment in (0.0, 10.0, 20.0):
        claim.refused(moment, PERIOD)
        cautions.append(claim.caution(moment, PERIOD))
    assert cautions == sorted(set(cautions))
    assert cautions[0] == claim.caution(1000.0, PERIOD) == 0.06


def test_however_often_it_is_refused_half_is_claimed() -> None:
    claim = Claim()
    for moment in range(100):
        claim.refused(float(moment), PERIOD)
    assert claim.caution(100.0, PERIOD) <= 1 / 2


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 50)), min_size=1, max_size=30))
def test_never_more_is_claimed_than_there_is(looks: list[tuple[float, float]]) -> None:
    claim, moment = Claim(), 0.0
    for places, pause in looks:
        moment += pause
        assert claim.follow(places, LIMIT, moment, PERIOD) <= places
