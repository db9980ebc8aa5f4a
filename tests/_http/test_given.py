"""A caller's own transport: what it may answer, and what is said of an answer that is none."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from hubbatch import Client, RetryPolicy, TransportError, UsageError
from hubbatch._http.given import GivenTransport
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.testing import virtual_time


class Answering:
    """A transport that gives one answer, whatever it is."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def send(self, request: Request, token: str, note_sent: Callable[[], None]) -> Any:
        note_sent()
        return self.answer


async def sent(answer: Any) -> Reply | NoReply:
    """Return what comes of an answer."""
    given = GivenTransport(Answering(answer), timeout=1.0)
    return await given.send(Request("/p", b"{}"), "tok-secret-1234567890", lambda: None)


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ({"Retry-After": 3}, {"retry-after": "3"}),
        ({"X": 1.5, b"Date": b"today"}, {"x": "1.5", "date": "today"}),
        ({"x": None, "y": "z"}, {"y": "z"}),
        ({}, {}),
    ],
)
@virtual_time
async def test_headers_are_text(headers: Any, read: dict[str, str]) -> None:
    assert await sent(Reply(200, headers, b"{}")) == Reply(200, read, b"{}")


@pytest.mark.parametrize("body", [bytearray(b"{}"), memoryview(b"{}")])
@virtual_time
async def test_a_body_is_bytes(body: Any) -> None:
    answer = await sent(Reply(200, {}, body))
    assert isinstance(answer, Reply)
    assert type(answer.body) is bytes
    assert answer.body == b"{}"


@virtual_time
async def test_a_status_is_a_number() -> None:
    answer = await sent(Reply(HTTPStatus.OK))
    assert isinstance(answer, Reply)
    assert type(answer.status) is int


@pytest.mark.parametrize("reason", [None, 7, "a reason"])
@virtual_time
async def test_a_reason_is_text(reason: Any) -> None:
    assert await sent(NoReply(sent=True, reason=reason)) == NoReply(sent=True, reason=str(reason))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "must return a hubbatch.Reply or a hubbatch.NoReply, not NoneType"),
        (Reply("200"), "Reply.status must be a whole number, not str"),  # type: ignore[arg-type]
        (Reply(True), "Reply.status must be a whole number, not bool"),
        (Reply(200, [("a", "b")]), "Reply.headers must be a mapping, not list"),  # type: ignore[arg-type]
        (Reply(200, None), "Reply.headers must be a mapping, not NoneType"),  # type: ignore[arg-type]
        (Reply(200, {}, "tok-secret-1234567890"), "Reply.body must be bytes, not str"),  # type: ignore[arg-type]
    ],
)
@virtual_time
async def test_an_answer_that_is_none_is_named(answer: Any, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        await sent(answer)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


@virtual_time
async def test_a_run_goes_on_after_headers_that_were_no_text() -> None:
    headers: Any = {"X-HubSpot-RateLimit-Max": 100, "Retry-After": 3}
    transport = Answering(Reply(429, headers, b"{}"))
    policy = RetryPolicy(max_elapsed=10.0)
    async with Client("made-up", transport=transport, retry=policy) as client:
        run = client.create("contacts", [{"email": "a@x.com"}]).start()
        with pytest.raises(TransportError):
            await run
    assert run.progress.requests > 1
