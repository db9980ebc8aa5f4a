"""`Sandbox`: a HubSpot stand-in that listens on a local port, for tests, trials and demonstrations.

A thin shell of HTTP over `Service`: it waits, sends and cuts connections, and decides nothing.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from aiohttp import web
from attrs import Factory, define, field, frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._exchange import RecordedRequest, SandboxRequest
from hubbatch.sandbox._hosts import is_own_host
from hubbatch.sandbox._options import Options
from hubbatch.sandbox._sending import send
from hubbatch.sandbox._service import Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from hubbatch.sandbox._account import Account
    from hubbatch.sandbox._records import StoredObject, Write
    from hubbatch.sandbox._spelling import PropertyType

__all__ = ["Sandbox"]

_MAX_BODY = 64 * 2**20
_STOP_TIMEOUT = 0.05
"""Seconds that answers under way get when the sandbox stops."""
_MISDIRECTED = {
    "status": "error",
    "category": "MISDIRECTED_REQUEST",
    "message": "The sandbox answers only under localhost or the host that it was given.",
}
_MOST_CONNECTIONS = 1_000
"""How many connections are remembered to tell how long they were idle."""


@define
class _Listener:
    """What there is while the sandbox runs."""

    runner: web.AppRunner | None = None
    socket: socket.socket | None = None
    port: int = 0
    started: float = 0.0
    answered: dict[object, float] = field(factory=dict)
    """When the last answer went out on each connection, by aiohttp's protocol."""


def _service(options: Options) -> Service:
    return Service(options, epoch=datetime.now(UTC))


