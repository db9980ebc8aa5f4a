"""Results of an awaited run: kept as they came, built when somebody looks, and a snapshot stays what it was."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading

import pytest
from support import World, drip, people, upsert

from hubbatch import ObjectResult
from hubbatch.testing import virtual_time


def objects() -> int:
    """Return how many results there are as objects."""
    gc.collect()
    return sum(type(item) is ObjectResult for item in gc.get_objects())


@pytest.mark.parametrize("echo", ["all", "none"])
@virtual_time
async def test_results_of_an_awaited_run_are_built_when_they_are_looked_at(echo: str) -> None:
    async with World(echo_trace_ids=echo) as world:
        before = objects()
        outcome = await world.client.create("contacts", people(300))
        assert outcome.ok
        at_once = objects() - before
        assert outcome.records[7].input == people(300)[7]
        first = outcome.records[0].result
        assert first is not None
        assert first is outcome.results[0]
        assert objects() - before == 300
        assert at_once == sum(bool(result.extra) for result in outcome.results), (
            "only those with fields that nobody knows"
        )
        assert [result.properties["email"] for result in outcome.results] == [
            person["email"] for person in people(300)
        ]


@virtual_time
async def test_what_was_read_in_the_middle_of_a_run_stays_as_it_was() -> None:
    async with World() as world:
        run = upsert(world, drip(people(250), 0.01), batch_size=50)
        run.start()
        await asyncio.sleep(1.5)
        before = run.outcome
        statuses = [record.status for record in before.records]
        assert len(set(statuses)) > 1
        after = await run
        assert [record.status for record in before.records] == statuses
        assert before.results == after.results[: len(before.results)]
        assert before.results[0] is after.results[0]


@virtual_time
async def test_threads_that_look_at_once_see_the_same_results() -> None:
    async with World() as world:
        outcome = await world.client.create("contacts", people(20_000))
    seen: list[tuple[list[int], int]] = []
    together = threading.Barrier(3)

    def look() -> None:
        together.wait()
        written = outcome.to_dict()
        missing = sum(record["result"] is None for record in written["records"])
        seen.append(([id(record.result) for record in outcome.records], missing))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert seen == [seen[0]] * 3
    assert seen[0][1] == 0
