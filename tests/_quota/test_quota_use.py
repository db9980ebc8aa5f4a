"""How much of a quota is used, and how rarely a request is one too many: in virtual time, so the figures are exact.

The account is the sandbox's own window. Where no engine is needed requests are bare, for the sake of speed.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from statistics import mean

import pytest
from account import QUICK, Account, FixedWindow, work
from hypothesis import given, settings
from hypothesis import strategies as st
from quota_cases import CASES, Case, Habit, evenly, in_bursts, randomly
from support import World, people

from hubbatch import RateLimit, RateLimiter
from hubbatch._quota.others import Others
from hubbatch.sandbox import SandboxRequest
from hubbatch.sandbox._window import RollingWindow
from hubbatch.testing import run_in_virtual_time, virtual_time

SLOW = (1.125, 1.875)
PROFESSIONAL = RateLimit(190, 10.0)


def long_run(account: Account, rate_limit: RateLimit | None = None, windows: float = 22) -> Account:
    run_in_virtual_time(
        work(account, RateLimiter(rate_limit), until=windows * account.window.period)
    )
    assert account.window.max_in_window <= (account.window.limit or 0)
    return account


@pytest.mark.parametrize(
    ("latency", "there", "least"),
    [
        (QUICK, 0.0, 0.97),
        (QUICK, 0.5, 0.97),
        (SLOW, 0.0, 0.97),
        (SLOW, 0.5, 0.92),  # in what order 28 requests will arrive nobody knows
    ],
)
def test_a_long_run_uses_the_quota(
    latency: tuple[float, float], there: float, least: float
) -> None:
    account = long_run(Account(latency=latency, there=there))
    assert len(account.refused) <= 0.001 * len(account.accepted)
    assert account.reuse >= least


@pytest.mark.parametrize(("latency", "least"), [(QUICK, 0.97), (SLOW, 0.95)])
def test_a_fixed_window_is_used_as_a_rolling_one(
    latency: tuple[float, float], least: float
) -> None:
    account = long_run(Account(FixedWindow(190, 10.0), latency, there=0.5))
    assert account.refused == []
    assert account.reuse >= least


@pytest.mark.parametrize("drift", [-0.003, 0.003, 0.01])
@pytest.mark.parametrize("latency", [(0.2, 0.2), SLOW])
def test_clocks_may_drift(drift: float, latency: tuple[float, float]) -> None:
    account = long_run(Account(latency=latency, there=0.5, drift=drift))
    assert len(account.refused) <= 0.001 * len(account.accepted)
    assert account.reuse >= 0.92


@pytest.mark.parametrize("latency", [(0.2, 0.2), QUICK, SLOW])
def test_how_slow_a_clock_is_is_learned_from_one_refusal(latency: tuple[float, float]) -> None:
    account = long_run(Account(latency=latency, there=0.5, drift=-0.01))
    assert account.holds <= 1
    assert account.reuse >= 0.85


@virtual_time
async def test_a_run_through_the_engine_uses_the_quota() -> None:
    async with World(
        rate_limit=PROFESSIONAL, client_rate=None, latency=SLOW, max_concurrency=32
    ) as world:
        outcome = await world.client.upsert(
            "contacts", people(190 * 20), id_property="email", batch_size=1, keep="none"
        )
        assert outcome.counts.succeeded == 190 * 20
        times = [request.at for request in world.service.requests]
        assert set(world.statuses()) <= {200, 207}
        cycles = [later - earlier for earlier, later in zip(times, times[190:], strict=False)]
        assert 10.0 / mean(cycles) >= 0.97


async def beside(consumer: Habit, share: float, account: Account, until: float) -> None:
    async def consume() -> None:
        async for _ in consumer(19 * share, random.Random(99)):
            account.take(account.others)

    other = asyncio.create_task(consume())
    await work(account, RateLimiter(), until=until)
    other.cancel()
    await asyncio.wait([other])


@pytest.mark.parametrize(
    ("share", "latency", "consumer", "least", "refused"),
    [
        (0.3, QUICK, evenly, 0.90, 0.01),
        (0.3, QUICK, randomly, 0.90, 0.01),
        (0.3, QUICK, in_bursts, 0.88, 0.01),
        (0.7, QUICK, evenly, 0.92, 0.01),
        (0.7, QUICK, randomly, 0.90, 0.01),
        (0.7, QUICK, in_bursts, 0.75, 0.01),
        # What others send while a request is on its way for 1.5 s cannot be known.
        (0.3, SLOW, evenly, 0.85, 0.01),
        (0.3, SLOW, randomly, 0.82, 0.01),
        (0.7, SLOW, evenly, 0.78, 0.02),
    ],
)
def test_what_others_leave_is_used(
    share: float, latency: tuple[float, float], consumer: Habit, least: float, refused: float
) -> None:
    account = Account(latency=latency)
    run_in_virtual_time(beside(consumer, share, account, 200))
    left = 19 * account.accepted[-1] - len(account.others)
    assert len(account.accepted) / left >= least
    assert len(account.refused) <= refused * len(account.accepted)
    assert account.window.max_in_window <= 190


def test_several_clients_of_an_account_come_to_terms() -> None:
    """They know nothing of each other, as in the processes of one service."""
    window = RollingWindow(190, 10.0)
    accounts = [Account(window, chance=random.Random(seed)) for seed in range(4)]

    async def main() -> None:
        await asyncio.gather(*(work(each, RateLimiter(), until=300) for each in accounts))

    run_in_virtual_time(main())
    later = [[at for at in each.accepted if at >= 50] for each in accounts]
    refused = [at for each in accounts for at in each.refused if at >= 50]
    assert sum(map(len, later)) >= 0.75 * 19 * 250
    assert min(map(len, later)) >= 0.3 * max(map(len, later))
    assert len(refused) <= 0.02 * sum(map(len, later))


def test_who_knew_all_that_answers_could_tell_would_not_use_much_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What falls short beside others does so because answers come late, and in clumps as what they answer was sent."""
    share, account, ideal = 0.3, Account(latency=SLOW), Account(latency=SLOW)
    run_in_virtual_time(beside(randomly, share, account, 200))

    def used(_: Others, now: float) -> float:
        known = now - mean(SLOW)
        seen = bisect_right(ideal.others, known) - bisect_right(ideal.others, now - 10.0)
        return seen + 19 * share * mean(SLOW)

    monkeypatch.setattr(Others, "used", used)
    run_in_virtual_time(beside(randomly, share, ideal, 200))
    left, left_by_ideal = (19 * each.accepted[-1] - len(each.others) for each in (account, ideal))
    assert len(account.accepted) / left >= 0.85 * len(ideal.accepted) / left_by_ideal


