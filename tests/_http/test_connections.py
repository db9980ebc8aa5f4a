"""Which connection a request goes out on, and what is known of the moment: shown over sockets, byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
from raw_server import Peer, answer, polite, raw_server
from yarl import URL

import hubbatch
from hubbatch import Client, Counts, UsageError
from hubbatch._http.transport import HttpTransport
from hubbatch._protocol.exchange import NoReply, Reply, Request

TOKEN = "made-up-token"
SURPLUS = answer(b'{"status":"COMPLETE","stale":true}')
SESSIONS: list[Callable[[], aiohttp.ClientSession | None]] = [
    lambda: None,
    aiohttp.ClientSession,
    hubbatch.open_session,
]


class Clock:
    """A clock that is set by hand, to be idle for seconds without waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Sender:
    """A transport, and what it said of each request."""

    def __init__(self, url: URL, *, timeout: float = 5.0, **options: Any) -> None:
        self.clock = Clock()
        self.session = options.get("session")
        self.transport = HttpTransport(url, timeout=timeout, clock=self.clock, **options)
        self.sent = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.aclose()
        if self.session is not None:
            await self.session.close()

    def note_sent(self) -> None:
        self.sent += 1

    async def send(self, *, repeatable: bool = True, body: bytes = b"{}") -> Reply | NoReply:
        request = Request("/x", body, repeatable=repeatable)
        return await self.transport.send(request, TOKEN, self.note_sent)


def body(reply: Reply | NoReply) -> bytes:
    assert isinstance(reply, Reply), reply
    return reply.body


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("pieces", [(SURPLUS,), (SURPLUS[:9], SURPLUS[9:]), (b"\r\n",)])
@pytest.mark.parametrize("loop_sees_it", [True, False])
async def test_an_answer_that_nobody_asked_for_never_answers_the_next_request(
    session: Callable[[], aiohttp.ClientSession | None],
    pieces: tuple[bytes, ...],
    loop_sees_it: bool,
) -> None:
    more = asyncio.Event()
    said = asyncio.Event()

    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(b"%d" % peer.number))
            if peer.number == 0:
                await more.wait()
                await peer.send(pieces[0])
                said.set()
                for piece in pieces[1:]:
                    await peer.request()
                    await peer.send(piece)

    async with raw_server(script) as server, Sender(server.url, session=session()) as sender:
        assert body(await sender.send()) == b"0"
        more.set()
        await said.wait()
        if loop_sees_it:
            for _ in range(5):  # the loop delivers it while the connection is idle
                await asyncio.sleep(0)
        assert body(await sender.send()) == b"1"
        assert body(await sender.send()) == b"1", "a clean connection is used again"
        assert server.connections == 2
        assert sender.sent == 3


async def test_an_archive_that_the_server_never_saw_has_not_succeeded() -> None:
    done = b"HTTP/1.1 204 No Content\r\n\r\n"
    again = asyncio.Event()
    said = asyncio.Event()

    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(done)
            if peer.number == 0:
                await again.wait()
                await peer.send(done)
                said.set()
                await asyncio.Event().wait()  # it reads nothing more

    async with raw_server(script) as server, Client(TOKEN, base_url=str(server.url)) as client:
        await client.archive("contacts", ["1"])
        again.set()
        await said.wait()
        outcome = await client.archive("contacts", ["2"])
        assert outcome.counts == Counts(1, succeeded=1)
        assert len(server.requests) == 2


async def test_surplus_in_the_same_bytes_as_the_answer_is_never_used() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(b"%d" % peer.number), SURPLUS)

    async with raw_server(script) as server, Sender(server.url) as sender:
        assert [body(await sender.send()) for _ in range(3)] == [b"0", b"1", b"2"]


async def test_a_server_that_speaks_before_it_is_asked_is_sent_nothing() -> None:
    said = 0

    async def script(peer: Peer) -> None:
        nonlocal said
        await peer.send(SURPLUS)
        said += 1
        await peer.request()

    async def wait_for_it(_session: Any, _context: Any, _params: Any) -> None:
        while said < server.connections or not said:
            await asyncio.sleep(0)

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(wait_for_it)
    async with raw_server(script) as server:
        session = aiohttp.ClientSession(trace_configs=[tracing])
        async with Sender(server.url, session=session) as sender:
            reply = await sender.send()
        assert reply == NoReply(
            sent=False, reason="the server closes connections, or speaks, before it is asked"
        )
        assert (server.connections, server.requests, sender.sent) == (4, [], 0)


