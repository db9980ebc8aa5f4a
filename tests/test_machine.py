"""A batch's state machine, without a loop: every answer accounts for every record, and no doubt is taken back."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plan

from hubbatch import RecordStatus, RetryPolicy
from hubbatch._batches.batch import Batch, Search, Stage
from hubbatch._batches.machine import BatchMachine
from hubbatch._batches.transition import Moment, Transition
from hubbatch._protocol.diagnosis import Diagnosis, diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.operations import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Operation
from hubbatch._protocol.symptoms import Action, Symptom
from hubbatch._records.call import Call
from hubbatch._records.envelope import Envelope

POLICY = RetryPolicy()


def moment(**changes: Any) -> Moment:
    known: dict[str, Any] = {
        "now": 100.0,
        "waited": (5.0, 5.0),
        "chance": lambda: 0.0,
        "any_success": False,
        "may_wait": lambda _: True,
        "breaker_open": False,
    }
    return Moment(**(known | changes))


def machine(operation: Operation = UPSERT, **options: Any) -> BatchMachine:
    call = Call(operation, "/write", "/read", batch_size=100, **options)
    return BatchMachine(call, POLICY, Envelope({}))


def batch(count: int = 4, operation: Operation = UPSERT, **fields: Any) -> Batch:
    if operation in {READ, ARCHIVE}:
        return Batch(plan([str(number) for number in range(count)], operation), **fields)
    records = [
        {"id": str(number), "email": f"p{number}@x.com", "n": str(number)}
        for number in range(count)
    ]
    keys = {"id_property": "email"} if operation is UPSERT else {}
    unique = {"unique_property": "email"} if operation is CREATE else {}
    return Batch(plan(records, operation, **keys, **unique), **fields)


def answer(
    told: BatchMachine,
    sent: Batch,
    reply: Reply | NoReply,
    operation: Operation = UPSERT,
    **changes: Any,
) -> Transition:
    """Send a batch, and give its answer to the machine."""
    before = sent.status
    if not isinstance(reply, NoReply) or reply.sent:
        sent = sent.sent(1.0, 1.0)
    asked = READ if sent.stage is not Stage.SEND else operation
    diagnosis = diagnose(asked, reply, len(sent.inputs))
    return told.answered(sent, diagnosis, moment(**changes), before)


def reply(status: int, /, **body: Any) -> Reply:
    return Reply(status, {}, orjson.dumps(body) if body else b"")


def accounted(done: Transition) -> list[int]:
    """Return the records that a transition settles or goes on with."""
    return sorted(
        item.index
        for inputs in [
            *(each.inputs for each in done.settled),
            *(each.inputs for each in done.then),
        ]
        for item in inputs
    )


REPLIES: list[Reply | NoReply] = [
    NoReply(sent=False, reason="refused"),
    NoReply(sent=True, reason="lost"),
    Reply(200, {}, b"<html>"),
    Reply(204),
    reply(200, status="COMPLETE", results=[]),
    reply(200, status="COMPLETE", results=[{"id": "1", "objectWriteTraceId": "t1"}]),
    reply(207, errors=[{"category": "C", "message": "m", "context": {"ids": ["2", "p2@x.com"]}}]),
    reply(400, category="VALIDATION_ERROR", message="no"),
    reply(400, category="VALIDATION_ERROR", message="no", context={"objectWriteTraceId": ["t0"]}),
    reply(400, category="VALIDATION_ERROR", message="by non-unique property"),
    reply(400, results=[]),
    reply(409, category="CONFLICT", message="Contact already exists. Existing ID: 7"),
    reply(404, category="OBJECT_NOT_FOUND", message="gone", context={"ids": ["1"]}),
    reply(404, category="OBJECT_NOT_FOUND", message="gone"),
    *(
        reply(status)
        for status in (302, 400, 401, 403, 404, 405, 408, 409, 413, 423, 425, 429, 431)
    ),
    *(reply(status) for status in (477, 499, 500, 501, 502, 503, 504, 521, 522, 524, 526, 530)),
    *(reply(status, category="C", message="m") for status in (401, 403, 404, 413, 423, 503, 522)),
]
"""One of each kind of answer, and a few more."""


@pytest.mark.parametrize(
    "operation", [CREATE, UPDATE, UPSERT, READ, ARCHIVE], ids=lambda op: op.verb
)
@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("status", [RecordStatus.UNSENT, RecordStatus.FAILED, RecordStatus.UNKNOWN])
def test_every_answer_accounts_for_every_record(
    operation: Operation, stage: Stage, status: RecordStatus
) -> None:
    options = {"unique_property": "email"} if operation is CREATE else {}
    for said, any_success, goes_on in itertools.product(REPLIES, (False, True), (False, True)):
        told = machine(operation, **options)
        start = batch(4, operation, stage=stage, status=status, attempts=1)
        if stage is Stage.COMPARE and operation in {READ, ARCHIVE}:
            continue  # nothing of theirs collides
        if stage is Stage.LOOK_UP and operation is not CREATE:
            continue  # only creates are looked up
        done = answer(
            told, start, said, operation, any_success=any_success, may_wait=lambda _, on=goes_on: on
        )
        assert sorted([*accounted(done), *_held_back(told)]) == [0, 1, 2, 3], said
        if status is RecordStatus.UNKNOWN and operation.writes and stage is Stage.SEND:
            refused = [each for each in done.settled if each.status is RecordStatus.FAILED]
            assert not refused, "a doubt was settled by a refusal"


def _held_back(told: BatchMachine) -> list[int]:
    return [item.index for part in told.waiting() for item in part.inputs]


@given(
    st.sets(st.integers(0, 59), max_size=60),
    st.sampled_from(["no", "value {} is wrong", "{}"]),
    st.integers(0, 2**32),
)
def test_a_refused_batch_is_searched_to_its_end_in_any_order_of_answers(
    bad: set[int], message: str, seed: int
) -> None:
    chance, told = random.Random(seed), machine()
    under_way, settled, requests = [batch(60)], {}, 0
    while under_way:
        part = under_way.pop(chance.randrange(len(under_way)))
        requests += 1
        found = bad & {item.index for item in part.inputs}
        said = (
            reply(400, category="VALIDATION_ERROR", message=message.format(f"p{min(found)}@x.com"))
            if found
            else reply(
                200,
                status="COMPLETE",
                results=[
                    {"id": str(n), "objectWriteTraceId": item.trace_id}
                    for n, item in enumerate(part.inputs)
                ],
            )
        )
        done = answer(told, part, said)
        for each in done.settled:
            for item in each.inputs:
                assert item.index not in settled
                settled[item.index] = (each.status, each.error)
        under_way += done.then
        assert done.stop is None
    assert settled.keys() == set(range(60))
    assert not list(told.waiting())
    assert requests <= 2 * 60 - 1
    unsearched = 0
    for index, (status, error) in settled.items():
        if index not in bad and status is RecordStatus.FAILED:
            assert error is not None
            assert error.transient, "refused only together with others"
            unsearched += 1
        elif index not in bad:
            assert status is RecordStatus.SUCCEEDED
        else:
            assert status is RecordStatus.FAILED
    if unsearched:
        assert requests <= 32, "a search is given up early, or not at all"


def test_a_part_that_waits_for_another_try_does_not_halt_the_search() -> None:
    told = machine()
    refused = reply(400, category="VALIDATION_ERROR", message="no")
    (first,) = answer(told, batch(8), refused).then
    locked = answer(told, first, reply(423, category="LOCKED", message="busy"))
    assert locked.again
    again, second = locked.then
    assert again.resumes_at >= 102.0
    assert not set(again.inputs) & set(second.inputs)
    assert second.search is Search.REFUSED


def test_what_is_broken_off_while_others_wait_for_it_sets_these_free() -> None:
    told = machine()
    (first,) = answer(told, batch(8), reply(400, category="VALIDATION_ERROR", message="no")).then
    done = told.broken_off(first, "cancelled")
    assert [each.status for each in done.settled] == [RecordStatus.FAILED]
    assert done.settled[0].error is not None
    assert done.settled[0].error.transient
    assert accounted(done) == list(range(8))


def test_the_table_has_every_stage_and_action() -> None:
    told = machine()
    for stage, action in itertools.product(Stage, Action):
        if (stage, action) not in told._transitions:
            raise AssertionError(f"nothing follows from {action} in {stage}")


@pytest.mark.parametrize("symptom", list(Symptom))
def test_no_symptom_without_an_error_or_a_response_breaks_the_machine(symptom: Symptom) -> None:
    told, diagnosis = machine(), Diagnosis(symptom)
    sent = batch(3).sent(1.0, 1.0)
    done = told.answered(sent, diagnosis, moment(), RecordStatus.UNSENT)
    held: Sequence[int] = _held_back(told)
    assert sorted([*accounted(done), *held]) == [0, 1, 2]