@frozen(kw_only=True, eq=False)
class Sandbox(Options):
    """An account of HubSpot in memory, behind HTTP while its `async with` block lasts.

    Options are those of `Options`, and `host`, `port` (0 takes a free one) and `idle_timeout`. What it holds can be
    looked at after the block, too.
    """

    host: str = "127.0.0.1"
    port: int = 0
    idle_timeout: float = 75.0
    """Seconds after which a connection is closed on which nothing was asked."""
    service: Service = field(init=False, repr=False, default=Factory(_service, takes_self=True))
    """What decides the answers; it can be driven without HTTP, too."""
    _listener: _Listener = field(init=False, repr=False, factory=_Listener)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin to listen; raise `UsageError` when it already does."""
        if self._listener.runner is not None:
            raise UsageError("This sandbox is running already: make another one.")
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(
            application,
            access_log=None,
            shutdown_timeout=_STOP_TIMEOUT,
            keepalive_timeout=self.idle_timeout,
        )
        self._listener.runner = runner
        self._listener.started = asyncio.get_running_loop().time()
        try:
            await runner.setup()
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            listener = socket.create_server((self.host, self.port), family=family, backlog=128)
            self._listener.socket = listener
            await web.SockSite(runner, listener).start()
        except BaseException:
            await self.stop()
            raise
        self._listener.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and cut what is under way; stopping twice is fine."""
        runner, self._listener.runner = self._listener.runner, None
        self._listener.answered.clear()
        if runner is not None:
            listener, self._listener.socket = self._listener.socket, None
            if listener is not None and listener.fileno() >= 0:
                # What is accepted already must reach aiohttp before the server closes: asyncio forgets it else.
                asyncio.get_running_loop().remove_reader(listener.fileno())
                await _some_turns()
            await runner.cleanup()
            await (
                _some_turns()
            )  # for connections that were cut and have not closed their sockets yet

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """Run the sandbox in a thread with an event loop of its own, while the `with` block lasts.

        For synchronous tests and programs, and for asynchronous ones whatever their event loop.
        """
        running: deque[asyncio.AbstractEventLoop | BaseException] = deque(maxlen=1)
        ready, done = threading.Event(), asyncio.Event()

        async def run() -> None:
            async with self:
                running.append(asyncio.get_running_loop())
                ready.set()
                await done.wait()

        def work() -> None:
            try:
                asyncio.run(run())
            except BaseException as error:  # raised again in the caller's thread
                running.append(error)
                ready.set()

        thread = threading.Thread(target=work, name="hubbatch-sandbox", daemon=True)
        thread.start()
        ready.wait()
        loop = running[0]
        if isinstance(loop, BaseException):
            thread.join()
            raise loop
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(done.set)
            thread.join()

    @property
    def base_url(self) -> str:
        """Where a client finds the running sandbox, such as `http://127.0.0.1:49152`."""
        if not self._listener.port:
            raise UsageError(
                "The sandbox has no address before it runs: enter it with `async with`."
            )
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._listener.port}"

    @property
    def requests(self) -> deque[RecordedRequest]:
        """What came in: the last `keep_requests` requests, oldest first."""
        return self.service.requests

    @property
    def request_count(self) -> int:
        """How many requests came in, remembered or not."""
        return self.service.request_count

    @property
    def writes(self) -> deque[Write]:
        """The ledger: the last `keep_writes` writes, oldest first."""
        return self.service.writes

    @property
    def max_in_window(self) -> int:
        """The most requests accepted (not answered 429) in any rolling period so far."""
        return self.service.max_in_window

    def account(self, portal_id: int | None = None) -> Account:
        """Return the account of that number in `accounts`, or the default one."""
        return self.service.account(portal_id)

    def objects(self, object_type: str) -> Mapping[str, StoredObject]:
        """Return a live, read-only view of a type's records by id, archived ones included."""
        return self.service.objects(object_type)

    def add(self, object_type: str, properties: Mapping[str, str]) -> StoredObject:
        """Put a record into the account without a request."""
        return self.service.add(object_type, properties)

    def define_object_type(self, name: str, type_id: str) -> None:
        """Let a custom type, such as `p_cars`, go by its id too, such as `2-1234`."""
        self.service.define_object_type(name, type_id)

    def define_property(
        self,
        object_type: str,
        name: str,
        *,
        unique: bool = False,
        kind: PropertyType | str | None = None,
        options: Iterable[str] = (),
        read_only: bool = False,
        label: str = "",
    ) -> None:
        """Make a property known; a unique one can serve as `idProperty`, one of a kind holds such values only.

        Of a property with options nothing else is taken; a read-only one cannot be written.
        """
        self.service.define_property(
            object_type,
            name,
            unique=unique,
            kind=kind,
            options=options,
            read_only=read_only,
            label=label,
        )

    def require_property(
        self, object_type: str, name: str, *, when: Mapping[str, str] | None = None
    ) -> None:
        """Refuse writes by version 2026-09 or later that leave a property without a value; see `Account`."""
        self.service.require_property(object_type, name, when=when)

    def declare_strict(self, object_type: str, properties: Iterable[str]) -> None:
        """Refuse, from now on, any property that is neither listed, unique nor HubSpot's own."""
        self.service.declare_strict(object_type, properties)

    def merge(self, object_type: str, from_id: str, into_id: str) -> None:
        """Merge one record away; replies then pass over its id in silence."""
        self.service.merge(object_type, from_id, into_id)

    def set_token(self, token: str | None) -> None:
        """Accept this token alone from now on, or with None any that has not expired."""
        self.service.set_token(token)

    def expire_token(self) -> None:
        """Answer 401 EXPIRED_AUTHENTICATION to every token used or set so far."""
        self.service.expire_token()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not is_own_host(request.headers.get("Host", ""), self.host):
            return web.json_response(_MISDIRECTED, status=421)
        now, answered = asyncio.get_running_loop().time, self._listener.answered
        arrived = now()
        idle = arrived - answered.pop(request.protocol, arrived)
        body = await request.read()
        answer = self.service.handle(
            SandboxRequest(
                request.method,
                request.path,
                request.query,
                request.headers,
                body,
                now() - self._listener.started,
                idle,
            )
        )
        if answer.delay:
            await asyncio.sleep(answer.delay)
        answered[request.protocol] = now()
        if len(answered) > _MOST_CONNECTIONS:
            del answered[next(iter(answered))]
        return await send(request, answer)


async def _some_turns() -> None:
    """Let the loop go round until what it has in hand is done."""
    for _ in range(5):
        await asyncio.sleep(0)
