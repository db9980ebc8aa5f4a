"""What the core's tests share: a client of a sandbox in memory, and small makers of values."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Self, TypeVar

import orjson

from hubbatch import (
    Client,
    ObjectResult,
    RateLimit,
    RateLimiter,
    RecordOutcome,
    RecordStatus,
    RetryPolicy,
    Run,
    Transport,
)
from hubbatch._records.planners import planner_of
from hubbatch._records.planning import Input
from hubbatch.endpoints import UPSERT, Endpoint
from hubbatch.events import Event
from hubbatch.sandbox import FaultPlan, Options, Service
from hubbatch.testing import SandboxTransport

T = TypeVar("T")

UNLIMITED = RateLimit(1_000_000, 1.0)


class World:
    """A sandbox's service and a client of it, in virtual time.

    `through`: makes another transport of the one into the service, to stand before it.
    """

    def __init__(
        self,
        *,
        faults: FaultPlan = None,
        rate_limit: RateLimit | None = None,
        latency: float | tuple[float, float] = 0.05,
        client_rate: RateLimit | RateLimiter | None = UNLIMITED,
        max_concurrency: int | None = 4,
        retry: RetryPolicy | None = None,
        timeout: float = 60.0,
        token: Any = "made-up",
        through: Callable[[SandboxTransport], Transport] = lambda transport: transport,
        observers: Iterable[Callable[[Event], object]] = (),
        name: str | None = None,
        **habits: Any,
    ) -> None:
        self.service = Service(
            Options(rate_limit=rate_limit, latency=latency, faults=faults, **habits)
        )
        self.transport = SandboxTransport(self.service)
        self.client = Client(
            token,
            rate_limit=client_rate,
            max_concurrency=max_concurrency,
            retry=retry or RetryPolicy(),
            timeout=timeout,
            transport=through(self.transport),
            random=random.Random(0).random,  # every run can be repeated
            observers=observers,
            name=name,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    def bodies(self) -> list[dict[str, Any]]:
        """Return the request bodies that came in, decoded."""
        return [orjson.loads(request.body) for request in self.service.requests if request.body]

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


@contextmanager
def counting_calls() -> Iterator[Counter[CodeType]]:
    """Count the calls of functions written in Python, by their code, while the block lasts."""
    calls: Counter[CodeType] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def people(count: int, start: int = 0) -> list[dict[str, str]]:
    """Make records of contacts that differ in their e-mail address."""
    return [
        {"email": f"p{number}@example.com", "firstname": f"Person {number}"}
        for number in range(start, start + count)
    ]


def plan(
    records: Sequence[Any],
    endpoint: Endpoint = UPSERT,
    *,
    id_property: str | None = None,
    unique_property: str | None = None,
) -> list[Input]:
    """Plan records as a run would, with trace ids `t0`, `t1`, …"""
    planner = planner_of(
        endpoint, id_property=id_property, unique_property=unique_property, trace_prefix="t"
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
