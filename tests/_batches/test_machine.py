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
from hubbatch._batches.batch import Batch, PoisonSearch, Stage
from hubbatch._batches.machine import BatchMachine
from hubbatch._batches.poison_search import SearchStep
from hubbatch._batches.transition import Moment, Split, Transition
from hubbatch._protocol.diagnosis import Diagnosis, diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.symptoms import Action, Symptom
from hubbatch._records.call import Call
from hubbatch._records.request_body import RequestBody
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


def make_machine(endpoint: Endpoint = UPSERT, **options: Any) -> BatchMachine:
    call = Call(endpoint, "/write", "/read", batch_size=100, **options)
    return BatchMachine(call, POLICY, RequestBody({}))


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
    machine: BatchMachine,
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
    return machine.answered(sent, diagnosis, moment(**changes), before)


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
    for said, any_success, continue_search in itertools.product(
        REPLIES, (False, True), (False, True)
    ):
        machine = make_machine(endpoint, **options)
        start = batch(4, endpoint, stage=stage, status=status, attempts=1)
        if stage is Stage.COMPARE and endpoint in {READ, ARCHIVE}:
            continue  # nothing of theirs collides
        if stage is Stage.LOOK_UP and endpoint is not CREATE:
            continue  # only creates are looked up
        done = answer(
            machine,
            start,
            said,
            endpoint,
            any_success=any_success,
            may_wait=lambda _, on=continue_search: on,
        )
        assert sorted([*accounted(done), *_held_back(machine)]) == [0, 1, 2, 3], said
        if status is RecordStatus.UNKNOWN and endpoint.writes and stage is Stage.SEND:
            refused = [each for each in done.settled if each.status is RecordStatus.FAILED]
            assert not refused, "a doubt was settled by a rejection"


def _held_back(machine: BatchMachine) -> list[int]:
    return [item.index for part in machine.waiting() for item in part.inputs]


@given(
    st.sets(st.integers(0, 59), max_size=60),
    st.sampled_from(["no", "value {} is wrong", "{}"]),
    st.integers(0, 2**32),
)
def test_a_rejected_batch_is_searched_to_its_end_in_any_order_of_answers(
    bad: set[int], message: str, seed: int
) -> None:
    chance, machine = random.Random(seed), make_machine()
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
        done = answer(machine, part, said)
        for each in done.settled:
            for item in each.inputs:
                assert item.index not in settled
                settled[item.index] = (each.status, each.error)
        under_way += done.then
        assert done.stop is None
    assert settled.keys() == set(range(60))
    assert not list(machine.waiting())
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
    machine = make_machine()
    refused = reply(400, category="VALIDATION_ERROR", message="no")
    (first,) = answer(machine, batch(8), refused).then
    locked = answer(machine, first, reply(423, category="LOCKED", message="busy"))
    assert locked.again
    again, second = locked.then
    assert again.resumes_at >= 102.0
    assert not set(again.inputs) & set(second.inputs)
    assert second.search is PoisonSearch.REJECTED


def test_what_is_broken_off_while_others_wait_for_it_sets_these_free() -> None:
    machine = make_machine()
    (first,) = answer(machine, batch(8), reply(400, category="VALIDATION_ERROR", message="no")).then
    done = machine.broken_off(first, "cancelled")
    assert [each.status for each in done.settled] == [RecordStatus.FAILED]
    assert done.settled[0].error is not None
    assert done.settled[0].error.transient
    assert accounted(done) == list(range(8))


def test_the_table_has_every_stage_and_action() -> None:
    machine = make_machine()
    for stage, action in itertools.product(Stage, Action):
        if (stage, action) not in machine._transitions:
            raise AssertionError(f"nothing follows from {action} in {stage}")


@pytest.mark.parametrize("symptom", list(Symptom))
def test_no_symptom_without_an_error_or_a_response_breaks_the_machine(symptom: Symptom) -> None:
    machine, diagnosis = make_machine(), Diagnosis(symptom)
    sent = batch(3).sent(1.0, 1.0)
    done = machine.answered(sent, diagnosis, moment(), RecordStatus.UNSENT)
    held: Sequence[int] = _held_back(machine)
    assert sorted([*accounted(done), *held]) == [0, 1, 2]


# Look-ups


def look_up(count: int, **fields: Any) -> Batch:
    known = {"stage": Stage.LOOK_UP, "status": RecordStatus.UNKNOWN, "attempts": 1}
    return batch(count, CREATE, **(known | fields))


