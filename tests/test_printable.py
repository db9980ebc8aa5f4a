"""What a service says reaches logs and terminals on one line, and steers neither."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World, people

from hubbatch._printable import printable
from hubbatch._protocol.exchange import Reply, Request
from hubbatch.testing import ScriptedTransport, accept_all, error_reply, run_in_virtual_time


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2J\nb\tZoë 🚀", r"a\u001b[2J\u000ab\u0009Zoë 🚀"),
        ("\x7f\x85\x9b31m", r"\u007f\u0085\u009b31m"),
        ("\u2028\u2029\u202e\u2066\u200f", r"\u2028\u2029\u202e\u2066\u200f"),
        ("\ud800", r"\ud800"),
        ("🧑‍🚀 = 宇宙飛行士", "🧑‍🚀 = 宇宙飛行士"),
    ],
)
def test_what_steers_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_no_more_is_kept_than_is_wanted() -> None:
    assert printable("x" * 1_000, 300) == "x" * 300 + "…"
    assert printable("x" * 300, 300) == "x" * 300


@given(st.text())
def test_any_text_is_one_line_and_json_stays_the_same_json(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


def forge(request: Request) -> Reply:
    """Break for five seconds, with a category that pretends to be a log line."""
    if asyncio.get_running_loop().time() > 5:
        return accept_all(request)
    category = "X\nCRITICAL: all is lost\x1b[2J" + "x" * 10_000
    return error_reply(500, category, category)


def test_a_category_of_the_service_forges_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with World(through=lambda _: ScriptedTransport(forge)) as world:
            outcome = await world.client.upsert(
                "contacts", people(500), id_property="email", batch_size=5
            )
            assert outcome.ok

    run_in_virtual_time(main())
    messages = [record.getMessage() for record in caplog.records]
    assert any("the service is broken (server_error)" in message for message in messages)
    for message in messages:
        assert "CRITICAL" not in message
        assert len(message.splitlines()) == 1
        assert len(message) < 300
