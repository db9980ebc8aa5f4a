"""What happens on a connection beside one request and one answer; spoken to through plain sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import frozen

from hubbatch.sandbox import Fault, FaultKind, Sandbox

BODY = b'{"inputs":[{"properties":{"phone":"1"}}]}'
SURPLUS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@frozen
class Wire:
    """One connection to a sandbox."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def create(self) -> bytes:
        """Send a create; return the head of the answer, whose body is read too."""
        head = (
            b"POST /crm/v3/objects/contacts/batch/create HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer x\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        )
        self.writer.write(head + BODY)
        return await self.answer()

    async def answer(self) -> bytes:
        """Return the head of the next answer, whose body is read too."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        await self.reader.readexactly(int(lines.get(b"Content-Length", 0)))
        return head

    async def end(self) -> bytes:
        """Return what comes until the other side closes the connection."""
        async with asyncio.timeout(10):
            return await self.reader.read()


@asynccontextmanager
async def connected(**options: Any) -> AsyncIterator[tuple[Wire, Sandbox]]:
    """Start a sandbox and connect to it."""
    async with Sandbox(latency=0.0, rate_limit=None, **options) as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield Wire(reader, writer), sandbox
        finally:
            writer.close()


async def test_a_surplus_answer_follows_the_real_one_unasked() -> None:
    async with connected(faults=[FaultKind.SURPLUS_ANSWER]) as (wire, sandbox):
        assert b"201 Created" in await wire.create()
        assert b"204 No Content" in await wire.answer()
        assert b"201 Created" in await wire.create()
        assert sandbox.request_count == 2


async def test_a_surplus_answer_can_be_any_and_come_late() -> None:
    fault = Fault(FaultKind.SURPLUS_ANSWER, surplus=SURPLUS, surplus_delay=0.01)
    async with connected(faults=[fault]) as (wire, _):
        assert b"201 Created" in await wire.create()
        async with asyncio.timeout(10):
            assert await wire.reader.readexactly(len(SURPLUS)) == SURPLUS


async def test_a_connection_may_be_closed_after_an_answer_that_does_not_say_so() -> None:
    async with connected(faults=[FaultKind.CLOSED_AFTER_ANSWER]) as (wire, sandbox):
        head = await wire.create()
        assert b"201 Created" in head
        assert b"connection" not in head.lower()
        assert await wire.end() == b""
        assert len(sandbox.objects("contacts")) == 1


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with connected(idle_timeout=0.05) as (wire, _):
        assert b"connection" not in (await wire.create()).lower()
        assert await wire.end() == b""


async def test_a_reset_may_befall_only_a_connection_that_was_idle() -> None:
    fault = Fault(FaultKind.RESET, min_idle=1e-9)
    async with connected(faults=lambda _: fault) as (wire, sandbox):
        assert b"201 Created" in await wire.create()
        with pytest.raises(ConnectionResetError):
            await wire.create()
        assert len(sandbox.objects("contacts")) == 1
