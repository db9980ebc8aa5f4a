"""What is claimed of a quota beside others, and how a claim moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch._quota.fair_share import FairShare

PERIOD, LIMIT = 10.0, 200


def follow(share: FairShare, places: float, now: float, had: float = 0.0) -> float:
    share.had(had)
    return share.follow(places, LIMIT, now, PERIOD)


def beside_others(had: float = 0.0) -> FairShare:
    """Return the share of one who finds at a time of 0 that others use the quota; it `had` so many places."""
    share = FairShare()
    follow(share, had, 0.0)
    share.had(had)
    share.see_others(0.0)
    return share


def test_what_is_free_at_first_is_claimed_at_once() -> None:
    assert follow(FairShare(), 180.0, 0.0) == 180


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
    assert follow(share, 180.0, 10.0) == 70, "all were held meanwhile"
    assert follow(share, 180.0, 31.0) == 180


def test_who_has_seen_others_is_alone_again_once_they_have_long_been_gone() -> None:
    share = FairShare()
    assert share.alone(0.0, PERIOD)
    share.see_others(0.0)
    assert not share.alone(20.0, PERIOD)
    assert share.alone(20.1, PERIOD)


def test_of_much_that_is_left_a_part_stays_unclaimed_and_of_next_to_nothing_nothing() -> None:
    share = FairShare()
    assert share.reserve(100.0, LIMIT, 0.0, PERIOD) == 6
    assert share.reserve(5.0, LIMIT, 0.0, PERIOD) == 0


@given(st.floats(0, 1000))
def test_who_leaves_less_to_the_other_has_more_to_leave_unclaimed(left: float) -> None:
    share = FairShare()
    here, there = (share.reserve(each, LIMIT, 0.0, PERIOD) for each in (left, left / 2))
    assert 0 <= there <= here <= left


def test_beside_others_a_claim_is_soon_what_it_was_and_beyond_rises_with_what_is_let_through() -> (
    None
):
    share = beside_others(had=60.0)
    assert follow(share, 180.0, 0.5, 60.0) == 63
    assert follow(share, 180.0, 1.0, 20.0) == 63, "what it was, though much has left the window"
    assert follow(share, 180.0, 1.5, 63.0) == 66
    assert follow(share, 180.0, 2.0, 63.0) == 66, "until more is let through"


def test_what_was_claimed_is_remembered_while_all_are_held() -> None:
    share = beside_others(had=60.0)
    share.see_others(30.0)
    follow(share, 180.0, 30.0)
    assert follow(share, 180.0, 30.5) == 63


def test_what_was_not_used_for_periods_is_no_claim_any_more() -> None:
    share, moment = beside_others(had=60.0), 0.0
    while moment < 45:
        moment += 1
        share.see_others(moment)
        follow(share, 180.0, moment, 10.0)
    assert follow(share, 180.0, moment, 10.0) == 13


@pytest.mark.parametrize(
    ("had", "others", "kept"), [(150.0, 50.0, 0.75), (50.0, 150.0, 0.75**0.5), (1.0, 199.0, 1.0)]
)
def test_after_a_refusal_who_has_more_gives_up_more(had: float, others: float, kept: float) -> None:
    share = beside_others(had)
    share.refused(had, others, 0.0, PERIOD)
    assert follow(share, 180.0, 0.5) == pytest.approx(had * kept + 3, abs=0.1)


def test_who_thought_to_be_alone_gives_up_half() -> None:
    share = FairShare()
    follow(share, 180.0, 0.0)
    share.had(180.0)
    share.refused(180.0, 0.0, 0.1, PERIOD)
    share.see_others(0.2)
    follow(share, 50.0, 0.3)
    for each in range(20):
        claimed = follow(share, 180.0, 0.4 + each / 2)
    assert claimed == 93


def test_each_refusal_makes_wary_for_a_while_but_one_a_period_at_the_most() -> None:
    share = FairShare()
    cautions = [share.caution(0.0, PERIOD)]
    for moment in (0.0, 10.0, 20.0):
        share.refused(150.0, 40.0, moment, PERIOD)
        cautions.append(share.caution(moment, PERIOD))
    share.refused(150.0, 40.0, 20.0, PERIOD)
    assert share.caution(20.0, PERIOD) == cautions[-1]
    assert cautions == sorted(set(cautions))
    assert cautions[0] == share.caution(1000.0, PERIOD) == 0.06


def test_who_has_little_gets_less_wary() -> None:
    little, much = FairShare(), FairShare()
    little.refused(10.0, 180.0, 0.0, PERIOD)
    much.refused(180.0, 10.0, 0.0, PERIOD)
    assert 0.06 < little.caution(0.0, PERIOD) < much.caution(0.0, PERIOD)


def test_however_often_it_is_refused_half_is_claimed() -> None:
    share = FairShare()
    for moment in range(100):
        share.refused(190.0, 0.0, moment * PERIOD, PERIOD)
    assert 0.4 < share.caution(99 * PERIOD, PERIOD) <= 1 / 2


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
    for places, pause, had, others in looks:
        moment += pause
        if others:
            share.see_others(moment)
            share.refused(had, places, moment, PERIOD)
        assert 0 <= follow(share, places, moment, had) <= places
