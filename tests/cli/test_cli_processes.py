"""Real processes: pipes that trickle or fall silent, signals, closed outputs, a terminal, the served sandbox."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from cli_driver import TOKEN, contacts, lines_of, process, until

from hubbatch import Client
from hubbatch.sandbox import Sandbox


def people(count: int) -> str:
    return "".join(f'{{"email":"p{n}@b.cz"}}\n' for n in range(count))


@pytest.fixture
def slow_sandbox() -> Iterator[Sandbox]:
    with Sandbox(rate_limit=None, latency=60.0).in_thread() as sandbox:
        yield sandbox


UPSERT = ("upsert", "contacts", "-", "--id-property", "email")


INTERRUPTED_AT_IMPORT = """
import os, signal, sys

module = sys.argv.pop(1)

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from hubbatch.cli import main
main()
"""


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("rich", -signal.SIGINT),
        ("hubbatch.cli._trials", -signal.SIGINT),
        ("hubbatch.cli._demo", 130),
    ],
)
def test_ctrl_c_while_modules_are_imported_ends_quietly(module: str, code: int) -> None:
    command = [sys.executable, "-c", INTERRUPTED_AT_IMPORT, module, "demo"]
    finished = subprocess.run(command, capture_output=True, check=False)

    assert (finished.returncode, finished.stderr) == (code, b"")


def test_a_pipe_that_trickles_is_sent_promptly(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    with process(tmp_path, *UPSERT, "--base-url", hubspot_sandbox.base_url) as command:
        for n in range(3):
            command.type(f'{{"email":"p{n}@b.cz"}}\n')
            until(lambda: len(contacts(hubspot_sandbox)) == n + 1)  # noqa: B023 (used at once)
        assert command.popen.stdin is not None
        command.popen.stdin.close()
        finished = command.end()

    assert finished.code == 0
    assert finished.count("succeeded") == 3


def test_results_are_written_while_the_input_trickles(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})

    with process(
        tmp_path, "read", "contacts", "-", "--base-url", hubspot_sandbox.base_url
    ) as command:
        command.type(f"id\n{stored.id}\n")
        until(lambda: "a@b.cz" in command.out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_whose_input_has_fallen_silent(
    tmp_path: Path, hubspot_sandbox: Sandbox, number: signal.Signals
) -> None:
    with process(tmp_path, *UPSERT, "--base-url", hubspot_sandbox.base_url) as command:
        command.type(people(150))
        until(lambda: len(contacts(hubspot_sandbox)) >= 100)
        command.popen.send_signal(number)
        finished = command.end()

    assert finished.code == 3
    assert "stopped by a signal" in finished.err
    assert finished.count("read") == 150
    assert finished.count("unknown") == finished.count("failed") == 0
    assert finished.count("succeeded") == len(contacts(hubspot_sandbox))


@pytest.mark.hubspot_sandbox(latency=0.4)
def test_the_first_signal_lets_what_is_in_flight_settle(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    options = ("--base-url", hubspot_sandbox.base_url, "--no-check")  # the requests are batches
    with process(tmp_path, *UPSERT, *options) as command:
        command.type(people(250))
        until(lambda: hubspot_sandbox.request_count >= 2)
        command.popen.send_signal(signal.SIGINT)
        finished = command.end()

    assert finished.code == 3
    assert "stopping" in finished.err
    assert finished.count("unknown") == 0
    assert finished.count("succeeded") == len(contacts(hubspot_sandbox)) >= 200


def test_the_second_signal_cancels_and_the_outcome_is_still_shown(
    tmp_path: Path, slow_sandbox: Sandbox
) -> None:
    rejects = tmp_path / "rejects.ndjson"
    options = ("--base-url", slow_sandbox.base_url, "--no-check", "--rejects", rejects)
    with process(tmp_path, *UPSERT, *options) as command:
        command.type(people(250))
        until(lambda: slow_sandbox.request_count >= 2)
        command.popen.send_signal(signal.SIGINT)
        until(lambda: "stopping" in command.err)
        command.popen.send_signal(signal.SIGINT)
        finished = command.end()

    assert finished.code == 3
    assert "canceled" in finished.err
    assert finished.count("read") == 250
    assert finished.count("unknown") >= 200
    assert finished.count("unknown") + finished.count("unsent") == 250
    assert sorted(line["_line"] for line in lines_of(rejects)) == list(range(1, 251))


@pytest.mark.parametrize(
    "words", [("read", "contacts", "-"), ("export", "contacts", "-p", "email")]
)
def test_a_reader_that_goes_away_ends_the_run_without_a_word(
    tmp_path: Path, hubspot_sandbox: Sandbox, words: tuple[str, ...]
) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with process(
            tmp_path,
            *(*words, "--base-url", hubspot_sandbox.base_url),
            stdout=writing,
        ) as command:
            if "-" in words:
                command.type(f"id\n{stored.id}\n")
            assert command.popen.stdin is not None
            command.popen.stdin.close()
            finished = command.end()
    finally:
        os.close(writing)

    assert (finished.code, finished.err) == (141, "")


def test_progress_is_live_on_a_terminal(tmp_path: Path) -> None:
    terminal, line = pty.openpty()
    try:
        with process(tmp_path, "demo", "--records", 600, stderr=line) as command:
            code = command.popen.wait(20)
            shown = os.read(terminal, 100_000).decode()
    finally:
        os.close(terminal)
        os.close(line)

    assert code == 0
    assert "of 600 records" in shown
    assert "quota" in shown
    assert "\x1b[" in shown


async def test_the_sandbox_serves_any_client_until_a_signal(tmp_path: Path) -> None:
    options = ("--port", 0, "--rate", "3/60", "--latency", 0, "--faults", "flaky", "--seed", 1)
    with process(tmp_path, "sandbox", *options) as command:
        await asyncio.to_thread(until, lambda: command.out.endswith("\n"))
        url = f"{command.out.strip()}/crm/v3/objects/contacts/batch/create"
        body = {"inputs": [{"properties": {"email": "a@b.cz"}}]}
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
            statuses = []
            for _ in range(4):
                async with session.post(url, json=body) as response:
                    statuses.append(response.status)
                    quota = response.headers.get("X-HubSpot-RateLimit-Max")
        command.popen.send_signal(signal.SIGTERM)
        finished = await asyncio.to_thread(command.end)

    assert statuses == [201, 409, 409, 429]
    assert quota == "3"
    assert finished.code == 0
    assert "served 4 requests" in finished.err


async def test_the_sandbox_can_have_unique_properties(tmp_path: Path) -> None:
    options = ("--port", 0, "--rate", "100/1", "--unique", "0-3.deal_ref")
    with process(tmp_path, "sandbox", *options) as command:
        await asyncio.to_thread(until, lambda: command.out.endswith("\n"))
        async with Client("made-up", base_url=command.out.strip()) as client:
            outcome = await client.upsert("deals", [{"deal_ref": "d1"}], id_property="deal_ref")
        assert outcome.ok
        command.popen.send_signal(signal.SIGTERM)
        await asyncio.to_thread(command.end)
    with process(tmp_path, "sandbox", "--port", 0, "--unique", "deal_ref") as command:
        finished = command.end()
    assert finished.code == 2
    assert "OBJECT.NAME" in finished.err


def test_a_port_in_use_is_an_error(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    port = hubspot_sandbox.base_url.rpartition(":")[2]
    with process(tmp_path, "sandbox", "--port", port) as command:
        finished = command.end()

    assert finished.code == 2
    assert f"port {port}" in finished.err


def test_a_report_survives_a_terminal_without_unicode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    path = tmp_path / "people.csv"
    path.write_text("email,city\nnø,Brno\n")
    with process(tmp_path, "create", "contacts", path, "--sandbox") as command:
        finished = command.end()

    assert finished.code == 1
    assert "1 \\xd7 failed" in finished.out
