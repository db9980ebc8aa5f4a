"""The arithmetic of the quota."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch import RateLimit, UsageError
from hubbatch._quota.budget import Budget, Slot

LIMIT = RateLimit(10, 10.0)


def headers(most: object = 10, remaining: object = 5, interval: object = 10_000) -> dict[str, str]:
    return {
        "x-hubspot-ratelimit-max": str(most),
        "x-hubspot-ratelimit-remaining": str(remaining),
        "x-hubspot-ratelimit-interval-milliseconds": str(interval),
    }


def answered(budget: Budget, slot: Slot, now: float, stated: dict[str, str] | None = None) -> None:
    budget.ended(slot, now)
    budget.learn(stated or {}, slot, now)


def test_an_idle_budget_may_be_used_at_once_and_no_further() -> None:
    budget = Budget(LIMIT, learns=False)
    slots = []
    for _ in range(10):
        assert budget.ready_at(0.0) == 0.0
        slots.append(budget.take(0.0))
    assert budget.used(100.0) == 10
    assert budget.ready_at(100.0) == float("inf"), "all are in flight: they may arrive only now"
    for slot in slots:
        answered(budget, slot, 0.05)
    assert budget.ready_at(0.1) == pytest.approx(10.05)
    assert budget.free(10.06) == 10


def test_a_slow_answer_is_no_slow_arrival_if_all_are_slow() -> None:
    budget = Budget(RateLimit(1, 10.0), learns=False)
    answered(budget, budget.take(0.0), 3.0)
    assert budget.ready_at(3.0) == pytest.approx(10.1)


def test_an_answer_later_than_others_may_mean_a_late_arrival() -> None:
    budget = Budget(RateLimit(2, 10.0), learns=False)
    answered(budget, budget.take(0.0), 0.5)
    answered(budget, budget.take(1.0), 3.0)
    assert budget.used(10.2) == 1
    assert budget.ready_at(10.2) == 10.2
    budget.take(10.2)
    assert budget.ready_at(10.2) == pytest.approx(1.0 + 1.5 + 0.1 + 10.0)


def test_a_request_counts_from_when_it_went_out() -> None:
    budget = Budget(RateLimit(1, 10.0), learns=False)
    slot = budget.take(0.0)
    budget.sent(slot, 1.0)
    answered(budget, slot, 2.0)
    assert budget.ready_at(2.0) == pytest.approx(11.1)


def test_a_place_given_back_is_free_again() -> None:
    budget = Budget(RateLimit(1, 10.0), learns=False)
    slot = budget.take(0.0)
    budget.give_back(slot)
    budget.give_back(slot)
    budget.ended(slot, 1.0)
    assert budget.free(1.0) == 1


def test_the_limit_is_learned_from_headers() -> None:
    budget = Budget(LIMIT, learns=True)
    answered(budget, budget.take(0.0), 0.1, headers(190, 189, 10_000))
    assert budget.limit == RateLimit(190, 10.0)


def test_of_answers_out_of_order_the_one_sent_last_tells_the_limit() -> None:
    budget = Budget(LIMIT, learns=True)
    first, second = budget.take(0.0), budget.take(0.1)
    answered(budget, second, 0.3, headers(250, 248))
    answered(budget, first, 0.4, headers(190, 189))
    assert budget.limit == RateLimit(250, 10.0)


def test_answers_without_the_interval_headers_teach_nothing_about_others() -> None:
    budget = Budget(LIMIT, learns=True)
    answered(budget, budget.take(0.0), 0.1, {"x-hubspot-ratelimit-remaining": "0"})
    assert budget.limit == LIMIT
    assert budget.free(0.1) == 9


def test_a_pinned_limit_above_the_accounts_is_not_used_up() -> None:
    budget = Budget(RateLimit(190, 10.0), learns=False)
    answered(budget, budget.take(0.0), 0.1, headers(100, 99))
    assert budget.limit == RateLimit(190, 10.0)
    assert 90 <= budget.free(0.1) <= 99


def test_when_all_is_used_by_others_one_request_a_period_finds_out() -> None:
    budget = Budget(LIMIT, learns=True)
    answered(budget, budget.take(0.0), 0.1, headers(10, 0))
    assert budget.free(5.0) == 0
    assert budget.free(10.1) == 1


def test_a_429_while_alone_makes_the_servers_period_longer() -> None:
    budget = Budget(LIMIT, learns=True)
    slots = [budget.take(0.0) for _ in range(10)]
    for left, slot in zip(reversed(range(1, 10)), slots, strict=False):
        answered(budget, slot, 0.1, headers(10, left))
    budget.ended(slots[9], 0.1)
    budget.learn(headers(10, 0), slots[9], 0.1, refused=True)
    assert budget.used(10.1) == 9, "a refused one does not count, the others count for longer"
    assert budget.used(10.2) == 0


def test_a_pinned_limit_of_another_period_than_the_servers_is_left_alone() -> None:
    budget = Budget(LIMIT, learns=False)
    answered(budget, budget.take(0.0), 0.1, headers(100, 0, 1_000))
    assert budget.free(0.1) == 9


def test_a_pinned_limit_is_not_learned() -> None:
    budget = Budget(LIMIT, learns=False)
    answered(budget, budget.take(0.0), 0.1, headers(190, 189, 10_000))
    assert budget.limit == LIMIT


@pytest.mark.parametrize(
    "broken",
    [
        {},
        headers(most=""),
        headers(most="ten"),
        headers(most=0),
        headers(most=-5),
        headers(most="9" * 5000),
        headers(most="١٩٠"),
        headers(interval=0),
        headers(interval="1e3"),
        headers(interval=999_999_999),
    ],
)
def test_headers_beyond_belief_teach_nothing(broken: dict[str, str]) -> None:
    budget = Budget(LIMIT, learns=True)
    answered(budget, budget.take(0.0), 0.1, broken)
    assert budget.limit == LIMIT


def test_what_others_use_is_left_to_them_until_it_is_long_ago() -> None:
    budget = Budget(LIMIT, learns=True)
    answered(budget, budget.take(0.0), 0.1, headers(10, 3))  # 7 are used, one of them by us
    assert budget.free(0.1) in {1, 2}, "and one place to grow"
    assert budget.free(10.2) in {2, 3}, "they are expected to go on"
    assert budget.free(30.3) == 10


def test_when_others_leave_nothing_we_wait_until_they_may_have_finished() -> None:
    budget = Budget(LIMIT, learns=True)
    answered(budget, budget.take(0.0), 0.1, headers(10, 0))
    assert budget.free(0.1) == 0
    assert 0.1 < budget.ready_at(0.1) <= 10.3


def test_a_share_of_the_limit_is_all_that_is_used() -> None:
    budget = Budget(RateLimit(10, 10.0, share=0.3), learns=True)
    assert budget.free(0.0) == 3
    answered(budget, budget.take(0.0), 0.1, headers(100, 99))
    assert budget.limit == RateLimit(100, 10.0, share=0.3)
    assert budget.free(0.1) == 29


def test_a_hold_is_for_everybody_and_lasts_as_long_as_the_longest() -> None:
    budget = Budget(LIMIT, learns=False)
    budget.hold(5.0, now=1.0)
    assert budget.ready_at(3.0) == 6.0
    budget.hold(30.0, now=1.2)
    budget.hold(1.0, now=1.3)
    assert budget.ready_at(3.0) == 31.2
    assert budget.held_for(3.0) == pytest.approx(28.2)
    assert budget.held_for(50.0) == 0.0


def test_sends_are_paced_from_half_the_budget_until_a_quarter() -> None:
    budget = Budget(LIMIT, learns=False)
    for _ in range(4):
        answered(budget, budget.take(0.0), 0.0)
    assert not budget.paced(0.0)
    answered(budget, budget.take(1.0), 1.0)
    assert budget.paced(1.0)
    for moment in (9.0, 9.5):
        answered(budget, budget.take(moment), moment)
    assert budget.paced(10.2), "three of ten are more than a quarter"
    assert not budget.paced(11.1)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"max_requests": 0}, "max_requests"),
        ({"max_requests": True}, "max_requests"),
        ({"max_requests": 1.5}, "max_requests"),
        ({"max_requests": 1, "period": 0}, "period"),
        ({"max_requests": 1, "period": float("nan")}, "period"),
        ({"max_requests": 1, "period": float("inf")}, "period"),
        ({"max_requests": 1, "share": 0}, "share"),
        ({"max_requests": 1, "share": 1.1}, "share"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(options: dict[str, float], name: str) -> None:
    with pytest.raises(UsageError, match=name):
        RateLimit(**options)  # type: ignore[arg-type]


@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_no_window_at_the_server_holds_more_than_the_limit(
    most: int, chance: random.Random
) -> None:
    """Whatever the way to the server takes, as long as its own work takes no less than for others."""
    budget = Budget(RateLimit(most, 10.0), learns=False)
    now = 0.0
    work = chance.choice([0.0, 0.3, 2.0])
    arrivals: list[float] = []
    answers: list[tuple[float, Slot]] = []
    for number in range(3 * most + 20):
        now += chance.choice([0.0, 0.01, 0.3])
        while True:
            for answer in [answer for answer in answers if answer[0] <= now]:
                answers.remove(answer)
                budget.ended(answer[1], answer[0])
            if (ready_at := budget.ready_at(now)) <= now:
                break
            now = min([ready_at, *(answer[0] for answer in answers)])
        assert budget.free(now) > 0
        slot = budget.take(now)
        quick = number % 10 == 0  # so that it is known how long the work takes
        arrival = now + (0.0 if quick else chance.choice([0.0, 0.1, 1.0]))
        arrivals.append(arrival)
        answers.append((arrival + work + (0.0 if quick else chance.choice([0.0, 1.5])), slot))
    arrivals.sort()
    for index, arrival in enumerate(arrivals):
        in_window = sum(1 for other in arrivals[: index + 1] if other > arrival - 10.0 + 1e-9)
        assert in_window <= most


def beside_others(remaining: int) -> tuple[Budget, Slot]:
    """Return a budget that knows what others use of a hundred, and a request that is under way."""
    budget = Budget(RateLimit(100, 10.0), learns=True)
    answered(budget, budget.take(0.0), 0.1, headers(100, remaining))
    return budget, budget.take(0.2)


def caution(budget: Budget) -> float:
    return budget._server._share.caution(0.3, 10.0)


@pytest.mark.parametrize("stated", [{}, headers(100, 0), {"x-hubspot-ratelimit-remaining": "0"}])
def test_a_429_makes_wary_with_headers_and_without(stated: dict[str, str]) -> None:
    budget, slot = beside_others(40)
    assert caution(budget) == 0.06
    budget.ended(slot, 0.3)
    budget.learn(stated, slot, 0.3, refused=True)
    assert caution(budget) > 0.06


def test_the_refusals_of_one_flight_make_wary_once() -> None:
    (one, first), (many, slot) = beside_others(40), beside_others(40)
    one.learn({}, first, 0.3, refused=True)
    for _ in range(10):
        many.learn({}, slot, 0.3, refused=True)
        many.hold(10.0, 0.3)
    assert caution(many) == caution(one)


@pytest.mark.parametrize("stated", [{}, headers(100, 0)])
def test_a_429_that_no_forecast_explains_makes_nobody_wary(stated: dict[str, str]) -> None:
    budget, slot = beside_others(80)
    before = budget.free(0.2)
    budget.ended(slot, 0.3)
    budget.learn(stated, slot, 0.3, refused=True)
    assert budget.free(0.3) >= before


def test_what_refusals_tell_of_others_is_believed_when_there_is_nothing_but_refusals() -> None:
    budget = Budget(RateLimit(100, 10.0), learns=True)
    answered(budget, budget.take(0.0), 0.1, headers(100, 99))
    slots = [budget.take(0.2) for _ in range(4)]
    free = []
    for slot in slots:
        budget.ended(slot, 0.3)
        budget.learn(headers(100, 0), slot, 0.3, refused=True)
        free.append(budget.free(0.3))
    assert min(free[:2]) > 90
    assert max(free[2:]) < 10


@pytest.mark.parametrize(("pinned", "stated"), [(190, 100), (100, 190)])
def test_of_a_pinned_limit_and_the_servers_the_smaller_holds(pinned: int, stated: int) -> None:
    budget = Budget(RateLimit(pinned, 10.0), learns=False)
    answered(budget, budget.take(0.0), 0.1, headers(stated, stated - 1))
    sent = 1
    while budget.ready_at(0.2) == 0.2:
        budget.take(0.2)
        sent += 1
    assert 0.97 * 100 <= sent <= 100
