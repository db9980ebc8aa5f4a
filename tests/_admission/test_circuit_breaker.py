"""A service that is broken is not hammered: it is probed, given up in time, and gently used again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World, people

from hubbatch import Counts, RecordStatus, RetryPolicy, TransportError
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch._protocol.symptoms import Symptom
from hubbatch.models import BatchError
from hubbatch.sandbox import Fault, FaultKind, SandboxRequest
from hubbatch.testing import virtual_time

POLICY = RetryPolicy(jitter=0.0)
BAD = [
    Symptom.LOST,
    Symptom.NOT_SENT,
    Symptom.SERVER_ERROR,
    Symptom.GATEWAY_ERROR,
    Symptom.UNAVAILABLE,
    Symptom.ORIGIN_TROUBLE,
]
NEUTRAL = [
    Symptom.LOCKED,
    Symptom.RATE_LIMITED,
    Symptom.DAILY_LIMIT,
    Symptom.MIGRATING,
    Symptom.UNREADABLE,
    Symptom.FRONT_TIMEOUT,
    Symptom.FRONT_REFUSED,
    Symptom.FRONT_FORBIDDEN,
    Symptom.NOT_FORWARDED,
]


class BreakerDriver:
    """A circuit breaker that gets answers one second apart."""

    def __init__(self, policy: RetryPolicy = POLICY) -> None:
        self.breaker = CircuitBreaker(policy)
        self.now = 0.0

    def answered(self, *symptoms: Symptom, sent_ago: float = 0.0) -> BreakerDriver:
        for symptom in symptoms:
            self.now += 1.0
            error = BatchError("HTTP_500", "broken")
            self.breaker.note(
                Diagnosis(symptom, error=error),
                sent_at=self.now - sent_ago,
                now=self.now,
                chance=0.5,
            )
        return self

    @property
    def pause(self) -> float:
        return self.breaker.resumes_at - self.now


@pytest.mark.parametrize("symptom", BAD)
def test_more_than_half_of_the_last_twenty_answers_must_be_bad(symptom: Symptom) -> None:
    driver = BreakerDriver().answered(*[Symptom.ANSWERED] * 20, *[symptom] * 10)
    assert not driver.breaker.open
    driver.answered(symptom)
    assert driver.breaker.open
    assert driver.pause == 0.5


def test_good_answers_in_between_push_bad_ones_out() -> None:
    driver = BreakerDriver()
    for _ in range(50):
        driver.answered(Symptom.LOST, Symptom.ANSWERED)
    assert not driver.breaker.open


@pytest.mark.parametrize("symptom", NEUTRAL)
def test_what_has_a_hold_of_its_own_does_not_count(symptom: Symptom) -> None:
    driver = BreakerDriver().answered(*[symptom] * 100)
    assert not driver.breaker.open
    assert driver.breaker.gives_up_at(0.0) == math.inf
    driver.answered(*[Symptom.LOST] * 11, symptom)
    assert driver.breaker.open


@pytest.mark.parametrize("symptom", sorted(set(Symptom) - {*BAD, *NEUTRAL}, key=str))
def test_any_other_answer_shows_that_the_service_works(symptom: Symptom) -> None:
    driver = BreakerDriver().answered(*[Symptom.LOST] * 11)
    assert driver.breaker.open
    assert not driver.answered(symptom).breaker.open


def test_the_pauses_between_probes_grow_to_max_wait() -> None:
    driver = BreakerDriver().answered(*[Symptom.SERVER_ERROR] * 11)
    assert driver.pause == 0.5
    pauses = [driver.answered(Symptom.SERVER_ERROR).pause for _ in range(8)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_part_of_the_pause_is_random_but_no_more_than_half() -> None:
    driver = BreakerDriver(RetryPolicy()).answered(*[Symptom.SERVER_ERROR] * 11)
    assert driver.pause == 0.5 * 0.75


def test_what_was_under_way_when_it_broke_is_no_probe() -> None:
    driver = BreakerDriver().answered(*[Symptom.LOST] * 11)
    until = driver.breaker.resumes_at
    driver.answered(*[Symptom.LOST] * 5, sent_ago=30.0)
    assert driver.breaker.resumes_at == until
    assert driver.answered(Symptom.LOST).pause == 1.0


def test_after_a_good_answer_the_count_begins_anew() -> None:
    driver = BreakerDriver().answered(*[Symptom.LOST] * 15, Symptom.ANSWERED)
    assert driver.pause < 0
    assert not driver.answered(*[Symptom.LOST] * 10).breaker.open


def test_it_is_given_up_after_max_elapsed_without_one_good_answer() -> None:
    breaker = BreakerDriver().answered(Symptom.ANSWERED, *[Symptom.LOST] * 3).breaker
    assert breaker.gives_up_at(0.0) == 302.0
    error = breaker.give_up(2.0, 302.0)
    assert "for 300 seconds" in str(error)
    assert "HTTP_500: broken" in str(error)
    # Whoever came later has a time of its own.
    assert breaker.gives_up_at(100.0) == 400.0


def test_one_good_answer_restarts_max_elapsed() -> None:
    driver = BreakerDriver().answered(*[Symptom.LOST] * 300, Symptom.REJECTED)
    assert driver.breaker.gives_up_at(0.0) == math.inf
    assert driver.answered(Symptom.LOST).breaker.gives_up_at(0.0) == driver.now + 300


def asked(wait: float, symptom: Symptom = Symptom.MIGRATING) -> Diagnosis:
    return Diagnosis(symptom, error=BatchError("C", "m"), asked_wait=wait)


def test_waits_the_service_asks_for_do_not_count_as_elapsed() -> None:
    driver = BreakerDriver().answered(Symptom.SERVER_ERROR)
    driver.breaker.note(asked(200.0), sent_at=1.0, now=2.0, chance=0.0)
    assert driver.breaker.gives_up_at(0.0) == 202.0 + 300.0


@pytest.mark.parametrize("symptom", [Symptom.MIGRATING, Symptom.RATE_LIMITED, Symptom.UNAVAILABLE])
@pytest.mark.parametrize("wait", [300.0, 3600.0, 1e9, math.inf])
def test_waits_the_service_asks_for_at_most_double_max_elapsed(
    wait: float, symptom: Symptom
) -> None:
    driver = BreakerDriver().answered(Symptom.SERVER_ERROR)
    driver.breaker.note(asked(wait, symptom), sent_at=1.0, now=2.0, chance=0.0)
    assert driver.breaker.gives_up_at(0.0) == 1.0 + 2 * 300.0


def test_waits_that_are_asked_for_again_and_again_end_too() -> None:
    driver = BreakerDriver()
    for now in range(1, 2000, 100):
        driver.breaker.note(
            asked(100.0, Symptom.UNAVAILABLE), sent_at=float(now), now=float(now), chance=0.0
        )
    assert driver.breaker.gives_up_at(0.0) == 1.0 + 2 * 300.0
    driver.now = 2000.0
    assert driver.answered(Symptom.REJECTED, Symptom.LOST).breaker.gives_up_at(0.0) == 2302.0


def test_what_was_never_reached_is_given_up_after_as_many_probes_as_there_are_attempts() -> None:
    driver = BreakerDriver().answered(*[Symptom.NOT_SENT] * 16)
    assert driver.breaker.gives_up_at(0.0) > driver.now
    driver.answered(Symptom.NOT_SENT)
    assert driver.breaker.gives_up_at(0.0) <= driver.now
    assert "could not be reached" in str(driver.breaker.give_up(0.0, driver.now))
    # Whoever comes later has its own probes: the network may be back.
    assert driver.breaker.gives_up_at(driver.now + 1) > driver.now
    reached = BreakerDriver().answered(Symptom.LOST, *[Symptom.NOT_SENT] * 20).breaker
    assert reached.gives_up_at(0.0) == 301.0


def test_whatever_a_probe_gets_but_a_good_answer_makes_the_pauses_grow() -> None:
    driver = BreakerDriver().answered(*[Symptom.GATEWAY_ERROR] * 11)
    assert [driver.answered(symptom).pause for symptom in NEUTRAL[:5]] == [1, 2, 4, 8, 16]


@given(st.lists(st.sampled_from(sorted(Symptom, key=str)), max_size=60))
def test_there_is_always_a_way_on(symptoms: list[Symptom]) -> None:
    driver = BreakerDriver().answered(*symptoms)
    breaker = driver.breaker
    assert breaker.open == (driver.pause > -1e9)
    assert driver.pause <= POLICY.max_wait


# In a whole client


class Outage:
    """A service that answers 500 from one time to another, and notes what came in meanwhile."""

    def __init__(self, world: World, start: float, end: float) -> None:
        self.world = world
        self.start, self.end = start, end
        self.send = world.transport.send
        self.in_flight = 0
        self.sent: list[tuple[float, int]] = []
        world.transport.send = self  # type: ignore[method-assign]

    async def __call__(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        now = asyncio.get_running_loop().time()
        self.in_flight += 1
        self.sent.append((now, self.in_flight))
        try:
            if self.start <= now < self.end:
                note_sent()
                await asyncio.sleep(0.2)
                return Reply(500, {}, b"{}")
            return await self.send(request, token, note_sent)
        finally:
            self.in_flight -= 1


def upsert(world: World, count: int, **options: Any) -> Any:
    return world.client.upsert(
        "contacts", people(count), id_property="email", batch_size=5, **options
    )


@virtual_time
async def test_a_run_waits_until_an_outage_ends() -> None:
    async with World(latency=0.2, max_concurrency=16) as world:
        outage = Outage(world, 2.0, 200.0)
        outcome = await upsert(world, 2000)
        assert outcome.ok
        assert len(world.stored()) == 2000
        during = [sent for sent in outage.sent if 3.0 < sent[0] < 200.0]
        assert len(during) <= 14  # a probe every half a minute in the end
        assert {in_flight for _, in_flight in during} == {1}
        after = [in_flight for now, in_flight in outage.sent if now > 200.0]
        assert after[:2] == [1, 1]
        assert max(after[:5]) <= 2
        assert max(after) == 16
        assert max(after[:8]) <= 5


@virtual_time
async def test_after_a_short_outage_the_level_is_soon_back() -> None:
    async with World(latency=0.2, max_concurrency=None) as world:
        outage = Outage(world, 0.5, 4.5)
        outcome = await upsert(world, 20_000)
        assert outcome.ok
        good = min(at for at, _ in outage.sent if at >= 4.5)
        # One, two, four, eight, …: ten rounds of answers are plenty.
        assert max(in_flight for at, in_flight in outage.sent if at <= good + 10 * 0.2) >= 32


@virtual_time
async def test_after_max_elapsed_the_run_stops_and_its_outcome_is_true() -> None:
    async with World(latency=0.2, max_concurrency=8) as world:
        Outage(world, 1.0, 1e9)
        run = upsert(world, 1000)
        with pytest.raises(TransportError, match="not given one good answer") as caught:
            await run
        assert 300 <= asyncio.get_running_loop().time() <= 350
        outcome = caught.value.outcome
        assert outcome is run.outcome
        assert outcome.counts.total == 1000
        assert outcome.counts.succeeded == len(world.stored())
        assert outcome.counts.unknown <= 2 * (8 + 2) * 5  # what was in flight or waited for it
        assert outcome.counts.failed == 0
        assert all("HTTP_500" in record.reason for record in outcome.unknown)
        assert any("not given one good answer" in record.reason for record in outcome.unknown)


@virtual_time
async def test_every_run_of_the_client_has_events() -> None:
    async with World(latency=0.2, max_concurrency=8) as world:
        Outage(world, 0.0, 1e9)
        early = [asyncio.ensure_future(upsert(world, 100)) for _ in range(20)]
        await asyncio.sleep(200)
        late = asyncio.ensure_future(upsert(world, 100))
        done = await asyncio.gather(*early, return_exceptions=True)
        assert {type(error) for error in done} == {TransportError}
        assert asyncio.get_running_loop().time() <= 350
        assert not late.done()
        with pytest.raises(TransportError):
            await late
        assert 500 <= asyncio.get_running_loop().time() <= 550


@virtual_time
async def test_a_run_that_is_stopped_does_not_wait_for_a_broken_service() -> None:
    async with World(latency=0.2, max_concurrency=8) as world:
        Outage(world, 1.0, 1e9)
        outcome = await upsert(world, 1000, deadline=20.0)
        assert asyncio.get_running_loop().time() <= 21.0
        assert outcome.counts.total == 1000
        assert outcome.counts.succeeded == len(world.stored())
        assert {record.status for record in outcome.records} == {
            RecordStatus.SUCCEEDED,
            RecordStatus.UNKNOWN,
            RecordStatus.UNSENT,
        }


@virtual_time
async def test_a_hanging_service_is_probed_one_request_at_a_time() -> None:
    def hang(request: SandboxRequest) -> FaultKind | None:
        return FaultKind.SLOW if request.at < 150 else None

    async with World(faults=hang, max_concurrency=16, timeout=60.0) as world:
        outcome = await upsert(world, 500)
        assert outcome.ok
        times = [request.at for request in world.service.requests if request.at < 150]
        assert len(times) <= 16 + 8


@virtual_time
async def test_probes_leave_few_creates_in_doubt() -> None:
    """Every probe with creates in it may leave them in doubt: so there are few, and the others wait."""

    async with World(latency=0.2, max_concurrency=8) as world:
        Outage(world, 1.0, 20.0)
        run = world.client.create("contacts", people(1000), batch_size=5)
        outcome = await run
        assert outcome.counts == Counts(
            1000,
            succeeded=len(world.stored()),
            unknown=1000 - len(world.stored()),
        )
        assert outcome.counts.unknown <= (16 + 6) * 5


@virtual_time
async def test_waiters_cancelled_while_they_are_failed_leave_no_trace() -> None:
    async with World(latency=0.2, max_concurrency=8, retry=RetryPolicy(max_elapsed=3)) as world:
        Outage(world, 0.0, 1e9)
        runs = [asyncio.ensure_future(upsert(world, 100)) for _ in range(3)]
        await asyncio.sleep(2.9)
        while not all(run.done() for run in runs):
            await asyncio.sleep(0)
            for run in runs:
                run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)


async def flowing(world: World, pauses: list[float]) -> Any:
    async def source() -> Any:
        for number, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            yield {"email": f"p{number}@example.com"}

    return await world.client.upsert("contacts", source(), id_property="email")


@virtual_time
async def test_time_in_which_nothing_was_asked_is_no_time_of_trouble() -> None:
    """A slow stream, one bad answer, and the next record long after."""

    retry = RetryPolicy(max_attempts=1)
    async with World(faults=[FaultKind.SERVER_ERROR], retry=retry) as world:
        outcome = await flowing(world, [0.0, 4000.0, 4000.0])
        assert outcome.counts == Counts(3, succeeded=2, unknown=1)


@pytest.mark.parametrize(
    "faults",
    [
        [FaultKind.SERVER_ERROR, Fault(FaultKind.MIGRATING, retry_after=290.0)],
        [Fault(FaultKind.UNAVAILABLE, retry_after=290.0)],
        [FaultKind.SERVER_ERROR, Fault(FaultKind.RATE_ROLLING, retry_after=290.0)],
    ],
)
@virtual_time
async def test_a_wait_that_the_service_asked_for_ends_in_another_try(faults: Any) -> None:
    async with World(faults=faults) as world:
        assert (await upsert(world, 5)).ok


@virtual_time
async def test_a_client_that_has_given_a_service_up_tries_again_in_its_next_run() -> None:
    async with World(max_concurrency=16) as world:
        send, reachable = world.transport.send, False

        async def connect(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            if reachable:
                return await send(request, token, note_sent)
            return NoReply(sent=False, reason="no route")

        world.transport.send = connect  # type: ignore[method-assign]
        with pytest.raises(TransportError, match=r"could not be reached.*no route"):
            await upsert(world, 500)
        assert asyncio.get_running_loop().time() < 60
        reachable = True
        assert (await upsert(world, 500)).ok


@virtual_time
async def test_it_is_given_up_in_time_also_between_two_probes() -> None:
    retry = RetryPolicy(initial_wait=100.0, max_wait=3600.0, max_elapsed=300.0)
    async with World(latency=0.2, max_concurrency=16, retry=retry) as world:
        Outage(world, 0.0, 1e9)
        with pytest.raises(TransportError):
            await upsert(world, 500)
        assert asyncio.get_running_loop().time() < 1000


@virtual_time
async def test_each_probe_with_creates_risks_one_record() -> None:
    async with World(latency=0.2, max_concurrency=4) as world:
        Outage(world, 1.0, 200.0)
        outcome = await world.client.create("contacts", people(5000))
        assert outcome.counts.succeeded == len(world.stored())
        assert outcome.counts.failed == outcome.counts.unsent == 0
        # Eleven batches until it was known, and the probes, for which one record is enough.
        assert outcome.counts.unknown <= (11 + 4) * 100 + 20


@virtual_time
async def test_the_token_is_asked_for_after_the_wait_and_not_before() -> None:
    """A token lives for half an hour; a hold may take longer."""

    async def token() -> str:
        return f"token-{int(asyncio.get_running_loop().time() // 1800)}"

    def stale(request: SandboxRequest) -> Fault | FaultKind | None:
        fresh = request.headers["Authorization"] == f"Bearer token-{int(request.at // 1800)}"
        if request.at < 1:
            return Fault(FaultKind.MIGRATING, retry_after=2000.0)
        return None if fresh else FaultKind.EXPIRED_TOKEN

    retry = RetryPolicy(max_elapsed=5000.0)
    async with World(faults=stale, token=token, max_concurrency=4, retry=retry) as world:
        assert (await upsert(world, 100)).ok
        assert 401 not in world.statuses()