@pytest.mark.parametrize("session", SESSIONS)
async def test_no_create_goes_out_on_a_connection_that_was_idle_for_seconds(
    session: Callable[[], aiohttp.ClientSession | None],
) -> None:
    async def script(peer: Peer) -> None:
        """Close just as the second request comes in."""
        if await peer.request() is not None:
            await peer.send(answer())
            await peer.reader.read(1)
            peer.abort()

    async with raw_server(script) as server, Sender(server.url, session=session()) as sender:
        replies = []
        for _ in range(60):
            replies.append(await sender.send(repeatable=False))
            sender.clock.now += 2.0
        assert all(isinstance(reply, Reply) for reply in replies)
        assert server.connections == 60
        assert sender.sent == 60


async def test_a_create_uses_a_connection_that_was_busy_a_moment_ago() -> None:
    async with raw_server(polite) as server, Sender(server.url) as sender:
        for _ in range(5):
            body(await sender.send(repeatable=False))
            sender.clock.now += 0.5
        assert server.connections == 1
        sender.clock.now += 10.0
        body(await sender.send())
        assert server.connections == 1, "what may be sent twice uses it after any time"


async def test_a_connection_that_the_server_has_closed_is_not_used() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        peer.close()

    async with raw_server(script) as server, Sender(server.url) as sender:
        for _ in range(20):
            body(await sender.send(repeatable=False))
            for _ in range(4):
                await asyncio.sleep(0)
        assert server.connections == 20


@pytest.mark.parametrize("make", [aiohttp.ClientSession, hubbatch.open_session])
async def test_nothing_was_sent_while_a_session_had_no_free_connection(
    make: Callable[..., aiohttp.ClientSession],
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await asyncio.Event().wait()

    async with raw_server(script) as server:
        own = make(connector=aiohttp.TCPConnector(limit=1))
        async with Sender(server.url, session=own, timeout=0.2) as first:
            second = Sender(server.url, session=own, timeout=0.1)
            busy = asyncio.ensure_future(first.send())
            while not server.requests:
                await asyncio.sleep(0)
            reply = await second.send()
            assert reply == NoReply(sent=False, reason="no connection within the timeout")
            assert second.sent == 0
            waiting = asyncio.ensure_future(second.send())
            for _ in range(5):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert second.sent == 0
            assert await busy == NoReply(sent=True, reason="no answer within the timeout")
            assert first.sent == 1


@pytest.mark.parametrize("session", SESSIONS)
async def test_nothing_was_sent_while_it_was_still_connecting(
    session: Callable[[], aiohttp.ClientSession | None],
) -> None:
    with socket.socket() as full:  # it listens, and its queue is full: a connection is never made
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        async with Sender(
            URL(f"http://127.0.0.1:{address[1]}"), session=session(), timeout=0.1
        ) as sender:
            reply = await sender.send()
            assert reply == NoReply(sent=False, reason="no connection within the timeout")
            connecting = asyncio.ensure_future(sender.send())
            for _ in range(5):
                await asyncio.sleep(0)
            connecting.cancel()
            await asyncio.wait([connecting])
            assert sender.sent == 0
        for filler in fillers:
            filler.close()


async def test_connecting_has_a_timeout_of_its_own() -> None:
    async with raw_server(_silent) as server:
        url = server.url.with_scheme("https")  # a handshake that nobody takes part in
        async with Sender(url, timeout=30.0, connect_timeout=0.05) as sender:
            reply = await sender.send()
        assert reply == NoReply(sent=False, reason="no connection within 0.05 seconds")
        assert sender.sent == 0


async def _silent(peer: Peer) -> None:
    while await peer.reader.read(1000):
        pass


async def test_note_sent_is_called_before_the_first_byte_leaves() -> None:
    async with raw_server(polite) as server, Sender(server.url) as sender:
        seen = []
        note = sender.note_sent

        def note_sent() -> None:
            seen.append(len(server.requests))
            note()

        sender.note_sent = note_sent  # type: ignore[method-assign]
        body(await sender.send(body=b"x" * 3_000_000))
        assert (seen, len(server.requests)) == ([0], 1)


# A caller's session


async def test_a_session_that_unpacks_nothing_still_has_each_write_sent_once() -> None:
    packed = gzip.compress(b'{"status":"COMPLETE"}')

    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(packed, headers=("Content-Encoding: gzip",)))

    async with raw_server(script) as server:
        session = aiohttp.ClientSession(auto_decompress=False)
        async with Sender(server.url, session=session) as sender:
            assert body(await sender.send()) == b'{"status":"COMPLETE"}'
            assert len(server.requests) == 1


