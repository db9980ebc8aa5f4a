"""Answers that name nobody, or somebody else, prove nothing of what they leave out."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import attrs
import orjson
import pytest

from hubbatch import (
    Client,
    Endpoint,
    NoReply,
    Outcome,
    RateLimit,
    Reply,
    Request,
    RetryPolicy,
    UsageError,
)
from hubbatch.endpoints import (
    ARRAY,
    ASSOCIATIONS_CREATE_DEFAULT,
    SINGLE,
    AnswerKind,
    Doubt,
    Effect,
    IdLists,
    InputKind,
    Path,
    ResultShape,
)
from hubbatch.models import RecordStatus
from hubbatch.testing import ScriptedTransport, error_reply, inputs_of, reply, run_in_virtual_time

Script = Callable[[Request], Reply | NoReply]

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN

PATHS = [Path("/x/batch/do", ("v3",))]

SILENT = Endpoint(
    "silent",
    PATHS,
    input=InputKind.VALUES,
    identity=("name",),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
)

NAMED = Endpoint(
    "named",
    PATHS,
    input=InputKind.VALUES,
    identity=("name",),
    names={"name": "name"},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
)

NAMELESS = {"category": "VALIDATION_ERROR", "message": "one of them is read only"}

LATER: dict[str, Reply] = {
    "refused": error_reply(400, "VALIDATION_ERROR", "it is there already"),
    "conflict": error_reply(409, "OBJECT_ALREADY_EXISTS", "it is there already"),
    "busy": error_reply(503, "SERVICE_UNAVAILABLE", "busy"),
    "daily": reply(429, {"category": "RATE_LIMITS", "message": "no", "policyName": "DAILY"}),
    "token": error_reply(401, "INVALID_AUTHENTICATION", "no"),
}


def sent(row: Endpoint, script: Script, records: list[Any], **path: Any) -> Outcome[Any]:
    """Return what becomes of some records, and whatever ends the run."""

    async def main() -> Outcome[Any]:
        client = Client(
            "made-up",
            transport=ScriptedTransport(script),
            rate_limit=RateLimit(1_000_000, 1.0),
            retry=RetryPolicy(max_attempts=4),
            random=random.Random(0).random,
        )
        async with client:
            run = client.batch(row, records, keep="all", **path)
            try:
                return await run
            except Exception:
                return run.outcome

    return run_in_virtual_time(main())


def statuses(outcome: Outcome[Any]) -> list[RecordStatus]:
    return [record.status for record in outcome.records]


def names(*several: str) -> list[dict[str, str]]:
    return [{"name": name} for name in several]


@pytest.mark.parametrize("later", LATER)
def test_an_answer_that_names_nobody_leaves_a_doubt_which_no_later_refusal_settles(
    later: str,
) -> None:
    done: set[str] = set()

    def script(request: Request) -> Reply:
        if done:
            return LATER[later]
        done.update(item["name"] for item in inputs_of(request) if item["name"] != "p3")
        return reply(207, {"status": "COMPLETE", "errors": [NAMELESS], "numErrors": 1})

    outcome = sent(SILENT, script, names(*(f"p{at}" for at in range(20))))
    assert set(statuses(outcome)) == {U}


@pytest.mark.parametrize("later", LATER)
def test_one_error_does_not_speak_for_every_record_that_has_no_result(later: str) -> None:
    done: list[str] = []

    def script(request: Request) -> Reply:
        if done:
            return LATER[later]
        done.extend(["a", "b"])
        results = names("a")
        return reply(207, {"status": "COMPLETE", "results": results, "errors": [NAMELESS]})

    assert statuses(sent(NAMED, script, names("a", "b", "c"))) == [S, U, U]


def test_those_that_succeed_without_the_others_are_found_where_errors_name_nobody() -> None:
    def script(request: Request) -> Reply:
        if any(item["name"] == "p3" for item in inputs_of(request)):
            return reply(207, {"status": "COMPLETE", "errors": [NAMELESS], "numErrors": 1})
        return reply(204)

    outcome = sent(SILENT, script, names(*(f"p{at}" for at in range(50))))
    assert [record.index for record in outcome.unknown] == [3]
    assert outcome.counts.succeeded == 49


def test_records_all_refused_without_a_name_cost_no_more_than_a_refusal_of_their_batch() -> None:
    def of_each(answer: Reply) -> int:
        requests = 0

        def script(_: Request) -> Reply:
            nonlocal requests
            requests += 1
            return answer

        outcome = sent(SILENT, script, names(*(f"p{at}" for at in range(1_000))))
        assert outcome.counts.succeeded == 0
        return requests

    errors = [NAMELESS]
    nameless = of_each(reply(207, {"status": "COMPLETE", "errors": errors, "numErrors": 1}))
    assert nameless <= of_each(error_reply(400, "VALIDATION_ERROR", "not valid")) + 10


LIST = Endpoint(
    "list",
    [Path("/lists/{list_id}/do", ("v3",))],
    method="PUT",
    input=InputKind.TEXT,
    body=ARRAY,
    answer=AnswerKind.IDS,
    id_lists=IdLists(("recordIdsRemoved",), ("recordIdsMissing",)),
    result=ResultShape.ROW,
    max_inputs=100_000,
    effect=Effect.CHANGES,
    missing_is_done=True,
)


def test_every_id_of_a_long_list_of_missing_ones_is_missing() -> None:
    def script(request: Request) -> Reply:
        sent = orjson.loads(request.body)
        return reply(200, {"recordIdsRemoved": [], "recordIdsMissing": sent})

    row = attrs.evolve(LIST, missing_is_done=False)
    outcome = sent(row, script, [str(at) for at in range(12_000)], list_id=5)
    assert outcome.counts.failed == 12_000


def test_an_error_of_more_details_than_are_read_makes_no_silence_a_success() -> None:
    details = [{"message": "no", "context": {"ids": [f"p{at}"]}} for at in range(300)]
    error = {"category": "VALIDATION_ERROR", "message": "no", "errors": details}
    answer = reply(207, {"status": "COMPLETE", "errors": [error], "numErrors": 1})
    row = attrs.evolve(SILENT, max_inputs=1_000)
    outcome = sent(row, lambda _: answer, names(*(f"p{at}" for at in range(300))))
    assert outcome.counts.succeeded == 0


PAIRS = Endpoint(
    "pairs",
    PATHS,
    input=InputKind.PAIR,
    names={"fromObjectId": "from.id", "toObjectId": "to.id"},
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
)


@pytest.mark.parametrize("each", [2, 3, 4])
@pytest.mark.parametrize("errors", [2, 3, 5, 20])
def test_errors_that_name_several_pairs_name_each_of_them(errors: int, each: int) -> None:
    pairs = [(2 * at + 1, 2 * at + 2) for at in range(errors * each)]
    whole = [
        {
            "category": "VALIDATION_ERROR",
            "message": "no",
            "errors": [
                {"message": "x", "context": {"fromObjectId": [str(a)], "toObjectId": [str(b)]}}
                for a, b in pairs[start : start + each]
            ],
        }
        for start in range(0, len(pairs), each)
    ]
    answer = reply(207, {"status": "COMPLETE", "errors": whole, "numErrors": errors})
    assert set(statuses(sent(PAIRS, lambda _: answer, pairs))) == {F}


ONE = Endpoint(
    "one",
    PATHS,
    input=InputKind.VALUES,
    body=SINGLE,
    max_inputs=1,
    answer=AnswerKind.ONE,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
)


@pytest.mark.parametrize(
    "value",
    [
        {"error": "maintenance"},
        {"message": "try later", "id": 1},
        {"ok": False, "errors": ["x"]},
        {"numErrors": 1},
    ],
)
def test_what_a_proxy_says_under_a_200_is_no_result(value: dict[str, Any]) -> None:
    assert statuses(sent(ONE, lambda _: reply(200, value), names("a"))) == [U]


def row_of(a: int, b: int) -> dict[str, Any]:
    return {"from": {"id": str(a)}, "to": {"id": str(b)}}


@pytest.mark.parametrize("per_input", [1, 2, None])
def test_results_without_names_are_a_success_only_if_there_is_one_for_each(
    per_input: int | None,
) -> None:
    row = Endpoint(
        "unnamed",
        PATHS,
        input=InputKind.PAIR,
        results_per_input=per_input,
        result=ResultShape.ROW,
        effect=Effect.CHANGES,
    )
    results = [row_of(1, 2), row_of(3, 4)]

    def script(request: Request) -> Reply:
        both = len(inputs_of(request)) > 1
        return reply(200, {"status": "COMPLETE", "results": results if both else []})

    assert set(statuses(sent(row, script, [(1, 2), (3, 4)]))) == {S if per_input == 1 else U}
    results.append(row_of(2, 1))
    assert set(statuses(sent(row, script, [(1, 2), (3, 4)]))) == {U}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"recordIdsRemoved": ["1"], "recordIdsMissing": ["2"]}, [S, S, S]),
        ({"recordsIdsRemoved": ["1", "2"], "recordIdsMissing": None}, [U, U, U]),
        ({"recordIdsMissing": ["1"]}, [U, U, U]),
        ({"recordIdsRemoved": ["999"]}, [U, U, U]),
        ({"recordIdsRemoved": ["1", "999"]}, [S, U, U]),
    ],
)
def test_silence_beside_a_list_of_ids_is_a_success_only_if_that_list_is_ours(
    value: dict[str, Any], expected: list[RecordStatus]
) -> None:
    assert statuses(sent(LIST, lambda _: reply(200, value), ["1", "2", "3"], list_id=5)) == expected


def test_a_list_that_does_not_exist_has_removed_nobody() -> None:
    answer = error_reply(404, "OBJECT_NOT_FOUND", "List does not exist with ID 5.")
    for records in (["1"], ["1", "2"]):
        outcome = sent(LIST, lambda _: answer, records, list_id=5)
        assert set(statuses(outcome)) == {F}


def test_what_creates_is_never_sent_twice_unless_the_row_says_how_a_repetition_is_known() -> None:
    requests: list[Request] = []

    def script(request: Request) -> Reply | NoReply:
        requests.append(request)
        if len(requests) == 1:
            return NoReply(sent=True, reason="lost")
        return reply(200, {"status": "COMPLETE", "results": inputs_of(request)})

    creates = Endpoint(
        "creates",
        PATHS,
        input=InputKind.VALUES,
        identity=("name",),
        names={"name": "name"},
        result=ResultShape.ROW,
        effect=Effect.CREATES,
    )
    assert statuses(sent(creates, script, names("a"))) == [U]
    assert len(requests) == 1
    with pytest.raises(UsageError, match="stamp"):
        attrs.evolve(creates, doubt=Doubt.REPEAT)
    assert attrs.evolve(creates, doubt=Doubt.REPEAT, stamp="uuid").idempotent


@pytest.mark.parametrize("exclusive", [(), (("from.id", "to.id"),)])
def test_inputs_of_one_identity_that_ask_for_something_else_are_all_sent(
    exclusive: tuple[tuple[str, ...], ...],
) -> None:
    requests: list[Any] = []

    def script(request: Request) -> Reply:
        requests.append(inputs_of(request))
        return reply(204)

    row = attrs.evolve(PAIRS, exclusive=exclusive, names={})
    pairs = [
        {"from": {"id": "1"}, "to": {"id": "2"}, "types": [{"associationTypeId": label}]}
        for label in (1, 2, 2, 1)
    ]
    outcome = sent(row, script, pairs)
    assert outcome.counts.succeeded == 4
    assert [len(each) for each in requests] == [1, 1, 1]
    assert [pair for each in requests for pair in each] == [pairs[0], pairs[1], pairs[3]]


SHARING = [("1", "7"), ("2", "7"), ("3", "8")]
ABOUT_SEVEN: dict[str, dict[str, Any]] = {
    "limit": {"category": "VALIDATION_ERROR", "message": "7 has 10 associations of type 1"},
    "not there": {"category": "OBJECT_NOT_FOUND", "message": "no such company"},
    "not valid": {"category": "VALIDATION_ERROR", "message": "COMPANY=7 is not valid"},
}


def link(script: Script) -> tuple[Outcome[Any], list[list[tuple[str, str]]]]:
    """Return what becomes of pairs that share an object, and the pairs of each request."""
    requests: list[list[tuple[str, str]]] = []

    def noted(request: Request) -> Reply | NoReply:
        requests.append([(each["from"]["id"], each["to"]["id"]) for each in inputs_of(request)])
        return script(request)

    path = {"from_object_type": "contacts", "to_object_type": "companies", "api_version": "v4"}
    outcome = sent(ASSOCIATIONS_CREATE_DEFAULT, noted, SHARING, **path)
    return outcome, requests


def linked(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"from": {"id": one}, "to": {"id": other}} for one, other in pairs]


@pytest.mark.parametrize(
    ("why", "expected"),
    [("limit", [S, U, S]), ("not there", [F, F, S]), ("not valid", [F, F, S])],
)
def test_an_error_that_names_an_object_of_many_pairs_fails_them_only_if_it_is_about_that_object(
    why: str, expected: list[RecordStatus]
) -> None:
    error = {**ABOUT_SEVEN[why], "context": {"id": ["7"]}}

    def script(request: Request) -> Reply:
        pairs = [(each["from"]["id"], each["to"]["id"]) for each in inputs_of(request)]
        if len(pairs) == len(SHARING):  # the first pair is linked, and the answer does not say so
            return reply(
                207, {"status": "COMPLETE", "results": linked(("3", "8")), "errors": [error]}
            )
        good = [pair for pair in pairs if pair != ("2", "7")]
        errors = [error] if len(good) < len(pairs) else []
        return reply(207, {"status": "COMPLETE", "results": linked(*good), "errors": errors})

    outcome, requests = link(script)
    assert statuses(outcome) == expected
    assert (len(requests) > 1) == (why == "limit"), "what is certain is not asked for again"


def test_as_many_errors_as_pairs_without_a_result_are_one_for_each() -> None:
    error = {**ABOUT_SEVEN["limit"], "context": {"id": ["7"]}}

    def script(_: Request) -> Reply:
        results = linked(("3", "8"))
        return reply(207, {"status": "COMPLETE", "results": results, "errors": [error, error]})

    outcome, requests = link(script)
    assert statuses(outcome) == [F, F, S]
    assert len(requests) == 1


def test_an_error_of_a_pairs_own_leaves_the_other_one_for_the_pair_that_shares_its_object() -> None:
    own = {**ABOUT_SEVEN["limit"], "context": {"from.id": ["1"], "to.id": ["7"]}}
    error = {**ABOUT_SEVEN["limit"], "context": {"id": ["7"]}}

    def script(_: Request) -> Reply:
        results = linked(("3", "8"))
        return reply(207, {"status": "COMPLETE", "results": results, "errors": [error, own]})

    outcome, _ = link(script)
    assert statuses(outcome) == [F, F, S]


@pytest.mark.parametrize(
    ("why", "expected"),
    [("limit", [S, F, S]), ("not there", [F, F, S]), ("not valid", [F, F, S])],
)
def test_a_batch_that_is_refused_for_an_object_of_many_pairs_fails_the_one_that_is_refused_alone(
    why: str, expected: list[RecordStatus]
) -> None:
    def script(request: Request) -> Reply:
        pairs = [(each["from"]["id"], each["to"]["id"]) for each in inputs_of(request)]
        if ("2", "7") in pairs:
            value = {"status": "error", **ABOUT_SEVEN[why], "context": {"id": ["7"]}}
            return reply(400, {**value, "correlationId": "c"})
        return reply(201, {"status": "COMPLETE", "results": linked(*pairs)})

    outcome, _ = link(script)
    assert statuses(outcome) == expected


def test_results_that_name_nobody_count_only_if_there_are_as_many_as_inputs() -> None:
    row = attrs.evolve(NAMED, names=(), results_per_input=None)

    def script(_: Request) -> Reply:
        return reply(200, {"status": "COMPLETE", "results": names("x", "y")})

    assert statuses(sent(row, script, names("a"))) == [U]
    alone = attrs.evolve(row, max_inputs=1)
    assert statuses(sent(alone, script, names("a"))) == [S], "it is said to have several"
