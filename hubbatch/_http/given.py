"""A caller's own transport, held to the client's rules: in time, and no token in what comes back.

It knows nothing of how the transport works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import attrs

from hubbatch._http.reply_redaction import ReplyRedaction
from hubbatch._protocol.exchange import NoReply, Reply, Request, Transport
from hubbatch.errors import UsageError

__all__ = ["GivenTransport"]


class GivenTransport:
    """Sends requests by a transport that was given, for `timeout` seconds each at the most.

    What the transport raises is a bug of it, and is raised as it is. Header names may have any case here, and header
    values any type.

    Raises `UsageError` for what is no transport.
    """

    def __init__(self, transport: Transport, *, timeout: float) -> None:
        if not callable(getattr(transport, "send", None)):
            raise UsageError(
                "transport must have a method `async def send(request, token, note_sent)`, as hubbatch.Transport"
                f" has, unlike {type(transport).__name__}"
            )
        self._transport = transport
        self._timeout = timeout
        self._redaction = ReplyRedaction()

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """Send one request once."""
        sent = False

        def note() -> None:
            nonlocal sent
            sent = True
            note_sent()

        self._redaction.remember(token)
        answer: object = None
        try:
            async with asyncio.timeout(self._timeout) as waiting:
                answer = await self._transport.send(request, token, note)
        except TimeoutError:
            if not waiting.expired():
                raise
            missing = "answer" if sent else "connection"
            return NoReply(sent=sent, reason=f"no {missing} within the timeout")
        return self._redaction.redact(_checked(answer))


def _checked(answer: object) -> Reply | NoReply:
    """Return an answer whose parts are of the right types: what is no text among headers and reasons becomes text.

    Raises `UsageError` for what cannot be read.
    """
    if isinstance(answer, NoReply):
        return NoReply(bool(answer.sent), str(answer.reason))
    if not isinstance(answer, Reply):
        raise UsageError(
            "the transport's send() must return a hubbatch.Reply or a hubbatch.NoReply, not"
            f" {type(answer).__name__}"
        )
    is_number = isinstance(answer.status, int) and not isinstance(answer.status, bool)
    parts: tuple[tuple[str, object, bool, str], ...] = (
        ("status", answer.status, is_number, "a whole number"),
        ("headers", answer.headers, isinstance(answer.headers, Mapping), "a mapping"),
        ("body", answer.body, isinstance(answer.body, bytes | bytearray | memoryview), "bytes"),
    )
    for name, part, right, wanted in parts:
        if not right:
            raise UsageError(
                f"the transport's Reply.{name} must be {wanted}, not {type(part).__name__}"
            )
    headers = {
        _text(name).lower(): _text(value)
        for name, value in answer.headers.items()
        if value is not None
    }
    return attrs.evolve(answer, status=int(answer.status), headers=headers, body=bytes(answer.body))


def _text(part: object) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)
