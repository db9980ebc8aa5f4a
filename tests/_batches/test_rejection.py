"""A batch that is rejected as a whole is traced to its culprits, and the others are written."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, people

from hubbatch import (
    Counts,
    HubbatchError,
    Outcome,
    RecordStatus,
    UsageError,
)
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.models import OBJECT_NOT_FOUND
from hubbatch.sandbox import FaultKind
from hubbatch.testing import VirtualTimeLoop, run_in_virtual_time, virtual_time


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 999), min_size=1, max_size=40))
def test_bad_records_with_one_reason_do_not_fail_others(numbers: set[int]) -> None:
    bad = {f"p{number}@example.com" for number in numbers}
    outcome, _, world = upsert(bad, 1000, same)
    assert outcome.counts == Counts(1000, succeeded=1000 - len(bad), failed=len(bad))
    assert len(world.stored()) == 1000 - len(bad)


@virtual_time
async def test_a_property_that_most_records_carry_is_halved_like_any_other() -> None:
    """The error names it; one value of it is wrong, and nearly all records have one."""

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

        world.transport.send = named  # type: ignore[method-assign]
        records = people(100)
        del records[99]["firstname"]
        outcome = await world.client.upsert("contacts", records, id_property="email")
        assert [record.index for record in outcome.failed] == [42]
        assert grumpy.requests <= 15


@virtual_time
async def test_records_that_are_named_one_by_one_stop_no_run() -> None:
    async with World(latency=0.1, max_concurrency=1) as world:
        send = world.transport.send

        async def refuse(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            ids = [item["id"] for item in orjson.loads(request.body)["inputs"]]
            bad = [number for number in ids if number.startswith("bad")]
            if bad:
                body = {"category": "C", "message": "no", "context": {"ids": bad}}
                return Reply(400, {}, orjson.dumps(body))
            return await send(request, token, note_sent)

        world.transport.send = refuse  # type: ignore[method-assign]
        bad = [{"email": f"bad{number}@x.com"} for number in range(30)]
        outcome = await world.client.upsert(
            "contacts", [*bad, *people(100)], id_property="email", batch_size=10
        )
        assert outcome.counts == Counts(130, succeeded=100, failed=30)


Message = Callable[[str, int], str]
"""Makes the message of a rejection of the first bad record and of how many requests there were."""


def named(address: str, _: int) -> str:
    return f"Conflict with {address}"


def same(_: str, __: int) -> str:
    return "no"


class Grumpy:
    """A service that rejects every batch with a bad record in it, and does not say which."""

    def __init__(self, world: World, bad: set[str], message: Message = named) -> None:
        self.world = world
        self.send = world.transport.send
        self.bad = bad
        self.message = message
        self.requests = 0
        world.transport.send = self  # type: ignore[method-assign]

    async def __call__(self, request: Request, token: str, note_sent: Any) -> Reply | NoReply:
        self.requests += 1
        found = self.bad & {item["id"] for item in orjson.loads(request.body)["inputs"]}
        if found:
            note_sent()
            message = self.message(min(found), self.requests)
            return Reply(409, {}, orjson.dumps({"category": "CONFLICT", "message": message}))
        return await self.send(request, token, note_sent)


def upsert(
    bad: set[str], count: int = 100, message: Message = named
) -> tuple[Outcome, Grumpy, World]:
    async def main() -> tuple[Outcome, Grumpy, World]:
        async with World() as world:
            grumpy = Grumpy(world, bad, message)
            outcome = await world.client.upsert("contacts", people(count), id_property="email")
            return outcome, grumpy, world

    return run_in_virtual_time(main())


def addresses(numbers: Iterable[int]) -> set[str]:
    return {f"p{number}@example.com" for number in numbers}


def test_a_batch_whose_first_records_are_bad_is_searched_to_the_last_good_one() -> None:
    bad = addresses([*range(12), 20, 40, 70])
    outcome, grumpy, world = upsert(bad, message=same)
    assert outcome.counts == Counts(100, succeeded=85, failed=15)
    assert {record.input["email"] for record in outcome.failed} == bad
    assert outcome.retryable == []
    assert len(world.stored()) == 85
    assert grumpy.requests <= 1 + 2 * 15 * math.ceil(math.log2(100))


def test_with_nearly_half_of_the_records_bad_all_good_ones_are_written() -> None:
    bad = addresses(random.Random(5).sample(range(300), 127))
    outcome, _, world = upsert(bad, 300, same)
    assert outcome.counts == Counts(300, succeeded=173, failed=127)
    assert outcome.retryable == []
    assert len(world.stored()) == 173


@pytest.mark.parametrize(
    "message",
    [
        same,
        named,
        lambda address, _: f'Property "email" is taken: [{address}]',
        lambda address, _: f"value {address!r} of Person {address[1:3].strip('@')} is taken",
        lambda _, number: f"request 4711-{number} was refused",
    ],
)
def test_a_batch_of_which_all_is_bad_alike_costs_a_few_requests(message: Message) -> None:
    outcome, grumpy, _ = upsert(addresses(range(100)), message=message)
    assert outcome.counts == Counts(100, failed=100)
    assert grumpy.requests <= 27
    # Those that were refused alone are refused for good, the others only together.
    alone = [record for record in outcome.failed if not record.retryable]
    assert 3 <= len(alone) <= 25
    assert all("refused together with others" not in record.reason for record in alone)
    assert all("refused together with others" in record.reason for record in outcome.retryable)


def test_searched_and_unsearched_parts_lie_spread_over_the_batch() -> None:
    outcome, _, _ = upsert(addresses(range(100)), message=same)
    searched = [record.index for record in outcome.failed if not record.retryable]
    assert min(searched) < 34
    assert max(searched) >= 34
    assert max(later - earlier for earlier, later in itertools.pairwise([0, *searched, 100])) < 50


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 99), min_size=1), st.randoms(use_true_random=False))
def test_no_messages_make_a_search_longer_than_bisection(
    numbers: set[int], chance: random.Random
) -> None:
    def any_word(_: str, __: int) -> str:
        return "".join(chance.choices("abcdefghijk", k=8))

    outcome, grumpy, world = upsert(addresses(numbers), message=any_word)
    assert grumpy.requests <= 2 * 100 - 1
    assert outcome.counts.unknown == outcome.counts.unsent == 0
    good = 100 - len(numbers)
    assert len(world.stored()) == outcome.counts.succeeded <= good
    if outcome.counts.succeeded or len(numbers) < 80:
        assert outcome.counts.succeeded == good


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


def test_if_all_are_rejected_for_one_reason_the_search_is_given_up() -> None:
    bad = {person["email"] for person in people(200)}
    outcome, grumpy, _ = upsert(bad, 200, same)
    assert outcome.counts == Counts(200, failed=200)
    assert grumpy.requests <= 2 * 30


def stopped(records: list[dict[str, str]], id_property: str, bad: set[str]) -> HubbatchError:
    async def main() -> HubbatchError:
        async with World() as world:
            Grumpy(world, bad, same)
            with pytest.raises(UsageError, match="first 3 batches were refused") as caught:
                await world.client.upsert("companies", records, id_property=id_property)
            assert not world.service.objects("companies")
            return caught.value

    return run_in_virtual_time(main())


def test_a_run_whose_first_batches_are_all_rejected_for_one_reason_stops() -> None:
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
    outcome, _, world = upsert({person["email"] for person in records[100:]}, 1000, same)
    assert outcome.counts == Counts(1000, succeeded=100, failed=900)
    assert len(world.stored()) == 100


@virtual_time
async def test_a_property_that_does_not_exist_costs_one_more_request() -> None:
    async with World(update_rejects_whole_batch=True) as world:
        ids = [world.service.add("contacts", {"email": f"a{n}@x.com"}).id for n in range(100)]
        world.service.declare_strict("contacts", ["firstname"])
        records: list[dict[str, str]] = [{"id": known, "firstname": "x"} for known in ids]
        records[41]["nope"] = "1"
        outcome = await world.client.update("contacts", records)
        assert [record.index for record in outcome.failed] == [41]
        assert outcome.counts == Counts(100, succeeded=99, failed=1)
        assert len(world.service.requests) == 2


@virtual_time
async def test_a_conflict_that_rejects_a_create_batch_is_found() -> None:
    async with World(conflicts_reject_batch=True) as world:
        world.service.add("contacts", {"email": "p7@example.com"})
        outcome = await world.client.create("contacts", people(100))
        assert [record.index for record in outcome.failed] == [7]
        assert len(world.stored()) == 100
        assert len(world.service.requests) <= 15


@virtual_time
async def test_a_systemic_rejection_is_not_searched() -> None:
    async with World() as world:
        records = [{"domain": f"x{number}.com"} for number in range(100)]
        outcome = await world.client.upsert("companies", records, id_property="domain")
        assert outcome.counts == Counts(100, failed=100)
        assert len(world.service.requests) == 1


def test_a_search_cancelled_anywhere_accounts_for_every_record() -> None:
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

    turns = run_in_virtual_time(trial(None))
    assert turns > 20
    for turn in range(3, turns - 2):
        run_in_virtual_time(trial(turn))


@virtual_time
async def test_parts_of_a_batch_in_doubt_stay_in_doubt() -> None:
    """The first try was written and its answer lost: a later rejection proves nothing."""

    async with World(faults=[FaultKind.RESET_AFTER_WRITE]) as world:
        grumpy = Grumpy(world, set())

        send = grumpy.send

        async def turning(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            reply = await send(request, token, note_sent)
            grumpy.bad = {"p1@example.com"}
            return reply

        grumpy.send = turning
        outcome = await world.client.upsert("contacts", people(4), id_property="email")
        assert outcome.counts == Counts(4, succeeded=3, unknown=1)
        assert outcome.unknown[0].input["email"] == "p1@example.com"


# What a rejection names


async def refusing(world: World, refuse: Callable[[list[dict[str, Any]]], Reply | None]) -> None:
    """Have a service refuse what it is asked to, before it looks at a request itself."""
    send = world.transport.send

    async def first(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
        note_sent()
        reply = refuse(orjson.loads(request.body)["inputs"])
        if reply is None:
            return await send(request, token, note_sent)
        await asyncio.sleep(0.05)
        return reply

    world.transport.send = first  # type: ignore[method-assign]


def last_error(status: int, category: str, message: str = "no", **more: Any) -> Reply:
    body = {"status": "error", "category": category, "message": message, **more}
    return Reply(status, {}, orjson.dumps(body))


@pytest.mark.parametrize("field", ["id", "ids"])
@virtual_time
async def test_one_id_that_is_not_there_takes_none_of_the_others_with_it(field: str) -> None:
    async with World() as world:
        ids = [world.service.add("contacts", person).id for person in people(100)]
        requests: list[int] = []

        def refuse(inputs: list[dict[str, Any]]) -> Reply | None:
            requests.append(len(inputs))
            if all(item["id"] != "404" for item in inputs):
                return None
            named_so = "404" if field == "id" else ["404"]
            return last_error(404, OBJECT_NOT_FOUND, context={field: named_so})

        await refusing(world, refuse)
        records: list[dict[str, str]] = [{"id": known, "firstname": "x"} for known in ids]
        records[41]["id"] = "404"
        outcome = await world.client.update("contacts", records)
        assert outcome.counts == Counts(100, succeeded=99, failed=1)
        assert [record.index for record in outcome.failed] == [41]
        assert outcome.failed[0].reason.startswith(OBJECT_NOT_FOUND)
        assert outcome.retryable == []
        assert requests == [100, 99]


def associated(number: int, target: str) -> dict[str, Any]:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    return {
        "properties": people(1, number)[0],
        "associations": [{"to": {"id": each}, "types": [kind]} for each in ("7", target)],
    }


@virtual_time
async def test_one_association_target_that_is_not_there_takes_none_of_the_others_with_it() -> None:
    async with World() as world:
        requests: list[int] = []

        def refuse(inputs: list[dict[str, Any]]) -> Reply | None:
            requests.append(len(inputs))
            targets = [each["to"]["id"] for item in inputs for each in item["associations"]]
            if "404" not in targets:
                return None
            return last_error(404, OBJECT_NOT_FOUND, context={"ids": ["404"]})

        await refusing(world, refuse)
        records = [associated(n, "404" if n == 41 else "8") for n in range(100)]
        outcome = await world.client.create("contacts", records)
        assert outcome.counts == Counts(100, succeeded=99, failed=1)
        assert [record.index for record in outcome.failed] == [41]
        assert requests == [100, 99]
        assert len(world.stored()) == 99


@virtual_time
async def test_a_missing_object_that_is_not_named_is_searched_for() -> None:
    async with World() as world:

        def refuse(inputs: list[dict[str, Any]]) -> Reply | None:
            bad = any(item["properties"]["firstname"] == "Person 41" for item in inputs)
            return last_error(404, OBJECT_NOT_FOUND) if bad else None

        await refusing(world, refuse)
        outcome = await world.client.create("contacts", people(100))
        assert outcome.counts == Counts(100, succeeded=99, failed=1)
        assert [record.index for record in outcome.failed] == [41]


@virtual_time
async def test_one_part_that_is_locked_does_not_halt_the_search() -> None:
    async with World() as world:
        grumpy = Grumpy(world, addresses([3, 60, 97]), same)
        halted_at: list[float] = []
        written_at: dict[int, float] = {}
        loop = asyncio.get_running_loop()
        inner = grumpy.send

        async def locked(request: Request, token: str, note_sent: Any) -> Reply | NoReply:
            if b'"p20@' in request.body and len(halted_at) < 3:
                note_sent()
                halted_at.append(loop.time())
                return last_error(423, "LOCKED")
            reply = await inner(request, token, note_sent)
            for item in orjson.loads(request.body)["inputs"]:
                written_at[int(item["id"][1:].split("@")[0])] = loop.time()
            return reply

        grumpy.send = locked
        outcome = await world.client.upsert("contacts", people(100), id_property="email")
        assert outcome.counts == Counts(100, succeeded=97, failed=3)
        assert len(halted_at) == 3
        others = [at for number, at in written_at.items() if number >= 50]
        assert max(others) < halted_at[1], "the others were written before the second try"


def unknown_property(
    name: str, *, code: str = "PROPERTY_DOESNT_EXIST", listed: bool = False
) -> Any:
    if listed:
        item = {"isValid": False, "message": "no", "error": code, "name": name}
        text = orjson.dumps([item]).decode()
        return {"message": f"Property values were not valid: {text}"}
    return {"errors": [{"message": "no", "code": code, "context": {"propertyName": [name]}}]}


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("code", ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"])
@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("verb", ["create", "upsert"])
@virtual_time
async def test_a_wrong_column_stops_a_run_after_three_batches_and_is_named(
    verb: str, one_by_one: bool, code: str, listed: bool
) -> None:
    async with World(max_concurrency=1) as world:
        requests = 0

        def refuse(inputs: list[dict[str, Any]]) -> Reply:
            nonlocal requests
            requests += 1
            stated = unknown_property("colour", code=code, listed=listed)
            if not one_by_one:
                return last_error(400, "VALIDATION_ERROR", **stated)
            errors = [
                {
                    "category": "VALIDATION_ERROR",
                    "message": f"Input {number} was not valid",
                    "context": {"objectWriteTraceId": [item["objectWriteTraceId"]]},
                    **stated,
                }
                for number, item in enumerate(inputs)
            ]
            answer = {"status": "COMPLETE", "errors": errors, "numErrors": len(errors)}
            return Reply(207, {}, orjson.dumps(answer))

        await refusing(world, refuse)
        records = [{**person, "colour": "red"} for person in people(3000)]
        options = {"id_property": "email"} if verb == "upsert" else {}
        run = getattr(world.client, verb)("contacts", records, **options)
        with pytest.raises(UsageError, match=rf"property 'colour' \({code}\)"):
            await run
        counts = run.outcome.counts
        assert (counts.succeeded, counts.unknown, counts.total) == (0, 0, 3000)
        assert counts.failed <= 500
        assert requests <= 4 * 27, "one more batch may be under way"


@pytest.mark.parametrize("one_by_one", [False, True])
@virtual_time
async def test_a_wrong_column_that_only_some_records_have_stops_no_run(one_by_one: bool) -> None:
    async with World(update_rejects_whole_batch=not one_by_one) as world:
        ids = [world.service.add("contacts", {"email": f"a{n}@x.com"}).id for n in range(400)]
        world.service.declare_strict("contacts", ["firstname"])
        records: list[dict[str, str]] = [{"id": known, "firstname": "x"} for known in ids]
        for record in records[1::2]:
            record["colour"] = "red"
        outcome = await world.client.update("contacts", records)
        assert outcome.counts == Counts(400, succeeded=200, failed=200)