async def test_a_retrying_middleware_of_a_session_does_not_send_a_create_twice() -> None:
    async def retrying(request: Any, handler: Any) -> Any:
        for _ in range(2):
            response = await handler(request)
            if response.status < 500:
                break
        return response

    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(status="500 Oops"))

    async with raw_server(script) as server:
        async with Sender(
            server.url, session=aiohttp.ClientSession(middlewares=(retrying,))
        ) as sender:
            reply = await sender.send(repeatable=False)
        assert isinstance(reply, Reply)
        assert len(server.requests) == 1


async def test_a_request_that_a_session_tries_to_send_again_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = aiohttp.ClientSession._request

    async def twice(self: Any, *args: Any, **options: Any) -> Any:
        (await once(self, *args, **options)).close()
        return await once(self, *args, **options)

    async with raw_server(polite) as server, Sender(server.url) as sender:
        monkeypatch.setattr(aiohttp.ClientSession, "_request", twice)
        reply = await sender.send()
        assert reply == NoReply(sent=True, reason="the session tried to send a request again")
        assert (len(server.requests), sender.sent) == (1, 1)


@pytest.mark.filterwarnings("ignore:.*(auth|BasicAuth):DeprecationWarning")
async def test_a_session_with_credentials_of_its_own_sends_our_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for options in (
        {"auth": aiohttp.BasicAuth("somebody", "something")},
        {"trust_env": True},
        {"headers": {"authorization": "Bearer other"}},
    ):
        async with raw_server(polite) as server:
            session = aiohttp.ClientSession(**options)
            async with Sender(server.url, session=session) as sender:
                body(await sender.send())
            heads = [line for line in server.requests[0].split(b"\r\n") if b"uthorization" in line]
            assert heads == [f"Authorization: Bearer {TOKEN}".encode()]


@pytest.mark.filterwarnings("ignore:.*(auth|BasicAuth):DeprecationWarning")
async def test_a_session_that_cannot_send_our_requests_is_refused() -> None:
    with pytest.warns(DeprecationWarning, match="discouraged"):

        class Retrying(aiohttp.ClientSession):
            async def _request(self, *args: Any, **options: Any) -> Any:
                return await super()._request(*args, **options)

    sessions: list[tuple[Any, str]] = [
        (aiohttp.ClientSession(headers={"content-length": "5"}), "Content-Length"),
        (aiohttp.ClientSession(headers={"Content-Encoding": "gzip"}), "Content-Encoding"),
        (
            aiohttp.ClientSession(
                headers={"Authorization": "x"}, auth=aiohttp.BasicAuth("somebody")
            ),
            "Authorization",
        ),
        (Retrying(), "_request"),
        (object(), "hubbatch.open_session"),
    ]
    for session, says in sessions:
        with pytest.raises(UsageError, match=says):
            Client(TOKEN, session=session)
        if isinstance(session, aiohttp.ClientSession):
            await session.close()


async def test_a_session_that_fails_for_its_own_reasons_has_sent_nothing() -> None:
    session = aiohttp.ClientSession(connector=aiohttp.UnixConnector("/nowhere"))
    async with Sender(URL("http://127.0.0.1:1"), session=session) as sender:
        reply = await sender.send()
    assert isinstance(reply, NoReply)
    assert (reply.sent, sender.sent) == (False, 0)


async def test_an_opened_session_is_shared_by_clients_and_outlives_them() -> None:
    async with raw_server(polite) as server, hubbatch.open_session() as session:
        for _ in range(2):
            transport = HttpTransport(server.url, timeout=5.0, session=session)
            reply = await transport.send(Request("/x", b"{}"), TOKEN, lambda: None)
            await transport.aclose()
            assert isinstance(reply, Reply)
        assert not session.closed
        assert server.connections == 1


async def test_a_connection_of_the_callers_own_requests_may_be_used() -> None:
    async with raw_server(polite) as server:
        session = aiohttp.ClientSession()
        async with Sender(server.url, session=session) as sender:
            for _ in range(2):
                async with session.get(server.url) as response:
                    await response.read()
                body(await sender.send())
        assert server.connections == 2, "what came for the caller looks like surplus"


@pytest.fixture
def server_context(tmp_path: Path) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_connections_are_checked_under_tls_too(server_context: ssl.SSLContext) -> None:
    more = asyncio.Event()

    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(b"%d" % peer.number))
            if peer.number == 0 and len(peer.server.requests) == 2:
                await more.wait()
                await peer.send(SURPLUS)

    async with raw_server(script, ssl=server_context) as server:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))
        async with Sender(server.url, session=session) as sender:
            assert body(await sender.send()) == b"0"
            assert body(await sender.send(repeatable=False)) == b"0"
            more.set()
            for _ in range(3):
                await asyncio.sleep(0)
            assert body(await sender.send()) == b"1"
            assert server.connections == 2
