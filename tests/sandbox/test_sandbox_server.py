"""The sandbox over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from hubbatch import RateLimit
from hubbatch.errors import UsageError
from hubbatch.sandbox import Fault, FaultKind, RandomFaults, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATH = "/crm/v3/objects/contacts/batch/create"
BODY = {"inputs": [{"properties": {"phone": "1"}, "objectWriteTraceId": "t"}]}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer secret"}) as session:
        yield session


def calm(**options: Any) -> Sandbox:
    """Return a sandbox without latency."""
    return Sandbox(**({"latency": 0.0} | options))


async def post(
    session: aiohttp.ClientSession, sandbox: Sandbox, path: str = PATH
) -> tuple[int, Any]:
    """Create one contact."""
    async with session.post(sandbox.base_url + path, json=BODY, allow_redirects=False) as response:
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.read())


async def test_a_create_travels_over_http(session: aiohttp.ClientSession) -> None:
    async with calm() as sandbox, session.post(sandbox.base_url + PATH, json=BODY) as response:
        assert response.status == 201
        assert response.headers["X-HubSpot-RateLimit-Max"] == "190"
        assert response.headers["X-HubSpot-RateLimit-Remaining"] == "189"
        key = (await response.json())["results"][0]["id"]
    assert sandbox.objects("0-1")[key].trace_id == "t"
    assert [write.id for write in sandbox.writes] == [key]


async def test_requests_are_recorded_without_their_token(session: aiohttp.ClientSession) -> None:
    async with calm() as sandbox:
        await post(session, sandbox, PATH + "?archived=false")
    (request,) = sandbox.requests
    assert (request.path, request.query) == (PATH, {"archived": "false"})
    assert (request.method, request.status) == ("POST", 201)
    assert request.at < 10
    assert b'"phone"' in request.body
    assert "secret" not in repr(request)
    assert sandbox.request_count == 1


async def test_an_archive_has_no_body(session: aiohttp.ClientSession) -> None:
    async with calm() as sandbox:
        key = sandbox.add("contacts", {"phone": "1"}).id
        url = sandbox.base_url + "/crm/objects/2025-09/0-1/batch/archive"
        async with session.post(url, json={"inputs": [{"id": key}]}) as response:
            assert response.status == 204
            assert await response.read() == b""


async def test_the_rolling_limit_holds_over_http(session: aiohttp.ClientSession) -> None:
    async with calm(rate_limit=RateLimit(5, 10.0)) as sandbox:
        replies = await asyncio.gather(*(post(session, sandbox) for _ in range(8)))
    assert sorted(status for status, _ in replies) == [201] * 5 + [429] * 3
    assert sandbox.max_in_window == 5


async def test_a_large_body_is_received(session: aiohttp.ClientSession) -> None:
    body = json.dumps({"inputs": [{"properties": {"note": "x" * 60_000}} for _ in range(100)]})
    data = io.BytesIO(body.encode())
    async with calm() as sandbox, session.post(sandbox.base_url + PATH, data=data) as response:
        assert response.status == 201


async def test_a_reset_breaks_the_connection_before_or_after_the_write(
    session: aiohttp.ClientSession,
) -> None:
    async with calm(faults=[FaultKind.RESET, FaultKind.RESET_AFTER_WRITE]) as sandbox:
        for written in (0, 1):
            with pytest.raises(aiohttp.ClientConnectionError):
                await post(session, sandbox)
            assert len(sandbox.objects("contacts")) == written
        assert (await post(session, sandbox))[0] == 201


async def test_a_truncated_reply_breaks_off_in_the_body(session: aiohttp.ClientSession) -> None:
    async with calm(faults=[FaultKind.TRUNCATED]) as sandbox:
        async with session.post(sandbox.base_url + PATH, json=BODY) as response:
            assert response.status == 201
            assert response.content_length is not None
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        assert len(sandbox.objects("contacts")) == 1


async def test_a_write_is_done_before_a_slow_answer(session: aiohttp.ClientSession) -> None:
    async with calm(faults=[Fault(FaultKind.SLOW, delay=60.0)]) as sandbox:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await post(session, sandbox)
        assert len(sandbox.objects("contacts")) == 1


async def test_stopping_cuts_what_is_under_way(session: aiohttp.ClientSession) -> None:
    arrived = asyncio.Event()
    sandbox = calm(latency=60.0, faults=lambda _: arrived.set())
    await sandbox.start()
    request = asyncio.create_task(post(session, sandbox))
    await arrived.wait()
    await sandbox.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await request


async def test_a_terrible_day_leaves_the_server_sound(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async def attempt() -> None:
        with contextlib.suppress(aiohttp.ClientError, RecursionError):
            await post(session, sandbox)

    faults = RandomFaults({Fault(kind, delay=0.01): 1 / len(FaultKind) for kind in FaultKind})
    async with calm(rate_limit=None, faults=faults) as sandbox:
        await asyncio.gather(*(attempt() for _ in range(400)))
    assert len({request.fault for request in sandbox.requests}) > 80
    # aiohttp before 3.14 forgets its own task of a connection that is cut, and asyncio says so.
    forgotten = "Task was destroyed" if aiohttp.__version__ < "3.14" else None
    assert not [
        record
        for record in caplog.records
        if record.levelname == "ERROR" and (not forgotten or forgotten not in record.message)
    ]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.MIGRATING, 477),
        (FaultKind.ORIGIN_TIMEOUT, 524),
        (FaultKind.TLS_INVALID, 526),
        (FaultKind.TEMPORARY_REDIRECT, 307),
        (FaultKind.HTML, 200),
    ],
)
async def test_unusual_statuses_travel_over_http(
    session: aiohttp.ClientSession, kind: FaultKind, status: int
) -> None:
    async with calm(faults=[kind]) as sandbox:
        assert (await post(session, sandbox))[0] == status


async def test_times_are_those_of_the_wall_clock(session: aiohttp.ClientSession) -> None:
    async with calm() as sandbox:
        _, reply = await post(session, sandbox)
    assert reply["results"][0]["createdAt"] > "2026-01-01T00:00:01"


async def test_a_sandbox_has_no_address_before_it_runs_and_is_stopped_twice_without_harm() -> None:
    sandbox = calm()
    with pytest.raises(UsageError, match="async with"):
        _ = sandbox.base_url
    async with sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        with pytest.raises(UsageError, match="running already"):
            await sandbox.start()
        await sandbox.stop()
    await sandbox.stop()


async def test_a_port_that_is_taken_leaves_nothing_open() -> None:
    async with calm() as first:
        port = int(first.base_url.rpartition(":")[2])
        second = calm(port=port)
        with pytest.raises(OSError, match="address"):
            await second.start()
        with pytest.raises(OSError, match="address"), second.in_thread():
            pass  # pragma: no cover


async def test_the_account_can_be_set_up_through_the_sandbox(
    session: aiohttp.ClientSession,
) -> None:
    sandbox = calm()
    sandbox.define_object_type("p_cars", "2-7")
    sandbox.define_property("0-3", "deal_ref", unique=True)
    sandbox.declare_strict("contacts", ["fax"])
    gone, kept = (sandbox.add("contacts", {"fax": fax}).id for fax in "12")
    sandbox.merge("contacts", gone, kept)
    async with sandbox:
        assert (await post(session, sandbox))[1]["errors"][0]["context"] == {
            "objectWriteTraceId": ["t"]
        }
        sandbox.expire_token()
        assert (await post(session, sandbox))[1]["category"] == "EXPIRED_AUTHENTICATION"
        sandbox.set_token("new")
        assert (await post(session, sandbox))[0] == 401
    assert list(sandbox.objects("contacts")) == [kept]


def test_a_token_does_not_show_in_a_sandbox() -> None:
    assert "secret" not in repr(Sandbox(token="secret"))


def test_connections_that_arrive_while_it_stops_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that are accepted, but not yet known to the server, would stay open when the loop ends."""
    complaints: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", complaints.append)
    for _ in range(20):
        with calm(latency=60.0).in_thread() as sandbox:
            address = ("127.0.0.1", int(sandbox.base_url.rpartition(":")[2]))
            arriving = [socket.socket() for _ in range(30)]
            for one in arriving:
                one.setblocking(False)
                one.connect_ex(address)
            for one in arriving:
                one.close()
    gc.collect()
    assert not complaints
