"""An account with a quota: the package's own sandbox behind the small server, where another consumer may be at work.

It reports when every request arrived and what became of it; how well that was is judged elsewhere.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from http import HTTPStatus
from multiprocessing.connection import Connection

from attrs import frozen

from benchmarks._http import Reply, Request, listening
from benchmarks._processes import asked
from hubbatch import RateLimit
from hubbatch.sandbox import Options, SandboxRequest, Service

__all__ = ["AccountPlan", "Arrivals", "account_server"]

_OTHERS = "/taken-by-another-consumer"
"""Whatever is asked for is counted."""
_BURSTS = 10
"""How often in a period the other consumer comes, on average."""
_TOO_MANY = 429


@frozen
class AccountPlan:
    """The account of one measurement."""

    rate_limit: RateLimit
    latency: float
    """Seconds until an answer is sent."""
    tells: bool = True
    """Whether answers carry the headers that tell of the quota."""
    others: float = 0.0
    """The part of the quota that another consumer takes, in bursts of any size at any time."""


@frozen
class Arrivals:
    """What the account has seen, at its own door. Times are seconds on its own clock."""

    accepted: list[float]
    refused: list[float]
    """Requests answered 429."""
    others: list[float]
    """The other consumer's requests that were accepted."""
    others_refused: int
    stored: int
    """Records that the account holds now."""

    @property
    def others_wanted(self) -> int:
        """All requests of the other consumer, refused ones included."""
        return len(self.others) + self.others_refused


def account_server(connection: Connection, plan: AccountPlan) -> None:
    """Greet with the base URL and report `Arrivals` until the other side of the connection is closed."""
    asyncio.run(_Account(plan).serve(connection))


class _Account:
    def __init__(self, plan: AccountPlan) -> None:
        self._plan = plan
        self._service = Service(
            Options(
                rate_limit=plan.rate_limit,
                latency=plan.latency,
                keep_requests=None,
                keep_body_bytes=0,
                keep_writes=0,
            )
        )

    async def serve(self, connection: Connection) -> None:
        async with listening(self._respond) as base_url:
            other = asyncio.create_task(self._take_others())
            connection.send(base_url)
            while await asked(connection):
                connection.send(self._arrivals())
            other.cancel()
            with suppress(asyncio.CancelledError):
                await other

    def _respond(self, request: Request) -> Reply:
        now = asyncio.get_running_loop().time()
        answer = self._service.handle(
            SandboxRequest(request.method, request.path, {}, request.headers, request.body, at=now)
        )
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [
            f"{name}: {value}"
            for name, value in answer.headers.items()
            if self._plan.tells or "ratelimit" not in name.lower()
        ]
        head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
        return Reply(head, answer.body, answer.delay)

    async def _take_others(self) -> None:
        """Take others' part of the quota, the same bursts in every run."""
        limit, draw = self._plan.rate_limit, random.Random(1)
        mean = self._plan.others * limit.max_requests / _BURSTS
        while mean:
            for _ in range(int(draw.uniform(0, 2) * mean + draw.random())):
                now = asyncio.get_running_loop().time()
                self._service.handle(
                    SandboxRequest(
                        "GET", _OTHERS, headers={"Authorization": "Bearer other"}, at=now
                    )
                )
            await asyncio.sleep(draw.uniform(0, 2) * limit.period / _BURSTS)

    def _arrivals(self) -> Arrivals:
        ours = [item for item in self._service.requests if item.path != _OTHERS]
        others = [item for item in self._service.requests if item.path == _OTHERS]
        return Arrivals(
            accepted=[item.at for item in ours if item.status != _TOO_MANY],
            refused=[item.at for item in ours if item.status == _TOO_MANY],
            others=[item.at for item in others if item.status != _TOO_MANY],
            others_refused=sum(item.status == _TOO_MANY for item in others),
            stored=len(self._service.objects("contacts")),
        )
