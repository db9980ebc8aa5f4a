"""Finding a limit that no header tells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbatch._quota.limit_probe import LimitProbe

PERIOD = 10.0


def found(limit: int = 100) -> LimitProbe:
    """Return a probe that has tried 200 and found another limit."""
    probe = LimitProbe(100, None)
    probe.reached(-20.0, PERIOD)
    probe.reached(-10.0, PERIOD)
    assert probe.requests == 200
    probe.refuse(5.0, [5.0] * limit, 5.2, PERIOD)
    assert probe.requests == limit
    return probe


def lowered(count: int = 100) -> LimitProbe:
    """Return a probe that believed in 190 and was refused at another count, at a time of 3."""
    probe = LimitProbe(190, 190)
    probe.refuse(2.9, [2.0] * count, 3.0, PERIOD)
    return probe


def go_through(probe: LimitProbe, count: int) -> None:
    for _ in range(count):
        probe.went_through()


def test_a_guess_that_was_all_used_for_a_period_is_doubled() -> None:
    probe = LimitProbe(100, None)
    probe.reached(1.0, PERIOD)
    probe.reached(10.9, PERIOD)
    assert probe.requests == 100
    probe.reached(11.0, PERIOD)
    assert probe.requests == 200


def test_of_more_than_is_known_what_was_not_refused_in_a_period_is_the_limit() -> None:
    probe = LimitProbe(80, None)
    probe.reached(-20.0, PERIOD)
    probe.reached(-10.0, PERIOD)
    through = [0.0] * 50 + [5.0] * 40
    probe.refuse(5.0, [*through, 5.0, 5.0], 5.2, PERIOD)  # two more are under way
    assert probe.requests == 92
    probe.refuse(5.0, [*through, 5.0], 5.2, PERIOD)
    probe.refuse(5.0, through, 5.3, PERIOD)
    assert probe.requests == 90
    probe.refuse(5.0, [5.0] * 70, 5.3, PERIOD)
    assert probe.requests == 70, "less than was known to go through: not for good"
    assert probe.look(25.2) == 80


def test_more_is_tried_after_twenty_periods_and_then_step_by_step() -> None:
    probe = found(100)
    for now, requests in ((20.0, 100), (219.0, 100), (220.0, 105), (221.0, 105), (231.0, 110)):
        probe.reached(now, PERIOD)
        assert probe.requests == requests


def test_after_a_vain_try_what_went_before_goes_again_and_the_next_comes_later() -> None:
    probe = found(100)
    probe.reached(20.0, PERIOD)
    probe.reached(220.0, PERIOD)
    probe.refuse(225.0, [220.0] * 101, 225.2, PERIOD)
    assert probe.requests == 100
    probe.reached(240.0, PERIOD)
    probe.reached(639.0, PERIOD)
    assert probe.requests == 100
    probe.reached(640.0, PERIOD)
    assert probe.requests == 105


def test_another_refusal_at_the_limit_lowers_it_in_any_case() -> None:
    probe = found(100)
    probe.refuse(20.0, [20.0] * 100, 20.2, PERIOD)
    assert probe.requests == 99


def test_a_pinned_limit_is_the_most() -> None:
    probe = LimitProbe(50, 50)
    for now in (0.0, 10.0, 20.0, 30.0):
        probe.reached(now, PERIOD)
    assert probe.requests == 50


def test_a_refusal_that_our_own_count_does_not_explain_changes_nothing() -> None:
    """The fifth request of all is refused, for no reason of the quota's; later nothing is."""
    probe = LimitProbe(100, None)
    probe.refuse(0.4, [0.0, 0.1, 0.2, 0.3], 0.5, PERIOD)
    assert probe.requests == 100
    for now in (10.0, 20.0):
        probe.reached(now, PERIOD)
    assert probe.requests == 200


def test_one_refusal_lowers_the_limit_for_two_periods() -> None:
    probe = lowered(100)
    assert probe.requests == 100
    assert probe.look(22.9) == 100
    assert probe.look(23.0) == 190


def test_the_same_count_refused_again_is_the_limit() -> None:
    probe = lowered(100)
    go_through(probe, 100)
    probe.look(23.0)
    probe.refuse(23.1, [23.0] * 99, 23.2, PERIOD)
    assert probe.requests == probe.look(60.0) == 99


def test_another_count_refused_afterwards_is_another_single_refusal() -> None:
    probe = lowered(100)
    go_through(probe, 100)
    probe.look(23.0)
    probe.refuse(23.1, [23.0] * 120, 23.2, PERIOD)
    assert probe.requests == 120
    assert probe.look(43.2) == 190


def test_what_was_refused_also_while_it_was_lowered_is_no_limit() -> None:
    """Whatever we send, some of it is refused: that is not the quota."""
    probe = lowered(100)
    for now in range(4, 23):
        go_through(probe, 9)
        probe.refuse(now, [now] * 97, now + 0.1, PERIOD)
    assert probe.look(23.0) == 190
    probe.refuse(23.1, [23.0] * 97, 23.2, PERIOD)
    assert probe.look(43.2) == 190


def test_while_it_is_lowered_it_is_lowered_further_to_half_but_for_no_longer() -> None:
    probe = lowered(120)
    probe.refuse(10.0, [9.0] * 110, 10.1, PERIOD)
    assert probe.requests == 110
    probe.refuse(15.0, [14.0] * 95, 15.1, PERIOD)
    probe.refuse(16.0, [14.0] * 50, 16.1, PERIOD)
    assert probe.requests == 95
    assert probe.look(23.0) == 190


def test_more_is_not_tried_while_it_is_lowered() -> None:
    probe = LimitProbe(100, None)
    probe.refuse(2.9, [2.0] * 60, 3.0, PERIOD)
    for now in (3.5, 14.0, 22.0):
        probe.reached(now, PERIOD)
        assert probe.look(now) == 60
    assert probe.look(23.0) == 100


@given(
    st.integers(1, 300),
    st.booleans(),
    st.lists(st.tuples(st.floats(0.1, 30.0), st.integers(0, 400)), max_size=40),
)
def test_refusals_at_less_than_half_never_bring_it_below_what_is_known(
    guess: int, pinned: bool, refusals: list[tuple[float, int]]
) -> None:
    probe, now = LimitProbe(guess, guess if pinned else None), 0.0
    for pause, through in refusals:
        now += pause
        probe.refuse(now, [now] * min(through, (guess - 1) // 2), now + 0.05, PERIOD)
        assert probe.look(now + 0.05) >= guess


@given(
    st.integers(1, 300),
    st.lists(st.tuples(st.floats(0.1, 30.0), st.integers(0, 400)), max_size=40),
)
def test_it_stays_between_one_and_the_most_and_one_refusal_halves_it_at_most(
    most: int, refusals: list[tuple[float, int]]
) -> None:
    probe, now = LimitProbe(most, most), 0.0
    for pause, through in refusals:
        now += pause
        before = probe.look(now)
        probe.refuse(now, [now] * min(through, before), now + 0.05, PERIOD)
        assert max(1, before // 2) <= probe.requests <= most
        go_through(probe, through)
