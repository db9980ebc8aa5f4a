"""Signals to a run and to the served sandbox, in this process: what the first and the second one do."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_driver import contacts, hubbatch, until

from hubbatch.sandbox import Fault, FaultKind, Sandbox


@contextmanager
def interrupted(*conditions: Callable[[], object]) -> Iterator[None]:
    """Send this process a SIGINT as each condition comes true, while the block runs."""

    def work() -> None:
        for condition in conditions:
            until(condition)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"p{n}@b.cz\n" for n in range(20_000)))
    return path


@pytest.mark.hubspot_sandbox(latency=0.3)
def test_the_first_signal_stops_the_run(people: Path, hubspot_sandbox: Sandbox) -> None:
    with interrupted(lambda: hubspot_sandbox.request_count >= 2):
        finished = hubbatch(
            "create", "contacts", people, "--base-url", hubspot_sandbox.base_url, "--no-check"
        )

    assert finished.code == 3
    assert "stopped by a signal" in finished.err
    assert finished.count("unknown") == finished.count("failed") == 0
    assert 200 <= finished.count("succeeded") == len(contacts(hubspot_sandbox)) < 20_000


@pytest.mark.hubspot_sandbox(latency=60.0)
def test_the_second_signal_cancels_it(
    people: Path, hubspot_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("hubbatch.cli._screen.Screen.say", lambda _, message: said.append(message))

    with interrupted(lambda: hubspot_sandbox.request_count >= 2, lambda: said):
        finished = hubbatch(
            "create", "contacts", people, "--base-url", hubspot_sandbox.base_url, "--no-check"
        )

    assert finished.code == 3
    assert [message.split(":")[0] for message in said] == ["stopping", "canceling"]
    assert "canceled by a signal" in finished.err
    assert finished.count("unknown") >= 200
    assert finished.count("unknown") + finished.count("unsent") == finished.count("read")


@pytest.mark.hubspot_sandbox(
    faults=[None] * 3 + [Fault(FaultKind.RATE_ROLLING, retry_after=25)] * 50
)
def test_a_stop_during_a_hold_says_how_long_it_may_take_and_the_next_signal_cancels(
    people: Path, hubspot_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("hubbatch.cli._screen.Screen.say", lambda _, message: said.append(message))

    with interrupted(
        lambda: any("25 s" in message for message in said),
        lambda: any("stopping" in message for message in said),
    ):
        finished = hubbatch(
            *("create", "contacts", people, "-v"),
            *("--base-url", hubspot_sandbox.base_url, "--no-check"),
        )

    assert finished.code == 3
    [stop] = [message for message in said if message.startswith("stopping")]
    assert "That may take 25 s and more, for HubSpot has asked for a pause" in stop
    assert "Ctrl-C once more cancels it" in stop
    assert finished.count("succeeded") == len(contacts(hubspot_sandbox))


@pytest.mark.hubspot_sandbox(latency=0.3)
def test_a_second_signal_while_the_run_ends_does_not_cost_the_outcome(
    people: Path, hubspot_sandbox: Sandbox
) -> None:
    def all_written() -> bool:
        return len(contacts(hubspot_sandbox)) == 100 * hubspot_sandbox.request_count

    with interrupted(lambda: hubspot_sandbox.request_count >= 2, all_written):
        finished = hubbatch(
            "create", "contacts", people, "--base-url", hubspot_sandbox.base_url, "--no-check"
        )

    assert finished.code == 3
    assert "of the input, the first" in finished.err
    assert finished.count("read") > 0


def test_the_sandbox_is_served_until_a_signal() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def listens() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    with interrupted(listens):
        finished = hubbatch("sandbox", "--port", port)

    assert finished.code == 0
    assert finished.out == f"http://127.0.0.1:{port}\n"
    assert "served 0 requests" in finished.err


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (("--faults", "cosmic"), "flaky"),
        (("--host", "203.0.113.1"), "cannot listen on 203.0.113.1"),
        (("--host", "\udcff"), "--host takes a name"),
        (("--rate", "x"), "190/10"),
        (("--port", "70000"), "65535"),
    ],
)
def test_a_sandbox_that_cannot_be_served(options: tuple[str, ...], advice: str) -> None:
    finished = hubbatch("sandbox", *options)

    assert finished.code == 2
    assert advice in finished.err
