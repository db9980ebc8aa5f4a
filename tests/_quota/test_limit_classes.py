"""Limits by class: a window, holds and queue for each, and one day for all."""

from __future__ import annotations

import asyncio

import pytest

from hubbatch import DailyLimitError, RateLimit, RateLimiter, RetryPolicy
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import Gate
from hubbatch._protocol.exchange import DAILY_REMAINING
from hubbatch.policies import LimitClass
from hubbatch.testing import virtual_time

INTERVAL, SEARCH, EXEMPT = LimitClass.INTERVAL, LimitClass.SEARCH, LimitClass.EXEMPT


def gate(limiter: RateLimiter, at_once: int = 100) -> Gate:
    return Gate(limiter, Concurrency(at_once), CircuitBreaker(RetryPolicy()))


async def send(through: Gate, limit_class: LimitClass, *, left_today: int | None = None) -> float:
    """Send one request that is answered at once; return when it went."""
    async with through.enter("lane", 0.0, limit_class) as slot:
        through.limiter.sent(slot)
        went = asyncio.get_running_loop().time()
    headers = {} if left_today is None else {DAILY_REMAINING: str(left_today)}
    through.limiter.learn(headers, slot)
    return went


@virtual_time
async def test_searches_are_five_a_second() -> None:
    through = gate(RateLimiter())
    times = sorted(await asyncio.gather(*(send(through, SEARCH) for _ in range(11))))
    for earlier, later in zip(times, times[5:], strict=False):
        assert later - earlier > 1.0
    assert times[-1] < 2.2


@virtual_time
async def test_exempt_requests_take_no_place_in_the_window() -> None:
    through = gate(RateLimiter(RateLimit(1, 10.0)))
    await asyncio.gather(*(send(through, EXEMPT) for _ in range(200)))
    assert through.limiter.used == 0
    assert await send(through, INTERVAL) < 0.1
    assert await send(through, INTERVAL) > 10.0
    assert await send(through, EXEMPT) < 10.3


@pytest.mark.parametrize("held", list(LimitClass))
@virtual_time
async def test_a_class_that_is_held_holds_no_other(held: LimitClass) -> None:
    through = gate(RateLimiter())
    waiting = asyncio.create_task(send(through, held))
    through.limiter.hold(20.0, limit_class=held)
    for each in LimitClass:
        if each is not held:
            assert await send(through, each) < 1.0
            assert through.held_for(each) == 0.0
    assert await waiting >= 20.0


@virtual_time
async def test_what_is_no_limit_of_one_class_holds_all() -> None:
    through = gate(RateLimiter())
    through.limiter.hold(20.0)
    for each in LimitClass:
        assert await send(through, each) >= 20.0


@virtual_time
async def test_answers_without_interval_headers_teach_the_window_nothing() -> None:
    limiter = RateLimiter()
    for each in (SEARCH, EXEMPT):
        slot = await limiter.acquire(each)
        limiter.sent(slot)
        limiter.ended(slot)
        limiter.learn({"x-hubspot-ratelimit-remaining": "0"}, slot, refused=True)
    assert limiter.rate_limit == RateLimit(100, 10.0)
    assert limiter.used == 0


@pytest.mark.parametrize("ends", list(LimitClass))
@virtual_time
async def test_the_day_is_over_for_all_classes(ends: LimitClass) -> None:
    through = gate(RateLimiter(daily_reserve=10))
    await send(through, ends, left_today=10)
    for each in LimitClass:
        with pytest.raises(DailyLimitError):
            await send(through, each)


@virtual_time
async def test_classes_take_turns_when_they_wait_for_a_request_to_end() -> None:
    through, order = gate(RateLimiter(), at_once=1), []

    async def visit(limit_class: LimitClass) -> None:
        async with through.enter("lane", 0.0, limit_class):
            order.append(limit_class)
            await asyncio.sleep(1)

    await asyncio.gather(*(visit(each) for each in [INTERVAL] * 3 + [SEARCH] * 3))
    assert {order[0], order[1]} == {order[2], order[3]} == {INTERVAL, SEARCH}
