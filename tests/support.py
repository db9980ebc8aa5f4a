"""What the core's tests share: virtual time, a transport into a sandbox's service, small makers of values."""

from __future__ import annotations

import asyncio
import functools
import random
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import Any, ParamSpec, Self, TypeVar

import orjson

from hubbatch import Client, ObjectResult, RateLimit, RecordOutcome, RecordStatus, RetryPolicy, Run
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch._protocol.operations import UPSERT, Operation
from hubbatch._records.planning import Input, Planner
from hubbatch.sandbox import Cut, FaultPlan, Options, SandboxRequest, Service

P = ParamSpec("P")
T = TypeVar("T")

UNLIMITED = RateLimit(1_000_000, 1.0)


class _Selector(selectors.SelectSelector):
    """Never waits: what the loop would have waited for is the time that has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0
        self.interrupt: tuple[int, Callable[[], object]] | None = None

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        self.turns += 1
        if self.interrupt is not None and self.turns == self.interrupt[0]:
            self.interrupt[1]()
            return ready
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing will ever happen again: the tasks wait for each other")
            self.now += max(timeout, 1e-9)  # each turn takes time: rounding must not make it stand
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer.

    Ours because the libraries that do it round the time, and aiolimiter then waits for ever.
    """

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def spend(self, seconds: float) -> None:
        """Let time pass while the loop stands still, as what blocks does."""
        self._clock.now += seconds

    @property
    def turns(self) -> int:
        """How often the loop has gone round: between two turns every task runs to its next await."""
        return self._clock.turns

    def interrupt(self, turn: int, action: Callable[[], object]) -> None:
        """Do something between two turns, when the loop has gone round so often."""
        self._clock.interrupt = (turn, action)


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time; fail if a task is left behind."""

    async def watched() -> T:
        try:
            return await main
        finally:
            await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks left behind: {left}"

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(watched())


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run an asynchronous test in virtual time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return in_virtual_time(test(*args, **kwargs))

    return run


class ServiceTransport:
    """Carries requests straight into a sandbox's service, in the loop's time."""

    def __init__(self, service: Service, *, timeout: float = 60.0) -> None:
        self.service = service
        self.timeout = timeout
        self.in_flight = 0
        self.most_in_flight = 0

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        note_sent()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._send(request, token)
        finally:
            self.in_flight -= 1

    async def _send(self, request: Request, token: str) -> Reply | NoReply:
        answer = self.service.handle(
            SandboxRequest(
                request.method,
                request.path,
                request.query,
                {"Authorization": f"Bearer {token}"},
                request.body,
                asyncio.get_running_loop().time(),
            )
        )
        await asyncio.sleep(min(answer.delay, self.timeout))
        if answer.delay > self.timeout:
            return NoReply(sent=True, reason="no answer within the timeout")
        if answer.cut is not Cut.NONE:
            return NoReply(sent=True, reason="the connection was lost")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, headers, answer.body)


class World:
    """A sandbox's service and a client of it, in virtual time."""

    def __init__(
        self,
        *,
        faults: FaultPlan = None,
        rate_limit: RateLimit | None = None,
        latency: float | tuple[float, float] = 0.05,
        client_rate: RateLimit | None = UNLIMITED,
        max_concurrency: int | None = 4,
        retry: RetryPolicy | None = None,
        timeout: float = 60.0,
        token: Any = "made-up",
        **habits: Any,
    ) -> None:
        self.service = Service(
            Options(rate_limit=rate_limit, latency=latency, faults=faults, **habits)
        )
        self.transport = ServiceTransport(self.service, timeout=timeout)
        self.client = Client(
            token,
            rate_limit=client_rate,
            max_concurrency=max_concurrency,
            retry=retry or RetryPolicy(),
        )
        self.client._transport = self.transport
        self.client._chance = random.Random(0).random  # every story can be told again

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    def bodies(self) -> list[dict[str, Any]]:
        """Return the request bodies that came in, decoded."""
        return [orjson.loads(request.body) for request in self.service.requests]

    def statuses(self) -> list[int | None]:
        """Return how the requests were answered."""
        return [request.status for request in self.service.requests]

    def stored(self, object_type: str = "contacts") -> dict[str, dict[str, str]]:
        """Return what is stored, by e-mail address."""
        return {
            stored.properties["email"]: dict(stored.properties)
            for stored in self.service.objects(object_type).values()
            if not stored.archived
        }


def people(count: int, start: int = 0) -> list[dict[str, str]]:
    """Make records of contacts that differ in their e-mail address."""
    return [
        {"email": f"p{number}@example.com", "firstname": f"Person {number}"}
        for number in range(start, start + count)
    ]


def plan(
    records: Sequence[Any],
    operation: Operation = UPSERT,
    *,
    id_property: str | None = None,
    unique_property: str | None = None,
) -> list[Input]:
    """Plan records as a run would, with trace ids `t0`, `t1`, …"""
    planner = Planner(
        operation, id_property=id_property, unique_property=unique_property, trace_prefix="t"
    )
    return [planner.plan(index, record) for index, record in enumerate(records)]


def result(
    object_id: str, properties: dict[str, str | None] | None = None, trace_id: str | None = None
) -> ObjectResult:
    """Make a result."""
    return ObjectResult(object_id, properties or {}, object_write_trace_id=trace_id)


async def drip(records: Iterable[T], pause: float = 0.0) -> AsyncIterator[T]:
    """Yield records from an async generator, with a pause before each."""
    source = iter(records)
    while True:
        await asyncio.sleep(pause)
        try:
            record = next(source)
        except StopIteration:
            return
        yield record


def upsert(world: World, records: Any, **options: Any) -> Run:
    """Begin the call that most tests are about."""
    return world.client.upsert("contacts", records, id_property="email", **options)


def check_against_store(world: World, records: Sequence[RecordOutcome]) -> None:
    """Fail unless what a run says of its records is true of the account."""
    stored = world.stored().keys()
    for record in records:
        if record.status is RecordStatus.SUCCEEDED:
            assert record.input["email"] in stored
        elif record.status in {RecordStatus.FAILED, RecordStatus.UNSENT}:
            assert record.input["email"] not in stored
