"""An account whose quota is counted, and one who sends to it as a client would: in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import random
from statistics import mean

from attrs import define, field

from hubbatch import RateLimiter, RetryPolicy
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import Gate
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.symptoms import Symptom
from hubbatch.sandbox._window import RollingWindow

QUICK = (0.15, 0.25)


class FixedWindow(RollingWindow):
    """Counts from the last full period on."""

    def count(self, at: float) -> int:
        start = at // self.period * self.period
        while self._accepted and self._accepted[0] < start:
            self._accepted.popleft()
        return len(self._accepted)


@define
class Account:
    """A server that counts, and the way to it."""

    window: RollingWindow = field(factory=lambda: RollingWindow(190, 10.0))
    latency: tuple[float, float] = QUICK
    there: float = 0.0
    """The part of the latency, and so of its jitter, that is spent on the way to the server."""
    drift: float = 0.0
    tells: bool = True
    counts_late: bool = False
    """Whether what is left is counted as the answer is built, rather than as the request arrives."""
    refusals_tell: bool = True
    """Whether refusals have the headers too, where answers have them."""
    retry_after: float | None = None
    """Seconds that a refusal asks for; None: it does not say."""
    chance: random.Random = field(factory=lambda: random.Random(0))
    accepted: list[float] = field(factory=list)
    others: list[float] = field(factory=list)
    refused: list[float] = field(factory=list)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() * (1 + self.drift)

    def take(self, times: list[float]) -> bool:
        if self.window.is_full(self.now):
            return False
        self.window.accept(self.now)
        times.append(asyncio.get_running_loop().time())
        return True

    async def post(self) -> tuple[bool, dict[str, str]]:
        latency = self.chance.uniform(*self.latency)
        await asyncio.sleep(latency * self.there)
        served = self.take(self.accepted)
        if not served:
            self.refused.append(asyncio.get_running_loop().time())
        headers = self.headers()
        await asyncio.sleep(latency * (1 - self.there))
        if self.counts_late:
            headers = self.headers()
        return served, headers if self.tells and (served or self.refusals_tell) else {}

    def headers(self) -> dict[str, str]:
        return {
            "x-hubspot-ratelimit-max": str(self.window.limit),
            "x-hubspot-ratelimit-remaining": str(self.window.remaining(self.now)),
            "x-hubspot-ratelimit-interval-milliseconds": str(round(self.window.period * 1000)),
        }

    @property
    def reuse(self) -> float:
        """The period over the mean time until a place is used again."""
        limit = self.window.limit or 0
        return self.window.period / mean(
            later - earlier
            for earlier, later in zip(self.accepted, self.accepted[limit:], strict=False)
        )

    @property
    def holds(self) -> int:
        """How often all requests were held: refusals less than a period apart are one hold."""
        times = [float("-inf"), *self.refused]
        return sum(
            later - earlier > self.window.period / 2 for earlier, later in itertools.pairwise(times)
        )


async def work(
    account: Account,
    limiter: RateLimiter,
    *,
    until: float,
    most: float = float("inf"),
    at_once: int | None = 32,
) -> None:
    """Send as much as goes, so many `at_once` (None: as a client finds), until a moment or so many have gone."""
    gate = Gate(limiter, Concurrency(at_once), CircuitBreaker(RetryPolicy()))

    async def worker() -> None:
        while asyncio.get_running_loop().time() < until and len(account.accepted) < most:
            async with gate.enter("work", 0.0) as slot:
                limiter.sent(slot)
                served, headers = await account.post()
            limiter.learn(headers, slot, refused=not served)
            answer = Diagnosis(Symptom.ANSWERED if served else Symptom.RATE_LIMITED)
            gate.note(answer, slot, 0.5)
            if not served:
                limiter.hold(account.retry_after or account.window.period)

    await asyncio.gather(*(worker() for _ in range(34 if at_once else 100)))
    await gate.settle()
