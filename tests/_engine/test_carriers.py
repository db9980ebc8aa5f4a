"""Batches under way: each goes on until it is settled, and is broken off, once, where it stands when that cannot be."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest
from support import people, plan

from hubbatch import TransportError
from hubbatch._batches.batch import Batch
from hubbatch._engine.carriers import Carriers
from hubbatch._engine.sender import Carrier
from hubbatch.errors import HubbatchError
from hubbatch.testing import virtual_time

STOPPED = "the run was stopped before an answer came"
Step = Callable[[Carrier], Awaitable[Sequence[Batch]]]


def batch_of(number: int) -> Batch:
    return Batch(plan(people(1), id_property="email"), number)


class Steps:
    """A runner whose steps are the test's, and which notes what is broken off."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.taken: list[int] = []
        self.broken_off: list[tuple[int, str]] = []
        self.freed: list[Batch] = []
        """What goes on once a batch has been broken off."""
        self.parts_that_wait: list[Batch] = []
        self.withdrawn: list[str] = []
        self.carriers: Carriers | None = None
        self.numbers = itertools.count()

    def compose(self, carrier: Carrier) -> None:
        """Give a new request its batch."""
        assert self.carriers is not None
        carrier.batch = batch_of(next(self.numbers))
        self.carriers.note_filled()

    async def step(self, carrier: Carrier) -> Sequence[Batch]:
        if not carrier.batch.inputs and self.steps[0] not in (for_ever_unfilled, declining):
            self.compose(carrier)
        self.taken.append(carrier.batch.number)
        return await self.steps.pop(0)(carrier)

    def break_off(self, batch: Batch, why: str) -> Sequence[Batch]:
        self.broken_off.append((batch.number, why))
        freed, self.freed = self.freed, []
        return freed

    def waiting(self) -> Sequence[Batch]:
        return self.parts_that_wait

    def withdraw(self, why: str) -> None:
        self.withdrawn.append(why)


class Carrying:
    """Carriers, and what they say."""

    def __init__(self, group: asyncio.TaskGroup, *steps: Step) -> None:
        self.runner = Steps(*steps)
        self.is_over = False
        self.failures: list[BaseException] = []
        self.moves = self.ends = 0
        self.carriers = Carriers(
            cast("Any", self.runner),
            group,
            over=lambda: self.is_over,
            fail=self.failures.append,
            moved=self._moved,
            ended=self._ended,
        )
        self.runner.carriers = self.carriers

    def _moved(self) -> None:
        self.moves += 1

    def _ended(self) -> None:
        self.ends += 1


async def done(_: Carrier) -> Sequence[Batch]:
    return []


def followed_by(*numbers: int) -> Step:
    async def step(_: Carrier) -> Sequence[Batch]:
        return [batch_of(number) for number in numbers]

    return step


def raising(error: BaseException) -> Step:
    async def step(_: Carrier) -> Sequence[Batch]:
        raise error

    return step


async def for_ever(_: Carrier) -> Sequence[Batch]:
    await asyncio.Event().wait()
    raise AssertionError


async def for_ever_unfilled(_: Carrier) -> Sequence[Batch]:
    """Wait for a place that does not come."""
    await asyncio.Event().wait()
    raise AssertionError


async def declining(_: Carrier) -> Sequence[Batch]:
    """Find nothing to send."""
    return []


async def sending(carrier: Carrier) -> Sequence[Batch]:
    carrier.sending = True
    await asyncio.sleep(5.0)
    return []


@virtual_time
async def test_a_batch_is_carried_until_nothing_of_it_is_left() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group, followed_by(7), followed_by(7, 8), done, done)
        told.carriers.begin()
        assert (len(told.carriers), told.carriers.unfilled) == (1, 1)
        assert not list(told.carriers.open()), "it has no batch yet"
    assert told.runner.taken == [0, 7, 7, 8]
    assert (told.moves, told.ends, len(told.carriers)) == (2, 2, 0)
    assert not told.runner.broken_off
    assert not told.failures


@virtual_time
async def test_parts_that_wait_are_open_too_and_count_with_their_batch() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group, sending, sending, done)
        told.carriers.begin()
        told.carriers.begin()
        await asyncio.sleep(1.0)
        told.carriers.begin()
        told.runner.parts_that_wait = [batch_of(1), batch_of(5)]
        assert [batch.number for batch in told.carriers.open()] == [0, 1, 1, 5]
        assert (told.carriers.batches, len(told.carriers), told.carriers.unfilled) == (3, 3, 1)


@virtual_time
async def test_once_the_run_is_over_what_follows_is_broken_off_and_not_sent() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group)

        async def last(_: Carrier) -> Sequence[Batch]:
            told.is_over = True
            return [batch_of(3), batch_of(4)]

        told.runner.steps = [last]
        told.carriers.begin()
    assert told.runner.taken == [0]
    assert told.runner.broken_off == [(4, STOPPED), (3, STOPPED)]
    assert (told.ends, told.failures) == (1, [])


@virtual_time
async def test_a_request_that_never_got_its_turn_has_nothing_to_break_off() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group)
        told.carriers.begin()
        told.is_over = True
    assert told.runner.taken == []
    assert told.runner.broken_off == []
    assert (told.ends, told.carriers.unfilled) == (1, 0)


