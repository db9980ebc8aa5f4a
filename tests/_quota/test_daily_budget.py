"""The day's requests: what is left of them, and what is left to others."""

from __future__ import annotations

import asyncio

import pytest
from support import World, people

from hubbatch import Client, DailyLimitError, RateLimit, RateLimiter, UsageError
from hubbatch._quota.daily_budget import DailyBudget, DailyState
from hubbatch.models import BatchStatus
from hubbatch.testing import virtual_time


def test_while_no_header_names_it_the_day_is_open() -> None:
    assert DailyBudget(5).state(0.0) is DailyState.OPEN


@pytest.mark.parametrize(
    ("remaining", "reserve", "in_flight", "state"),
    [
        (1, 0, 0, DailyState.OPEN),
        (0, 0, 0, DailyState.OVER),
        (3, 0, 3, DailyState.UNCERTAIN),
        (3, 0, 2, DailyState.OPEN),
        (10, 10, 0, DailyState.OVER),
        (11, 10, 0, DailyState.OPEN),
        (11, 10, 1, DailyState.UNCERTAIN),
    ],
)
def test_what_is_in_flight_may_be_part_of_what_is_left(
    remaining: int, reserve: int, in_flight: int, state: DailyState
) -> None:
    daily = DailyBudget(reserve)
    daily.learn(remaining, 0.0, 0.2)
    daily.in_flight = in_flight
    assert daily.state(0.3) is state


def test_of_answers_in_any_order_the_least_counts_until_a_later_request_tells_more() -> None:
    daily = DailyBudget(0)
    daily.learn(7, 0.1, 0.3)
    daily.learn(8, 0.2, 0.4)
    assert daily.remaining == 7
    daily.learn(1000, 0.5, 0.7)
    assert daily.remaining == 1000, "midnight has passed"


def test_after_a_while_one_request_finds_out_whether_it_is_another_day() -> None:
    daily = DailyBudget(10)
    daily.learn(3, 0.0, 0.2)
    assert daily.state(899.0) is DailyState.OVER
    assert daily.state(901.0) is DailyState.OPEN
    daily.in_flight = 1
    assert daily.state(901.0) is DailyState.UNCERTAIN


@pytest.mark.parametrize(("reserve", "sent"), [(0, 40), (15, 25)])
@virtual_time
async def test_a_run_stops_before_the_days_reserve_is_touched(reserve: int, sent: int) -> None:
    limiter = RateLimiter(RateLimit(1000, 10.0), daily_reserve=reserve)
    async with World(
        client_rate=limiter, daily_limit=40, latency=(0.1, 0.3), max_concurrency=8
    ) as world:
        run = world.client.upsert("contacts", people(100), id_property="email", batch_size=1)
        with pytest.raises(DailyLimitError, match=f"{reserve} of the account's") as caught:
            await run
        assert caught.value.outcome is run.outcome
        counts = run.outcome.counts
        assert (counts.succeeded, counts.failed, counts.unknown) == (sent, 0, 0)
        assert counts.unsent > 0
        assert run.outcome.status is BatchStatus.CANCELED
        assert 429 not in world.statuses()
        assert len(world.service.requests) == sent


@virtual_time
async def test_each_run_gets_an_error_of_its_own() -> None:
    async with World(daily_limit=20, latency=0.1, max_concurrency=4) as world:
        runs = [
            world.client.upsert("contacts", people(30, start), id_property="email", batch_size=1)
            for start in (0, 100)
        ]
        errors = await asyncio.gather(*runs, return_exceptions=True)
        for run, error in zip(runs, errors, strict=True):
            assert isinstance(error, DailyLimitError)
            assert error.outcome is run.outcome
        assert sum(run.outcome.counts.succeeded for run in runs) == 20


def test_the_reserve_is_an_option_of_the_client_too() -> None:
    assert Client("token", daily_reserve=7)._gate.limiter._daily.reserve == 7
    with pytest.raises(UsageError, match="RateLimiter"):
        Client("token", rate_limit=RateLimiter(), daily_reserve=7)
    for wrong in (-1, 1.5, True):
        with pytest.raises(UsageError, match="daily_reserve"):
            Client("token", daily_reserve=wrong)  # type: ignore[arg-type]


@virtual_time
async def test_a_client_knows_what_is_left_of_the_day_once_an_answer_has_said_so() -> None:
    async with World(daily_limit=20, latency=0.1) as world:
        assert world.client.daily_remaining is None
        await world.client.properties("contacts").all()
        assert world.client.daily_remaining == 19
