"""A batch that only ever fails is taken apart, so that the one record on which the service fails stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, people

from hubbatch import Outcome, RateLimiter, RecordStatus, RetryPolicy
from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import Gate
from hubbatch._protocol.diagnosis import diagnose
from hubbatch._protocol.exchange import Reply
from hubbatch._quota.budget import Slot
from hubbatch.endpoints import UPSERT
from hubbatch.sandbox import FaultKind, SandboxRequest
from hubbatch.testing import run_in_virtual_time, virtual_time

WHOLE_BATCH = 6
"""Tries of a batch before it is taken apart."""

Plan = Callable[[SandboxRequest], FaultKind | None]


def failing_on(*numbers: int, kind: FaultKind = FaultKind.SERVER_ERROR) -> Plan:
    """Fail whenever a request carries one of these people."""
    sick = re.compile(rb'"p(' + b"|".join(b"%d" % number for number in numbers) + rb")@example")

    def fault(request: SandboxRequest) -> FaultKind | None:
        return kind if sick.search(request.body) else None

    return fault


def upserted(
    count: int, faults: Plan, retry: RetryPolicy | None = None, verb: str = "upsert"
) -> tuple[World, Outcome]:
    async def main() -> tuple[World, Outcome]:
        async with World(faults=faults, retry=retry) as world:
            options = {"id_property": "email"} if verb == "upsert" else {}
            outcome = await getattr(world.client, verb)("contacts", people(count), **options)
            return world, outcome

    return run_in_virtual_time(main())


@pytest.mark.parametrize(
    "kind",
    [FaultKind.SERVER_ERROR, FaultKind.GATEWAY_TIMEOUT, FaultKind.SERVER_ERROR_AFTER_WRITE],
)
def test_all_but_the_record_on_which_the_service_fails_are_written(kind: FaultKind) -> None:
    world, outcome = upserted(500, failing_on(237, kind=kind))
    assert [record.index for record in outcome.unknown] == [237]
    assert outcome.counts.succeeded == 499
    assert len(world.service.requests) <= 5 + WHOLE_BATCH + 7 * 3


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(100, 199), min_size=1, max_size=5))
def test_several_such_records_of_one_batch_are_found(sick: set[int]) -> None:
    world, outcome = upserted(200, failing_on(*sick))
    assert {record.index for record in outcome.unknown} == sick
    assert outcome.counts.succeeded == 200 - len(sick)
    assert len(world.stored()) == 200 - len(sick)


def test_if_every_record_fails_the_search_ends_after_a_few() -> None:
    world, outcome = upserted(200, failing_on(*range(100, 200)))
    assert {record.index for record in outcome.unknown} == set(range(100, 200))
    assert sum(status == 500 for status in world.statuses()) <= 50


def test_batches_with_poison_records_do_not_open_the_breaker() -> None:
    """For a while they are, but one record at a time shows that it is not."""
    sick = {50, 150, 350, 351, 499}
    world, outcome = upserted(500, failing_on(*sick))
    assert {record.index for record in outcome.unknown} == sick
    assert len(world.service.requests) <= 5 * (WHOLE_BATCH + 2 * 7 * 3)


@pytest.mark.parametrize("duplicates", ["serial", "merge"])
def test_a_poison_record_does_not_delay_other_records(
    duplicates: Literal["serial", "merge"],
) -> None:
    records = people(300) * 2

    async def main() -> Outcome:
        async with World(faults=failing_on(7)) as world:
            return await world.client.upsert(
                "contacts", records, id_property="email", duplicates=duplicates
            )

    assert [record.index for record in run_in_virtual_time(main()).unknown] == [7, 307]


def test_while_nothing_has_succeeded_no_batch_is_split() -> None:
    world, outcome = upserted(100, failing_on(3))
    assert outcome.counts.unknown == 100
    assert len(world.service.requests) == WHOLE_BATCH


def test_a_create_is_never_sent_twice() -> None:
    world, outcome = upserted(300, failing_on(150), verb="create")
    assert outcome.counts.unknown == 100
    assert len(world.service.requests) == 3


def test_with_max_attempts_one_nothing_is_sent_twice() -> None:
    world, outcome = upserted(300, failing_on(150), RetryPolicy(max_attempts=1))
    assert outcome.counts.unknown == 100
    assert len(world.service.requests) == 3


def test_what_became_of_the_parts_is_what_the_service_says_of_each() -> None:
    """One record of the batch is sick, another invalid: the one is in doubt, the other too, for it was sent before."""
    records = people(200)
    records[120]["email"] = "not an address"

    async def main() -> Outcome:
        async with World(faults=failing_on(150)) as world:
            return await world.client.upsert("contacts", records, id_property="email")

    outcome = run_in_virtual_time(main())
    assert {
        record.index for record in outcome.records if record.status is not RecordStatus.SUCCEEDED
    } == {120, 150}
    assert outcome.records[150].status is RecordStatus.UNKNOWN


@virtual_time
async def test_failures_of_a_poison_search_say_nothing_of_the_service() -> None:
    judged = diagnose(UPSERT, Reply(504, {}, b"{}"))
    breaker, concurrency = CircuitBreaker(RetryPolicy()), Concurrency(None)
    gate, level = Gate(RateLimiter(), concurrency, breaker), concurrency.level
    for moment in range(50):
        gate.note(judged, Slot(float(moment)), 0.0, in_poison_search=True)
    assert not breaker.open
    assert not breaker.in_trouble
    assert concurrency.level == level
