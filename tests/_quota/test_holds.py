"""How long the service may hold all requests, and who hears of it."""

from __future__ import annotations

import asyncio
import logging
import math

import pytest
from support import World, people

from hubbatch import Client, RateLimit, RateLimiter, RetryPolicy, UsageError
from hubbatch._observers import Observers
from hubbatch._protocol.exchange import INTERVAL, MAX, REMAINING
from hubbatch._quota.budget import Budget
from hubbatch.sandbox import Fault, FaultKind, FaultPlan
from hubbatch.testing import run_in_virtual_time, virtual_time

LIMIT = RateLimit(100, 10.0)


def headers(most: int, remaining: int, interval: int) -> dict[str, str]:
    return {MAX: str(most), REMAINING: str(remaining), INTERVAL: str(interval)}


def budget(max_hold: float = 3600.0) -> Budget:
    return Budget(LIMIT, learns=True, max_hold=max_hold)


@pytest.mark.parametrize("wait", [3600.0, 86_400.0, 1e9, 1e308, math.inf])
def test_no_hold_is_longer_than_max_hold(wait: float) -> None:
    held = budget(60.0)
    assert held.hold(wait, now=5.0) == 60.0
    assert held.held_for(5.0) == 60.0
    assert held.ready_at(5.0) == 65.0


@pytest.mark.parametrize("wait", [0.0, -1.0, -1e9, -math.inf, math.nan])
def test_what_is_no_wait_holds_nobody(wait: float) -> None:
    held = budget()
    assert held.hold(wait, now=5.0) == 0.0
    assert held.held_for(5.0) == 0.0
    assert held.ready_at(5.0) == 5.0


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    held = budget()
    held.hold(100.0, now=0.0)
    held.hold(-5.0, now=10.0)
    held.hold(5.0, now=10.0)
    assert held.held_for(10.0) == 90.0


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("interval", [86_400_000, 3_600_000, 999_999_999])
def test_a_period_that_would_hold_for_longer_is_not_believed(
    interval: int, *, learns: bool
) -> None:
    stated = Budget(LIMIT, learns=learns, max_hold=3600.0)
    slot = stated.take(0.0)
    stated.ended(slot, 0.1)
    stated.learn(headers(1, 0, interval), slot, 0.1)
    assert stated.limit == LIMIT
    assert stated.free(0.1) == 99
    assert stated.ready_at(0.1) == 0.1


def test_a_long_period_within_max_hold_is_believed_and_shown() -> None:
    stated = budget()
    slot = stated.take(0.0)
    assert stated.stalled_for(0.0) == 0.0
    stated.ended(slot, 0.1)
    stated.learn(headers(1, 0, 600_000), slot, 0.1)
    assert stated.limit == RateLimit(1, 600.0)
    assert 590 < stated.stalled_for(10.0) < 610
    assert stated.held_for(10.0) == 0.0, "nobody asked for it"
    assert stated.stalled_for(700.0) == 0.0


def test_a_period_of_the_callers_own_may_be_as_long_as_it_likes() -> None:
    own = Budget(RateLimit(1, 86_400.0), learns=False, max_hold=60.0)
    own.ended(own.take(0.0), 0.1)
    assert own.ready_at(1.0) > 80_000


@pytest.mark.parametrize("max_hold", [0, -1, math.inf, math.nan, True, "3600", None])
def test_a_max_hold_that_makes_no_sense_is_refused(max_hold: float) -> None:
    with pytest.raises(UsageError, match="max_hold"):
        RateLimiter(max_hold=max_hold)
    with pytest.raises(UsageError, match="max_hold"):
        Client("made-up", max_hold=max_hold)


def test_clients_that_share_a_limiter_share_its_max_hold() -> None:
    with pytest.raises(UsageError, match="max_hold to the RateLimiter"):
        Client("made-up", rate_limit=RateLimiter(), max_hold=60.0)


@virtual_time
async def test_a_client_gives_its_limiter_its_max_hold() -> None:
    async with Client("made-up", max_hold=60.0) as client:
        assert client._gate.limiter.max_hold == 60.0


@pytest.mark.parametrize("retry_after", [3600.0, 1e9, 1e20, 1e300])
@pytest.mark.parametrize("kind", [FaultKind.RATE_ROLLING, FaultKind.MIGRATING, FaultKind.LOCKED])
@virtual_time
async def test_no_retry_after_parks_a_run_beyond_max_hold(
    kind: FaultKind, retry_after: float
) -> None:
    faults: FaultPlan = [Fault(kind, retry_after=retry_after)]
    limiter, retry = RateLimiter(max_hold=60.0), RetryPolicy(max_elapsed=1e301)
    async with World(client_rate=limiter, faults=faults, retry=retry) as world:
        assert (await world.client.upsert("contacts", people(3), id_property="email")).ok
        assert asyncio.get_running_loop().time() <= 61.0


@virtual_time
async def test_a_service_that_tells_one_request_a_day_parks_nobody() -> None:
    async with World(rate_limit=RateLimit(1_000, 86_400.0), client_rate=None) as world:
        outcome = await world.client.upsert(
            "contacts", people(300), id_property="email", batch_size=1
        )
        assert outcome.ok
        assert asyncio.get_running_loop().time() <= 60.0


def test_a_long_hold_stands_once_in_the_log_and_shown_by_the_progress(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "hubbatch")

    async def main() -> None:
        def refuse(request: object) -> Fault | None:
            early = asyncio.get_running_loop().time() < 1
            return Fault(FaultKind.RATE_ROLLING, retry_after=200.0) if early else None

        async with World(faults=refuse, latency=(0.1, 0.3)) as world:
            run = world.client.upsert("contacts", people(8), id_property="email", batch_size=2)
            task = asyncio.ensure_future(run)
            await asyncio.sleep(0.01)
            assert run.progress.hold == 0.0
            await asyncio.sleep(50)
            assert run.progress.hold == pytest.approx(150.2, abs=0.2)
            assert (await task).ok

    run_in_virtual_time(main())
    stated = [record.getMessage() for record in caplog.records]
    assert stated == ["all requests are held for 200 seconds: the service answered 429 or 477"]


def test_each_hold_is_warned_of_once_and_short_ones_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "hubbatch")

    async def main() -> None:
        limiter, observers = RateLimiter(max_hold=100.0), Observers()
        limiter.listen(observers)
        limiter.hold(30.0)
        assert caplog.records == []
        limiter.hold(40.0, "one reason")
        limiter.hold(41.0, "one reason")
        limiter.hold(90.0, "another reason")
        await asyncio.sleep(200)
        limiter.hold(1e9, "a third reason")
        limiter.hold(1e9, "a third reason")

    run_in_virtual_time(main())
    assert [record.getMessage() for record in caplog.records] == [
        "all requests are held for 40 seconds: one reason",
        "all requests are held for 90 seconds: another reason",
        "all requests are held for 100 seconds: a third reason",
    ]


def test_a_learned_period_of_minutes_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "hubbatch")

    async def main() -> None:
        limiter, observers = RateLimiter(), Observers()
        limiter.listen(observers)
        for _ in range(3):
            slot = await limiter.acquire()
            limiter.ended(slot)
            limiter.learn(headers(10, 9, 600_000), slot)

    run_in_virtual_time(main())
    (record,) = caplog.records
    assert "the quota's period is 600 seconds" in record.getMessage()
