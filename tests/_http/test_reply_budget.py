"""What replies may hold: each is bounded, all together are bounded, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import Peer, answer, raw_server

from hubbatch._http.reply_budget import MOST_BYTES, ReplyBudget
from hubbatch._http.transport import HttpTransport
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.testing import virtual_time

TOKEN = "made-up-token"
TOO_LONG = NoReply(sent=True, reason=f"the reply is longer than {MOST_BYTES} bytes")
MIB = 2**20


def never() -> None:
    """Note nothing."""


async def test_sixteen_withheld_replies_hold_no_more_than_the_budget() -> None:
    budget = ReplyBudget(4 * MIB, free=64 * 1024)
    most = 0

    async def script(peer: Peer) -> None:
        nonlocal most
        request = await peer.request()
        assert request is not None
        if b"small" in request:
            await peer.send(answer())
            return
        await peer.send(answer(length=10 * MIB)[:-2])
        for _ in range(2 * 16):
            await peer.send(b" " * (MIB // 16))
            most = max(most, budget.held)
        await asyncio.Event().wait()  # the rest is withheld

    async with raw_server(script) as server:
        transport = HttpTransport(server.url, timeout=1.0, budget=budget)
        posts = [
            asyncio.ensure_future(transport.send(Request("/x", b"{}"), TOKEN, never))
            for _ in range(16)
        ]
        while budget.held < 4 * MIB:
            await asyncio.sleep(0)
        small = await transport.send(Request("/x", b"small"), TOKEN, never)
        assert isinstance(small, Reply), "an ordinary reply never waits"
        replies = await asyncio.gather(*posts)
        await transport.aclose()
    assert set(replies) == {NoReply(sent=True, reason="no answer within the timeout")}
    assert most <= 4 * MIB + 2 * MIB
    assert budget.held == 0


@pytest.mark.parametrize("length", [MOST_BYTES + 1, 120 * MIB, 10**18])
async def test_a_reply_that_says_it_is_too_long_is_not_read(length: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(length=length))
        await peer.request()

    async with raw_server(script) as server:
        transport = HttpTransport(server.url, timeout=5.0)
        assert await transport.send(Request("/x", b"{}"), TOKEN, never) == TOO_LONG
        await transport.aclose()


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_reply_that_unpacks_to_too_much_is_cut_off(encoding: str, pack: Any) -> None:
    packed = pack(b" " * (128 * MIB), 9)
    assert len(packed) < MIB

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(packed, headers=(f"Content-Encoding: {encoding}",)))
        await peer.request()

    async with raw_server(script) as server:
        transport = HttpTransport(server.url, timeout=30.0)
        tracemalloc.start()
        try:
            assert await transport.send(Request("/x", b"{}"), TOKEN, never) == TOO_LONG
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        await transport.aclose()
    assert peak < 3 * MOST_BYTES


async def test_the_longest_reply_is_read_whole() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(b" " * MOST_BYTES))

    async with raw_server(script) as server:
        transport = HttpTransport(server.url, timeout=30.0)
        replies = await asyncio.gather(
            *(transport.send(Request("/x", b"{}"), TOKEN, never) for _ in range(6))
        )
        assert transport._budget.held == 0
        await transport.aclose()
    assert [len(reply.body) for reply in replies if isinstance(reply, Reply)] == [MOST_BYTES] * 6


@given(
    replies=st.lists(st.lists(st.integers(1, 50), max_size=5), max_size=8),
    limit=st.integers(1, 200),
    free=st.integers(0, 60),
)
@virtual_time
async def test_whatever_replies_come_in_all_get_on_within_the_budget(
    replies: list[list[int]], limit: int, free: int
) -> None:
    budget = ReplyBudget(limit, free=free)
    longest = max((sum(pieces) for pieces in replies), default=0)

    async def read(pieces: list[int]) -> None:
        with budget.share() as share:
            for piece in pieces:
                await asyncio.sleep(piece)
                await share.take(piece)
                assert budget.held <= limit + longest

    async with asyncio.timeout(10_000):
        await asyncio.gather(*(read(pieces) for pieces in replies))
    assert budget.held == 0


@virtual_time
async def test_a_reader_that_is_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    budget = ReplyBudget(10, free=0)
    order: list[str] = []

    async def read(name: str, size: int) -> None:
        with budget.share() as share:
            await share.take(size)
            order.append(name)
            await asyncio.sleep(1)

    readers = [asyncio.ensure_future(read(name, 8)) for name in "abcd"]
    await asyncio.sleep(0.5)
    assert order == ["a", "b"], "one may go beyond"
    readers[2].cancel()
    await asyncio.wait(readers)
    assert order == ["a", "b", "d"]
    assert budget.held == 0
