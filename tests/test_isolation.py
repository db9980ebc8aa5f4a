"""A batch that is rejected as a whole is traced to its culprits, and the others are written."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import orjson
import pytest
from hubbatch._isolation import Isolator
from hypothesis import given, settings
from hypothesis import strategies as st
from support import VirtualTimeLoop, World, in_virtual_time, people, plan

from hubbatch import (
    BatchError,
    Counts,
    ErrorDetail,
    HubbatchError,
    Outcome,
    RecordStatus,
    UsageError,
)
from hubbatch._batching import Batch
from hubbatch._exchange import NoReply, Reply, Request
from hubbatch._operations import CREATE, UPDATE, UPSERT
from hubbatch.sandbox import FaultKind

INPUTS = plan([{"id": 1, "a": "x"}, {"id": 2, "b": "x"}, {"id": 3, "a": "y"}], UPDATE)


def positions(error: BatchError) -> tuple[list[int], list[list[int]]]:
    told = Isolator(UPDATE).isolate(Batch(INPUTS), error)
    return (
        [item.index for item in told.refused],
        [[item.index for item in part] for part in told.again],
    )


def detail(code: str, **context: Any) -> BatchError:
    return BatchError("VALIDATION_ERROR", "no", errors=[ErrorDetail("d", code, context)])


@pytest.mark.parametrize(
    ("error", "refused", "again"),
    [
        (BatchError("VALIDATION_ERROR", "no", context={"ids": ["2"]}), [1], [[0, 2]]),
        (BatchError("VALIDATION_ERROR", "no", context={"id": "2"}), [1], [[0, 2]]),
        (BatchError("C", "no", context={"objectWriteTraceId": ["t0", "t2"]}), [0, 2], [[1]]),
        (BatchError("C", "no", context={"ids": ["1", "2", "3"]}), [0, 1, 2], []),
        (detail("PROPERTY_DOESNT_EXIST", propertyName=["a"]), [0, 2], [[1]]),
        (detail("REQUIRED_PROPERTIES_MISSING", properties=["b"]), [0, 2], [[1]]),
        (detail("REQUIRED_PROPERTIES_MISSING", properties=["z"]), [0, 1, 2], []),
        (detail("INVALID_OPTION", propertyName=["b"]), [], [[0, 2], [1]]),
        (detail("INVALID_OPTION", propertyName=["z"]), [], [[0], [1, 2]]),
        (BatchError("C", "nobody is named"), [], [[0], [1, 2]]),
        (BatchError("C", "Unable to perform update by non-unique 0-2 property x"), [0, 1, 2], []),
    ],
)
def test_who_is_to_blame(error: BatchError, refused: list[int], again: list[list[int]]) -> None:
    assert positions(error) == (refused, again)


MOON = BatchError("C", "the moon is wrong")


def after_singles(*errors: BatchError, accepted_after: int | None = None, number: int = 0) -> int:
    """Return how many are refused of what is left of a batch whose first single records were."""
    isolator = Isolator(UPDATE)
    isolator.isolate(Batch(INPUTS), MOON)
    for count, error in enumerate(errors):
        if count == accepted_after:
            isolator.note_acceptance(Batch(INPUTS))
        assert isolator.isolate(Batch(INPUTS[:1]), error).refused
    return len(isolator.isolate(Batch(INPUTS, number), MOON).refused)


def test_a_reason_that_a_batchs_first_eight_single_records_share_is_no_records_fault() -> None:
    assert after_singles(*[MOON] * 8) == 3
    assert after_singles(*[MOON] * 7) == 0
    assert after_singles(BatchError("C", "else"), *[MOON] * 8) == 0
    assert after_singles(*[MOON] * 8, accepted_after=4) == 0
    assert after_singles(*[MOON] * 8, accepted_after=0) == 0
    assert after_singles(*[MOON] * 8, number=1) == 0


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 999), min_size=1, max_size=40))
def test_bad_records_with_one_reason_condemn_nobody_else(numbers: set[int]) -> None:
    bad = {f"p{number}@example.com" for number in numbers}
    outcome, _, world = upsert(bad, 1000, same=True)
    assert outcome.counts == Counts(1000, succeeded=1000 - len(bad), failed=len(bad))
    assert len(world.stored()) == 1000 - len(bad)


def test_a_property_that_most_records_carry_is_halved_like_any_other() -> None:
    """The error names it; one value of it is wrong, and nearly all records have one."""

    async def main() -> None:
        async with World() as world:
            grumpy = Grumpy(world, {"p42@example.com"})

            async def named(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
                reply = await grumpy(request, token, note_sent)
                if isinstance(reply, Reply) and reply.status == 409:
                    body = {
                        "category": "VALIDATION_ERROR",
                        "message": "INVALID",
                        "errors": [{"message": "no", "context": {"propertyName": "firstname"}}],
                    }
                    return Reply(400, {}, orjson.dumps(body))
                return reply

            world.transport.post = named  # type: ignore[method-assign]
            records = people(100)
            del records[99]["firstname"]
            outcome = await world.client.upsert("contacts", records, id_property="email")
            assert [record.index for record in outcome.failed] == [42]
            assert grumpy.requests <= 15

    in_virtual_time(main())


@pytest.mark.parametrize(
    "context", [{"propertyName": 5}, {"propertyName": "nope"}, {"properties": {}}]
)
def test_an_odd_context_is_no_reason_to_break(context: dict[str, Any]) -> None:
    assert positions(detail("PROPERTY_DOESNT_EXIST", **context)) == ([], [[0], [1, 2]])
    assert positions(detail("PROPERTY_DOESNT_EXIST", propertyName="a")) == ([0, 2], [[1]])


def test_records_that_are_named_one_by_one_stop_no_run() -> None:
    async def main() -> None:
        async with World(latency=0.1, max_concurrency=1) as world:
            post = world.transport.post

            async def refuse(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
                ids = [item["id"] for item in orjson.loads(request.body)["inputs"]]
                bad = [number for number in ids if number.startswith("bad")]
                if bad:
                    body = {"category": "C", "message": "no", "context": {"ids": bad}}
                    return Reply(400, {}, orjson.dumps(body))
                return await post(request, token, note_sent)

            world.transport.post = refuse  # type: ignore[method-assign]
            bad = [{"email": f"bad{number}@x.com"} for number in range(30)]
            outcome = await world.client.upsert(
                "contacts", [*bad, *people(100)], id_property="email", batch_size=10
            )
            assert outcome.counts == Counts(130, succeeded=100, failed=30)

    in_virtual_time(main())


class Grumpy:
    """A service that rejects every batch with a bad record in it, and does not say which."""

    def __init__(self, world: World, bad: set[str], *, same: bool = False) -> None:
        self.world = world
        self.post = world.transport.post
        self.bad = bad
        self.same = same
        self.requests = 0
        world.transport.post = self  # type: ignore[method-assign]

    async def __call__(self, request: Request, token: str, note_sent: Any) -> Reply | NoReply:
        self.requests += 1
        found = self.bad & {item["id"] for item in orjson.loads(request.body)["inputs"]}
        if found:
            message = "no" if self.same else f"Conflict with {min(found)}"
            return Reply(409, {}, orjson.dumps({"category": "CONFLICT", "message": message}))
        return await self.post(request, token, note_sent)


def upsert(bad: set[str], count: int = 100, **options: Any) -> tuple[Outcome, Grumpy, World]:
    async def main() -> tuple[Outcome, Grumpy, World]:
        async with World() as world:
            grumpy = Grumpy(world, bad, **options)
            outcome = await world.client.upsert("contacts", people(count), id_property="email")
            return outcome, grumpy, world

    return in_virtual_time(main())


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 99), min_size=1, max_size=12))
def test_bad_records_cost_no_more_than_bisection(numbers: set[int]) -> None:
    bad = {f"p{number}@example.com" for number in numbers}
    outcome, grumpy, world = upsert(bad)
    assert {record.input["email"] for record in outcome.failed} == bad
    assert outcome.counts == Counts(100, succeeded=100 - len(bad), failed=len(bad))
    assert world.stored().keys() == {record.input["email"] for record in outcome.succeeded}
    assert grumpy.requests <= (
        15 if len(bad) == 1 else 1 + 2 * len(bad) * math.ceil(math.log2(100))
    )
    for record in outcome.failed:
        assert record.error is not None
        assert record.error.indexes == (record.index,)


def test_when_all_are_refused_for_one_reason_the_search_is_given_up() -> None:
    bad = {person["email"] for person in people(200)}
    outcome, grumpy, _ = upsert(bad, 200, same=True)
    assert outcome.counts == Counts(200, failed=200)
    assert grumpy.requests <= 2 * 30


def stopped(records: list[dict[str, str]], id_property: str, bad: set[str]) -> HubbatchError:
    async def main() -> HubbatchError:
        async with World() as world:
            Grumpy(world, bad, same=True)
            with pytest.raises(UsageError, match="first 3 batches were refused") as caught:
                await world.client.upsert("companies", records, id_property=id_property)
            assert not world.service.objects("companies")
            return caught.value

    return in_virtual_time(main())


def test_a_run_whose_first_batches_are_all_refused_for_one_reason_stops() -> None:
    people_ = people(2000)
    error = stopped(people_, "email", {person["email"] for person in people_})
    assert "CONFLICT: no" in str(error)
    assert error.outcome is not None
    counts = error.outcome.counts
    assert (counts.total, counts.succeeded, counts.unknown) == (2000, 0, 0)
    assert counts.failed >= 300
    assert counts.unsent >= 1300
    # Refused is what was refused, and nothing that was only about to be sent.
    assert all(record.error is not None for record in error.outcome.failed)


def test_a_bad_id_property_stops_the_run_after_three_requests() -> None:
    error = stopped([{"domain": f"x{number}.com"} for number in range(5000)], "domain", set())
    assert error.outcome is not None
    assert "non-unique" in str(error)
    assert error.outcome.counts.failed <= 600


def test_a_run_that_has_begun_well_does_not_stop() -> None:
    records = people(1000)
    outcome, _, world = upsert({person["email"] for person in records[100:]}, 1000, same=True)
    assert outcome.counts == Counts(1000, succeeded=100, failed=900)
    assert len(world.stored()) == 100


def test_a_property_that_does_not_exist_costs_one_more_request() -> None:
    async def main() -> None:
        async with World(update_rejects_whole_batch=True) as world:
            ids = [world.service.add("contacts", {"email": f"a{n}@x.com"}).id for n in range(100)]
            world.service.declare_strict("contacts", ["firstname"])
            records: list[dict[str, str]] = [{"id": known, "firstname": "x"} for known in ids]
            records[41]["nope"] = "1"
            outcome = await world.client.update("contacts", records)
            assert [record.index for record in outcome.failed] == [41]
            assert outcome.counts == Counts(100, succeeded=99, failed=1)
            assert len(world.service.requests) == 2

    in_virtual_time(main())


def test_a_conflict_that_rejects_a_create_batch_is_found() -> None:
    async def main() -> None:
        async with World(conflicts_reject_batch=True) as world:
            world.service.add("contacts", {"email": "p7@example.com"})
            outcome = await world.client.create("contacts", people(100))
            assert [record.index for record in outcome.failed] == [7]
            assert len(world.stored()) == 100
            assert len(world.service.requests) <= 15

    in_virtual_time(main())


def test_a_systemic_rejection_is_not_searched() -> None:
    async def main() -> None:
        async with World() as world:
            records = [{"domain": f"x{number}.com"} for number in range(100)]
            outcome = await world.client.upsert("companies", records, id_property="domain")
            assert outcome.counts == Counts(100, failed=100)
            assert len(world.service.requests) == 1

    in_virtual_time(main())


def test_a_search_that_is_cancelled_anywhere_leaves_the_books_true() -> None:
    async def trial(turn: int | None) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        async with World() as world:
            Grumpy(world, {"p1@example.com", "p6@example.com"})
            run = world.client.upsert("contacts", people(8), id_property="email")
            task = asyncio.ensure_future(run)
            await asyncio.sleep(0)
            if turn is not None:
                loop.interrupt(turn, task.cancel)
            await asyncio.wait([task])
            stored = world.stored().keys()
            assert run.outcome.counts.total == 8
            for record in run.outcome.records:
                written = record.input["email"] in stored
                assert record.status is not RecordStatus.SUCCEEDED or written
                assert (
                    record.status not in {RecordStatus.FAILED, RecordStatus.UNSENT} or not written
                )
            return loop.turns

    turns = in_virtual_time(trial(None))
    assert turns > 20
    for turn in range(3, turns - 2):
        in_virtual_time(trial(turn))


def test_parts_of_a_batch_in_doubt_stay_in_doubt() -> None:
    """The first try was written and its answer lost: a later rejection proves nothing."""

    async def main() -> None:
        async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
            grumpy = Grumpy(world, set())

            post = grumpy.post

            async def turning(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
                reply = await post(request, token, note_sent)
                grumpy.bad = {"p1@example.com"}
                return reply

            grumpy.post = turning
            outcome = await world.client.upsert("contacts", people(4), id_property="email")
            assert outcome.counts == Counts(4, succeeded=3, unknown=1)
            assert outcome.unknown[0].input["email"] == "p1@example.com"

    in_virtual_time(main())


def test_a_create_is_isolated_by_its_trace_ids() -> None:
    inputs = plan([{"a": "1"}, {"a": "2"}], CREATE)
    error = BatchError("C", "no", context={"objectWriteTraceId": ["t1"], "ids": ["9"]})
    told = Isolator(CREATE).isolate(Batch(inputs), error)
    assert [item.index for item in told.refused] == [1]
    assert Isolator(UPSERT).isolate(Batch(inputs[:1]), error).refused
