"""Each request goes by the limits of the endpoint that it is sent to, also where a run sends to two."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from support import World, people

from hubbatch import RateLimit, RateLimiter
from hubbatch.endpoints import CREATE
from hubbatch.events import Event, QuotaHold, RequestAnswered
from hubbatch.policies import LimitClass
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import virtual_time

FREE_CREATE = attrs.evolve(CREATE, name="free create", limit_class=LimitClass.EXEMPT)
"""A row of one's own whose requests are no part of the interval; what is in doubt is looked up by reads, which are."""

LOST = FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE
REFUSED = Fault(FaultKind.RATE_ROLLING, retry_after=7.0)


def create(world: World, numbers: int = 3) -> asyncio.Future[object]:
    return asyncio.ensure_future(
        world.client.batch(
            FREE_CREATE, people(numbers), object_type="contacts", unique_property="email"
        )
    )


@virtual_time
async def test_a_look_up_takes_a_place_of_the_reads_limit_and_a_create_none() -> None:
    limiter = RateLimiter(RateLimit(5, 1000.0))
    async with World(client_rate=limiter, faults=[LOST]) as world:
        running = create(world)
        await asyncio.sleep(0.01)
        assert (len(world.service.requests), limiter.used) == (1, 0)
        await running
        assert [request.path.rpartition("/")[2] for request in world.service.requests] == [
            "create",
            "read",
        ]
        assert limiter.used == 1


@virtual_time
async def test_a_429_of_a_look_up_holds_what_has_the_reads_limit_and_no_other() -> None:
    holds: list[Event] = []
    limiter = RateLimiter(RateLimit(50, 1.0))
    async with World(
        client_rate=limiter, faults=[LOST, REFUSED], observers=[holds.append]
    ) as world:
        looked_up = create(world)
        while not any(isinstance(each, QuotaHold) for each in holds):
            await asyncio.sleep(0.1)
        assert limiter.held_for(LimitClass.INTERVAL) == pytest.approx(7.0, abs=0.2)
        assert limiter.held_for(LimitClass.EXEMPT) == 0.0
        began = asyncio.get_running_loop().time()
        await world.client.batch(
            FREE_CREATE, [{"email": "one@x.com"}], object_type="contacts", unique_property="email"
        )
        assert asyncio.get_running_loop().time() < began + 1.0
        await looked_up
        assert asyncio.get_running_loop().time() > began + 6.0
        answered = [each for each in holds if isinstance(each, RequestAnswered)]
        assert len(answered) == 4
        assert len(world.stored()) == 4


@virtual_time
async def test_a_hold_of_the_creates_limit_leaves_look_ups_alone() -> None:
    limiter = RateLimiter(RateLimit(50, 1.0))
    async with World(client_rate=limiter, faults=[LOST]) as world:
        running = create(world)
        await asyncio.sleep(0.01)
        limiter.hold(60.0, limit_class=LimitClass.EXEMPT)
        await running
        assert asyncio.get_running_loop().time() < 30.0
