"""Results that are rows: what is read of them is all there is, or the record is in doubt; and whose they are."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from other_endpoints import ASSOCIATED

from hubbatch import Client, Endpoint, Outcome, RateLimit, Reply, Request, RetryPolicy
from hubbatch.endpoints import (
    SINGLE,
    AnswerKind,
    Body,
    Doubt,
    Effect,
    IdLists,
    InputKind,
    Path,
    ResultShape,
)
from hubbatch.models import RecordStatus
from hubbatch.testing import ScriptedTransport, inputs_of, reply, run_in_virtual_time

S, U = RecordStatus.SUCCEEDED, RecordStatus.UNKNOWN

PATHS = [Path("/x/batch/do", ("v3",))]


def row(**fields: Any) -> Endpoint:
    return Endpoint("x", PATHS, **{"result": ResultShape.ROW, "effect": Effect.CHANGES, **fields})


def sent(
    endpoint: Endpoint,
    records: list[Any],
    answer: Reply | Callable[[Request], Reply],
    **options: Any,
) -> Outcome[Any]:
    script = (lambda _: answer) if isinstance(answer, Reply) else answer

    async def main() -> Outcome[Any]:
        async with Client(
            "made-up",
            transport=ScriptedTransport(script),
            rate_limit=RateLimit(1_000_000, 1.0),
            retry=RetryPolicy(max_attempts=2),
            random=random.Random(0).random,
        ) as client:
            return await client.batch(endpoint, records, **options)

    return run_in_virtual_time(main())


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


READ = row(input=InputKind.ID, names={"id": "id"}, effect=Effect.READS)
READ_ONE = row(input=InputKind.ID, max_inputs=1, effect=Effect.READS)
ONE = row(
    input=InputKind.VALUES,
    answer=AnswerKind.ONE,
    max_inputs=1,
    body=SINGLE,
    effect=Effect.CREATES,
    doubt=Doubt.STAYS,
)


def test_a_result_of_very_many_items_is_kept_whole() -> None:
    items = [[at] for at in range(100_001)]
    answer = reply(200, {"status": "COMPLETE", "results": [{"id": "1", "items": items}]})
    assert sent(READ, ["1"], answer).results == [{"id": "1", "items": items}]
    assert sent(ONE, [{"a": 1}], reply(200, {"items": items})).results == [{"items": items}]


@pytest.mark.parametrize("endpoint", [READ, READ_ONE])
def test_what_is_read_and_nested_too_deep_is_in_doubt(endpoint: Endpoint) -> None:
    results = [{"id": "1", "items": nested(40)}]
    answer = reply(200, {"status": "COMPLETE", "results": results})
    (record,) = sent(endpoint, ["1"], answer).records
    assert (record.status, record.result) == (U, None)
    assert "nested too deep" in record.reason


def test_a_result_nested_too_deep_says_nothing_of_the_others() -> None:
    results = [{"id": "1", "items": nested(40)}, {"id": "2"}]
    answer = reply(200, {"status": "COMPLETE", "results": results})
    outcome = sent(READ, ["1", "2"], answer)
    assert [record.status for record in outcome.records] == [U, S]


def test_of_a_write_the_fields_are_kept_that_prove_it() -> None:
    write = row(input=InputKind.ID, names={"id": "id"})
    results = [{"id": "1", "items": nested(40)}]
    answer = reply(200, {"status": "COMPLETE", "results": results})
    assert sent(write, ["1"], answer).results == [{"id": "1"}]
    assert sent(ONE, [{"a": 1}], reply(200, results[0])).results == [{"id": "1"}]


def test_a_write_of_whose_result_nothing_can_be_kept_is_in_doubt() -> None:
    (record,) = sent(ONE, [{"a": 1}], reply(200, {"items": nested(40)})).records
    assert (record.status, record.result) == (U, None)


@pytest.mark.parametrize(
    ("name", "answered", "status"),
    [("Abc", "ABC", U), ("Abc", "abc", U), ("A@X.com", "a@x.com", S), ("Ä@x.com", "ä@X.com", S)],
)
def test_only_an_e_mail_address_names_an_input_whatever_its_case(
    name: str, answered: str, status: RecordStatus
) -> None:
    endpoint = row(input=InputKind.VALUES, names={"n": "n"}, identity=("n",))
    answer = reply(200, {"status": "COMPLETE", "results": [{"n": answered}, {"n": "other"}]})
    outcome = sent(endpoint, [{"n": name}, {"n": "other"}], answer)
    assert [record.status for record in outcome.records] == [status, S]


CHANGE = row(
    method="PUT",
    input=InputKind.TEXT,
    answer=AnswerKind.IDS,
    body=Body(("toAdd", "toRemove")),
    id_lists=IdLists(("added", "removed"), ("missing",)),
)


@pytest.mark.parametrize(("name", "status"), [("added", S), ("removed", U)])
def test_an_id_proves_the_record_of_its_own_list_only(name: str, status: RecordStatus) -> None:
    answer = reply(200, {"added": [], "removed": [], name: ["1"]})
    outcome = sent(CHANGE, [{"toAdd": "1"}], answer)
    assert [record.status for record in outcome.records] == [status]


def test_an_id_in_a_list_that_it_was_not_sent_for_leaves_the_silent_in_doubt() -> None:
    answer = reply(200, {"added": ["2"], "removed": ["1"], "missing": []})
    outcome = sent(CHANGE, [{"toAdd": "1"}, {"toAdd": "2"}, {"toRemove": "3"}], answer)
    assert [record.status for record in outcome.records] == [U, S, U]


def test_no_request_for_later_pages_is_larger_than_it_may_be() -> None:
    sizes: list[int] = []

    def script(request: Request) -> Reply:
        sizes.append(len(request.body))
        results = [
            {
                "from": {"id": each["id"]},
                "to": [1],
                **({} if "after" in each else {"paging": {"next": {"after": "c" * 400}}}),
            }
            for each in inputs_of(request)
        ]
        return reply(200, {"status": "COMPLETE", "results": results})

    path = {"from_object_type": "contacts", "to_object_type": "companies"}
    outcome = sent(ASSOCIATED, [*range(20)], script, max_batch_bytes=1_024, **path)
    assert outcome.counts.succeeded == 20
    assert all(result["to"] == [1, 1] for result in outcome.results)
    assert max(sizes) <= 1_024
    assert len(sizes) == 1 + 10


@pytest.mark.parametrize(
    "odd",
    [
        {"added": False},
        {"status": "PENDING"},
        {"errors": [{"category": "VALIDATION_ERROR", "message": "no"}]},
        {"numErrors": 1},
    ],
)
def test_lists_of_ids_beside_anything_that_speaks_of_a_failure_prove_nothing(
    odd: dict[str, Any],
) -> None:
    answer = reply(200, {"added": [], "removed": [], "missing": [], **odd})
    assert sent(CHANGE, [{"toAdd": "1"}, {"toAdd": "2"}], answer).counts.unknown == 2


def test_a_list_of_ids_that_is_null_is_an_empty_one() -> None:
    answer = reply(200, {"added": None, "removed": None, "status": "COMPLETE", "errors": []})
    assert sent(CHANGE, [{"toAdd": "1"}], answer).counts.succeeded == 1
