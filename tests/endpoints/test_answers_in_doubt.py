"""Answers that name nobody, or somebody else, prove nothing of what they leave out."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from hubbatch import Client, Endpoint, NoReply, Outcome, RateLimit, Reply, Request, RetryPolicy
from hubbatch.endpoints import AnswerKind, Effect, InputKind, Path, ResultShape
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
