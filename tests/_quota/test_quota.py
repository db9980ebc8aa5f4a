"""The live quota and the gate, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest
from support import UNLIMITED, World, people

from hubbatch import RateLimit, RateLimiter, RetryPolicy, TransportError
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import Gate
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import Symptom
from hubbatch._quota.budget import Slot
from hubbatch.models import BatchError
from hubbatch.policies import LimitClass
from hubbatch.testing import run_in_virtual_time, virtual_time


@virtual_time
async def test_a_long_job_uses_the_quota_and_never_more() -> None:
    async with World(
        rate_limit=RateLimit(190, 10.0), client_rate=None, latency=0.2, max_concurrency=32
    ) as world:
        outcome = await world.client.upsert(
            "contacts", people(30_000), id_property="email", batch_size=10
        )
        assert outcome.ok
        elapsed = asyncio.get_running_loop().time()
        assert world.service.max_in_window <= 190
        assert 429 not in world.statuses()
        assert 3_000 / 19 / elapsed >= 0.93


@virtual_time
async def test_an_idle_quota_is_used_at_once() -> None:
    """5,000 records need 50 requests: two rounds of 32, and nothing but the latency."""

    async with World(
        rate_limit=RateLimit(190, 10.0), client_rate=None, latency=0.2, max_concurrency=32
    ) as world:
        await world.client.upsert("contacts", people(5_000), id_property="email")
        assert asyncio.get_running_loop().time() == pytest.approx(0.4, abs=0.01)
        assert 429 not in world.statuses()


@virtual_time
async def test_after_a_429_nobody_sends_until_the_window_has_passed() -> None:
    async with World(
        rate_limit=RateLimit(20, 10.0), client_rate=UNLIMITED, latency=0.1, max_concurrency=30
    ) as world:
        outcome = await world.client.upsert(
            "contacts", people(30), id_property="email", batch_size=1
        )
        assert outcome.ok
        assert world.statuses().count(429) == 10
        retried = [request.at for request in world.service.requests][30:]
        assert min(retried) >= 10.1
        assert {record.attempts for record in outcome.records} == {1, 2}


@virtual_time
async def test_a_limiter_given_to_two_clients_is_one_quota() -> None:
    limiter = RateLimiter(RateLimit(20, 10.0))
    async with World(client_rate=limiter) as first, World(client_rate=limiter) as second:
        await asyncio.gather(
            *(
                world.client.upsert("contacts", people(30), id_property="email", batch_size=1)
                for world in (first, second)
            )
        )
        times = sorted(
            request.at for world in (first, second) for request in world.service.requests
        )
        assert len(times) == 60
        for earlier, later in zip(times, times[20:], strict=False):
            assert later - earlier > 10.0


@virtual_time
async def test_a_small_run_does_not_wait_behind_a_large_one() -> None:
    """It waits for one place in the quota, not for the thirty batches in front of it."""

    async with World(client_rate=RateLimit(20, 10.0), latency=0.1, max_concurrency=32) as world:
        large = asyncio.ensure_future(
            world.client.upsert("contacts", people(100), id_property="email", batch_size=1)
        )
        while len(world.service.requests) < 20:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        ready_at = world.client._gate.limiter._interval.ready_at(loop.time())
        assert ready_at > loop.time() + 1
        await world.client.upsert("contacts", people(3, 500), id_property="email")
        assert loop.time() <= ready_at + 0.5 + 0.2
        await large


@virtual_time
async def test_the_gate_gives_lanes_their_turns() -> None:
    gate = Gate(RateLimiter(UNLIMITED), Concurrency(1), CircuitBreaker(RetryPolicy()))
    order: list[str] = []

    async def pass_through(lane: str) -> None:
        async with gate.enter(lane, 0.0):
            order.append(lane)
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        for lane in "aaaabbc":
            group.create_task(pass_through(lane))
    assert order == list("abcabaa")


@virtual_time
async def test_a_waiter_that_gives_up_costs_nothing() -> None:
    limiter = RateLimiter(RateLimit(1, 10.0))
    gate = Gate(limiter, Concurrency(5), CircuitBreaker(RetryPolicy()))

    async def pass_through() -> None:
        async with gate.enter(None, 0.0) as slot:
            limiter.sent(slot)

    await pass_through()
    waiting = asyncio.create_task(pass_through())
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.wait([waiting])
    await gate.settle()
    assert limiter.used == 1
    await pass_through()
    assert 10.0 < asyncio.get_running_loop().time() < 10.3


@virtual_time
async def test_a_waiter_cancelled_just_when_its_turn_comes_gives_the_place_back() -> None:
    limiter = RateLimiter(RateLimit(2, 10.0))
    gate = Gate(limiter, Concurrency(5), CircuitBreaker(RetryPolicy()))

    async def pass_through() -> None:
        async with gate.enter(None, 0.0):
            raise AssertionError

    waiting = asyncio.create_task(pass_through())
    while not limiter.used:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert limiter.used == 0
    assert gate._in_flight == 0


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Keep the garbage collector, whose turns come when they will, out of what is measured."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_the_cost_of_giving_up_does_not_grow_with_those_who_wait() -> None:
    async def main(count: int) -> float:
        limiter = RateLimiter(UNLIMITED)
        gate = Gate(limiter, Concurrency(1), CircuitBreaker(RetryPolicy()))

        async def pass_through() -> None:
            async with gate.enter(None, 0.0):
                pass

        async with gate.enter("another", 0.0):
            waiting = [asyncio.create_task(pass_through()) for _ in range(count)]
            await asyncio.sleep(1)
            began = time.process_time()
            for task in reversed(waiting):
                task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            spent = time.process_time() - began
            assert all(task.cancelled() for task in waiting)
        await gate.settle()
        return spent

    few = min(run_in_virtual_time(main(1_000)) for _ in range(5))
    many = min(run_in_virtual_time(main(8_000)) for _ in range(3))
    assert many / few < 24, "eight times as many; if each cost eight times as much, it would be 64"


@virtual_time
async def test_a_broken_limiter_breaks_those_who_wait_and_hangs_nobody() -> None:
    class Broken(RateLimiter):
        async def acquire(self, limit_class: LimitClass = LimitClass.INTERVAL) -> Slot:
            raise ZeroDivisionError

    gate = Gate(Broken(), Concurrency(5), CircuitBreaker(RetryPolicy()))
    with pytest.raises(ZeroDivisionError):
        async with gate.enter(None, 0.0):
            pass


def test_a_limiter_shows_its_limit() -> None:
    assert repr(RateLimiter(RateLimit(5, 1.0))) == f"RateLimiter({RateLimit(5, 1.0)!r})"
    assert RateLimiter().rate_limit == RateLimit(100, 10.0)


@virtual_time
async def test_whoever_comes_when_the_last_waiter_is_sent_away_is_not_forgotten() -> None:
    """The gate has nobody left to work for at that moment, and the service is still being left alone."""

    loop = asyncio.get_running_loop()
    breaker = CircuitBreaker(
        RetryPolicy(initial_wait=20.0, max_wait=20.0, jitter=0.0, max_elapsed=5.0)
    )
    gate = Gate(RateLimiter(UNLIMITED), Concurrency(5), breaker)
    for _ in range(11):
        breaker.note(Diagnosis(Symptom.LOST), sent_at=0.0, now=0.0, chance=0.0)
    assert gate.broken

    async def impatient() -> None:
        with pytest.raises(TransportError):
            async with gate.enter("a", 0.0):
                pass
        assert loop.time() == pytest.approx(5.0)

    async def late() -> None:
        async with gate.enter("b", 100.0):
            pass

    await impatient()
    await late()
    assert loop.time() == pytest.approx(20.0)


@pytest.mark.parametrize("trouble_at", [0.0, 1.0])
@virtual_time
async def test_who_waits_for_a_quota_that_is_held_gives_a_broken_service_up_in_time(
    trouble_at: float,
) -> None:
    """The hold is for an hour; `max_elapsed` is five seconds."""

    loop = asyncio.get_running_loop()
    limiter = RateLimiter(UNLIMITED)
    gate = Gate(limiter, Concurrency(5), CircuitBreaker(RetryPolicy(max_elapsed=5.0)))
    async with gate.enter("other", 0.0) as slot:
        limiter.hold(3600.0)
        lost = Diagnosis(Symptom.LOST, error=BatchError("C", "m"))
        loop.call_later(trouble_at, gate.note, lost, slot, 0.5)

        async def wait(since: float) -> float:
            with pytest.raises(TransportError):
                async with gate.enter("a", since):
                    pass
            return loop.time()

        ends = await asyncio.gather(wait(0.0), wait(2.0))
    assert ends == pytest.approx([trouble_at + 5.0, max(trouble_at, 2.0) + 5.0], abs=0.01)
    async with gate.enter("b", 3600.0):
        assert loop.time() == pytest.approx(3600.0, abs=0.01)


@virtual_time
async def test_a_good_answer_during_a_hold_renews_the_patience_of_those_who_wait() -> None:
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(UNLIMITED)
    gate = Gate(limiter, Concurrency(5), CircuitBreaker(RetryPolicy(max_elapsed=5.0)))
    async with gate.enter("other", 0.0) as slot:
        limiter.hold(100.0)
        lost = Diagnosis(Symptom.LOST, error=BatchError("C", "m"))
        gate.note(lost, slot, 0.5)
        loop.call_later(4.0, gate.note, Diagnosis(Symptom.REJECTED), slot, 0.5)
        async with gate.enter("a", 0.0):
            assert loop.time() == pytest.approx(100.0, abs=0.01)