@pytest.mark.parametrize("how", ["4 processes 5 s apart", "4 processes together"])
def test_processes_that_know_nothing_of_each_other_get_alike_where_answers_are_quick(
    how: str,
) -> None:
    case = next(each for each in CASES if each.name.startswith(how))
    figures = case.carry_out()
    assert figures.jain >= 0.9
    assert figures.refused <= 0.06
    assert figures.use >= 0.75


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.rate_limit is not None], ids=lambda each: each.name
)
def test_processes_that_have_a_share_each_are_not_refused(case: Case) -> None:
    figures = case.carry_out()
    assert figures.refused == 0
    assert figures.use >= (0.93 if case.latency[1] < 1 else 0.88)


@pytest.mark.parametrize(
    "case",
    [
        each
        for each in CASES
        if each.name.startswith("alone") and each.there == 0 and not each.drift
    ],
    ids=lambda each: each.name,
)
def test_alone_all_but_two_places_of_a_hundred_are_used(case: Case) -> None:
    figures = case.carry_out()
    assert figures.use >= 0.98
    assert figures.refused <= 0.001


@virtual_time
async def test_another_consumer_of_the_sandbox_is_left_its_part() -> None:
    """As above, with the engine and the sandbox's own service."""

    async with World(
        rate_limit=PROFESSIONAL, client_rate=None, latency=QUICK, max_concurrency=32
    ) as world:
        others: list[float] = []

        async def consume() -> None:
            async for _ in evenly(5.7, random.Random(7)):
                at = asyncio.get_running_loop().time()
                path = "/crm/v3/objects/companies/batch/read"
                headers = {"Authorization": "Bearer other"}
                answer = world.service.handle(
                    SandboxRequest("POST", path, {}, headers, b'{"inputs":[]}', at)
                )
                if answer.status != 429:
                    others.append(at)

        other = asyncio.create_task(consume())
        outcome = await world.client.upsert(
            "contacts", people(2_000), id_property="email", batch_size=1
        )
        other.cancel()
        await asyncio.wait([other])
        assert outcome.ok
        left = 19 * asyncio.get_running_loop().time() - len(others)
        assert 2_000 / left >= 0.90
        assert sum(record.attempts - 1 for record in outcome.records) <= 20


