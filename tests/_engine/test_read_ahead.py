"""How many records a run takes in: what can be sent at once, two batches more, and no more than the quota can send."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any, cast

import attrs
import pytest
from support import UNLIMITED, World, people, upsert
from test_sender import GOOD, Sending

from hubbatch import RateLimit, RateLimiter
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.read_ahead import ReadAhead
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch.endpoints import UPSERT
from hubbatch.policies import Keep
from hubbatch.testing import virtual_time


@attrs.define
class UnderWay:
    """Requests under way that stand still: the numbers of their batches, and how many wait or pause."""

    numbers: list[int] = attrs.field(factory=list)
    unfilled: int = 0
    pausing: int = 0

    def __len__(self) -> int:
        return len(self.numbers) + self.unfilled

    @property
    def batches(self) -> int:
        return len(set(self.numbers))


class Reading:
    """How far a run reads ahead, and what that depends on. Batches are of ten, four at once."""

    def __init__(self, *, limit: RateLimit = UNLIMITED, backlog: int = 0, **options: Any) -> None:
        call = Call(UPSERT, "/w", "/r", batch_size=10, id_property="email", **options)
        self.sending = Sending(GOOD, limiter=RateLimiter(limit))
        self.ledger, self.intake = Ledger(Keep.ALL), Intake(call)
        self.under_way = UnderWay()
        self.read_ahead = ReadAhead(
            call,
            self.sending.gate,
            self.intake,
            self.ledger,
            cast("Any", self.under_way),
            backlog=lambda: backlog,
        )

    @property
    def room(self) -> int:
        return self.read_ahead.room()

    def hold(self, records: list[dict[str, str]]) -> None:
        for record in records:
            self.intake.take(self.ledger.take(record), record)


def test_there_is_room_for_what_can_be_in_flight_and_two_batches_more() -> None:
    reading = Reading(backlog=7)
    assert reading.room == 60 - 7
    reading.hold(people(3))
    assert reading.room == 60 - 7 - 3
    assert not reading.read_ahead.used_up


@virtual_time
async def test_batches_that_pause_make_room_for_as_many_others_unless_the_service_is_broken() -> (
    None
):
    reading = Reading()
    for pausing, most in (2, 80), (6, 120), (100, 120):
        reading.under_way.pausing = pausing
        assert reading.room == most
    await reading.sending.break_service()
    assert reading.room == 60
    await reading.sending.gate.settle()


def test_there_is_no_room_while_all_but_one_batch_are_under_way() -> None:
    reading = Reading()
    for numbers, room in (
        ([0, 1, 2, 3], 60),
        ([0, 1, 2, 3, 3], 60),  # two parts are one batch
        ([0, 1, 2, 3, 4], 0),
        ([0, 1, 2, 3, 4, 5], 0),
    ):
        reading.under_way.numbers = numbers
        assert reading.room == room


def test_batches_that_wait_count_with_those_under_way_and_requests_for_them_do_not() -> None:
    reading = Reading(max_batch_bytes=1024)
    reading.hold([{**person, "a": "x" * 800} for person in people(3)])
    assert reading.intake.queue.full == 2
    reading.under_way.unfilled = 2
    reading.under_way.numbers = [0, 1]
    assert reading.room == 60 - 3
    reading.under_way.numbers = [0, 1, 2]
    assert reading.room < 0
    assert reading.read_ahead.used_up


def test_settled_records_that_nobody_takes_are_no_reason_to_hurry() -> None:
    reading = Reading(backlog=60)
    assert reading.room == 0
    assert not reading.read_ahead.used_up


def test_there_is_room_for_what_the_quota_can_send_in_ten_seconds() -> None:
    assert Reading(limit=RateLimit(3, 10.0)).room == 30
    reading = Reading(limit=RateLimit(1, 60.0))
    assert reading.room == 20, "two batches in any case"
    reading.hold(people(20))
    assert reading.room == 0
    reading.ledger.sent(range(10))
    assert reading.room == 10, "what is in flight does not wait any more"
    assert reading.read_ahead.follows_sending


@pytest.mark.parametrize("prefetch", [25, 1000])
def test_a_run_may_be_told_how_many_records_to_hold(prefetch: int) -> None:
    reading = Reading(backlog=7, prefetch=prefetch)
    reading.hold(people(1))
    assert reading.room == prefetch - 7 - 1


@pytest.mark.parametrize(("prefetch", "most"), [(None, 700), (250, 250), (30, 30)])
@virtual_time
async def test_a_run_takes_in_no_more_than_it_can_send_in_about_ten_seconds(
    prefetch: int | None, most: int
) -> None:
    quota, held = RateLimit(5, 10.0), []

    def source() -> Iterator[dict[str, str]]:
        for taken, person in enumerate(people(3000), 1):
            held.append(taken - len(world.stored()))
            yield person

    async with World(rate_limit=quota, client_rate=quota, max_concurrency=32) as world:
        outcome = await upsert(world, source(), prefetch=prefetch, deadline=50.0)
        assert max(held) <= most
        assert outcome.counts.succeeded >= min(most, 100) * 20


@virtual_time
async def test_progress_takes_as_many_steps_with_many_requests_in_flight_as_with_few() -> None:
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    async def steps_with(requests: int) -> int:
        nonlocal steps
        async with World(max_concurrency=requests, latency=1.0) as world:
            run = upsert(world, people(4 * requests), batch_size=2)
            run.start()
            await asyncio.sleep(0.5)
            steps = 0
            sys.setprofile(count)
            try:
                progress = run.progress
            finally:
                sys.setprofile(None)
            assert progress.in_flight == 2 * requests
            await run
        return steps

    assert await steps_with(2) == await steps_with(200)