def looked_up(sent: Batch, said: Reply | NoReply, **changes: Any) -> Transition:
    return answer(make_machine(CREATE, unique_property="email"), sent, said, CREATE, **changes)


def emails(done: Transition) -> list[list[str]]:
    return [[item.properties["email"] for item in part.inputs] for part in done.then]


GONE = reply(404, category="OBJECT_NOT_FOUND", message="gone")
ABSENT_ONCE = {Symptom.NOTHING_FOUND: 1}


def test_one_record_that_is_not_there_is_looked_up_once_more_and_then_sent_again() -> None:
    first = looked_up(look_up(1), GONE)
    assert [(each.stage, dict(each.history)) for each in first.then] == [
        (Stage.LOOK_UP, ABSENT_ONCE)
    ]
    second = looked_up(look_up(1, history=ABSENT_ONCE), GONE)
    assert [each.stage for each in second.then] == [Stage.SEND]
    assert not first.settled
    assert not second.settled


def test_a_look_up_that_finds_nothing_and_names_no_record_is_split_in_two() -> None:
    done = looked_up(look_up(4), GONE)
    assert emails(done) == [["p0@x.com", "p1@x.com"], ["p2@x.com", "p3@x.com"]]


def test_what_a_look_up_names_as_missing_is_parted_from_what_it_does_not_tell_of() -> None:
    gone = reply(404, category="OBJECT_NOT_FOUND", message="gone", context={"ids": ["p1@x.com"]})
    done = looked_up(look_up(3, history=ABSENT_ONCE), gone)
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


def test_a_record_that_existed_before_fails_with_its_own_error() -> None:
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
def test_at_a_look_up_a_rejected_token_stops_the_run_and_a_missing_scope_does_not(
    status: int, stops: bool
) -> None:
    done = looked_up(look_up(2), reply(status, category="C", message="m"))
    assert [each.status for each in done.settled] == [RecordStatus.UNKNOWN]
    assert (done.stop is not None) is stops


# PoisonSearches, and what comes in between

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
    return make_machine(CREATE, unique_property="email")


def test_a_part_that_is_too_large_goes_on_in_two_and_the_search_after_both() -> None:
    machine = make_machine()
    [first] = answer(machine, batch(8), REFUSED).then
    [again, _other] = answer(machine, first, reply(423, category="LOCKED", message="busy")).then
    assert again.delayed
    halves = answer(machine, again, TOO_LARGE).then
    assert [each.delayed for each in halves] == [False, False]
    machine = make_machine()
    [first] = answer(machine, batch(8), REFUSED).then
    one, other = answer(machine, first, TOO_LARGE).then
    assert not machine.broken_off(one, "cancelled").then
    assert accounted(machine.broken_off(other, "cancelled")) == [2, 3, 4, 5, 6, 7]


def test_a_part_that_collides_goes_on_in_two_and_the_search_after_both() -> None:
    machine = creating()
    [first] = answer(machine, batch(8, CREATE), REFUSED, CREATE).then
    [again, _other] = answer(
        machine, first, reply(423, category="LOCKED", message="busy"), CREATE
    ).then
    [compared] = answer(machine, again, conflict(), CREATE).then
    rest, candidates = answer(machine, compared, holder("p1@x.com"), CREATE).then
    assert [item.index for item in candidates.inputs] == [1]
    assert (rest.delayed, candidates.delayed) == (False, False)
    machine = creating()
    [first] = answer(machine, batch(8, CREATE), REFUSED, CREATE).then
    [compared] = answer(machine, first, conflict(), CREATE).then
    rest, candidates = answer(machine, compared, holder("p1@x.com"), CREATE).then
    assert not machine.broken_off(rest, "cancelled").then
    assert accounted(machine.broken_off(candidates, "cancelled")) == [1, 4, 5, 6, 7]


def test_if_the_object_cannot_be_read_the_error_is_the_conflict() -> None:
    machine = creating()
    said = conflict(objectWriteTraceId=["t0"])
    first_answer = answer(machine, batch(4, CREATE), said, CREATE)
    [compared] = first_answer.then
    done = answer(machine, compared, FAILED, CREATE)
    [refused] = done.settled
    assert [item.index for item in refused.inputs] == [0]
    assert refused.error is not None
    assert refused.error.category == "CONFLICT"


def test_after_an_object_that_could_not_be_read_no_other_is_read() -> None:
    machine = creating()
    [compared] = answer(machine, batch(8, CREATE), conflict("7"), CREATE).then
    [part] = answer(machine, compared, FAILED, CREATE).then
    [deeper] = answer(machine, part, conflict("8"), CREATE).then
    assert (deeper.stage, len(deeper.inputs)) == (Stage.SEND, 2)


