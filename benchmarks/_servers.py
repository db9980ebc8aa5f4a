"""The two servers that are measured against, each in a process of its own, so that its CPU is not counted.

One answers upserts from what they hold and keeps nothing; the other is the package's own sandbox, with its quota.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import orjson
from attrs import frozen

from hubbatch.models import RateLimit
from hubbatch.sandbox import Sandbox

__all__ = ["Arrivals", "Remote", "SandboxPlan", "canned_server", "in_second_process", "sandbox"]

_CRLF2 = b"\r\n\r\n"
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n"
    b"X-HubSpot-RateLimit-Max: 1000000\r\nX-HubSpot-RateLimit-Remaining: 999984\r\n"
    b"X-HubSpot-RateLimit-Interval-Milliseconds: 1000\r\n"
    b"X-HubSpot-Correlation-Id: 5f1c0a52-6f1e-4b6e-9d1c-6d7f0f4f7a11\r\nContent-Length: %d\r\n\r\n"
)
_STAMP = "2026-01-01T00:00:00.000Z"


class Remote:
    """A server in a second process: where it listens, and what it reports when it is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.port: int = connection.recv()

    @property
    def base_url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self.port}"

    def report(self) -> Any:
        """Ask for what the server has seen since it was last asked."""
        self._connection.send("report")
        return self._connection.recv()


@contextmanager
def in_second_process(serve: Callable[..., None], *arguments: Any) -> Iterator[Remote]:
    """Run `serve(connection, *arguments)` in a process of its own while the block lasts."""
    context = multiprocessing.get_context("spawn")  # nothing of this process is inherited
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Remote(ours)
    finally:
        ours.close()  # the server takes that for the end
        process.join()


def canned_server(connection: Connection) -> None:
    """Answer upserts until the other side of the connection is closed."""
    asyncio.run(_serve_canned(connection))


async def _serve_canned(connection: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(_Canned, "127.0.0.1", 0)
    async with server:
        connection.send(server.sockets[0].getsockname()[1])
        while await _asked(connection):
            connection.send(None)


class _Canned(asyncio.Protocol):
    """As little of HTTP as two well-behaved clients need: one request at a time, with a length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where the answers go."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (for the type checker)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is here as a whole."""
        received = self._received
        received += data
        end = received.find(_CRLF2)
        if end < 0:
            return
        head = bytes(received[:end]).lower()
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        start = end + len(_CRLF2)
        if len(received) < start + size or self._transport is None:
            return
        answer = _answer(bytes(received[start : start + size]))
        del received[: start + size]
        self._transport.write(_HEAD % len(answer) + answer)


def _answer(body: bytes) -> bytes:
    """Answer an upsert as HubSpot does: not in the order of the inputs, trace ids echoed."""
    inputs = orjson.loads(body)["inputs"]
    results = [
        {
            "id": f"1{position:011}",
            "properties": {
                **item["properties"],
                "email": item["id"],
                "hs_object_id": f"1{position:011}",
                "createdate": _STAMP,
                "lastmodifieddate": _STAMP,
            },
            "createdAt": _STAMP,
            "updatedAt": _STAMP,
            "archived": False,
            "new": True,
            "objectWriteTraceId": item["objectWriteTraceId"],
        }
        for position, item in enumerate(inputs)
    ]
    results.reverse()
    return orjson.dumps(
        {"status": "COMPLETE", "results": results, "startedAt": _STAMP, "completedAt": _STAMP}
    )


@frozen
class SandboxPlan:
    """The account of one measurement."""

    rate_limit: RateLimit
    latency: float
    """Seconds until an answer is sent."""


@frozen
class Arrivals:
    """What the sandbox has seen. Times are seconds on its own clock, at the arrival of a request."""

    accepted: list[float]
    refused: int
    """Requests answered 429."""
    max_in_window: int
    """The most requests accepted in any rolling period."""
    stored: int
    """Records that the account holds now."""


def sandbox(connection: Connection, plan: SandboxPlan) -> None:
    """Run a sandbox until the other side of the connection is closed; report its `Arrivals`."""
    asyncio.run(_serve_sandbox(connection, plan))


async def _serve_sandbox(connection: Connection, plan: SandboxPlan) -> None:
    account = Sandbox(
        rate_limit=plan.rate_limit,
        latency=plan.latency,
        keep_requests=None,
        keep_body_bytes=0,
        keep_writes=0,
    )
    async with account:
        connection.send(int(account.base_url.rpartition(":")[2]))
        while await _asked(connection):
            connection.send(
                Arrivals(
                    accepted=[item.at for item in account.requests if item.status != 429],
                    refused=sum(item.status == 429 for item in account.requests),
                    max_in_window=account.max_in_window,
                    stored=len(account.objects("contacts")),
                )
            )


async def _asked(connection: Connection) -> bool:
    """Wait for a question; False once nobody can ask any more."""
    try:
        await asyncio.to_thread(connection.recv)
    except EOFError:
        return False
    return True
