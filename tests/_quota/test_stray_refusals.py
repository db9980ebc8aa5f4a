"""Refusals (429) that are not the quota's: one answer of ten, from a front or by another limit, for two minutes."""

from __future__ import annotations

import asyncio
import random

import pytest
from account import Account, work
from attrs import define, field
from support import World, people

from hubbatch import RateLimit, RateLimiter
from hubbatch._protocol.exchange import INTERVAL, MAX, REMAINING
from hubbatch.sandbox import Fault, FaultKind, SandboxRequest
from hubbatch.sandbox._window import RollingWindow
from hubbatch.testing import run_in_virtual_time, virtual_time

STRAY, END = 0.1, 120.0
"""The part of the answers that are stray refusals, and until when there are any."""

PINNED = RateLimit(190, 10.0)


@define
class Strays(Account):
    """An account in front of which something refuses."""

    window: RollingWindow = field(factory=lambda: RollingWindow(190, 10.0))
    latency: tuple[float, float] = (0.05, 0.1)
    left: int | None = None
    """What a stray refusal says is left of the quota; None: it has no headers."""

    async def post(self) -> tuple[bool, dict[str, str]]:
        if asyncio.get_running_loop().time() < END and self.chance.random() < STRAY:
            await asyncio.sleep(self.chance.uniform(*self.latency))
            stated = {MAX: "190", REMAINING: str(self.left), INTERVAL: "10000"}
            return False, {} if self.left is None else stated
        return await super().post()

    def sent(self, start: float, end: float) -> float:
        """Return how many requests went through in a period, on average from one time to another."""
        return sum(start <= at < end for at in self.accepted) * 10.0 / (end - start)


def meet(account: Strays, rate_limit: RateLimit | None) -> Strays:
    run_in_virtual_time(work(account, RateLimiter(rate_limit), until=200.0))
    assert account.window.max_in_window <= 190
    return account


@pytest.mark.parametrize("retry_after", [0.01, 1.0])
def test_without_headers_half_of_a_pinned_limit_is_used_and_all_of_it_after_two_periods(
    retry_after: float,
) -> None:
    account = meet(Strays(tells=False, retry_after=retry_after), PINNED)
    for start in range(0, 120, 20):
        assert account.sent(start, start + 20) >= 0.45 * 190
    assert account.sent(140, 200) >= 0.95 * 190


def test_without_headers_half_of_a_first_guess_is_used_until_more_can_be_tried() -> None:
    account = meet(Strays(tells=False, retry_after=0.01), None)
    for start in range(0, 120, 20):
        assert account.sent(start, start + 20) >= 50
    assert account.sent(160, 200) >= 0.9 * 190


@pytest.mark.parametrize("rate_limit", [PINNED, None])
@pytest.mark.parametrize("tells", [True, False])
def test_where_each_refusal_holds_for_a_whole_period_one_flight_a_period_goes_through(
    *, tells: bool, rate_limit: RateLimit | None
) -> None:
    """The hold is what the service asked for by saying nothing; the limit is not lowered on top of it."""
    account = meet(Strays(tells=tells), rate_limit)
    for start in range(0, 120, 20):
        assert account.sent(start, start + 20) >= 20
    assert account.sent(140, 200) >= 0.85 * 190


@pytest.mark.parametrize("left", [None, 100, 0])
@pytest.mark.parametrize(("retry_after", "least"), [(0.01, 0.8), (1.0, 0.55)])
@pytest.mark.parametrize("rate_limit", [PINNED, None])
def test_with_headers_most_of_the_quota_is_used_all_the_time(
    left: int | None, retry_after: float, least: float, rate_limit: RateLimit | None
) -> None:
    account = meet(Strays(left=left, retry_after=retry_after), rate_limit)
    for start in range(10, 110, 20):
        assert account.sent(start, start + 20) >= least * 190 * (0.9 if left == 0 else 1.0)
    assert account.sent(140, 200) >= 0.7 * 190


@pytest.mark.parametrize("retry_after", [None, 0.5])
@pytest.mark.parametrize("stated", [PINNED, None])
@virtual_time
async def test_a_run_that_meets_stray_refusals_comes_to_its_end(
    stated: RateLimit | None, retry_after: float | None
) -> None:
    chance = random.Random(5)

    def refuse(_: SandboxRequest) -> Fault | None:
        stray = chance.random() < STRAY
        return Fault(FaultKind.RATE_SECONDLY, retry_after=retry_after) if stray else None

    async with World(rate_limit=stated, client_rate=PINNED, faults=refuse) as world:
        outcome = await world.client.upsert(
            "contacts", people(1_000), id_property="email", batch_size=1
        )
        assert outcome.ok
        # About 111 refusals; each holds for a second, or for half of one, and so do two of them together.
        assert asyncio.get_running_loop().time() <= 111 * (retry_after or 1.0) + 60
