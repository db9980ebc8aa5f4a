"""As little of an HTTP server as well-behaved clients need, so that it takes little of the machine from them.

One request at a time on a connection, each with a length. What is answered, and when, is not decided here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from attrs import field, frozen

__all__ = ["Reply", "Request", "listening"]

_END_OF_HEAD = b"\r\n\r\n"


@frozen
class Request:
    """A request that has arrived as a whole. The names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@frozen
class Reply:
    """What to send: `head` goes before the length and the body."""

    head: bytes
    body: bytes
    delay: float = 0.0
    """Seconds until it is sent."""


Respond = Callable[[Request], Reply]


@asynccontextmanager
async def listening(respond: Respond) -> AsyncIterator[str]:
    """Serve on a free port of this machine while the block lasts; yield the base URL."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Connection, respond), "127.0.0.1", 0, backlog=512)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()  # connections that are still open end with the process


class _Connection(asyncio.Protocol):
    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where the answers go."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (for the type checker)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request is here as a whole."""
        self._received += data
        request = self._take()
        if request is None:
            return
        reply = self._respond(request)
        message = b"%sContent-Length: %d\r\n\r\n%s" % (reply.head, len(reply.body), reply.body)
        if reply.delay:
            asyncio.get_running_loop().call_later(reply.delay, self._send, message)
        else:
            self._send(message)

    def _take(self) -> Request | None:
        """Take a request from what was received, if all of it is there."""
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return None
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        start = end + len(_END_OF_HEAD)
        stop = start + int(headers.get("content-length", 0))
        if len(self._received) < stop:
            return None
        method, path, _ = first.split(" ", 2)
        body = bytes(self._received[start:stop])
        del self._received[:stop]
        return Request(method, path, headers, body)

    def _send(self, message: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(message)
