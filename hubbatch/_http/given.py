"""A caller's own transport, held to the client's rules: in time, and no token in what comes back.

It knows nothing of how the transport works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

from hubbatch._http.reply_redaction import ReplyRedaction
from hubbatch._protocol.exchange import NoReply, Reply, Request, Transport
from hubbatch.errors import UsageError

__all__ = ["GivenTransport"]


class GivenTransport:
    """Sends requests by a transport that was given, for `timeout` seconds each at the most.

    What the transport raises is a bug of it, and is raised. Header names may have any case here.

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
        if not isinstance(answer, Reply | NoReply):
            raise UsageError(
                "the transport's send() must return a hubbatch.Reply or a hubbatch.NoReply, not"
                f" {type(answer).__name__}"
            )
        if isinstance(answer, Reply):
            headers = {name.lower(): value for name, value in answer.headers.items()}
            answer = attrs.evolve(answer, headers=headers)
        return self._redaction.redact(answer)
