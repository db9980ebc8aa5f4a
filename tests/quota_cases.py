"""How well a quota is used in the cases that users have, as a table: in virtual time, so exact and cheap.

Run it to see the table: `PYTHONPATH=. python tests/quota_cases.py [part of a case's name]`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from statistics import mean

from account import Account, FixedWindow, work
from attrs import frozen

from hubbatch import RateLimit, RateLimiter
from hubbatch.sandbox._window import RollingWindow
from hubbatch.testing import run_in_virtual_time

LIMIT, PERIOD = 190, 10.0
QUICK, JITTERED, SLOW = (0.1, 0.3), (0.75, 2.25), (1.125, 1.875)

Habit = Callable[[float, random.Random], AsyncIterator[None]]


def _rolling() -> RollingWindow:
    return RollingWindow(LIMIT, PERIOD)


def _fixed() -> RollingWindow:
    return FixedWindow(LIMIT, PERIOD)


@frozen
class Figures:
    """What came of a case; parts from 0 to 1."""

    use: float
    """Of the places, or of what others left of them."""
    refused: float
    """Of the requests."""
    jain: float
    """How fairly several processes shared: 1 if alike, 1/n if one had all."""


@frozen
class Case:
    name: str
    latency: tuple[float, float] = QUICK
    starts: Sequence[float] = (0.0,)
    """When each process begins, in seconds."""
    seconds: float = 220.0
    settled: float = 10.0
    """From when on is measured, in seconds after the last has begun; 429s are counted from the beginning."""
    rate_limit: RateLimit | None = None
    others: tuple[Habit, float] | None = None
    """How somebody else comes, and what part of the quota he wants."""
    there: float = 0.0
    counts_late: bool = False
    tells: bool = True
    refusals_tell: bool = True
    window: Callable[[], RollingWindow] = _rolling
    drift: float = 0.0

    def carry_out(self, seed: int = 0) -> Figures:
        window = self.window()
        accounts = [
            Account(
                window,
                self.latency,
                self.there,
                self.drift,
                tells=self.tells,
                counts_late=self.counts_late,
                refusals_tell=self.refusals_tell,
                chance=random.Random(100 * seed + number),
            )
            for number in range(len(self.starts))
        ]
        run_in_virtual_time(self._main(accounts, seed))
        return self._figures(accounts)

    async def _main(self, accounts: Sequence[Account], seed: int) -> None:
        async def process(account: Account, start: float) -> None:
            await asyncio.sleep(start)
            await work(account, RateLimiter(self.rate_limit), until=self.seconds, at_once=None)

        async def consume(habit: Habit, part: float) -> None:
            async for _ in habit(LIMIT / PERIOD * part, random.Random(99 + seed)):
                accounts[0].take(accounts[0].others)

        consumer = asyncio.create_task(consume(*self.others)) if self.others else None
        await asyncio.gather(*map(process, accounts, self.starts))
        if consumer:
            consumer.cancel()
            await asyncio.wait([consumer])

    def _figures(self, accounts: Sequence[Account]) -> Figures:
        start = max(self.starts) + self.settled
        rate = (accounts[0].window.limit or 0) / accounts[0].window.period
        got = [sum(start <= at < self.seconds for at in each.accepted) for each in accounts]
        others = sum(start <= at < self.seconds for at in accounts[0].others)
        accepted, refused = (
            sum(len(getattr(each, name)) for each in accounts) for name in ("accepted", "refused")
        )
        return Figures(
            sum(got) / (rate * (self.seconds - start) - others),
            refused / (accepted + refused),
            sum(got) ** 2 / (len(got) * sum(each**2 for each in got)),
        )


async def evenly(rate: float, chance: random.Random) -> AsyncIterator[None]:
    """Pause between nothing and twice the average."""
    while True:
        await asyncio.sleep(chance.uniform(0, 2 / rate))
        yield


async def randomly(rate: float, chance: random.Random) -> AsyncIterator[None]:
    """Pause as independent callers do."""
    while True:
        await asyncio.sleep(chance.expovariate(rate))
        yield


async def in_bursts(rate: float, chance: random.Random) -> AsyncIterator[None]:
    """Come once a second on average, for anything between nothing and twice the average at once."""
    while True:
        await asyncio.sleep(chance.uniform(0, 2))
        for _ in range(round(chance.uniform(0, 2) * rate)):
            yield


TWO_APART = (0.0, 5.0)
FOUR_APART, FOUR_TOGETHER = (0.0, 5.0, 10.0, 15.0), (0.0, 0.0, 0.0, 0.0)
SIX_WINDOWS = 60.0

CASES = (
    *(
        Case(f"alone, {latency}, counted {'late' if late else 'early'}", latency, counts_late=late)
        for latency in (QUICK, JITTERED)
        for late in (False, True)
    ),
    *(
        Case(
            f"alone, {latency}, half on the way, counted {'late' if late else 'early'}",
            latency,
            there=0.5,
            counts_late=late,
        )
        for latency in (QUICK, SLOW, JITTERED)
        for late in (False, True)
    ),
    Case("alone, fixed window", SLOW, there=0.5, window=_fixed),
    *(
        Case(f"alone, clock drifts {drift}", SLOW, there=0.5, drift=drift)
        for drift in (-0.01, -0.003, 0.003, 0.01)
    ),
    *(
        Case(
            f"{number} processes {how}, {latency}, counted {'late' if late else 'early'}",
            latency,
            starts,
            seconds=starts[-1] + SIX_WINDOWS + 60.0,
            settled=SIX_WINDOWS,
            counts_late=late,
        )
        for number, how, starts in (
            (2, "5 s apart", TWO_APART),
            (2, "together", (0.0, 0.0)),
            (4, "5 s apart", FOUR_APART),
            (4, "together", FOUR_TOGETHER),
        )
        for latency in ((0.15, 0.25), JITTERED)
        for late in (False, True)
    ),
    *(
        Case(
            f"4 processes 5 s apart, {latency}, 429s without headers",
            latency,
            FOUR_APART,
            seconds=FOUR_APART[-1] + SIX_WINDOWS + 60.0,
            settled=SIX_WINDOWS,
            refusals_tell=False,
        )
        for latency in ((0.15, 0.25), JITTERED)
    ),
    *(
        Case(
            f"{number} processes with share=1/{number}, {latency}",
            latency,
            starts=tuple(5.0 * each for each in range(number)),
            seconds=120.0,
            rate_limit=RateLimit(LIMIT, PERIOD, share=1 / number),
        )
        for number in (2, 4)
        for latency in (QUICK, JITTERED)
    ),
    *(
        Case(
            f"beside another, {habit.__name__} {part:.0%}, {latency}", latency, others=(habit, part)
        )
        for latency in ((0.15, 0.25), SLOW)
        for part in (0.3, 0.7)
        for habit in (evenly, randomly, in_bursts)
    ),
)


def main(part: str = "", seeds: int = 3) -> None:
    """Print what comes of the cases whose names hold a text: on average, and the worst."""
    write = sys.stdout.write
    write(f"{'case':60} {'use':>12} {'429s':>14} {'Jain':>12}\n")
    for case in CASES:
        if part not in case.name:
            continue
        results = [case.carry_out(seed) for seed in range(seeds)]
        use, refused, jain = (
            [getattr(each, name) for each in results] for name in ("use", "refused", "jain")
        )
        write(
            f"{case.name:60} {mean(use):5.3f} ≥{min(use):5.3f} {mean(refused):6.2%} ≤{max(refused):6.2%}"
            f" {mean(jain):5.3f} ≥{min(jain):5.3f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main("".join(sys.argv[1:2]))
