"""What is claimed of a quota beside others, and how a claim moves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._quota.fair_share import FairShare

PERIOD, LIMIT = 10.0, 200


def follow(share: FairShare, places: float, now: float, used: float = 0.0) -> float:
    return share.follow(places, used, LIMIT, now, PERIOD, delay=0.1)


def beside_others() -> FairShare:
    """Return the share of one who finds at a time of 0 that others use the quota."""
    share = FairShare()
    share.see_others(0.0)
    return share


def test_who_is_alone_claims_what_is_free_at_once() -> None:
    share = FairShare()
    assert share.alone(0.0, PERIOD)
    assert share.caution(100.0, 0.0, PERIOD) == 0.0
    assert follow(share, 180.0, 0.0) == 180


def test_a_claim_falls_at_once_and_rises_by_two_limits_a_period() -> None:
    share = FairShare()
    follow(share, 180.0, 0.0)
    assert follow(share, 50.0, 0.1) == 50
    moment, claimed = 0.1, 50.0
    while claimed < 180:
        moment += 0.1
        claimed = follow(share, 180.0, moment)
    assert moment == pytest.approx(0.1 + 130 / LIMIT * PERIOD / 2, abs=0.11)


def test_while_nobody_looks_a_claim_does_not_rise_but_is_forgotten_in_the_end() -> None:
    share = FairShare()
    follow(share, 50.0, 0.0)
    assert follow(share, 180.0, 10.0) == 70, "requests were held meanwhile"
    assert follow(share, 180.0, 31.0) == 180


def test_who_is_not_alone_any_more_leaves_a_part_until_others_have_long_been_gone() -> None:
    share = beside_others()
    assert share.caution(100.0, 19.0, PERIOD) == 6
    assert share.caution(100.0, 21.0, PERIOD) == 0


def test_half_of_what_is_used_is_given_up_for_a_newcomer_once_in_a_while() -> None:
    share = beside_others()
    assert follow(share, 180.0, 0.1, used=180) == 90
    assert follow(share, 180.0, 1.0, used=170) == 90, "first it has to leave the window"
    share.see_others(14.0)
    assert follow(share, 180.0, 14.0, used=178) == 90
    assert follow(share, 180.0, 15.2, used=178) == 89


def test_what_is_not_in_others_way_is_not_given_up() -> None:
    share = beside_others()
    assert follow(share, 180.0, 0.1, used=100) > 100
    assert follow(share, 180.0, 0.2, used=100) <= 112, "but no more than is used, and a little"


@given(
    st.lists(
        st.tuples(st.floats(0, 1000), st.floats(0, 50), st.floats(0, 1000), st.booleans()),
        min_size=1,
        max_size=30,
    )
)
def test_never_more_is_claimed_than_there_is(
    looks: list[tuple[float, float, float, bool]],
) -> None:
    share, moment = FairShare(), 0.0
    for places, pause, used, others in looks:
        moment += pause
        if others:
            share.see_others(moment)
        assert -math.inf < follow(share, places, moment, used) <= places
