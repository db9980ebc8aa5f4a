"""Time that takes none: waits are jumped over, and what a test forgets is reported."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from hubbatch import UsageError, in_thread
from hubbatch.testing import (
    DeadlockError,
    TasksLeftBehindError,
    VirtualTimeLoop,
    run_in_virtual_time,
    virtual_time,
    wall_clock,
)


def test_an_hour_takes_no_time_and_the_loop_says_it_was_one() -> None:
    async def main() -> tuple[float, float]:
        loop, began = asyncio.get_running_loop(), wall_clock()
        assert loop.time() == pytest.approx(0.0, abs=1e-6)
        await asyncio.sleep(3600)
        return loop.time(), wall_clock() - began

    began = time.monotonic()
    assert list(run_in_virtual_time(main())) == pytest.approx([3600, 3600])
    assert time.monotonic() - began < 60


def test_the_wall_clock_begins_with_the_year() -> None:
    async def main() -> float:
        return wall_clock()

    assert time.gmtime(run_in_virtual_time(main()))[:6] == (2026, 1, 1, 0, 0, 0)


@virtual_time
async def test_timeouts_run_out_in_their_order() -> None:
    ended: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            ended.append(name)

    await asyncio.gather(wait("late", 86_400), wait("soon", 0.001), wait("middle", 60))
    assert ended == ["soon", "middle", "late"]


@pytest.mark.parametrize("given", [1, "text"])
@virtual_time
async def test_a_test_in_virtual_time_takes_parameters_and_fixtures(
    given: object, tmp_path: Any
) -> None:
    assert given in {1, "text"}
    assert tmp_path.exists()


def test_what_the_test_returns_or_raises_comes_out() -> None:
    @virtual_time
    async def seven(less: int = 0) -> int:
        return 7 - less

    @virtual_time
    async def wrong() -> None:
        raise KeyError("k")

    assert (seven(), seven(less=2)) == (7, 5)
    assert seven.__name__ == "seven"
    with pytest.raises(KeyError):
        wrong()


def test_time_that_is_spent_is_time_that_passed_without_a_turn() -> None:
    async def main() -> tuple[float, bool]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        waiting = asyncio.create_task(asyncio.sleep(1))
        await asyncio.sleep(0)
        loop.spend(30)
        passed = round(loop.time(), 6), waiting.done()
        await waiting
        return passed

    assert run_in_virtual_time(main()) == (30.0, False)


def test_a_test_can_be_interrupted_at_each_of_its_turns() -> None:
    async def main(turn: int | None) -> tuple[int, list[int]]:
        loop, done = asyncio.get_running_loop(), []
        assert isinstance(loop, VirtualTimeLoop)

        async def work() -> None:
            for step in range(3):
                await asyncio.sleep(1)
                done.append(step)

        task = asyncio.create_task(work())
        if turn is not None:
            loop.interrupt(turn, task.cancel)
        await asyncio.wait([task])
        return loop.turns, done

    turns, done = run_in_virtual_time(main(None))
    assert done == [0, 1, 2]
    ends = {tuple(run_in_virtual_time(main(turn))[1]) for turn in range(1, turns)}
    assert ends >= {(), (0,), (0, 1)}


def test_a_task_that_is_left_behind_is_reported_by_name() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(9), name="forgotten")
        await asyncio.sleep(1)
        assert not task.done()

    with pytest.raises(TasksLeftBehindError, match="forgotten") as caught:
        run_in_virtual_time(main())
    assert "ended before tasks" in str(caught.value)
    assert isinstance(caught.value, AssertionError), "to pytest it is a failure, not an error"


def test_many_tasks_that_are_left_behind_are_counted() -> None:
    tasks = set()

    async def main() -> None:
        for _ in range(25):
            tasks.add(asyncio.create_task(asyncio.sleep(9)))

    with pytest.raises(TasksLeftBehindError, match="and 15 more"):
        run_in_virtual_time(main())


def test_a_failure_is_not_hidden_by_the_tasks_it_leaves() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(9), name="forgotten")
        assert task.done(), "this failed"

    with pytest.raises(AssertionError, match="this failed") as caught:
        run_in_virtual_time(main())
    assert "forgotten" in caught.value.__notes__[0]


def test_a_task_that_just_ends_is_not_left_behind() -> None:
    async def main() -> asyncio.Task[None]:
        task = asyncio.create_task(asyncio.sleep(9))
        await asyncio.sleep(0)
        task.cancel()
        return task

    assert run_in_virtual_time(main()).cancelled()


def test_a_deadlock_is_reported_with_those_who_wait() -> None:
    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(wait_for_nobody(), name="the other one")

    with pytest.raises(DeadlockError, match="nothing will ever happen again") as caught:
        run_in_virtual_time(main())
    assert "the other one" in str(caught.value)
    assert "wait_for_nobody" in str(caught.value)


def test_a_thread_may_take_its_time_where_nothing_else_would_happen() -> None:
    async def main() -> float:
        woken, loop = asyncio.Event(), asyncio.get_running_loop()
        thread = threading.Timer(0.05, loop.call_soon_threadsafe, [woken.set])
        thread.start()
        await woken.wait()
        thread.join()
        return loop.time()

    assert run_in_virtual_time(main()) < 0.001


def test_the_time_stands_still_while_a_call_is_under_way_in_a_thread() -> None:
    async def main() -> tuple[str, float]:
        async with asyncio.timeout(60):
            done = await asyncio.to_thread(lambda: threading.Event().wait(0.05) or "done")
        return str(done), asyncio.get_running_loop().time()

    done, at = run_in_virtual_time(main())
    assert done == "done"
    assert at < 0.001


def test_a_thread_that_wakes_nobody_is_no_reason_to_wait_for_ever() -> None:
    idle, over = threading.Event(), threading.Event()

    def work() -> None:
        idle.set()
        over.wait()

    thread = threading.Thread(target=work)
    thread.start()
    idle.wait()
    try:
        with pytest.raises(DeadlockError):
            run_in_virtual_time(asyncio.wait_for(asyncio.Event().wait(), None))
    finally:
        over.set()
        thread.join()


@virtual_time
async def test_a_source_in_a_thread_is_read_to_its_end() -> None:
    assert [item async for item in in_thread(range(1_000))] == list(range(1_000))


async def test_within_a_running_loop_there_is_no_virtual_time() -> None:
    with pytest.raises(UsageError, match="event loop of its own"):
        run_in_virtual_time(asyncio.sleep(1))


def test_a_synchronous_test_needs_no_virtual_time() -> None:
    def test() -> None: ...

    with pytest.raises(UsageError, match="async def"):
        virtual_time(test)  # type: ignore[arg-type]
