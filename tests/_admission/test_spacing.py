"""Requests that are not full leave at the quota's average rate, a twentieth of it at once, in turn."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hubbatch import RateLimit
from hubbatch._admission.spacing import Spacing

NEVER = -math.inf
SMALL, USUAL = RateLimit(5, 10.0), RateLimit(100, 10.0)


def leave(spacing: Spacing, who: str, now: float, limit: RateLimit) -> float:
    """Have one leave as soon as it may; return when that is."""
    at = max(now, spacing.ready_at(who, limit, NEVER))
    spacing.partial(who, at, limit)
    return at


def test_the_first_leaves_at_once_and_the_others_at_the_average_rate() -> None:
    spacing = Spacing()
    assert [leave(spacing, "a", 3.0, SMALL) for _ in range(4)] == [3.0, 5.0, 7.0, 9.0]
    assert leave(spacing, "a", 60.0, SMALL) == 60.0


def test_of_a_usual_quota_a_twentieth_leaves_at_once() -> None:
    spacing = Spacing()
    times = [round(leave(spacing, "a", 3.0, USUAL), 6) for _ in range(7)]
    assert times == [3.0] * 5 + [3.1, 3.2]


def test_one_follows_any_request_at_the_average_distance() -> None:
    assert Spacing().ready_at("a", SMALL, 7.0) == 9.0
    assert Spacing().ready_at("a", USUAL, 7.0) <= 7.0


def test_a_limit_that_is_learned_meanwhile_counts_for_what_has_left() -> None:
    spacing = Spacing()
    leave(spacing, "a", 0.0, USUAL)
    assert spacing.ready_at("a", SMALL, NEVER) == 2.0


def test_who_asked_first_goes_first_until_it_leaves_or_does_not_want_to_any_more() -> None:
    spacing = Spacing()
    leave(spacing, "x", 0.0, SMALL)
    assert [spacing.ready_at(who, SMALL, NEVER) for who in "abc"] == [2.0, 4.0, 6.0]
    spacing.leave("a")
    assert spacing.ready_at("b", SMALL, NEVER) == 2.0
    spacing.partial("b", 2.0, SMALL)
    assert spacing.ready_at("c", SMALL, NEVER) == 4.0


@given(
    st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
    st.integers(1, 200),
    st.floats(0.1, 60.0),
)
def test_no_more_leave_in_a_period_than_the_quota_and_what_may_go_at_once(
    pauses: list[float], requests: int, period: float
) -> None:
    spacing, limit, now = Spacing(), RateLimit(requests, period), 0.0
    times = []
    for pause in pauses:
        now = leave(spacing, "a", now + pause, limit)
        times.append(now)
    most = limit.budget + max(1, limit.budget / 20) + 1
    for first, start in enumerate(times):
        assert sum(start <= at < start + period for at in times[first:]) <= most
