"""What holds for all tests."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

from hubbatch.sandbox import Sandbox

# pytest-asyncio leaves the loop that it finds here unclosed when a synchronous test runs first.
asyncio.set_event_loop(None)

# Whoever starts the tests may have had signals ignored: a shell its background jobs' SIGINT, nohup SIGHUP.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


_MAY_BLOCK = {
    # A private table of seen keys: a few microseconds each, and it spills to a file only when it grows large.
    "hubbatch/_records/seen_keys.py": {"__init__", "add", "close"},
    # The file of a time zone is small, and Python reads it once.
    "hubbatch/_options.py": {"_timezone"},
    # What Python does to show a warning.
    "linecache.py": {"checkcache", "updatecache"},
    # What measures the coverage of a run under test.
    "coverage/collector.py": {"lock_data"},
    # Whoever has a file written waits for that.
    "hubbatch/outcome.py": {"to_csv"},
    # The synchronous face makes its caller wait, be it in a loop.
    "hubbatch/sync/_client.py": {"call", "close"},
    # A sandbox in a thread of its own is a synchronous convenience; whoever starts it in a loop waits for it.
    "hubbatch/sandbox/_server.py": {"in_thread"},
}


@pytest.fixture(autouse=True)
def _the_event_loop_is_the_hosts() -> Iterator[None]:
    """Fail whatever of the library blocks the event loop.

    The command line has a loop of its own, and `hubbatch.testing` makes one, in which tests may do as they like.
    """
    with blockbuster_ctx(
        "hubbatch", excluded_modules=["hubbatch.cli", "hubbatch.testing"]
    ) as blocker:
        for function in blocker.functions.values():
            for file, names in _MAY_BLOCK.items():
                function.can_block_in(file, names)
        yield


@pytest.fixture
def hubspot_sandbox(hubspot_sandbox: Sandbox, request: pytest.FixtureRequest) -> Sandbox:
    """Return the plugin's sandbox; for the command line's tests with the properties that they make up.

    A column that is no property stops a command.
    """
    if request.path.parent.name == "cli":
        for object_type in ("contacts", "companies", "deals"):
            for name in ("name", "n", "note"):
                hubspot_sandbox.define_property(object_type, name)
    return hubspot_sandbox
