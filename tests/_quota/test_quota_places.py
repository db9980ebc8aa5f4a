"""A place in the quota is used by a request of which a byte may have left, and by no other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from support import World, people

from hubbatch import Client, Counts, RateLimit, RateLimiter, RetryPolicy, TransportError
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import Gate
from hubbatch._protocol.exchange import NoReply, Request
from hubbatch.testing import virtual_time


@virtual_time
async def test_a_place_with_which_nothing_is_sent_is_given_back() -> None:
    limiter = RateLimiter(RateLimit(2, 10.0))
    gate = Gate(limiter, Concurrency(5), CircuitBreaker(RetryPolicy()))
    for _ in range(5):
        async with gate.enter(None, 0.0):
            assert limiter.used == 1
    for error in (ValueError, asyncio.CancelledError):
        with pytest.raises(error):
            async with gate.enter(None, 0.0):
                raise error
    assert limiter.used == 0
    for number in range(2):
        with pytest.raises(ValueError, match="sent"):
            async with gate.enter(None, 0.0) as slot:
                limiter.sent(slot)
                raise ValueError("sent")
        assert limiter.used == number + 1
    await gate.settle()


@pytest.mark.parametrize("given", ["nothing", "cancelled"])
@virtual_time
async def test_a_token_provider_that_gives_nothing_uses_no_quota(given: str) -> None:
    async def provider() -> str:
        if given == "nothing":
            raise ValueError
        await asyncio.sleep(100)
        return "made-up"

    async with World(client_rate=RateLimit(5, 10.0), token=provider) as world:
        run = asyncio.ensure_future(
            world.client.upsert("contacts", people(30), id_property="email", batch_size=10)
        )
        await asyncio.wait([run], timeout=5)
        run.cancel()
        await asyncio.wait([run])
        assert world.client._gate.limiter.used == 0


@pytest.mark.parametrize(
    ("end", "sent", "used"),
    [
        ("no reply", False, 0),
        ("no reply", True, 3),
        ("cancelled", False, 0),
        ("cancelled", True, 3),
        ("bug", False, 1),  # it proves nothing of its own request; the others are cancelled
        ("bug", True, 3),
    ],
)
@virtual_time
async def test_a_request_counts_from_its_first_byte_on_whatever_comes_of_it(
    end: str, used: int, *, sent: bool
) -> None:
    class Breaking:
        async def send(self, _: Request, __: str, note_sent: Callable[[], None]) -> NoReply:
            if sent:
                note_sent()
            await asyncio.sleep(2)
            if end == "bug":
                raise ZeroDivisionError
            return NoReply(sent=sent, reason="the connection was lost")

    retry = RetryPolicy(max_attempts=1)
    limiter = RateLimiter(RateLimit(5, 10.0))
    async with World(client_rate=limiter, retry=retry, through=lambda _: Breaking()) as world:
        run = asyncio.ensure_future(
            world.client.upsert("contacts", people(30), id_property="email", batch_size=10)
        )
        await asyncio.wait([run], timeout=1 if end == "cancelled" else 5)
        assert run.done() != (end == "cancelled")
        run.cancel()
        await asyncio.wait([run])
        assert limiter.used == used


async def test_a_connection_that_is_refused_uses_no_quota() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and listens to nothing
        limiter = RateLimiter(RateLimit(5, 10.0))
        async with Client(
            "made-up",
            base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}",
            rate_limit=limiter,
            retry=RetryPolicy(max_attempts=1),
        ) as client:
            run = client.upsert("contacts", people(3), id_property="email")
            with pytest.raises(TransportError, match="cannot be reached"):
                await run
            assert run.outcome.counts == Counts(3, unsent=3)
            assert limiter.used == 0