def test_of_two_colliding_records_a_read_shows_which_one_fails() -> None:
    machine = creating()
    [compared] = answer(machine, batch(2, CREATE), conflict(), CREATE).then
    assert compared.stage is Stage.COMPARE
    done = answer(machine, batch(1, CREATE), conflict(), CREATE)
    assert [each.status for each in done.settled] == [RecordStatus.FAILED]


def test_a_batch_is_taken_apart_in_a_run_that_waits_for_nothing_any_more() -> None:
    sent = batch(4, history=TRIED_OFTEN)
    done = answer(make_machine(), sent, FAILED, any_success=True, may_wait=lambda wait: wait <= 0.0)
    assert [len(each.inputs) for each in done.then] == [2]


@pytest.mark.parametrize(("broken", "following"), [(True, [4, 5, 6, 7]), (False, [0, 1])])
def test_while_the_service_seems_broken_the_parts_of_a_part_go_last(
    broken: bool, following: list[int]
) -> None:
    machine = make_machine()
    [first] = answer(machine, batch(8, history=TRIED_OFTEN), FAILED, any_success=True).then
    first = attrs.evolve(first, history=TRIED_OFTEN)
    done = answer(machine, first, FAILED, any_success=True, breaker_open=broken)
    assert accounted(done) == following


def test_a_part_that_probes_goes_on_with_its_tries_and_waits_no_more() -> None:
    machine = make_machine()
    done = machine.split_for_probe(batch(4, history={Symptom.LOST: 2}, delayed=True))
    assert done.split == (Split.PROBE, 2)
    assert [len(part.inputs) for part in done.then] == [1, 3]
    for part in done.then:
        assert dict(part.history) == {Symptom.LOST: 2}
        assert not part.delayed


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
    done = answer(make_machine(), batch(2), said)
    refused, succeeded = done.settled
    assert (refused.status, succeeded.status) == (RecordStatus.FAILED, RecordStatus.SUCCEEDED)
    assert refused.error is not None
    assert refused.error.indexes == (0,)
    assert [getattr(each, "id", None) for each in succeeded.results or ()] == ["71"]
    assert done.response is not None
    assert done.response.links == {"self": "here"}


def test_an_answer_without_information_leaves_no_trace() -> None:
    done = answer(make_machine(), batch(2), reply(200, status="COMPLETE", results=[]))
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
def test_a_run_stops_if_its_first_batches_are_all_rejected_for_one_property(
    codes: tuple[str | None, str | None], whole: bool, stops: bool
) -> None:
    machine = make_machine()
    said = partly(*(fault(f"t{number}", code=code) for number, code in enumerate(codes)))
    stopped = [
        answer(machine, batch(2, number=number, whole=whole), said).stop is not None
        for number in range(3)
    ]
    assert stopped == [False, False, stops]
    going = answer(machine, batch(2, number=2, whole=whole), said, any_success=True)
    assert going.stop is None


def test_a_doubt_is_looked_into_after_a_pause_and_a_backoff() -> None:
    sent = batch(1, CREATE, status=RecordStatus.UNKNOWN, attempts=1)
    done = answer(creating(), sent, REFUSED, CREATE, chance=lambda: 1.0)
    assert [each.stage for each in done.then] == [Stage.LOOK_UP]
    assert done.then[0].resumes_at == 100.0 + 1.0 + POLICY.backoff(1, 1.0)


def test_records_rejected_by_name_after_a_doubt_are_looked_up() -> None:
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
    settlement = make_machine()._settlement
    done = settlement.continue_search(Transition(), SearchStep((), [batch(2)]))
    [settled] = done.settled
    assert (settled.status, settled.error) == (RecordStatus.UNSENT, None)
    tried = batch(2, status=RecordStatus.UNKNOWN, attempts=1)
    [error] = settlement.continue_search(Transition(), SearchStep((), [tried])).errors
    assert (error.category, error.message) == ("NO_ANSWER", "no answer came")


def search(machine: BatchMachine, start: Batch, message: str = "no") -> list[Transition]:
    """Refuse a batch and all of its parts, quoting the first value of each in the message."""
    under_way, done = [start], []
    while under_way:
        part = under_way.pop()
        word = part.inputs[0].properties["word"]
        said = reply(400, category="VALIDATION_ERROR", message=message.format(word))
        done.append(answer(machine, part, said))
        under_way += done[-1].then
    return done