@virtual_time
async def test_a_request_that_finds_nothing_to_send_ends() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group, declining)
        told.carriers.begin()
    assert told.runner.broken_off == []
    assert (told.moves, told.ends, told.carriers.unfilled) == (0, 1, 0)


@virtual_time
async def test_requests_that_wait_for_their_place_are_left_without_being_asked_about() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group, for_ever_unfilled, for_ever)
        told.carriers.begin()
        told.carriers.begin()
        await asyncio.sleep(1.0)
        assert told.carriers.unfilled == 1
        asked: list[int] = []

        def stays(batch: Batch) -> bool:
            asked.append(batch.number)
            return False

        told.carriers.leave(stays)
        await asyncio.sleep(1.0)
        assert (asked, len(told.carriers), told.carriers.unfilled) == ([0], 1, 0)
        told.carriers.leave(lambda _: True)
    assert told.runner.broken_off == [(0, STOPPED)]


@virtual_time
async def test_a_part_that_never_got_its_turn_is_broken_off() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            told = Carrying(group, followed_by(6, 7), for_ever, for_ever)
            told.carriers.begin()
            await asyncio.sleep(0)
            told.carriers.close()
            assert sorted(told.runner.broken_off) == [(6, STOPPED), (7, STOPPED)]
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("error", "why", "failure"),
    [
        (TransportError("come back later"), "come back later", "come back later"),
        (ZeroDivisionError("customer@x.com"), "the run broke off: ZeroDivisionError", None),
        (HubbatchError("no token"), "the run broke off: HubbatchError", None),
        (asyncio.CancelledError(), STOPPED, "the session was closed while requests waited for it"),
    ],
)
@virtual_time
async def test_what_a_batch_raises_stops_the_run_and_says_why_in_its_records(
    error: BaseException, why: str, failure: str | None
) -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group, raising(error), done)
        told.runner.freed = [batch_of(9)]
        told.carriers.begin()
    assert told.runner.broken_off == [(0, why)]
    assert told.runner.taken == [0, 9], "what it held back goes on while the run does"
    [raised] = told.failures
    assert raised is error or isinstance(raised, TransportError)
    assert failure is None or str(raised).startswith(failure)
    assert told.ends == 2


@virtual_time
async def test_what_a_broken_batch_frees_is_broken_off_for_the_same_reason_once_the_run_is_over() -> (
    None
):
    async with asyncio.TaskGroup() as group:
        told = Carrying(group)

        async def last(_: Carrier) -> Sequence[Batch]:
            told.is_over = True
            raise ZeroDivisionError

        told.runner.steps, told.runner.freed = [last], [batch_of(9)]
        told.carriers.begin()
    why = "the run broke off: ZeroDivisionError"
    assert told.runner.broken_off == [(0, why), (9, why)]


@virtual_time
async def test_a_cancelled_batch_is_broken_off_where_it_stands_and_is_no_failure() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            told = Carrying(group, followed_by(6), for_ever)
            told.carriers.begin()
            await asyncio.sleep(1.0)
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await asyncio.sleep(1.0)
    assert told.runner.broken_off == [(6, STOPPED)]
    assert (told.failures, told.ends, len(told.carriers)) == ([], 0, 0)


@virtual_time
async def test_what_waits_can_be_left_and_what_is_being_sent_goes_on() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group, for_ever, sending, for_ever)
        for _ in range(3):
            told.carriers.begin()
        await asyncio.sleep(1.0)
        asked: list[int] = []

        def unless_last(batch: Batch) -> bool:
            asked.append(batch.number)
            return batch.number != 2

        told.carriers.leave(unless_last)
        await asyncio.sleep(1.0)
        assert asked == [0, 2], "what is being sent is not asked about"
        assert told.runner.broken_off == [(0, STOPPED)]
        assert len(told.carriers) == 2
        told.carriers.leave(lambda _: True)
    assert told.runner.broken_off == [(0, STOPPED), (2, STOPPED)]
    assert (told.ends, told.failures) == (1, [])


@virtual_time
async def test_a_batch_that_has_the_others_left_is_not_left_itself() -> None:
    async with asyncio.TaskGroup() as group:
        told = Carrying(group)

        async def leaves(_: Carrier) -> Sequence[Batch]:
            told.carriers.leave(lambda _: True)
            await asyncio.sleep(0)
            return []

        told.runner.steps = [for_ever, leaves]
        told.carriers.begin()
        told.carriers.begin()
    assert told.runner.broken_off == [(0, STOPPED)]
    assert told.ends == 1


@virtual_time
async def test_closing_settles_all_that_is_open_once() -> None:
    group = asyncio.TaskGroup()
    with pytest.raises(asyncio.CancelledError):
        async with group:
            told = Carrying(group, for_ever)
            told.carriers.begin()
            await asyncio.sleep(0.1)
            told.carriers.begin()  # its task gets no turn
            told.carriers.close()
            assert told.runner.withdrawn == [STOPPED]
            assert told.runner.broken_off == [(0, STOPPED)]
            assert (len(told.carriers), told.carriers.unfilled) == (0, 0)
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await asyncio.sleep(0)
