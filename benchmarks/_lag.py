"""How long the event loop is held, so that nobody else who runs in it gets a turn.

Exact, for nothing is sampled: every callback's duration, and every turn of the loop from the end of one look at
the sockets to the next.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
import time
from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain
from statistics import median
from typing import Any

from attrs import Factory, define, frozen

from benchmarks._canned import canned_server
from benchmarks._processes import alone, in_second_process
from benchmarks._progress import say
from benchmarks._records import contacts
from benchmarks._size import Size
from benchmarks._tables import Line, Plot, Section, Table, Verdict
from benchmarks.consumers import BARE, BATCH, CONCURRENCY, HUBBATCH, Consumer, way_of

__all__ = ["Holdups", "measure_lag", "percentile"]

_PROPERTIES = 20
_MOST = 5.0
_PERCENTILES = (0.5, 0.99, 0.999, 1.0)

_PROSE = """\
{records:,} contacts of {properties} properties are upserted, {batch} a request, {concurrency} at once, against the
server without a quota, after a warm-up, in a new process for each of {rounds} rounds, of which every figure is the
median (the plot has all rounds). Every callback that the event loop runs is timed
(`asyncio.Handle`), and every turn of the loop, in which it runs all callbacks that are ready: whoever waits for a
socket waits for the rest of a turn. Garbage collection is included where it strikes, and so is what else the machine
does; the callbacks' own CPU is free of the latter. The callback is judged, by the clock on the wall; the others are
shown beside it."""


@frozen
class Holdups:
    """How long the loop was held, in milliseconds, shortest first."""

    callbacks: list[float]
    own: list[float]
    """CPU of the callbacks: what they would take on a machine that does nothing else."""
    turns: list[float]


def measure_lag(size: Size) -> Section:
    """Measure hubbatch and the bare loop."""
    consumers = (BARE, HUBBATCH)
    found: dict[Consumer, list[Holdups]] = {consumer: [] for consumer in consumers}
    with in_second_process(canned_server) as server:
        for number in range(size.rounds):
            say(f"event loop: round {number + 1} of {size.rounds}")
            for consumer in consumers:
                found[consumer].append(alone(_listen, consumer, server.greeting, size.lag_records))
    rows = [
        (
            *(consumer.name, what, f"{median(map(len, rounds)):,.0f}"),
            *(
                f"{median(percentile(times, part) for times in rounds):.3f}"
                for part in _PERCENTILES
            ),
        )
        for consumer, holdups in found.items()
        for what, rounds in (
            ("callback", [item.callbacks for item in holdups]),
            ("callback, CPU", [item.own for item in holdups]),
            ("turn", [item.turns for item in holdups]),
        )
    ]
    judged = median(percentile(item.callbacks, 0.999) for item in found[HUBBATCH])
    return Section(
        title="How long the event loop is held",
        prose=_PROSE.format(
            records=size.lag_records,
            rounds=size.rounds,
            properties=_PROPERTIES,
            batch=BATCH,
            concurrency=CONCURRENCY,
        ),
        tables=[
            Table(
                ("consumer", "held by", "number", *("50 % ms", "99 % ms", "99.9 % ms", "most ms")),
                rows,
            )
        ],
        verdicts=[
            Verdict(
                f"loop held, 99.9th percentile, {BATCH}-record batches of {_PROPERTIES} properties",
                f"≤ {_MOST:g} ms",
                f"{judged:.1f} ms",
                judged <= _MOST,
            )
        ],
        plots=[
            Plot(
                "loop-held",
                "How long a callback holds the event loop",
                "milliseconds",
                "part of the callbacks that take longer",
                [_distribution(consumer.name, holdups) for consumer, holdups in found.items()],
                logarithmic=True,
            )
        ],
    )


def percentile(times: Sequence[float], part: float) -> float:
    """Return the time that so great a part does not exceed; `times` are in rising order."""
    return times[min(len(times) - 1, int(part * len(times)))] if times else 0.0


def _distribution(name: str, rounds: Sequence[Holdups]) -> Line:
    """Return which part of all callbacks takes longer than each of some times."""
    times = sorted(chain.from_iterable(item.callbacks for item in rounds))
    xs = [10 ** (exponent / 20) for exponent in range(-40, 41)]
    parts = [1 - bisect_right(times, x) / len(times) for x in xs]
    points = [(x, part) for x, part in zip(xs, parts, strict=True) if part > 0]
    return Line(name, [x for x, _ in points], [part for _, part in points])


@define
class _Stopwatch:
    """Seconds that were measured."""

    callbacks: list[float] = Factory(list)
    own: list[float] = Factory(list)
    turns: list[float] = Factory(list)


class _TimedSelector(selectors.DefaultSelector):
    """Notes how long the loop does something else than look at its sockets."""

    def __init__(self, stopwatch: _Stopwatch) -> None:
        super().__init__()
        self._stopwatch = stopwatch
        self._looked = time.perf_counter()

    def select(self, timeout: float | None = None) -> list[Any]:
        self._stopwatch.turns.append(time.perf_counter() - self._looked)
        ready = super().select(timeout)
        self._looked = time.perf_counter()
        return ready


def _listen(consumer: Consumer, base_url: str, records: int) -> Holdups:
    stopwatch = _Stopwatch()
    _time_callbacks(stopwatch)
    people = contacts(records, _PROPERTIES)

    def loop_factory() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(_TimedSelector(stopwatch))

    with way_of(consumer).opened(base_url, loop_factory) as upsert:
        upsert(people[: BATCH * CONCURRENCY * 2])  # the warm-up
        gc.collect()
        for times in (stopwatch.callbacks, stopwatch.own, stopwatch.turns):
            times.clear()
        upsert(people)
        return Holdups(
            _milliseconds(stopwatch.callbacks),
            _milliseconds(stopwatch.own),
            _milliseconds(stopwatch.turns[1:]),  # the first one began before the run
        )


def _milliseconds(times: Sequence[float]) -> list[float]:
    return sorted(time * 1000 for time in times)


def _time_callbacks(stopwatch: _Stopwatch) -> None:
    """Let every callback of this process be timed; there is no other place where all of them pass."""
    handle: Any = asyncio.Handle
    run = handle._run  # noqa: SLF001 (see above)

    def timed(self: asyncio.Handle) -> None:
        start, cpu = time.perf_counter(), time.thread_time()
        run(self)
        cpu, took = time.thread_time() - cpu, time.perf_counter() - start
        stopwatch.callbacks.append(took)
        stopwatch.own.append(cpu)

    handle._run = timed  # noqa: SLF001 (see above)
