"""Real HTTP: what aiohttp does becomes a reply, or a truthful word on why there is none."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from support import World, people, upsert
from yarl import URL

from hubbatch import AuthenticationError, Client, Counts, ProtocolError, RetryPolicy
from hubbatch._http.transport import HttpTransport
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.sandbox import Fault, FaultKind, Sandbox
from hubbatch.testing import virtual_time

TOKEN = "made-up-token"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[URL]:
    """Serve one handler for every path."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        yield URL(f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


async def post(url: URL, request: Request | None = None, **options: Any) -> Reply | NoReply:
    transport = HttpTransport(url, timeout=options.pop("timeout", 5.0), **options)
    try:
        return await transport.send(request or Request("/x", b"{}"), TOKEN, lambda: None)
    finally:
        await transport.aclose()
        await transport.aclose()


async def test_a_request_carries_token_path_and_query() -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=await request.read(), status=207, headers={"X-Some": "Header"})

    async with served(handler) as url:
        request = Request("/crm/v3/a-b", b"body", {"archived": "true"})
        reply = await post(url / "proxy", request)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, reply.headers["x-some"]) == (207, b"body", "Header")
    assert seen[0].path_qs == "/proxy/crm/v3/a-b?archived=true"
    assert seen[0].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_request_goes_out_by_its_method(method: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {(await request.read()).decode()}")

    async with served(handler) as url:
        reply = await post(url, Request("/x", b"[1]", method=method))
    assert isinstance(reply, Reply)
    assert reply.body == f"{method} [1]".encode()


async def test_a_large_body_arrives_whole() -> None:
    async def handler(request: web.Request) -> web.Response:
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
        return web.Response(text=str(size))

    async with served(handler) as url:
        reply = await post(url, Request("/x", b"x" * 5_000_000))
    assert isinstance(reply, Reply)
    assert reply.body == b"5000000"


async def test_a_redirect_is_not_followed() -> None:
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with served(handler) as url:
        reply = await post(url)
        assert isinstance(reply, Reply)
        assert reply.status == 307
        async with Client(TOKEN, base_url=str(url)) as client:
            with pytest.raises(ProtocolError, match="redirects"):
                await client.create("contacts", people(1))
    assert "/elsewhere" not in paths


async def test_a_request_whose_connection_is_refused_was_never_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    reply = await post(URL(f"http://127.0.0.1:{port}"))
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert f"127.0.0.1:{port}" in reply.reason


async def test_a_failed_tls_handshake_was_never_sent() -> None:
    async def handler(_: web.Request) -> web.Response:
        raise AssertionError

    async with served(handler) as url:
        reply = await post(url.with_scheme("https"))
    assert isinstance(reply, NoReply)
    assert not reply.sent


async def test_a_request_to_a_host_that_does_not_resolve_was_never_sent() -> None:
    reply = await post(URL("https://does-not-exist.invalid"))
    assert isinstance(reply, NoReply)
    assert not reply.sent


async def test_no_answer_in_time_may_have_been_sent() -> None:
    waiting = asyncio.Event()

    async def handler(_: web.Request) -> web.Response:
        await waiting.wait()
        return web.Response()

    async with served(handler) as url:
        reply = await post(url, timeout=0.05)
        waiting.set()
    assert reply == NoReply(sent=True, reason="no answer within the timeout")


async def test_a_lost_connection_may_have_been_sent() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with served(handler) as url:
        reply = await post(url)
        assert isinstance(reply, NoReply)
        assert reply.sent
        async with aiohttp.ClientSession() as session:
            reply = await post(url, session=session)
            assert isinstance(reply, NoReply)
            assert reply.sent
            assert not session.closed


async def test_a_callers_session_may_raise_for_status_and_be_closed() -> None:
    async with aiohttp.ClientSession(raise_for_status=True) as session:

        async def handler(_: web.Request) -> web.Response:
            return web.Response(status=429)

        async with served(handler) as url:
            reply = await post(url, session=session)
            assert isinstance(reply, Reply)
            assert reply.status == 429
    reply = await post(URL("http://127.0.0.1:1"), session=session)
    assert reply == NoReply(sent=False, reason="the session is closed")


async def test_a_token_that_a_server_echoes_does_not_get_into_a_message() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=401, text=f"bad header {request.headers['Authorization']}")

    async with served(handler) as url, Client(TOKEN, base_url=str(url)) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.create("contacts", people(1))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.outcome is not None
    assert TOKEN not in str(caught.value.outcome.to_dict())


@pytest.mark.parametrize("token", ["x", "email", "example"])
async def test_no_stand_in_for_a_token_is_taken_out_of_the_data(token: str) -> None:
    async with (
        Sandbox(rate_limit=None, latency=0.0) as sandbox,
        Client(token, base_url=sandbox.base_url) as client,
    ):
        record = {"email": "x@example.com", "firstname": token}
        outcome = await client.upsert("contacts", [record], id_property="email")
        assert outcome.ok
        assert record.items() <= outcome.results[0].properties.items()


