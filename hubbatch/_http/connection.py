"""When a request leaves, and on which connection: one that is proven clean, and never twice.

It knows aiohttp's connections and nothing of what is sent on them.

A pooled connection on which bytes came while nobody waited for any would answer the next request with them: aiohttp
leaves them with the connection and asks only whether it is open. So before the first byte of a request is written the
connection has to be fit: open, nothing received since it was released, and nothing to be read from its socket, be it
bytes or the end. What comes later than that looks like an answer, over HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import inspect
import select
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp.connector import Connection

__all__ = ["MOST_IDLE", "Attempt", "SendError"]

MOST_IDLE = 1.0
"""Seconds that a connection may have been idle and still carry a request that must not be sent twice.

A server that closes it at the same moment leaves such a request in doubt. Servers close idle connections after two
seconds and more.
"""

_MOST_STRANGE = 3
"""Connections nobody used before that may be unfit; after so many it is the server's way."""

_TELLS = inspect.iscoroutinefunction(getattr(aiohttp.ClientRequest, "send", None))
"""Whether aiohttp still sends a request by its method `send`; else nothing is known, and all may have been sent."""


class SendError(Exception):
    """A request is not sent, or not sent again; the message says why."""


class UnfitError(Exception):
    """A connection must not carry this request: another one is taken."""


class Watch(asyncio.Protocol):
    """Stands before aiohttp's protocol on one connection, counts what comes in, and notes when it was released."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        self._received = 0
        self._released: tuple[int, float] | None = None

    def data_received(self, data: bytes) -> None:
        """Count and pass on."""
        self._received += len(data)
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on."""
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass on."""
        self._protocol.resume_writing()

    def note_release(self, when: float) -> None:
        """Note that a request of ours is done with the connection."""
        self._released = (self._received, when)

    def is_fit(self, now: float, most_idle: float | None) -> bool:
        """Whether nothing has come since the release, which was not too long ago."""
        if self._released is None:
            return True
        received, when = self._released
        return received == self._received and (most_idle is None or now - when <= most_idle)


def _is_readable(transport: asyncio.Transport) -> bool:
    """Whether bytes, or the end, lie in a socket already although the loop has not come to it."""
    sock = transport.get_extra_info("socket")
    if sock is None:  # no transport of a socket: the watch has to do
        return False
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class Attempt:
    """One request on its way: a middleware for aiohttp that is given with the request.

    It replaces the session's own middlewares, which might send a request twice, sets the token over whatever
    authorization the session has, takes connections until one is fit, and tells when the first byte may leave.
    """

    def __init__(
        self,
        token: str,
        note_sent: Callable[[], None],
        *,
        clock: Callable[[], float],
        repeatable: bool,
    ) -> None:
        self._token = token
        self._note_sent = note_sent
        self._clock = clock
        self._most_idle = None if repeatable else MOST_IDLE
        self._strange = 0
        self.sent = False

    async def __call__(
        self,
        request: aiohttp.ClientRequest,
        handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        """Have the request sent once, on a connection that is fit for it."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        if not _TELLS:
            self.note()
            return await handler(request)
        send = request.send

        async def send_once(conn: Connection) -> aiohttp.ClientResponse:
            self._check(conn)
            self.note()
            return await send(conn)

        request.send = send_once  # type: ignore[method-assign]
        while True:
            try:
                return await handler(request)
            except UnfitError:  # aiohttp has closed the connection; there are only so many of them
                continue

    def note(self) -> None:
        """Note that from now on a byte may have left; refuse to do it again."""
        if self.sent:
            raise SendError("the session tried to send a request again")
        self.sent = True
        self._note_sent()

    def _check(self, connection: Connection) -> None:
        transport, protocol = connection.transport, connection.protocol
        current = None if transport is None else transport.get_protocol()
        if transport is not None and protocol is not None:
            watch = current if isinstance(current, Watch) else Watch(protocol)
            if (
                watch.is_fit(self._clock(), self._most_idle)
                and not protocol.should_close
                and not transport.is_closing()
                and not _is_readable(transport)
            ):
                if watch is not current:
                    transport.set_protocol(watch)
                connection.add_callback(lambda: watch.note_release(self._clock()))
                return
        if not isinstance(current, Watch):
            self._strange += 1
            if self._strange > _MOST_STRANGE:
                raise SendError("the server closes connections, or speaks, before it is asked")
        raise UnfitError
