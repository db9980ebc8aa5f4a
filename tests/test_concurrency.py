"""How many requests are in flight at once finds its own level."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World, in_virtual_time, people

from hubbatch import RateLimit
from hubbatch._concurrency import Concurrency
from hubbatch._diagnosis import Symptom
from hubbatch.sandbox import FaultKind, SandboxRequest
from hubbatch.sandbox._faults import open_plan

OVERLOAD = [Symptom.LOST, Symptom.LOCKED, Symptom.GATEWAY_ERROR, Symptom.UNAVAILABLE]


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


def test_it_grows_while_it_is_what_others_wait_for() -> None:
    level = Concurrency(None)
    assert level.level == 32
    assert note(level, Symptom.ANSWERED, limited=False) == 32
    assert [note(level, Symptom.ANSWERED) for _ in range(3)] == [33, 34, 35]
    for _ in range(1000):
        note(level, Symptom.ANSWERED)
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
def test_a_flight_of_requests_decreases_it_once(symptom: Symptom) -> None:
    level = Concurrency(32)
    assert note(level, symptom, sent_at=0.0, now=1.0) == 24
    for _ in range(31):
        assert note(level, symptom, sent_at=0.9, now=1.5) == 24
    assert note(level, symptom, sent_at=1.0, now=2.0) == 18


@pytest.mark.parametrize("symptom", sorted({*Symptom} - {*OVERLOAD, Symptom.ANSWERED}, key=str))
def test_nothing_else_moves_it(symptom: Symptom) -> None:
    assert note(Concurrency(None), symptom, now=1.0) == 32


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
def test_at_any_latency_the_quota_stays_used(latency: float) -> None:
    async def main() -> None:
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

    in_virtual_time(main())


def test_a_service_that_cannot_bear_more_is_given_about_what_it_can() -> None:
    """It answers 423 when more than ten are in flight."""

    async def main() -> None:
        async with World(latency=(0.3, 0.7), max_concurrency=None) as world:
            levels: list[int] = []
            refused: list[float] = []

            def bear(request: SandboxRequest) -> FaultKind | None:
                levels.append(world.client._gate.concurrency)
                idle = len([at for at in refused[-50:] if at > request.at - 0.5])
                if world.transport.in_flight - idle <= 10:
                    return None
                refused.append(request.at)
                return FaultKind.LOCKED

            world.service._draw = open_plan(bear, 0)
            outcome = await world.client.upsert(
                "contacts", people(4_000), id_property="email", batch_size=2
            )
            assert outcome.ok
            assert set(levels[200:]) <= set(range(6, 18))
            assert len(refused) < 0.3 * 2_000
            # Twenty a second is what it can do; a refused batch pauses for two seconds and more.
            assert asyncio.get_running_loop().time() < 2.5 * 2_000 / 20

    in_virtual_time(main())