async def test_a_reply_without_end_is_cut_off() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with pytest.raises(OSError):  # noqa: PT011 (whatever the platform says)
            while True:
                await response.write(b"x" * 500_000)
        return response

    async with served(handler) as url:
        reply = await post(url)
    assert reply == NoReply(sent=True, reason="the reply is longer than 16777216 bytes")


async def test_nothing_that_goes_wrong_shows_the_token() -> None:
    replies = [await post(URL("http://127.0.0.1:1")), await post(URL("https://127.0.0.1:1"))]
    assert TOKEN not in repr(replies)
    assert TOKEN not in repr(HttpTransport(URL("http://127.0.0.1:1"), timeout=1.0).__dict__)


WRITES_UNKNOWN = [
    FaultKind.RESET,
    FaultKind.RESET_AFTER_WRITE,
    FaultKind.TRUNCATED,
    FaultKind.HTML,
    FaultKind.HTML_AFTER_WRITE,
    FaultKind.NOT_AN_OBJECT,
    FaultKind.SERVER_ERROR,
    FaultKind.SERVER_ERROR_AFTER_WRITE,
    FaultKind.BAD_GATEWAY,
    FaultKind.GATEWAY_TIMEOUT_AFTER_WRITE,
    FaultKind.ORIGIN_TIMEOUT,
]


def impatient(sandbox: Sandbox) -> Client:
    """Make a client that hardly waits before it tries again: these tests are in real time."""
    retry = RetryPolicy(initial_wait=0.001, max_wait=0.001)
    return Client(TOKEN, base_url=sandbox.base_url, timeout=0.5, retry=retry)


HELD = [Fault(kind, retry_after=0.01) for kind in (FaultKind.RATE_ROLLING, FaultKind.RATE_SECONDLY)]


@pytest.mark.parametrize("fault", [*WRITES_UNKNOWN, *HELD, Fault(FaultKind.SLOW, delay=5.0)])
async def test_an_upsert_survives_every_fault_over_real_http(fault: Fault | FaultKind) -> None:
    async with (
        Sandbox(rate_limit=None, latency=0.0, faults=[fault]) as sandbox,
        impatient(sandbox) as client,
    ):
        outcome = await client.upsert("contacts", people(5), id_property="email")
        assert outcome.counts == Counts(5, succeeded=5)
        assert {record.attempts for record in outcome.records} == {2}
        assert len(sandbox.objects("contacts")) == 5


@pytest.mark.parametrize("fault", [*WRITES_UNKNOWN, Fault(FaultKind.SLOW, delay=5.0)])
async def test_a_create_in_doubt_is_never_sent_twice(fault: Fault | FaultKind) -> None:
    async with (
        Sandbox(rate_limit=None, latency=0.0, faults=[fault]) as sandbox,
        impatient(sandbox) as client,
    ):
        outcome = await client.create("contacts", people(5))
        assert outcome.counts == Counts(5, unknown=5)
        assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("fault", "status"), [(FaultKind.LOCKED, 423), (FaultKind.UNAVAILABLE, 503)]
)
async def test_what_a_busy_service_says_is_a_reply(fault: FaultKind, status: int) -> None:
    async with Sandbox(rate_limit=None, latency=0.0, faults=[fault]) as sandbox:
        reply = await post(
            URL(sandbox.base_url), Request("/crm/v3/objects/contacts/batch/create", b"{}")
        )
    assert isinstance(reply, Reply)
    assert reply.status == status


@pytest.mark.parametrize(
    "fault",
    [FaultKind.LOCKED, FaultKind.UNAVAILABLE, FaultKind.RATE_ROLLING, FaultKind.RATE_SECONDLY],
)
@virtual_time
async def test_a_create_that_was_rejected_is_sent_again(fault: FaultKind) -> None:
    async with World(faults=[Fault(fault, retry_after=0.01)]) as world:
        outcome = await world.client.create("contacts", people(5))
        assert outcome.counts == Counts(5, succeeded=5)
        assert len(world.stored()) == 5


@virtual_time
async def test_attempts_run_out() -> None:
    retry = RetryPolicy(max_attempts=3)
    faults = [FaultKind.RESET_AFTER_WRITE, FaultKind.LOCKED, FaultKind.LOCKED]
    async with World(faults=faults, retry=retry) as world:
        doubtful = await upsert(world, people(5))
        assert doubtful.counts == Counts(5, unknown=5), "the first try may have written them"
        assert len(world.stored()) == 5
    async with World(faults=[FaultKind.LOCKED] * 3, retry=retry) as world:
        refused = await upsert(world, people(5))
        assert refused.counts == Counts(5, failed=5)
        assert not world.stored()
