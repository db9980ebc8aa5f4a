"""A transport that answers what a test says, request by request, and remembers what was asked.

It knows nothing of HubSpot.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from hubbatch import NoReply, Reply, Request, UsageError

__all__ = ["ScriptExhaustedError", "ScriptedTransport"]

Answer: TypeAlias = Reply | NoReply
Answering: TypeAlias = Callable[[Request], Answer | Awaitable[Answer]]


class ScriptExhaustedError(AssertionError):
    """A request came for which the script has no reply."""


class ScriptedTransport:
    """Answers requests by a script.

    `script`: a reply for each request in turn, or one function that answers them all. In place of a reply there may be
    a function of the `Request`; if it is asynchronous it may wait before it answers. `NoReply(sent=True, reason=…)`
    is an answer that got lost, `NoReply(sent=False, reason=…)` a service that could not be reached.

    A request beyond the end of the script raises `ScriptExhaustedError`, which ends the run.
    """

    def __init__(self, script: Iterable[Answer | Answering] | Answering) -> None:
        self._function = script if callable(script) else None
        self._replies = iter(() if callable(script) else script)
        self.requests: list[Request] = []
        """What came in, oldest first."""

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """Answer by the script."""
        del token  # nothing of it is remembered
        self.requests.append(request)
        noted = False
        answer: object = self._function or self._next(request)
        if not isinstance(answer, Reply | NoReply) and callable(answer):
            answer = answer(request)
            if inspect.isawaitable(answer):
                note_sent()
                noted, answer = True, await answer
        if not isinstance(answer, Reply | NoReply):
            raise UsageError(
                f"a script holds Reply, NoReply and functions that return them, not {answer!r}"
            )
        if not noted and (isinstance(answer, Reply) or answer.sent):
            note_sent()
        return answer

    def _next(self, request: Request) -> Answer | Answering:
        try:
            return next(self._replies)
        except StopIteration:
            number = len(self.requests)
            raise ScriptExhaustedError(
                f"the script has no reply for request {number}, {request.method} {request.path}: it has"
                f" {number - 1}; add one, or give a function that answers every request"
            ) from None
