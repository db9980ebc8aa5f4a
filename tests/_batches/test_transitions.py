"""The state machine of a batch: its table is total, and no answer takes a doubt back."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import people, plan

from hubbatch import BatchError, RecordStatus, RetryPolicy
from hubbatch._batches.batch import Batch, Stage
from hubbatch._batches.machine import BatchMachine
from hubbatch._batches.transition import Moment, Transition
from hubbatch._protocol.diagnosis import Diagnosis, diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.symptoms import Action
from hubbatch._records.call import Call
from hubbatch._records.request_body import RequestBody
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint
from hubbatch.models import NO_ANSWER

POLICY = RetryPolicy()
SENT = (0.0, 0.0)


def machine(endpoint: Endpoint = UPSERT, **options: Any) -> BatchMachine:
    call = Call(endpoint, "/p", "/r", batch_size=100, **options)
    return BatchMachine(call, POLICY, RequestBody({}))


def moment(*, any_success: bool = False, may_wait: bool = True) -> Moment:
    return Moment(1.0, (1.0, 1.0), lambda: 0.5, any_success, lambda _: may_wait, breaker_open=False)


def batch(endpoint: Endpoint, count: int = 4) -> Batch:
    if endpoint in {READ, ARCHIVE}:
        return Batch(plan([str(number) for number in range(count)], endpoint))
    key = "email" if endpoint is UPSERT else None
    records = [{"id": str(number), **person} for number, person in enumerate(people(count))]
    return Batch(plan(records, endpoint, id_property=key, unique_property="email"))


def test_every_stage_knows_every_action() -> None:
    table = machine()._transitions
    assert table.keys() == set(itertools.product(Stage, Action))


REPLIES: list[Reply | NoReply] = [
    NoReply(sent=False, reason="no connection"),
    NoReply(sent=True, reason="lost"),
    Reply(200, {}, b"<html>"),
    Reply(204),
    Reply(200, {}, b'{"status":"COMPLETE"}'),
    Reply(200, {}, b'{"status":"PENDING","results":[]}'),
    Reply(207, {}, b'{"errors":[{"category":"C","message":"m","context":{"ids":["1"]}}]}'),
    Reply(400, {}, b'{"category":"VALIDATION_ERROR","message":"m"}'),
    Reply(400, {}, b'{"category":"C","message":"m","context":{"objectWriteTraceId":["t1"]}}'),
    Reply(400, {}, b'{"category":"C","message":"by non-unique property"}'),
    Reply(400),
    Reply(401, {}, b'{"category":"EXPIRED_AUTHENTICATION"}'),
    Reply(401),
    Reply(403),
    Reply(404, {}, b'{"category":"OBJECT_NOT_FOUND","message":"m","context":{"ids":["1"]}}'),
    Reply(404, {}, b'{"category":"OBJECT_NOT_FOUND"}'),
    Reply(405),
    Reply(408),
    Reply(409, {}, b'{"category":"CONFLICT","message":"Existing ID: 7"}'),
    Reply(409, {}, b'{"category":"CONFLICT","results":[]}'),
    Reply(413),
    Reply(423, {}, b'{"category":"LOCKED"}'),
    Reply(429),
    Reply(429, {"retry-after": "1e9"}),
    Reply(429, {}, b'{"policyName":"DAILY"}'),
    Reply(500),
    Reply(503, {}, b'{"category":"UNAVAILABLE"}'),
    Reply(503),
    Reply(522),
]


def step(
    decides: BatchMachine, endpoint: Endpoint, one: Batch, reply: Reply | NoReply, now: Moment
) -> Transition:
    """Send a batch and have the machine decide about the reply, as the shell does."""
    asked = decides.endpoint(one)
    assert decides.request(one).method == asked.method
    before = one.status
    sent = not isinstance(reply, NoReply) or reply.sent
    if sent and one.stage is Stage.SEND:
        one = one.sent(0.0, 0.0)
    diagnosis = diagnose(asked, reply, len(one.inputs))
    return decides.answered(one, diagnosis, now, before)


OPERATIONS = [CREATE, UPDATE, UPSERT, READ, ARCHIVE]


@given(
    st.sampled_from(OPERATIONS),
    st.lists(st.sampled_from(REPLIES), min_size=1, max_size=60),
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
)
def test_whatever_comes_back_every_input_goes_on_or_ends_once(
    endpoint: Endpoint,
    replies: list[Reply | NoReply],
    count: int,
    any_success: bool,
    may_wait: bool,
) -> None:
    decides = machine(endpoint, unique_property="email" if endpoint is CREATE else None)
    now = moment(any_success=any_success, may_wait=may_wait)
    under_way, ended = [batch(endpoint, count)], []
    for reply in replies:
        if not under_way:
            break
        one = under_way.pop(0)
        done = step(decides, endpoint, one, reply, now)
        under_way += done.then
        for each in done.settled:
            ended += [item.index for item in each.inputs]
            proven = {RecordStatus.FAILED, RecordStatus.UNSENT}
            doubtful = one.status is RecordStatus.UNKNOWN and endpoint.writes
            if doubtful and one.stage is Stage.SEND:
                assert each.status not in proven, "a doubt is not ended by a rejection"
            assert each.results is None or len(each.results) == len(each.inputs)
        waiting = [item.index for part in decides.waiting() for item in part.inputs]
        going = [item.index for part in under_way for item in part.inputs]
        assert sorted([*ended, *waiting, *going]) == list(range(count))
    for part in [*under_way, *decides.withdraw()]:
        broken = decides.broken_off(part, "the run was stopped")
        assert not broken.then
        ended += [item.index for each in broken.settled for item in each.inputs]
    assert sorted(ended) == list(range(count))


@pytest.mark.parametrize("endpoint", OPERATIONS, ids=[each.name for each in OPERATIONS])
@pytest.mark.parametrize("reply", REPLIES)
def test_what_came_of_a_batch_is_no_more_than_the_reply_proves(
    endpoint: Endpoint, reply: Reply | NoReply
) -> None:
    decides = machine(endpoint)
    judged: Diagnosis = diagnose(endpoint, reply, 4)
    done = step(decides, endpoint, batch(endpoint), reply, moment(may_wait=False))
    for each in done.settled:
        if isinstance(reply, NoReply) and not reply.sent:
            assert each.status is RecordStatus.UNSENT
        if judged.response is None and each.status is RecordStatus.SUCCEEDED:
            assert endpoint is ARCHIVE, "an archive of what is not there has archived it"
            assert judged.error is not None
            assert judged.error.category == "OBJECT_NOT_FOUND"
        if each.status is RecordStatus.FAILED:
            assert each.error is not None


LAST = BatchError("C", "m", transient=True)


@pytest.mark.parametrize(
    ("status", "last_error", "category"),
    [
        (RecordStatus.UNSENT, None, NO_ANSWER),
        (RecordStatus.UNKNOWN, None, NO_ANSWER),
        (RecordStatus.UNKNOWN, LAST, NO_ANSWER),
        (RecordStatus.FAILED, LAST, "C"),
    ],
)
def test_a_batch_that_is_broken_off_is_settled_by_what_is_known(
    status: RecordStatus, last_error: BatchError | None, category: str
) -> None:
    one = attrs.evolve(batch(UPSERT), status=status, last_error=last_error, attempts=1)
    done = machine().broken_off(one, "the run was stopped")
    [settled] = done.settled
    assert settled.status is status
    assert settled.error is not None
    assert settled.error.category == category
    assert settled.error.transient
    if status is RecordStatus.UNKNOWN and last_error is not None:
        assert settled.error.message == "the run was stopped; the last answer was C: m"
