"""What is claimed of a quota, and how a claim moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._quota.fair_share import FairShare

PERIOD, LIMIT = 10.0, 200


def test_what_is_free_at_first_is_claimed_at_once() -> None:
    assert FairShare().follow(180.0, LIMIT, 0.0, PERIOD) == 180


def test_a_claim_falls_at_once_and_rises_by_two_limits_a_period() -> None:
    share = FairShare()
    share.follow(180.0, LIMIT, 0.0, PERIOD)
    assert share.follow(50.0, LIMIT, 0.1, PERIOD) == 50
    moment, claimed = 0.1, 50.0
    while claimed < 180:
        moment += 0.1
        claimed = share.follow(180.0, LIMIT, moment, PERIOD)
    assert moment == pytest.approx(0.1 + 130 / LIMIT * PERIOD / 2, abs=0.11)


def test_while_nobody_looks_a_claim_does_not_rise_but_is_forgotten_in_the_end() -> None:
    share = FairShare()
    share.follow(50.0, LIMIT, 0.0, PERIOD)
    assert share.follow(180.0, LIMIT, 10.0, PERIOD) == 70, "everybody was held meanwhile"
    assert share.follow(180.0, LIMIT, 31.0, PERIOD) == 180


def test_each_refusal_makes_wary_for_a_while() -> None:
    share = FairShare()
    cautions = [share.caution(0.0, PERIOD)]
    for moment in (0.0, 10.0, 20.0):
        share.refused(moment, PERIOD)
        cautions.append(share.caution(moment, PERIOD))
    assert cautions == sorted(set(cautions))
    assert cautions[0] == share.caution(1000.0, PERIOD) == 0.06


def test_however_often_it_is_refused_half_is_claimed() -> None:
    share = FairShare()
    for moment in range(100):
        share.refused(float(moment), PERIOD)
    assert share.caution(100.0, PERIOD) <= 1 / 2


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 50)), min_size=1, max_size=30))
def test_never_more_is_claimed_than_there_is(looks: list[tuple[float, float]]) -> None:
    share, moment = FairShare(), 0.0
    for places, pause in looks:
        moment += pause
        assert share.follow(places, LIMIT, moment, PERIOD) <= places
