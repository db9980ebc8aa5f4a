"""A scripted TCP server for HTTP at the level of bytes: it answers, withholds, says too much, and closes, on cue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

from yarl import URL


def answer(
    body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = (), length: int = -1
) -> bytes:
    """Return an answer's bytes; `length`: what it claims to be long, if that is not so."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length < 0 else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Peer:
    """One connection, as the server sees it."""

    def __init__(
        self,
        server: RawServer,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server = server
        self.number = number
        """Which connection of the server this is, from 0."""
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes | None:
        """Read one request; None if the client closes the connection instead."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            request = head + await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        self.server.requests.append(request)
        return request

    async def send(self, *pieces: bytes) -> None:
        """Send bytes, in one go."""
        self.writer.write(b"".join(pieces))
        await self.writer.drain()

    def close(self) -> None:
        """Close the connection in an orderly way."""
        self.writer.close()

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


class RawServer:
    """What became of a server: its address, its connections and the requests that were read."""

    def __init__(self) -> None:
        self.url = URL()
        self.connections = 0
        self.requests: list[bytes] = []


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def raw_server(script: Script, *, ssl: SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve every connection by a script, which is called with the `Peer`; it closes when the script ends."""
    raw = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        peer = Peer(raw, raw.connections, reader, writer)
        raw.connections += 1
        try:
            await script(peer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client closed the connection, or the test is over
        finally:
            tasks.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20, ssl=ssl)
    scheme = "http" if ssl is None else "https"
    raw.url = URL(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield raw
    finally:
        server.close()
        left = list(tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def polite(peer: Peer) -> None:
    """Answer every request with an empty object."""
    while await peer.request() is not None:
        await peer.send(answer())
