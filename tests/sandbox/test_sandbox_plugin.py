"""The pytest fixture for those who test programs of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from hubbatch import RateLimit
from hubbatch.sandbox import FaultKind, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

BODY = json.dumps({"inputs": [{"properties": {"phone": "1"}}]}).encode()
PATH = "/crm/v3/objects/contacts/batch/create"


def post(sandbox: Sandbox) -> tuple[int, Any]:
    """Create one contact without an event loop; return status and rate header."""
    request = urllib.request.Request(  # noqa: S310 (the sandbox's own address)
        sandbox.base_url + PATH, BODY, {"Authorization": "Bearer secret"}
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return response.status, response.headers["X-HubSpot-RateLimit-Max"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["X-HubSpot-RateLimit-Max"]


def test_the_fixture_serves_a_synchronous_test(hubspot_sandbox: Sandbox) -> None:
    assert post(hubspot_sandbox) == (201, None)
    assert len(hubspot_sandbox.objects("contacts")) == 1


async def test_the_fixture_serves_an_asynchronous_test(hubspot_sandbox: Sandbox) -> None:
    headers = {"Authorization": "Bearer secret"}
    async with (
        aiohttp.ClientSession(hubspot_sandbox.base_url, headers=headers) as session,
        session.post(PATH, data=BODY) as response,
    ):
        assert response.status == 201


@pytest.mark.hubspot_sandbox(rate_limit=RateLimit(7, 10.0), faults=[FaultKind.LOCKED])
class TestMarkedClass:
    def test_a_mark_sets_options(self, hubspot_sandbox: Sandbox) -> None:
        assert [post(hubspot_sandbox), post(hubspot_sandbox)] == [(423, "7"), (201, "7")]

    @pytest.mark.hubspot_sandbox(rate_limit=RateLimit(8, 10.0))
    def test_the_nearer_mark_wins(self, hubspot_sandbox: Sandbox) -> None:
        assert post(hubspot_sandbox) == (423, "8")


def test_a_sandbox_in_a_thread_is_stopped_and_can_be_looked_at() -> None:
    with Sandbox(latency=0.0).in_thread() as sandbox:
        assert post(sandbox)[0] == 201
        assert "hubbatch-sandbox" in {thread.name for thread in threading.enumerate()}
    assert "hubbatch-sandbox" not in {thread.name for thread in threading.enumerate()}
    assert len(sandbox.objects("contacts")) == 1
    with pytest.raises(urllib.error.URLError):
        post(sandbox)


def test_a_test_that_fails_in_the_thread_block_stops_the_thread() -> None:
    with pytest.raises(ZeroDivisionError), Sandbox(latency=0.0).in_thread():
        _ = 1 / 0
    assert "hubbatch-sandbox" not in {thread.name for thread in threading.enumerate()}


def test_the_plugin_loads_nothing_before_a_test_asks_for_the_fixture() -> None:
    code = (
        "import sys, typing, pytest; before = set(sys.modules); import hubbatch.pytest_plugin;"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = done.stdout.strip()
    assert loaded == "['hubbatch', 'hubbatch.pytest_plugin']"


def test_a_positional_option_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.hubspot_sandbox(3)\ndef test_it(hubspot_sandbox): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "takes keyword options only" in ran.stdout
    assert "not found in `markers`" not in ran.stdout