def worded(count: int, number: int = 0) -> Batch:
    words = ["".join(pair) for pair in itertools.product("abcdefgh", repeat=2)]
    records = [{"email": f"p{at}@x.com", "word": words[at]} for at in range(count)]
    return Batch(plan(records, UPSERT, id_property="email"), number)


def test_messages_that_differ_in_the_value_they_quote_are_one_reason() -> None:
    done = search(make_machine(), worded(60), "value {} is wrong")
    assert len(done) == 25
    unsearched = [each for each in done[-1].settled if len(each.inputs) > 1]
    assert unsearched


def test_a_run_stops_if_every_record_of_its_first_three_batches_is_rejected() -> None:
    machine = make_machine()
    stops = [search(machine, worded(60, number))[-1].stop is not None for number in range(3)]
    assert stops == [False, False, True]


def test_a_search_out_of_budget_does_not_stop_the_run() -> None:
    machine = make_machine()
    busy = reply(423, category="LOCKED", message="busy")
    for number in range(3):
        [first] = answer(machine, batch(8, number=number), REFUSED).then
        delayed, other = answer(machine, first, busy).then
        answer(machine, other, REFUSED)
        for _ in range(150):
            answer(machine, delayed, busy)
        done = answer(machine, attrs.evolve(delayed, history={Symptom.LOCKED: 99}), busy)
        assert accounted(done) == [0, 1, 2, 3, 6, 7]
        assert done.stop is None


def test_a_search_out_of_budget_leaves_its_doubts_to_look_ups() -> None:
    machine = creating()
    busy = reply(423, category="LOCKED", message="busy")
    doubtful = batch(8, CREATE, status=RecordStatus.UNKNOWN, attempts=1)
    [first] = answer(machine, doubtful, REFUSED, CREATE).then
    delayed, other = answer(machine, first, busy, CREATE).then
    answer(machine, other, REFUSED, CREATE)
    for _ in range(150):
        answer(machine, delayed, busy, CREATE)
    done = answer(machine, attrs.evolve(delayed, history={Symptom.LOCKED: 99}), busy, CREATE)
    assert not done.settled
    assert {each.stage for each in done.then} == {Stage.LOOK_UP}


def test_three_objects_are_read_for_a_batch_and_no_more() -> None:
    machine = creating()
    rest = batch(8, CREATE)
    for number in range(3):
        [compared] = answer(machine, rest, conflict(str(number)), CREATE).then
        assert compared.stage is Stage.COMPARE
        rest, _ = answer(machine, compared, holder(f"p{number}@x.com"), CREATE).then
    assert [each.stage for each in answer(machine, rest, conflict("9"), CREATE).then] == [
        Stage.SEND
    ]


def test_a_doubt_is_looked_into_outside_the_search_that_led_to_it() -> None:
    busy = reply(423, category="LOCKED", message="busy")
    for said in (NoReply(sent=True, reason="lost"), REFUSED):
        machine = creating()
        [first] = answer(machine, batch(2, CREATE), REFUSED, CREATE).then
        [again, _] = answer(machine, first, busy, CREATE).then
        doubtful = attrs.evolve(again, status=RecordStatus.UNKNOWN, attempts=2)
        [looked_into] = answer(machine, doubtful, said, CREATE).then
        assert looked_into.stage is Stage.LOOK_UP
        assert (looked_into.search, looked_into.delayed) == (PoisonSearch.NONE, False)


def test_a_rejection_that_names_every_record_is_final() -> None:
    named = {"objectWriteTraceId": ["t0", "t1"]}
    done = answer(
        make_machine(),
        batch(2),
        reply(400, category="VALIDATION_ERROR", message="no", context=named),
    )
    [settled] = done.settled
    assert settled.error is not None
    assert not settled.error.transient


def test_what_is_gone_has_been_archived() -> None:
    gone = reply(404, category="OBJECT_NOT_FOUND", message="gone")
    done = answer(make_machine(ARCHIVE), batch(1, ARCHIVE), gone, ARCHIVE)
    [settled] = done.settled
    assert (settled.status, settled.attempts) == (RecordStatus.SUCCEEDED, 1)


def test_what_is_broken_off_before_any_answer_says_why() -> None:
    done = make_machine().broken_off(batch(2, status=RecordStatus.UNKNOWN, attempts=1), "cancelled")
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
    done = answer(make_machine(spelling=spelling, id_property="email"), batch(2), said)
    found = [getattr(each, "id", None) for part in done.settled for each in part.results or ()]
    assert found == (["0", "1"] if known else [])
