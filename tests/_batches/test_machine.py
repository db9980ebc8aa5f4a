"""A batch's state machine, without a loop: every answer accounts for every record, and no doubt is taken back."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plan

from hubbatch import RecordStatus, RetryPolicy
from hubbatch._batches.batch import Batch, Search, Stage
from hubbatch._batches.machine import BatchMachine
from hubbatch._batches.searches import Freed
from hubbatch._batches.transition import Moment, Split, Transition
from hubbatch._protocol.diagnosis import Diagnosis, diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.symptoms import Action, Symptom
from hubbatch._records.call import Call
from hubbatch._records.envelope import Envelope
from hubbatch._records.spelling import CONTACTS, OTHERS, Spelling
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint

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


def machine(endpoint: Endpoint = UPSERT, **options: Any) -> BatchMachine:
    call = Call(endpoint, "/write", "/read", batch_size=100, **options)
    return BatchMachine(call, POLICY, Envelope({}))


def batch(count: int = 4, endpoint: Endpoint = UPSERT, **fields: Any) -> Batch:
    if endpoint in {READ, ARCHIVE}:
        return Batch(plan([str(number) for number in range(count)], endpoint), **fields)
    records = [
        {"id": str(number), "email": f"p{number}@x.com", "n": str(number)}
        for number in range(count)
    ]
    keys = {"id_property": "email"} if endpoint is UPSERT else {}
    unique = {"unique_property": "email"} if endpoint is CREATE else {}
    return Batch(plan(records, endpoint, **keys, **unique), **fields)


def answer(
    told: BatchMachine,
    sent: Batch,
    reply: Reply | NoReply,
    endpoint: Endpoint = UPSERT,
    **changes: Any,
) -> Transition:
    """Send a batch, and give its answer to the machine."""
    before = sent.status
    if sent.stage is Stage.SEND and (not isinstance(reply, NoReply) or reply.sent):
        sent = sent.sent(1.0, 1.0)
    asked = READ if sent.stage is not Stage.SEND else endpoint
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
    "endpoint", [CREATE, UPDATE, UPSERT, READ, ARCHIVE], ids=lambda op: op.name
)
@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("status", [RecordStatus.UNSENT, RecordStatus.FAILED, RecordStatus.UNKNOWN])
def test_every_answer_accounts_for_every_record(
    endpoint: Endpoint, stage: Stage, status: RecordStatus
) -> None:
    options = {"unique_property": "email"} if endpoint is CREATE else {}
    for said, any_success, goes_on in itertools.product(REPLIES, (False, True), (False, True)):
        told = machine(endpoint, **options)
        start = batch(4, endpoint, stage=stage, status=status, attempts=1)
        if stage is Stage.COMPARE and endpoint in {READ, ARCHIVE}:
            continue  # nothing of theirs collides
        if stage is Stage.LOOK_UP and endpoint is not CREATE:
            continue  # only creates are looked up
        done = answer(
            told, start, said, endpoint, any_success=any_success, may_wait=lambda _, on=goes_on: on
        )
        assert sorted([*accounted(done), *_held_back(told)]) == [0, 1, 2, 3], said
        if status is RecordStatus.UNKNOWN and endpoint.writes and stage is Stage.SEND:
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


# Look-ups


def look_up(count: int, **fields: Any) -> Batch:
    known = {"stage": Stage.LOOK_UP, "status": RecordStatus.UNKNOWN, "attempts": 1}
    return batch(count, CREATE, **(known | fields))


def looked_up(sent: Batch, said: Reply | NoReply, **changes: Any) -> Transition:
    return answer(machine(CREATE, unique_property="email"), sent, said, CREATE, **changes)


def emails(done: Transition) -> list[list[str]]:
    return [[item.properties["email"] for item in part.inputs] for part in done.then]


GONE = reply(404, category="OBJECT_NOT_FOUND", message="gone")
TOLD_ONCE = {Symptom.NOTHING_FOUND: 1}


def test_one_record_that_is_not_there_is_looked_up_once_more_and_then_sent_again() -> None:
    first = looked_up(look_up(1), GONE)
    assert [(each.stage, dict(each.history)) for each in first.then] == [(Stage.LOOK_UP, TOLD_ONCE)]
    second = looked_up(look_up(1, history=TOLD_ONCE), GONE)
    assert [each.stage for each in second.then] == [Stage.SEND]
    assert not first.settled
    assert not second.settled


def test_a_look_up_that_finds_nothing_and_names_nobody_is_made_in_two_parts() -> None:
    done = looked_up(look_up(4), GONE)
    assert emails(done) == [["p0@x.com", "p1@x.com"], ["p2@x.com", "p3@x.com"]]


def test_what_a_look_up_names_as_missing_is_parted_from_what_it_does_not_tell_of() -> None:
    gone = reply(404, category="OBJECT_NOT_FOUND", message="gone", context={"ids": ["p1@x.com"]})
    done = looked_up(look_up(3, history=TOLD_ONCE), gone)
    assert emails(done) == [["p1@x.com"], ["p0@x.com", "p2@x.com"]]
    assert [each.stage for each in done.then] == [Stage.SEND, Stage.LOOK_UP]


def test_an_answer_that_does_not_tell_is_no_look() -> None:
    said = reply(200, status="COMPLETE", results=[])
    [again] = looked_up(look_up(2), said).then
    assert (again.looks, again.tries) == (0, 1)


def test_what_cannot_be_looked_up_alone_stays_in_doubt_and_says_why() -> None:
    done = looked_up(look_up(1), reply(400, category="VALIDATION_ERROR", message="no"))
    [(settled, error)] = [(each, each.error) for each in done.settled]
    assert settled.status is RecordStatus.UNKNOWN
    assert error is not None
    assert error.message.endswith("looking it up failed: VALIDATION_ERROR: no")


def test_a_record_that_was_there_before_is_refused_with_its_own_error() -> None:
    found = {
        "id": "7",
        "createdAt": "2020-01-01T00:00:00Z",
        "properties": {"email": "p1@x.com"},
    }
    said = reply(200, status="COMPLETE", completedAt="2026-01-01T00:00:00Z", results=[found])
    done = looked_up(look_up(2), said)
    [settled] = done.settled
    assert settled.status is RecordStatus.FAILED
    assert settled.error is not None
    assert settled.error.indexes == (1,)
    assert list(done.errors) == [settled.error]


@pytest.mark.parametrize(("status", "stops"), [(401, True), (403, False)])
def test_a_refused_token_stops_a_run_at_a_look_up_and_a_missing_scope_does_not(
    status: int, stops: bool
) -> None:
    done = looked_up(look_up(2), reply(status, category="C", message="m"))
    assert [each.status for each in done.settled] == [RecordStatus.UNKNOWN]
    assert (done.stop is not None) is stops


# Searches, and what comes in between

REFUSED = reply(400, category="VALIDATION_ERROR", message="no")
FAILED = reply(500, category="INTERNAL_ERROR", message="oh")
TOO_LARGE = reply(413, category="TOO_LARGE", message="big")
TRIED_OFTEN = {Symptom.SERVER_ERROR: 99}


def conflict(object_id: str = "7", **context: Any) -> Reply:
    message = f"Contact already exists. Existing ID: {object_id}"
    return reply(409, category="CONFLICT", message=message, context=context)


def holder(email: str) -> Reply:
    found = {"id": "7", "properties": {"email": email}}
    return reply(200, status="COMPLETE", results=[found])


def creating() -> BatchMachine:
    return machine(CREATE, unique_property="email")


def test_a_part_that_is_too_large_goes_on_in_two_and_the_search_after_both() -> None:
    told = machine()
    [first] = answer(told, batch(8), REFUSED).then
    [again, _other] = answer(told, first, reply(423, category="LOCKED", message="busy")).then
    assert again.slow
    halves = answer(told, again, TOO_LARGE).then
    assert [each.slow for each in halves] == [False, False]
    told = machine()
    [first] = answer(told, batch(8), REFUSED).then
    one, other = answer(told, first, TOO_LARGE).then
    assert not told.broken_off(one, "cancelled").then
    assert accounted(told.broken_off(other, "cancelled")) == [2, 3, 4, 5, 6, 7]


def test_a_part_that_collides_goes_on_in_two_and_the_search_after_both() -> None:
    told = creating()
    [first] = answer(told, batch(8, CREATE), REFUSED, CREATE).then
    [again, _other] = answer(
        told, first, reply(423, category="LOCKED", message="busy"), CREATE
    ).then
    [compared] = answer(told, again, conflict(), CREATE).then
    rest, suspects = answer(told, compared, holder("p1@x.com"), CREATE).then
    assert [item.index for item in suspects.inputs] == [1]
    assert (rest.slow, suspects.slow) == (False, False)
    told = creating()
    [first] = answer(told, batch(8, CREATE), REFUSED, CREATE).then
    [compared] = answer(told, first, conflict(), CREATE).then
    rest, suspects = answer(told, compared, holder("p1@x.com"), CREATE).then
    assert not told.broken_off(rest, "cancelled").then
    assert accounted(told.broken_off(suspects, "cancelled")) == [1, 4, 5, 6, 7]


def test_where_the_object_cannot_be_read_the_conflict_is_what_the_batch_was_refused_for() -> None:
    told = creating()
    said = conflict(objectWriteTraceId=["t0"])
    told_of = answer(told, batch(4, CREATE), said, CREATE)
    [compared] = told_of.then
    done = answer(told, compared, FAILED, CREATE)
    [refused] = done.settled
    assert [item.index for item in refused.inputs] == [0]
    assert refused.error is not None
    assert refused.error.category == "CONFLICT"


def test_after_an_object_that_could_not_be_read_no_other_is_read() -> None:
    told = creating()
    [compared] = answer(told, batch(8, CREATE), conflict("7"), CREATE).then
    [part] = answer(told, compared, FAILED, CREATE).then
    [deeper] = answer(told, part, conflict("8"), CREATE).then
    assert (deeper.stage, len(deeper.inputs)) == (Stage.SEND, 2)


def test_two_that_collide_are_told_apart_by_reading_and_one_alone_is_refused() -> None:
    told = creating()
    [compared] = answer(told, batch(2, CREATE), conflict(), CREATE).then
    assert compared.stage is Stage.COMPARE
    done = answer(told, batch(1, CREATE), conflict(), CREATE)
    assert [each.status for each in done.settled] == [RecordStatus.FAILED]


def test_a_batch_is_taken_apart_in_a_run_that_waits_for_nothing_any_more() -> None:
    sent = batch(4, history=TRIED_OFTEN)
    done = answer(machine(), sent, FAILED, any_success=True, may_wait=lambda wait: wait <= 0.0)
    assert [len(each.inputs) for each in done.then] == [2]


@pytest.mark.parametrize(("broken", "following"), [(True, [4, 5, 6, 7]), (False, [0, 1])])
def test_while_the_service_seems_broken_the_parts_of_a_part_go_last(
    broken: bool, following: list[int]
) -> None:
    told = machine()
    [first] = answer(told, batch(8, history=TRIED_OFTEN), FAILED, any_success=True).then
    first = attrs.evolve(first, history=TRIED_OFTEN)
    done = answer(told, first, FAILED, any_success=True, breaker_open=broken)
    assert accounted(done) == following


def test_a_part_that_probes_goes_on_with_its_tries_and_waits_no_more() -> None:
    told = machine()
    done = told.for_a_probe(batch(4, history={Symptom.LOST: 2}, slow=True))
    assert done.split == (Split.PROBE, 2)
    assert [len(part.inputs) for part in done.then] == [1, 3]
    for part in done.then:
        assert dict(part.history) == {Symptom.LOST: 2}
        assert not part.slow


# Answers that tell records apart


def partly(*errors: dict[str, Any], **body: Any) -> Reply:
    return reply(207, status="COMPLETE", errors=list(errors), **body)


def fault(*trace_ids: str, code: str | None = None) -> dict[str, Any]:
    detail = {"message": "m", "code": code, "context": {"propertyName": ["n"]}}
    context = {"objectWriteTraceId": list(trace_ids)}
    said = {"category": "VALIDATION_ERROR", "message": "no", "context": context}
    return said | ({"errors": [detail]} if code else {})


def test_an_answer_that_tells_records_apart_gives_each_its_result_or_error() -> None:
    written = {"id": "71", "objectWriteTraceId": "t1"}
    said = partly(fault("t0"), results=[written], links={"self": "here"})
    done = answer(machine(), batch(2), said)
    refused, succeeded = done.settled
    assert (refused.status, succeeded.status) == (RecordStatus.FAILED, RecordStatus.SUCCEEDED)
    assert refused.error is not None
    assert refused.error.indexes == (0,)
    assert [getattr(each, "id", None) for each in succeeded.results or ()] == ["71"]
    assert done.response is not None
    assert done.response.links == {"self": "here"}


def test_of_an_answer_that_tells_nothing_nothing_is_kept() -> None:
    done = answer(machine(), batch(2), reply(200, status="COMPLETE", results=[]))
    assert not done.settled
    assert done.response is None


def test_an_error_names_no_record_of_which_more_is_to_be_found_out() -> None:
    inputs = plan([{"email": "p0@x.com"}, {"n": "1"}], CREATE, unique_property="email")
    doubtful = Batch(inputs, status=RecordStatus.UNKNOWN, attempts=1)
    done = answer(creating(), doubtful, partly(fault("t0", "t1")), CREATE)
    [settled] = done.settled
    assert [item.index for item in settled.inputs] == [1]
    assert settled.error is not None
    assert settled.error.indexes == (1,)
    assert list(done.errors) == [settled.error]
    assert [(each.stage, each.inputs[0].index) for each in done.then] == [(Stage.LOOK_UP, 0)]


UNKNOWN_PROPERTY = "PROPERTY_DOESNT_EXIST"


@pytest.mark.parametrize(
    ("codes", "whole", "stops"),
    [
        ((UNKNOWN_PROPERTY, UNKNOWN_PROPERTY), True, True),
        ((UNKNOWN_PROPERTY, UNKNOWN_PROPERTY), False, False),
        ((UNKNOWN_PROPERTY, "READ_ONLY_VALUE"), True, False),
        ((UNKNOWN_PROPERTY, None), True, False),
        ((None, None), True, False),
    ],
)
def test_a_run_stops_when_all_of_its_first_batches_are_refused_for_one_property(
    codes: tuple[str | None, str | None], whole: bool, stops: bool
) -> None:
    told = machine()
    said = partly(*(fault(f"t{number}", code=code) for number, code in enumerate(codes)))
    stopped = [
        answer(told, batch(2, number=number, whole=whole), said).stop is not None
        for number in range(3)
    ]
    assert stopped == [False, False, stops]
    going = answer(told, batch(2, number=2, whole=whole), said, any_success=True)
    assert going.stop is None


def test_a_doubt_is_looked_into_after_a_pause_and_a_backoff() -> None:
    sent = batch(1, CREATE, status=RecordStatus.UNKNOWN, attempts=1)
    done = answer(creating(), sent, REFUSED, CREATE, chance=lambda: 1.0)
    assert [each.stage for each in done.then] == [Stage.LOOK_UP]
    assert done.then[0].resumes_at == 100.0 + 1.0 + POLICY.backoff(1, 1.0)


def test_records_that_are_refused_by_name_after_a_doubt_are_looked_up() -> None:
    doubtful = batch(3, CREATE, status=RecordStatus.UNKNOWN, attempts=1)
    named = reply(
        400, category="VALIDATION_ERROR", message="no", context={"objectWriteTraceId": ["t0"]}
    )
    done = answer(creating(), doubtful, named, CREATE)
    assert [each.stage for each in done.then] == [Stage.LOOK_UP, Stage.SEND]
    systemic = reply(
        400, category="VALIDATION_ERROR", message="Unable to create by non-unique property"
    )
    done = answer(creating(), doubtful, systemic, CREATE)
    assert [each.stage for each in done.then] == [Stage.LOOK_UP]


def test_a_part_that_is_given_up_without_an_answer_says_that_none_came() -> None:
    settlement = machine()._settlement
    done = settlement.goes_on(Transition(), Freed((), [batch(2)]))
    [settled] = done.settled
    assert (settled.status, settled.error) == (RecordStatus.UNSENT, None)
    tried = batch(2, status=RecordStatus.UNKNOWN, attempts=1)
    [error] = settlement.goes_on(Transition(), Freed((), [tried])).errors
    assert (error.category, error.message) == ("NO_ANSWER", "no answer came")


def search(told: BatchMachine, start: Batch, message: str = "no") -> list[Transition]:
    """Refuse a batch and all of its parts, quoting the first value of each in the message."""
    under_way, done = [start], []
    while under_way:
        part = under_way.pop()
        word = part.inputs[0].properties["word"]
        said = reply(400, category="VALIDATION_ERROR", message=message.format(word))
        done.append(answer(told, part, said))
        under_way += done[-1].then
    return done


def worded(count: int, number: int = 0) -> Batch:
    words = ["".join(pair) for pair in itertools.product("abcdefgh", repeat=2)]
    records = [{"email": f"p{at}@x.com", "word": words[at]} for at in range(count)]
    return Batch(plan(records, UPSERT, id_property="email"), number)


def test_messages_that_differ_in_the_value_they_quote_are_one_reason() -> None:
    done = search(machine(), worded(60), "value {} is wrong")
    assert len(done) == 25
    unsearched = [each for each in done[-1].settled if len(each.inputs) > 1]
    assert unsearched


def test_a_run_whose_first_three_batches_are_refused_to_the_last_stops() -> None:
    told = machine()
    stops = [search(told, worded(60, number))[-1].stop is not None for number in range(3)]
    assert stops == [False, False, True]


def test_a_search_that_a_busy_service_has_worn_out_says_nothing_of_the_call() -> None:
    told = machine()
    busy = reply(423, category="LOCKED", message="busy")
    for number in range(3):
        [first] = answer(told, batch(8, number=number), REFUSED).then
        slow, other = answer(told, first, busy).then
        answer(told, other, REFUSED)
        for _ in range(150):
            answer(told, slow, busy)
        done = answer(told, attrs.evolve(slow, history={Symptom.LOCKED: 99}), busy)
        assert accounted(done) == [0, 1, 2, 3, 6, 7]
        assert done.stop is None


def test_a_search_that_a_busy_service_has_worn_out_leaves_its_doubts_to_look_ups() -> None:
    told = creating()
    busy = reply(423, category="LOCKED", message="busy")
    doubtful = batch(8, CREATE, status=RecordStatus.UNKNOWN, attempts=1)
    [first] = answer(told, doubtful, REFUSED, CREATE).then
    slow, other = answer(told, first, busy, CREATE).then
    answer(told, other, REFUSED, CREATE)
    for _ in range(150):
        answer(told, slow, busy, CREATE)
    done = answer(told, attrs.evolve(slow, history={Symptom.LOCKED: 99}), busy, CREATE)
    assert not done.settled
    assert {each.stage for each in done.then} == {Stage.LOOK_UP}


def test_three_objects_are_read_for_a_batch_and_no_more() -> None:
    told = creating()
    rest = batch(8, CREATE)
    for number in range(3):
        [compared] = answer(told, rest, conflict(str(number)), CREATE).then
        assert compared.stage is Stage.COMPARE
        rest, _ = answer(told, compared, holder(f"p{number}@x.com"), CREATE).then
    assert [each.stage for each in answer(told, rest, conflict("9"), CREATE).then] == [Stage.SEND]


def test_a_doubt_is_looked_into_outside_the_search_that_led_to_it() -> None:
    busy = reply(423, category="LOCKED", message="busy")
    for said in (NoReply(sent=True, reason="lost"), REFUSED):
        told = creating()
        [first] = answer(told, batch(2, CREATE), REFUSED, CREATE).then
        [again, _] = answer(told, first, busy, CREATE).then
        doubtful = attrs.evolve(again, status=RecordStatus.UNKNOWN, attempts=2)
        [looked_into] = answer(told, doubtful, said, CREATE).then
        assert looked_into.stage is Stage.LOOK_UP
        assert (looked_into.search, looked_into.slow) == (Search.NONE, False)


def test_a_refusal_that_names_all_of_a_batch_is_for_good() -> None:
    named = {"objectWriteTraceId": ["t0", "t1"]}
    done = answer(
        machine(), batch(2), reply(400, category="VALIDATION_ERROR", message="no", context=named)
    )
    [settled] = done.settled
    assert settled.error is not None
    assert not settled.error.transient


def test_what_is_gone_has_been_archived() -> None:
    gone = reply(404, category="OBJECT_NOT_FOUND", message="gone")
    done = answer(machine(ARCHIVE), batch(1, ARCHIVE), gone, ARCHIVE)
    [settled] = done.settled
    assert (settled.status, settled.attempts) == (RecordStatus.SUCCEEDED, 1)


def test_what_is_broken_off_before_any_answer_says_why() -> None:
    done = machine().broken_off(batch(2, status=RecordStatus.UNKNOWN, attempts=1), "cancelled")
    [settled] = done.settled
    assert settled.error is not None
    assert (settled.error.message, settled.error.transient) == ("cancelled", True)
    assert settled.attempts == 1


def test_a_doubt_is_looked_into_by_a_run_that_goes_on_and_by_no_other() -> None:
    lost = NoReply(sent=True, reason="lost")
    sent = batch(1, CREATE, history={Symptom.LOST: 99})
    going, over = (
        answer(creating(), sent, lost, CREATE, may_wait=may_wait)
        for may_wait in (lambda wait: wait <= 0.0, lambda _: False)
    )
    assert [each.stage for each in going.then] == [Stage.LOOK_UP]
    assert [each.status for each in over.settled] == [RecordStatus.UNKNOWN]


@pytest.mark.parametrize(("spelling", "known"), [(CONTACTS, True), (OTHERS, False)])
def test_results_are_found_by_values_as_the_object_type_spells_them(
    spelling: Spelling, known: bool
) -> None:
    results = [{"id": str(at), "properties": {"email": f"P{at}@x.com"}} for at in range(2)]
    said = reply(200, status="COMPLETE", results=results)
    done = answer(machine(spelling=spelling, id_property="email"), batch(2), said)
    found = [getattr(each, "id", None) for part in done.settled for each in part.results or ()]
    assert found == (["0", "1"] if known else [])
