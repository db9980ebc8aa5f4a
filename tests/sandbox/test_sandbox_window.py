"""The counters of accepted requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbatch.sandbox._window import DAY, DailyCounter, RollingWindow


def test_a_full_window_has_room_again_exactly_one_period_after_its_first_request() -> None:
    window = RollingWindow(2, 10.0)
    window.accept(0.0)
    window.accept(4.0)
    assert window.is_full(9.999)
    assert window.seconds_until_free(9.0) == 1.0
    assert not window.is_full(10.0)
    assert window.seconds_until_free(10.0) == 0.0


def test_the_window_rolls_and_does_not_restart() -> None:
    window = RollingWindow(3, 10.0)
    for at in (0.0, 9.0, 9.5):
        window.accept(at)
    assert window.remaining(10.0) == 1
    window.accept(10.0)
    assert window.is_full(18.9)
    assert window.remaining(19.0) == 1


def test_the_most_in_any_window_is_remembered() -> None:
    window = RollingWindow(None, 1.0)
    for at in (0.0, 0.5, 0.9, 1.0, 5.0):
        window.accept(at)
    assert window.max_in_window == 3
    assert window.count(5.0) == 1
    assert window.remaining(5.0) is None
    assert not window.is_full(5.0)


def test_the_day_ends_at_midnight() -> None:
    counter = DailyCounter(2, midnight=100.0)
    counter.accept(1.0)
    counter.accept(99.0)
    assert counter.is_full(99.9)
    assert counter.remaining(100.0) == 2
    counter.accept(100.0)
    assert counter.midnight == 100.0 + DAY
    assert counter.remaining(100.0 + DAY - 1) == 1
    assert counter.remaining(100.0 + 3 * DAY) == 2
    assert counter.midnight == 100.0 + 4 * DAY


def test_a_day_without_limit_is_never_full() -> None:
    counter = DailyCounter(None)
    counter.accept(0.0)
    assert not counter.is_full(0.0)
    assert counter.remaining(0.0) is None


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.integers(1, 5),
)
def test_no_period_ever_holds_more_than_the_limit_and_none_is_refused_early(
    steps: list[int], limit: int
) -> None:
    window = RollingWindow(limit, 10.0)
    accepted: list[float] = []
    at = 0.0
    for step in steps:
        at += step
        recent = [other for other in accepted if at - 10.0 < other]
        assert window.is_full(at) is (len(recent) >= limit)
        if not window.is_full(at):
            window.accept(at)
            accepted.append(at)
    most = max(sum(start <= other < start + 10.0 for other in accepted) for start in accepted)
    assert window.max_in_window == most <= limit