@pytest.mark.parametrize("latency", [QUICK, SLOW])
@pytest.mark.parametrize(("guess", "allowed"), [(None, 190), (190, 100), (None, 100)])
def test_without_headers_the_limit_is_found(
    guess: int | None, allowed: int, latency: tuple[float, float]
) -> None:
    account = Account(RollingWindow(allowed, 10.0), latency, there=0.5, tells=False)
    long_run(account, RateLimit(guess, 10.0) if guess else None)
    later = [at for at in account.accepted if at >= 30]
    assert len(later) / (allowed / 10 * (account.accepted[-1] - 30)) >= 0.90
    assert account.holds <= 2, "one to find it, one to try for more"


def test_a_pinned_limit_is_never_exceeded_without_headers() -> None:
    account = long_run(Account(tells=False), RateLimit(100, 10.0, share=0.5))
    assert account.refused == []
    assert len(account.accepted) / (5 * account.accepted[-1]) == pytest.approx(1, abs=0.05)
    for earlier, later in zip(account.accepted, account.accepted[50:], strict=False):
        assert later - earlier > 10.0


@pytest.mark.parametrize(("after", "holds"), [(250, 0), (100, 1)])
def test_a_limit_that_changes_is_followed(after: int, holds: int) -> None:
    account = Account()

    async def main() -> None:
        asyncio.get_running_loop().call_later(60, setattr, account.window, "limit", after)
        await work(account, RateLimiter(), until=200)

    run_in_virtual_time(main())
    assert account.holds == holds
    later = [at for at in account.accepted if at >= 80]
    assert len(later) / (after / 10 * (later[-1] - 80)) >= 0.95


def test_a_period_scaled_to_a_second_is_used_as_well() -> None:
    for latency in ((0.015, 0.025), (0.11, 0.19)):
        account = long_run(Account(RollingWindow(190, 1.0), latency, there=0.3), windows=20)
        assert account.refused == []
        assert account.reuse >= 0.95


@settings(max_examples=10, deadline=None)
@given(
    limit=st.integers(1, 60),
    latency=st.floats(0.01, 2.0),
    jitter=st.floats(0.0, 0.25),
    kind=st.sampled_from([RollingWindow, FixedWindow]),
    seed=st.integers(0, 99),
)
def test_alone_no_window_is_exceeded_whatever_the_latency(
    limit: int, latency: float, jitter: float, kind: type[RollingWindow], seed: int
) -> None:
    account = Account(
        kind(limit, 10.0),
        ((1 - jitter) * latency, (1 + jitter) * latency),
        chance=random.Random(seed),
    )
    run_in_virtual_time(work(account, RateLimiter(RateLimit(limit, 10.0)), until=80))
    assert account.refused == []
    assert account.window.max_in_window <= limit
