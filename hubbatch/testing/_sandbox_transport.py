"""A transport into a sandbox in memory: no port, no thread, and time as the event loop has it.

It knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from hubbatch import NoReply, Reply, Request
from hubbatch.sandbox import Cut, Sandbox, SandboxRequest, Service

__all__ = ["SandboxTransport"]


class SandboxTransport:
    """Carries requests straight into a sandbox's service.

    `account`: a `Sandbox`, which need not be entered, or a `Service`. Its latency is slept in the event loop's time,
    and its clock begins when this is made in an event loop, else with the first request.

    Faults of a connection have no place here: nothing is kept alive, so nothing is idle or comes unasked.
    """

    def __init__(self, account: Sandbox | Service) -> None:
        self.service = account.service if isinstance(account, Sandbox) else account
        """What answers: `service.requests` came in, `service.objects("contacts")` are stored."""
        self.in_flight = 0
        """Requests that wait for their answer."""
        self.most_in_flight = 0
        """The most that did so at once."""
        self._started: float | None = None
        with contextlib.suppress(RuntimeError):
            self._started = asyncio.get_running_loop().time()

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """Have the service answer; what the request writes is written at once, whatever becomes of the answer."""
        note_sent()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answer(request, token)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: Request, token: str) -> Reply | NoReply:
        moment = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = moment
        answer = self.service.handle(
            SandboxRequest(
                request.method,
                request.path,
                request.query,
                {"Authorization": f"Bearer {token}"},
                request.body,
                moment - self._started,
            )
        )
        await asyncio.sleep(answer.delay)
        if answer.cut is not Cut.NONE:
            return NoReply(sent=True, reason="the connection was lost")
        return Reply(answer.status, answer.headers, answer.body)
