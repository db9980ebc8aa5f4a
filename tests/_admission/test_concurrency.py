"""How many requests are in flight at once finds its own level."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from statistics import mean

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World, people

from hubbatch import RateLimit
from hubbatch._admission.concurrency import Concurrency
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch._protocol.symptoms import Symptom
from hubbatch.sandbox import FaultKind, SandboxRequest
from hubbatch.testing import virtual_time

OVERLOAD = [
    Symptom.FRONT_TIMEOUT,
    Symptom.LOST,
    Symptom.LOCKED,
    Symptom.GATEWAY_ERROR,
    Symptom.UNAVAILABLE,
]
HEALTHY = [
    Symptom.ANSWERED,
    Symptom.REJECTED,
    Symptom.TOO_LARGE,
    Symptom.NOTHING_FOUND,
    Symptom.WRONG_PATH,
    Symptom.FORBIDDEN,
    Symptom.UNAUTHENTICATED,
    Symptom.TOKEN_EXPIRED,
    Symptom.REDIRECTED,
]


def note(
    level: Concurrency,
    symptom: Symptom,
    *,
    sent_at: float = 0.0,
    now: float = 0.0,
    limited: bool = True,
) -> int:
    level.note(symptom, sent_at=sent_at, now=now, limited=limited)
    return level.level


@pytest.mark.parametrize("symptom", HEALTHY)
def test_it_grows_with_any_healthy_answer_while_it_is_what_others_wait_for(
    symptom: Symptom,
) -> None:
    level = Concurrency(None)
    assert level.level == 32
    assert note(level, symptom, limited=False) == 32
    assert [note(level, symptom) for _ in range(3)] == [33, 34, 35]
    for _ in range(1000):
        note(level, symptom)
    assert level.level == 256


def test_a_number_pins_a_cap() -> None:
    level = Concurrency(5)
    assert level.level == 5
    assert note(level, Symptom.ANSWERED) == 5
    assert note(level, Symptom.LOST, now=1.0) == 3
    for _ in range(100):
        note(level, Symptom.ANSWERED, sent_at=1.0)
    assert level.level == 5


@pytest.mark.parametrize("symptom", OVERLOAD)
def test_many_bad_answers_to_requests_in_flight_decrease_it_once(symptom: Symptom) -> None:
    level = Concurrency(32)
    assert note(level, symptom, sent_at=0.0, now=1.0) == 24
    for _ in range(31):
        assert note(level, symptom, sent_at=0.9, now=1.5) == 24
    assert note(level, symptom, sent_at=1.0, now=2.0) == 18


@pytest.mark.parametrize("symptom", sorted({*Symptom} - {*OVERLOAD, *HEALTHY}, key=str))
def test_nothing_else_moves_it(symptom: Symptom) -> None:
    assert note(Concurrency(None), symptom, now=1.0) == 32


@pytest.mark.parametrize("rest", [Symptom.ANSWERED, Symptom.REJECTED])
def test_single_failures_among_healthy_answers_leave_three_at_once(rest: Symptom) -> None:
    level = Concurrency(None)
    for now in range(200):
        note(level, rest if now % 2 else Symptom.LOCKED, sent_at=now, now=now)
    assert level.level >= 3
    for now in range(200, 300):
        note(level, rest, sent_at=now, now=now)
    assert level.level > 24


def test_nothing_but_failures_brings_it_down_to_one() -> None:
    level = Concurrency(None)
    note(level, Symptom.ANSWERED)
    for now in range(1, 40):
        note(level, Symptom.LOCKED, sent_at=now, now=now)
    assert level.level == 1


def test_from_one_it_rises_by_refusals_alone() -> None:
    level = Concurrency(None)
    for now in range(1, 40):
        note(level, Symptom.UNAVAILABLE, sent_at=now, now=now)
    assert level.level == 1
    for now in range(40, 80):
        note(level, Symptom.REJECTED, sent_at=now, now=now)
    assert level.level >= 8


def test_after_a_decrease_it_grows_carefully() -> None:
    level = Concurrency(None)
    assert note(level, Symptom.LOST, now=1.0) == 24
    answers = [note(level, Symptom.ANSWERED, sent_at=1.0) for _ in range(5)]
    assert answers == [24, 24, 24, 25, 25]


def test_the_good_answers_of_a_flight_that_was_too_large_do_not_count() -> None:
    level = Concurrency(None)
    note(level, Symptom.LOST, sent_at=0.0, now=1.0)
    for _ in range(31):
        assert note(level, Symptom.ANSWERED, sent_at=0.0, now=1.0) == 24


def test_a_service_that_comes_back_is_given_one_and_then_more() -> None:
    level = Concurrency(32)
    level.begin_anew()
    assert level.level == 1
    assert [note(level, Symptom.ANSWERED) for _ in range(20)][:15] == list(range(2, 17))
    for _ in range(100):
        note(level, Symptom.ANSWERED)
    assert level.level == 32


@given(
    st.lists(st.tuples(st.sampled_from(sorted(Symptom, key=str)), st.booleans())),
    st.integers(1, 300),
)
def test_it_stays_within_its_bounds(notes: list[tuple[Symptom, bool]], most: int) -> None:
    level = Concurrency(most)
    for now, (symptom, limited) in enumerate(notes):
        assert 1 <= note(level, symptom, sent_at=now, now=now, limited=limited) <= most


@pytest.mark.parametrize("latency", [0.02, 0.2, 1.0, 3.0])
@virtual_time
async def test_at_any_latency_the_quota_stays_used(latency: float) -> None:
    async with World(
        rate_limit=RateLimit(190, 10.0), client_rate=None, latency=latency, max_concurrency=None
    ) as world:
        outcome = await world.client.upsert(
            "contacts", people(4_000), id_property="email", batch_size=2
        )
        assert outcome.ok
        assert 429 not in world.statuses()
        times = [request.at for request in world.service.requests]
        assert 2_000 / 19 / (times[-1] + latency) >= 0.90


@virtual_time
async def test_concurrency_settles_at_about_what_the_service_can_do() -> None:
    """It answers 423 when more than ten are in flight."""

    levels: list[int] = []
    refused: list[float] = []

    def bear(request: SandboxRequest) -> FaultKind | None:
        levels.append(world.client._gate.concurrency)
        idle = len([at for at in refused[-50:] if at > request.at - 0.5])
        if world.transport.in_flight - idle <= 10:
            return None
        refused.append(request.at)
        return FaultKind.LOCKED

    async with World(latency=(0.3, 0.7), max_concurrency=None, faults=bear) as world:
        outcome = await world.client.upsert(
            "contacts", people(4_000), id_property="email", batch_size=2
        )
        assert outcome.ok
        assert set(levels[200:]) <= set(range(6, 18))
        assert len(refused) < 0.3 * 2_000
        # Twenty a second is what it can do; a refused batch pauses for two seconds and more.
        assert asyncio.get_running_loop().time() < 2.5 * 2_000 / 20


@virtual_time
async def test_a_run_whose_batches_are_rejected_gets_its_concurrency_back() -> None:
    """Nearly all records are bad. Before that, some requests met a service that was overloaded."""

    async with World(latency=0.2, max_concurrency=None) as world:
        levels: list[int] = []
        send = world.transport.send

        async def answer(
            request: Request, token: str, note_sent: Callable[[], None]
        ) -> Reply | NoReply:
            number = len(levels)
            levels.append(world.client._gate.concurrency)
            if number < 200 and number % 5 == 0:
                await asyncio.sleep(0.1)
                return Reply(423)
            if number % 40 == 1:
                return await send(request, token, note_sent)
            await asyncio.sleep(0.2)
            refusal = {"category": "VALIDATION_ERROR", "message": f"{number} is no name"}
            return Reply(400, {}, orjson.dumps(refusal))

        world.transport.send = answer  # type: ignore[method-assign]
        await world.client.upsert("contacts", people(2_000), id_property="email", batch_size=1)
        assert min(levels[:200]) < 10
        assert max(levels[-200:]) >= 32


@virtual_time
async def test_one_bad_answer_of_ten_leaves_enough_at_once_for_the_quota() -> None:
    """Some records are locked by others; the service answers the rest well."""

    chance = random.Random(1)

    def lock(_: SandboxRequest) -> FaultKind | None:
        return FaultKind.LOCKED if chance.random() < 0.1 else None

    async with World(latency=0.2, max_concurrency=None, faults=lock) as world:
        levels: list[int] = []
        run = world.client.upsert("contacts", people(2_000), id_property="email", batch_size=1)
        task = asyncio.ensure_future(run)
        while not task.done():
            levels.append(world.client._gate.concurrency)
            await asyncio.sleep(0.1)
        assert (await task).ok
        assert min(levels) >= 3
        assert mean(levels) >= 4
