"""The gate: so many at once, queues round-robin, and nobody waits for what has gone wrong."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any

import pytest
from support import UNLIMITED

from hubbatch import BatchError, HubbatchError, RateLimit, RetryPolicy, TransportError
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import DeclinedError, Gate
from hubbatch._clock import now
from hubbatch._observers import Observers
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import Symptom
from hubbatch._quota.budget import Slot
from hubbatch._quota.limiter import RateLimiter
from hubbatch.policies import LimitClass
from hubbatch.testing import virtual_time

GOOD = Diagnosis(Symptom.ANSWERED)
BAD = Diagnosis(Symptom.SERVER_ERROR, error=BatchError("OH\x1bNO" + "x" * 200, "m"))
LOST = Diagnosis(Symptom.LOST, error=BatchError("NO_ANSWER", "lost"))


def gate(most: int = 1, limiter: RateLimiter | None = None, **policy: Any) -> Gate:
    breaker = CircuitBreaker(RetryPolicy(**policy))
    return Gate(limiter or RateLimiter(UNLIMITED), Concurrency(most), breaker, Observers())


class Visitors:
    """Those who pass a gate, in the order in which they do."""

    def __init__(self, through: Gate) -> None:
        self.gate = through
        self.passed: list[str] = []
        self.now_in = self.most_in = 0

    async def visit(self, name: str, seconds: float = 1.0) -> None:
        async with self.gate.enter(name[0], now()):
            self.passed.append(name)
            self.now_in += 1
            self.most_in = max(self.most_in, self.now_in)
            await asyncio.sleep(seconds)
            self.now_in -= 1


async def break_service(through: Gate) -> None:
    """Have the gate hear of bad answers until it holds the service to be broken."""
    async with through.enter("breaks it", now()) as slot:
        while not through.broken:
            through.note(BAD, slot, 0.0)


async def answered(through: Gate, diagnosis: Diagnosis, **options: Any) -> Slot:
    async with through.enter("asks", now()) as slot:
        through.note(diagnosis, slot, 0.0, **options)
        return slot


@pytest.mark.parametrize("most", [1, 3])
@virtual_time
async def test_so_many_are_let_through_at_once_and_all_in_the_end(most: int) -> None:
    visitors = Visitors(gate(most))
    await asyncio.gather(*(visitors.visit(f"a{number}") for number in range(9)))
    assert visitors.most_in == most
    assert visitors.passed == [f"a{number}" for number in range(9)]
    assert now() == pytest.approx(9 / most, abs=0.01)
    await visitors.gate.settle()


@virtual_time
async def test_queues_are_served_round_robin_and_each_in_order() -> None:
    visitors = Visitors(gate())
    names = ["a0", "a1", "a2", "a3", "b0", "b1", "c0"]
    await asyncio.gather(*map(visitors.visit, names))
    assert visitors.passed == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]
    await visitors.gate.settle()


@virtual_time
async def test_a_waiter_that_is_cancelled_leaves_its_queue_to_the_others() -> None:
    visitors = Visitors(gate())
    first = asyncio.create_task(visitors.visit("a0"))
    others = [asyncio.create_task(visitors.visit(name)) for name in ("a1", "b0", "b1")]
    await asyncio.sleep(0.5)
    others[0].cancel()
    others[1].cancel()
    await asyncio.gather(first, *others, return_exceptions=True)
    assert visitors.passed == ["a0", "b1"]
    assert not visitors.gate._classes[LimitClass.INTERVAL].by_run
    await visitors.gate.settle()


@virtual_time
async def test_a_waiter_cancelled_on_admission_leaves_its_place_to_the_next() -> None:
    limiter = RateLimiter(RateLimit(2, 100.0))
    visitors = Visitors(gate(1, limiter))
    first = asyncio.create_task(visitors.visit("a0", 0.0))
    while not visitors.gate._in_flight:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert not visitors.passed
    await asyncio.gather(visitors.visit("a1", 0.0), visitors.visit("a2", 0.0))
    assert now() < 50.0, "its place in the quota was given back"
    await visitors.gate.settle()


@virtual_time
async def test_a_request_that_is_not_sent_gives_its_place_in_the_quota_back() -> None:
    through = gate(1, RateLimiter(RateLimit(1, 100.0)))
    for _ in range(3):
        with pytest.raises(DeclinedError):
            async with through.enter("a", now()):
                raise DeclinedError
    await Visitors(through).visit("a0", 0.0)
    assert now() < 50.0
    await through.settle()


@virtual_time
async def test_the_last_to_leave_ends_what_works_for_those_who_wait() -> None:
    visitors = Visitors(gate())
    first = asyncio.create_task(visitors.visit("a0"))
    second = asyncio.create_task(visitors.visit("b0"))
    await asyncio.sleep(0.5)
    await visitors.gate.settle()
    assert visitors.gate._classes[LimitClass.INTERVAL].pump is not None, "somebody waits yet"
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await visitors.gate.settle()
    assert visitors.gate._classes[LimitClass.INTERVAL].pump is None
    await first
    await visitors.visit("a1")
    await visitors.gate.settle()


@virtual_time
async def test_an_error_of_the_limiter_reaches_every_waiter_as_its_own() -> None:
    class Broken(RateLimiter):
        error: Exception = HubbatchError("no more today")

        async def acquire(self, limit_class: LimitClass = LimitClass.INTERVAL) -> Slot:
            await asyncio.sleep(1.0)
            raise self.error

    limiter = Broken(UNLIMITED)
    visitors = Visitors(gate(3, limiter))
    errors = await asyncio.gather(
        *(visitors.visit(name) for name in ("a0", "a1", "b0")), return_exceptions=True
    )
    assert [str(error) for error in errors] == ["no more today"] * 3
    assert len({id(error) for error in errors}) == 3
    limiter.error = ZeroDivisionError()
    [other] = await asyncio.gather(visitors.visit("a2"), return_exceptions=True)
    assert other is limiter.error
    await visitors.gate.settle()


@virtual_time
async def test_a_broken_service_is_probed_one_request_at_a_time_with_an_event_for_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    visitors = Visitors(gate(3))
    through = visitors.gate
    assert not through.broken
    assert (through.held_for(LimitClass.INTERVAL), through.concurrency) == (0.0, 3)
    with caplog.at_level(logging.WARNING, "hubbatch"):
        await break_service(through)
    [broken] = [record.getMessage() for record in caplog.records]
    assert broken == (
        "the service is broken (server_error): one request at a time probes it, all others wait"
    )
    assert through.held_for(LimitClass.INTERVAL) == math.inf
    began = now()
    await asyncio.gather(*(visitors.visit(f"a{number}", 1.0) for number in range(3)))
    assert visitors.most_in == 1
    assert now() >= began + 3.0
    caplog.clear()
    with caplog.at_level(logging.WARNING, "hubbatch"):
        await answered(through, GOOD)
        await answered(through, GOOD)
    assert [record.getMessage() for record in caplog.records] == [
        "the service works again; requests go on, few at first"
    ]
    assert (through.broken, through.concurrency, through.held_for(LimitClass.INTERVAL)) == (
        False,
        1,
        0.0,
    )
    await through.settle()


@virtual_time
async def test_while_the_service_is_broken_nobody_goes_before_the_pause_is_over() -> None:
    visitors = Visitors(gate(3))
    await break_service(visitors.gate)
    resumes_at = visitors.gate._breaker.resumes_at
    assert resumes_at > now()
    await visitors.visit("a0", 0.0)
    assert now() == pytest.approx(resumes_at, abs=0.01)
    await visitors.gate.settle()


@virtual_time
async def test_a_waiter_for_a_broken_service_fails_after_max_elapsed() -> None:
    visitors = Visitors(gate(1, max_elapsed=10.0))
    await break_service(visitors.gate)

    async def stay() -> None:
        async with visitors.gate.enter("stays", now()):
            await asyncio.sleep(100.0)

    staying = asyncio.create_task(stay())
    await asyncio.sleep(2.0)
    began = now()
    with pytest.raises(TransportError, match="not given one good answer for 10 seconds"):
        await visitors.visit("a0")
    assert now() == pytest.approx(began + 10.0, abs=0.1)
    await staying
    await visitors.gate.settle()


@virtual_time
async def test_a_waiter_for_the_quota_fails_after_max_elapsed_too() -> None:
    limiter = RateLimiter(RateLimit(1, 500.0))
    through = gate(4, limiter, max_elapsed=10.0)
    async with through.enter("first", now()) as slot:
        limiter.sent(slot)
        waiting = asyncio.create_task(Visitors(through).visit("a0"))
        await asyncio.sleep(1.0)
        through.note(LOST, slot, 0.0)
    with pytest.raises(TransportError):
        await waiting
    assert now() == pytest.approx(11.0, abs=0.2)
    await through.settle()


@pytest.mark.parametrize(("in_poison_search", "level"), [(False, 2), (True, 4)])
@virtual_time
async def test_a_failure_that_is_the_requests_own_is_no_overload(
    in_poison_search: bool, level: int
) -> None:
    through = gate(4)
    gateway = Diagnosis(Symptom.GATEWAY_ERROR, error=BatchError("C", "m"))
    for _ in range(2):
        await answered(through, gateway, in_poison_search=in_poison_search)
        await asyncio.sleep(1.0)
    assert (through.concurrency < 4) is (level < 4)
    assert not through.broken
    await through.settle()


@pytest.mark.parametrize(("visits", "level"), [(40, 33), (32, 32)])
@virtual_time
async def test_good_answers_raise_the_level_while_others_wait_for_it(
    visits: int, level: int
) -> None:
    breaker = CircuitBreaker(RetryPolicy())
    through = Gate(RateLimiter(UNLIMITED), Concurrency(None), breaker)
    visitors = Visitors(through)
    async with through.enter("first", now()) as slot:
        tasks = [asyncio.create_task(visitors.visit("a")) for _ in range(visits - 1)]
        await asyncio.sleep(0.5)
        through.note(GOOD, slot, 0.0)
    assert through.concurrency == level
    await asyncio.gather(*tasks)
    assert visitors.most_in <= 33
    await through.settle()


@virtual_time
async def test_a_service_that_breaks_while_one_waits_for_the_quota_is_left_alone_first() -> None:
    limiter = RateLimiter(RateLimit(1, 5.0))
    visitors = Visitors(gate(4, limiter, initial_wait=30.0, max_wait=60.0, jitter=0.0))
    through = visitors.gate
    async with through.enter("first", now()) as slot:
        limiter.sent(slot)
    waiting = asyncio.create_task(visitors.visit("a0"))
    await asyncio.sleep(1.0)
    while not through.broken:
        through.note(BAD, slot, 0.0)
    resumes_at = through._breaker.resumes_at
    assert resumes_at > 30.0
    await waiting
    assert now() == pytest.approx(resumes_at + 1.0, abs=0.1)
    await through.settle()


@virtual_time
async def test_a_place_in_the_quota_that_nobody_waits_for_any_more_goes_to_the_next_who_comes() -> (
    None
):
    limiter = RateLimiter(RateLimit(1, 5.0))
    visitors = Visitors(gate(4, limiter))
    async with visitors.gate.enter("first", now()) as slot:
        limiter.sent(slot)
    gone = asyncio.create_task(visitors.visit("a0"))
    await asyncio.sleep(1.0)
    gone.cancel()
    await asyncio.sleep(10.0)
    await visitors.visit("b0", 0.0)
    assert now() == pytest.approx(11.0, abs=0.1)
    await visitors.gate.settle()
