"""The FastAPI example under a real uvicorn server, in front of a sandbox."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import echo_server
import pytest
import uvicorn
from echo_server import PLAIN, VEILED, Echo, echoing, holds_token

from examples import fastapi_app
from hubbatch.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
TOKEN = "secret-of-the-service"

SERVE = """
import socket, sys, uvicorn
from examples import fastapi_app

fastapi_app.SETTLE_SECONDS = float(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(fastapi_app.app, timeout_graceful_shutdown=0)
uvicorn.Server(config).run(sockets=[listener])
"""


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
        yield session


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    @contextmanager
    def serving(hubspot: str) -> Iterator[str]:
        """Run the application in a thread while the block lasts."""
        monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
        monkeypatch.setenv("HUBSPOT_BASE_URL", hubspot)
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(fastapi_app.app, log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()
            listener.close()

    return serving


@pytest.fixture
def service(serve: Callable[[str], Any], hubspot_sandbox: Sandbox) -> Iterator[str]:
    with serve(hubspot_sandbox.base_url) as url:
        yield url


def people(count: int, group: str = "a") -> list[dict[str, Any]]:
    return [
        {"email": f"{group}.{index}@example.com", "firstname": f"{group} {index}", "age": index}
        for index in range(count)
    ]


async def post(
    session: aiohttp.ClientSession, url: str, records: list[dict[str, Any]]
) -> tuple[int, dict[str, Any]]:
    async with session.post(f"{url}/contacts/import", json={"records": records}) as response:
        return response.status, await response.json(content_type=None)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def stored(sandbox: Sandbox) -> set[str]:
    return {item.properties["email"] or "" for item in sandbox.objects("contacts").values()}


def adds_up(counts: dict[str, int]) -> bool:
    return counts["total"] == sum(counts[name] for name in counts if name != "total")


async def test_imports_side_by_side_account_for_every_record(
    session: aiohttp.ClientSession, service: str, hubspot_sandbox: Sandbox
) -> None:
    batches = [people(300, f"group{number}") for number in range(8)]
    answers = await asyncio.gather(*(post(session, service, batch) for batch in batches))
    for status, body in answers:
        assert status == 200
        assert body["status"] == "COMPLETE"
        assert body["counts"] == {
            "total": 300,
            "succeeded": 300,
            "failed": 0,
            "unknown": 0,
            "unsent": 0,
        }
        assert body["errors"] == body["failed"] == body["unknown"] == body["unsent"] == []
    written = {
        (item.properties["email"], item.properties["firstname"], item.properties["age"])
        for item in hubspot_sandbox.objects("contacts").values()
    }
    assert written == {
        (person["email"], person["firstname"], str(person["age"]))
        for batch in batches
        for person in batch
    }


async def test_records_that_are_refused_are_named_by_their_position(
    session: aiohttp.ClientSession, service: str, hubspot_sandbox: Sandbox
) -> None:
    records = people(150)
    records[3]["address"] = {"street": "nested"}
    records[120]["email"] = "no address"
    status, body = await post(session, service, records)
    assert status == 207
    assert body["status"] == "COMPLETE"
    assert body["counts"]["succeeded"] == 148
    assert body["failed"] == [3, 120]
    explained = {index: error["category"] for error in body["errors"] for index in error["indexes"]}
    assert explained == {3: "LOCAL_VALIDATION", 120: "VALIDATION_ERROR"}
    refused = {records[3]["email"], records[120]["email"]}
    assert stored(hubspot_sandbox) == {person["email"] for person in records} - refused


@pytest.mark.parametrize(
    ("records", "location"),
    [
        ([], ["body", "records"]),
        ([{"firstname": "nobody"}], ["body", "records", 0, "email"]),
        (people(fastapi_app.MAX_RECORDS + 1), ["body", "records"]),
    ],
    ids=["none", "without e-mail", "too many"],
)
async def test_a_body_that_is_no_import_is_a_problem_and_is_not_sent_back(
    session: aiohttp.ClientSession,
    service: str,
    hubspot_sandbox: Sandbox,
    records: list[dict[str, Any]],
    location: list[Any],
) -> None:
    status, body = await post(session, service, records)
    assert status == 422
    assert [error["loc"] for error in body["errors"]] == [location]
    assert len(json.dumps(body)) < 1_000
    assert hubspot_sandbox.request_count == 0


async def test_a_body_that_is_too_long_is_refused_while_it_comes_in(
    session: aiohttp.ClientSession,
    service: str,
    hubspot_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fastapi_app, "MAX_BODY_BYTES", 1_000)
    status, body = await post(session, service, people(100))
    assert (status, body["title"]) == (413, "Refused")
    assert hubspot_sandbox.request_count == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"token": "another"}, 502),
        ({"forbidden": ["contacts"]}, 502),
        ({"daily_limit": 1}, 429),
    ],
    ids=["token", "scope", "daily quota"],
)
async def test_what_breaks_an_import_off_is_a_problem_with_its_counts(
    session: aiohttp.ClientSession,
    serve: Callable[[str], Any],
    options: dict[str, Any],
    expected: int,
) -> None:
    with Sandbox(latency=0.0, **options).in_thread() as sandbox, serve(sandbox.base_url) as url:
        status, body = await post(session, url, people(300))
    assert status == body["status"] == expected
    assert body["counts"]["total"] <= 300
    assert body["counts"]["succeeded"] == len(stored(sandbox))
    assert adds_up(body["counts"])
    assert TOKEN not in json.dumps(body)


@pytest.mark.parametrize(
    "echo",
    [
        *(pytest.param(echo, id=name) for name, echo in PLAIN.items()),
        *(pytest.param(echo, id=name) for name, echo in VEILED.items()),
    ],
)
async def test_the_token_reaches_no_caller_and_no_log_whatever_hubspot_says(
    session: aiohttp.ClientSession,
    serve: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    echo: Echo,
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "TOKEN", echo_server.TOKEN)
    caplog.set_level(logging.INFO)
    with echoing(echo) as hubspot, serve(hubspot) as url:
        status, body = await post(session, url, people(3))
    assert status in {200, 207, 502, 503}
    assert not holds_token(json.dumps(body))
    assert not holds_token(caplog.text)


async def test_what_hubspot_says_of_the_service_is_for_the_log_and_on_one_line_there(
    session: aiohttp.ClientSession,
    serve: Callable[[str], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: str, __: object) -> tuple[int, dict[str, str], str]:
        error = {"status": "error", "category": "X", "message": "account 7 is\nCRITICAL: gone"}
        return 403, {}, json.dumps(error)

    with echoing(refuse) as hubspot, serve(hubspot) as url:
        status, body = await post(session, url, people(3))
    assert status == 502
    assert "account 7" not in json.dumps(body)
    broken = [line for line in caplog.messages if "account 7" in line]
    assert len(broken) == 1
    assert "\n" not in broken[0]


async def test_health_is_answered_without_asking_hubspot(
    session: aiohttp.ClientSession, serve: Callable[[str], Any]
) -> None:
    with Sandbox(latency=0.0).in_thread() as sandbox, serve(sandbox.base_url) as url:
        async with session.get(f"{url}/health") as response:
            before = await response.json()
        assert sandbox.request_count == 0
        await post(session, url, people(1))
        async with session.get(f"{url}/health") as response:
            after = await response.json()
    assert (before["client"], before["imports"]) == ("open", 0)
    assert before["quota"]["max_requests"] == 100
    assert after["quota"] == {"max_requests": 190, "period": 10.0, "share": 1.0}


async def test_a_caller_that_hangs_up_leaves_its_import_to_the_log(
    session: aiohttp.ClientSession,
    serve: Callable[[str], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, fastapi_app.__name__)
    with Sandbox(latency=0.2).in_thread() as sandbox, serve(sandbox.base_url) as url:
        request = asyncio.create_task(post(session, url, people(300)))
        await until(lambda: sandbox.request_count > 0)
        request.cancel()
        await until(lambda: any("import ended" in line for line in caplog.messages))
    ended = [line for line in caplog.messages if "import ended" in line]
    assert ended == ["import ended: 300 records: 300 succeeded, 0 failed, 0 unknown, 0 unsent"]
    assert len(stored(sandbox)) == 300
    assert "example.com" not in caplog.text


class Process:
    """The service in a process of its own."""

    def __init__(self, hubspot: str, *, settle_seconds: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(settle_seconds)],
            cwd=ROOT,
            env={"HUBSPOT_ACCESS_TOKEN": TOKEN, "HUBSPOT_BASE_URL": hubspot},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    async def terminate(self) -> str:
        """Send SIGTERM; return what the process wrote until it was gone."""
        self._process.send_signal(signal.SIGTERM)
        _, log = await asyncio.to_thread(self._process.communicate, timeout=10)
        assert self._process.returncode in {0, -signal.SIGTERM}
        return log

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def in_process(sandbox: Sandbox, *, settle_seconds: float) -> Iterator[Process]:
    process = Process(sandbox.base_url, settle_seconds=settle_seconds)
    try:
        yield process
    finally:
        process.kill()


def logged_counts(log: str) -> dict[str, int]:
    (line,) = [line for line in log.splitlines() if "import ended" in line]
    total, *states = (
        (name, int(count.replace(",", ""))) for count, name in re.findall(r"(\d[\d,]*) (\w+)", line)
    )
    return {"total": total[1], **dict(states)}


async def test_a_shutdown_lets_what_was_sent_settle_and_reports_the_rest_as_unsent(
    session: aiohttp.ClientSession,
) -> None:
    sandbox = Sandbox(latency=1.0)
    with sandbox.in_thread(), in_process(sandbox, settle_seconds=10) as process:
        request = asyncio.create_task(post(session, process.url, people(5_000)))
        await until(lambda: sandbox.request_count > 0)
        log = await process.terminate()
        status, body = await request
    assert "Traceback" not in log
    assert "example.com" not in log
    assert logged_counts(log) == body["counts"]
    assert (status, body["status"]) == (207, "CANCELED")
    assert adds_up(body["counts"])
    assert body["counts"]["unknown"] == 0
    assert body["counts"]["unsent"] > 0
    assert body["counts"]["succeeded"] == len(stored(sandbox)) > 0


async def test_a_shutdown_that_cannot_wait_reports_what_is_unknown(
    session: aiohttp.ClientSession,
) -> None:
    sandbox = Sandbox(latency=60.0)
    with sandbox.in_thread(), in_process(sandbox, settle_seconds=0.01) as process:
        request = asyncio.create_task(post(session, process.url, people(5_000)))
        await until(lambda: sandbox.request_count > 0)
        log = await process.terminate()
        status, body = await request
    assert "Traceback" not in log
    assert logged_counts(log) == body["counts"]
    assert (status, body["title"]) == (503, "The import was broken off")
    assert adds_up(body["counts"])
    assert body["counts"]["succeeded"] == 0
    assert 0 < len(stored(sandbox)) <= body["counts"]["unknown"]
