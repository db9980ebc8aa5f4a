"""Endpoints that are no objects, as rows of a caller's own: nothing of the engine is touched for them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from other_endpoints import (
    ASSOCIATE,
    ASSOCIATE_BOTH_WAYS,
    ASSOCIATED,
    DISSOCIATE,
    GDPR_DELETE,
    LIST_ADD,
    LIST_CHANGE,
    MERGE,
    SEND_EVENTS,
    TYPES,
    OtherService,
    client_of,
    ids,
    pair,
)

from hubbatch import (
    BatchStatus,
    Endpoint,
    Outcome,
    Pair,
    RecordStatus,
    RetryPolicy,
    RowResult,
    UsageError,
)
from hubbatch.testing import virtual_time

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN
PATH: dict[str, Any] = {"from_object_type": "contacts", "to_object_type": "companies"}


def statuses(outcome: Outcome[Any]) -> list[RecordStatus]:
    return [record.status for record in outcome.records]


def sizes(service: OtherService) -> list[int]:
    return [len(orjson.loads(request.body)["inputs"]) for request in service.requests]


# gdpr-delete: one record a request, no batch path, no content


@virtual_time
async def test_a_single_call_takes_one_record_a_request_and_believes_its_204() -> None:
    service = OtherService(set(ids(*range(5))))
    async with client_of(service) as client:
        records = [{"objectId": each} for each in ids(*range(5))]
        outcome = await client.batch(GDPR_DELETE, records, object_type="contacts")
    assert outcome.ok
    assert not service.objects
    assert {request.path for request in service.requests} == {
        "/crm/v3/objects/contacts/gdpr-delete"
    }
    assert orjson.loads(service.requests[0].body) == {"objectId": "0"}


@virtual_time
async def test_a_single_call_is_distinguished_by_its_refusal() -> None:
    service = OtherService({"1", "forbidden"})
    records = [{"objectId": "1"}, {"objectId": "forbidden"}, {"objectId": "404"}, {"id": "1"}]
    async with client_of(service) as client:
        outcome = await client.batch(GDPR_DELETE, records, object_type="contacts")
    assert statuses(outcome) == [S, F, S, F]
    assert outcome.records[1].reason == "VALIDATION_ERROR: it is under legal hold"
    assert "'objectId' is missing" in outcome.records[3].reason
    assert len(service.requests) == 3


@virtual_time
async def test_a_row_is_found_in_the_version_of_the_call() -> None:
    service = OtherService({"1"})
    async with client_of(service, api_version="2026-03") as client:
        await client.batch(
            GDPR_DELETE, [{"objectId": "1"}], object_type="contacts", api_version="2026-09-beta"
        )
    assert service.requests[0].path == "/crm/objects/2026-09-beta/contacts/gdpr-delete"


@pytest.mark.parametrize("fault", ["lost", "lost after", "unsent", "server error", "busy"])
@virtual_time
async def test_a_call_that_may_be_repeated_is_repeated(fault: str) -> None:
    service = OtherService({"1"}, faults=[fault])
    async with client_of(service) as client:
        outcome = await client.batch(GDPR_DELETE, [{"objectId": "1"}], object_type="contacts")
    assert outcome.ok
    assert not service.objects


# Associations: 2,000 pairs a request, named by pair


@virtual_time
async def test_pairs_go_two_thousand_a_request_and_are_found_in_any_order() -> None:
    people, firm = range(10, 4_510), "1"
    service = OtherService({firm, *ids(*people)})
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, [pair(each, firm) for each in people], **PATH)
    assert outcome.ok
    assert sorted(sizes(service)) == [500, 2_000, 2_000]
    for person, record in zip(people, outcome.records, strict=True):
        assert isinstance(record.result, RowResult)
        assert record.result == {"fromObjectId": person, "toObjectId": 1, "labels": []}
    assert service.requests[0].path == "/crm/v4/associations/contacts/companies/batch/create"


@pytest.mark.parametrize("naming", ["id", "whole"])
@virtual_time
async def test_pairs_at_fault_fail_and_no_others_however_the_service_names_them(
    naming: str,
) -> None:
    service = OtherService({"1", *ids(*range(10, 60))}, naming=naming)
    pairs = [pair(each, 1) for each in range(10, 60)]
    pairs[7], pairs[31] = pair(7, 1), pair(40, 999)
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, pairs, **PATH)
    assert [record.index for record in outcome.failed] == [7, 31]
    assert outcome.counts.succeeded == 48
    assert [error.indexes for error in outcome.errors] == [(7,), (31,)]
    assert all(record.reason.startswith("VALIDATION_ERROR") for record in outcome.failed)
    assert len(service.pairs) == 48


@virtual_time
async def test_pairs_at_fault_stay_in_doubt_where_errors_name_nobody() -> None:
    service = OtherService({"1", *ids(*range(10, 400))}, naming="none")
    bad = set(range(5, 390, 16))
    pairs = [pair(99_999 if at in bad else at, 1) for at in range(10, 400)]
    wrong = [at for at, each in enumerate(pairs) if each["from"]["id"] == "99999"]
    for at in wrong:
        pairs[at] = pair(100_000 + at, 1)
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, pairs, **PATH)
    assert [record.index for record in outcome.unknown] == wrong
    assert outcome.counts.failed == 0
    assert len(service.requests) <= 4 + 4 * 25


@virtual_time
async def test_an_object_that_is_missing_fails_every_pair_that_it_is_in() -> None:
    service = OtherService(set(ids(1, *range(10, 20))))
    pairs = [pair(each, 2 if each % 2 else 1) for each in range(10, 20)]
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, pairs, **PATH)
    assert statuses(outcome) == [S, F] * 5
    assert len(service.requests) == 1


@virtual_time
async def test_an_id_that_is_one_record_here_and_another_there_names_nobody() -> None:
    service = OtherService(set(ids(1, 2, 10)))
    # 7 is no contact and no company: which of the two the service means, an error with the id does not say.
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, [pair(7, 1), pair(10, 7), pair(2, 1)], **PATH)
    assert statuses(outcome) == [U, U, S]


@virtual_time
async def test_both_directions_of_a_pair_never_share_a_request_or_are_in_flight_together() -> None:
    service = OtherService(set(ids(*range(20))))
    pairs = [pair(a, b) for a in range(6) for b in range(6) if a != b]
    async with client_of(service) as client:
        outcome = await client.batch(
            ASSOCIATE, pairs, from_object_type="contacts", to_object_type="contacts", batch_size=5
        )
    assert outcome.ok
    for together in service.together:
        seen = [
            frozenset((item["from"]["id"], item["to"]["id"]))
            for request in together
            for item in orjson.loads(request.body)["inputs"]
        ]
        assert len(set(seen)) == len(seen)


@virtual_time
async def test_one_pair_given_twice_is_sent_once_and_two_labels_of_a_pair_after_each_other() -> (
    None
):
    service = OtherService(set(ids(1, 2)))
    other = [{"associationCategory": "USER_DEFINED", "associationTypeId": 3}]
    pairs = [pair(1, 2), Pair(1, 2, TYPES), Pair("1", "2", other)]
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, pairs, **PATH)
        assert outcome.ok
        refusing = await client.batch(ASSOCIATE, pairs, duplicates="refuse", **PATH)
    assert statuses(refusing) == [S, F, S]
    assert sizes(service) == [1, 1, 1, 1]


@virtual_time
async def test_pairs_that_cannot_be_sent_are_refused_where_they_stand() -> None:
    service = OtherService(set(ids(1, 2)))
    pairs: list[Any] = [
        *(("1",), ("1", "2", "3"), ("1", None), ("1", "2"), Pair(1, 2), {"from": {"id": 1}}),
        *({"from": 1, "to": 2, "types": []}, "12", 7, pair(1, 2)),
    ]
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, pairs, **PATH)
    assert statuses(outcome) == [F] * 9 + [S]
    assert sizes(service) == [1]
    assert "a pair has two ids, not 1" in outcome.records[0].reason
    assert "'to'" in outcome.records[2].reason
    assert "'types' is missing or empty" in outcome.records[3].reason


@virtual_time
async def test_two_results_of_one_pair_are_one_record() -> None:
    service = OtherService(set(ids(1, 2, 3)))
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE_BOTH_WAYS, [("1", "2"), (3, 1)], **PATH)
    assert outcome.ok
    first, second = outcome.results
    assert len(first.others) == len(second.others) == 1
    assert {first["from"]["id"], first.others[0]["from"]["id"]} == {"1", "2"}
    assert Outcome.from_dict(orjson.loads(orjson.dumps(outcome.to_dict()))).results == [
        first,
        second,
    ]


@pytest.mark.parametrize("fault", ["none", "lost", "lost after"])
@virtual_time
async def test_pairs_are_taken_apart_again_and_no_content_says_so(fault: str) -> None:
    service = OtherService(set(ids(*range(5))), faults=[fault])
    service.pairs.update({("1", "2"): 1, ("2", "1"): 1, ("3", "4"): 1})
    pairs: list[Any] = [(1, 2), Pair(2, 1), {"from": {"id": 4}, "to": [{"id": "3"}]}, (1, [])]
    async with client_of(service) as client:
        outcome = await client.batch(DISSOCIATE, pairs, **PATH)
    assert statuses(outcome) == [S, S, S, F]
    assert service.pairs.keys() == {("3", "4")}
    first = orjson.loads(service.requests[-1].body)["inputs"][0]
    assert first in [{"from": {"id": a}, "to": [{"id": b}]} for a, b in (("1", "2"), ("2", "1"))]


@pytest.mark.parametrize("fault", ["lost", "lost after", "garbage", "server error", "limited"])
@virtual_time
async def test_pairs_in_doubt_are_sent_again(fault: str) -> None:
    service = OtherService({"1", *ids(*range(10, 20))}, faults=[fault])
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, [pair(each, 1) for each in range(10, 20)], **PATH)
    assert outcome.ok
    assert len(service.pairs) == 10


@virtual_time
async def test_after_a_lost_answer_a_refusal_proves_nothing() -> None:
    service = OtherService({"1"}, faults=["lost"])
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, [pair(7, 1)], **PATH)
    assert statuses(outcome) == [U]


@virtual_time
async def test_after_an_answer_that_names_nobody_and_then_no_answer_nothing_is_proven() -> None:
    service = OtherService({"1", "2"}, naming="none")
    service.faults = ["none", "lost after"]
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATE, [pair(7, 1), pair(2, 1)], **PATH)
    assert statuses(outcome) == [U, S]


# Reading what is associated, page after page


@virtual_time
async def test_what_does_not_fit_into_an_answer_is_read_to_its_end() -> None:
    service = OtherService(set(ids(*range(10), *range(100, 150))))
    expected: dict[str, list[str]] = {}
    for person in range(10):
        expected[str(person)] = sorted(str(100 + at) for at in range(person * 2))
        for firm in expected[str(person)]:
            service.pairs[str(person), firm] = 1
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATED, ids(*range(10), 404), **PATH)
    assert statuses(outcome) == [S] * 10 + [F]
    for record in outcome.succeeded:
        assert record.result is not None
        found = [each["toObjectId"] for each in record.result["to"]]
        assert found == expected[record.input]
        assert "paging" not in record.result
        assert record.attempts == max(1, -(-len(found) // service.page))
    assert sizes(service)[0] == 11


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("fault", ["lost after", "garbage", "server error", "busy", "limited"])
@virtual_time
async def test_no_page_is_lost_or_read_twice_after_a_fault(fault: str, at: int) -> None:
    service = OtherService(set(ids(1, *range(100, 111))), faults=[*["none"] * at, fault])
    for firm in range(100, 111):
        service.pairs["1", str(firm)] = 1
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATED, ["1"], **PATH)
    assert [each["toObjectId"] for each in outcome.results[0]["to"]] == ids(*range(100, 111))


@virtual_time
async def test_pages_that_never_end_are_not_followed_for_ever() -> None:
    service = OtherService({"1", "2", "3"}, page=0)
    service.pairs["1", "2"] = 1
    async with client_of(service) as client:
        outcome = await client.batch(ASSOCIATED, ["1", "3"], **PATH)
    assert statuses(outcome) == [U, S]
    assert "came to no end" in outcome.records[0].reason
    assert len(service.requests) < 10


# Lists: bare arrays, and two lists in one body


@virtual_time
async def test_a_bare_array_is_put_and_answered_by_lists_of_ids() -> None:
    service = OtherService(set(ids(1, 2, 3)), members={"2"})
    async with client_of(service) as client:
        outcome = await client.batch(LIST_ADD, [1, "2", "3", "4", "3"], list_id=77)
    assert statuses(outcome) == [S, S, S, F, S]
    assert outcome.records[3].reason == "OBJECT_NOT_FOUND: it is among the recordIdsMissing"
    assert outcome.records[1].result is None, "it was there before"
    assert outcome.records[0].result == {"id": "1", "list": "recordsIdsAdded"}
    (request,) = service.requests
    assert (request.method, request.path) == ("PUT", "/crm/v3/lists/77/memberships/add")
    assert orjson.loads(request.body) == ids(1, 2, 3, 4)


@virtual_time
async def test_two_lists_in_one_body_never_hold_one_id() -> None:
    service = OtherService(set(ids(*range(6))), members={"4"})
    records: list[Any] = [{"recordIdsToAdd": each} for each in ids(0, 1, 2)]
    records += [{"recordIdsToRemove": "4"}, {"recordIdsToRemove": "1"}, {"add": "5"}, "5"]
    async with client_of(service) as client:
        outcome = await client.batch(LIST_CHANGE, records, list_id=5)
    assert statuses(outcome) == [S, S, S, S, S, F, F]
    bodies = [orjson.loads(request.body) for request in service.requests]
    assert bodies == [
        {"recordIdsToAdd": ids(0, 1, 2), "recordIdsToRemove": ["4"]},
        {"recordIdsToAdd": [], "recordIdsToRemove": ["1"]},
    ]
    assert service.members == {"0", "2"}


# Merges: several keys, and a doubt that stays


@virtual_time
async def test_merges_that_share_an_id_go_one_after_another() -> None:
    service = OtherService(set(ids(*range(10))))
    couples = [(0, 1), (2, 3), (0, 2), (4, 5), (0, 4), (6, 7)]
    records = [{"primaryObjectId": str(a), "objectIdToMerge": str(b)} for a, b in couples]
    async with client_of(service) as client:
        outcome = await client.batch(MERGE, records, object_type="contacts")
    assert outcome.ok
    assert outcome.results[0] == {"id": "0", "properties": {}}
    for together in service.together:
        seen = [each for request in together for each in orjson.loads(request.body).values()]
        assert len(set(seen)) == len(seen)
    assert max(map(len, service.together)) > 1, "those that share none go side by side"
    own = [each for each in service.merged if each[0] == "0"]
    assert own == [("0", "1"), ("0", "2"), ("0", "4")], "in the order of the source"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("lost", U), ("lost after", U), ("garbage", U), ("server error", U), ("limited", S)],
)
@virtual_time
async def test_a_doubt_that_nothing_settles_stays(fault: str, status: RecordStatus) -> None:
    service = OtherService(set(ids(1, 2)), faults=[fault])
    async with client_of(service) as client:
        outcome = await client.batch(
            MERGE, [{"primaryObjectId": "1", "objectIdToMerge": "2"}], object_type="contacts"
        )
    assert statuses(outcome) == [status]
    assert len(service.merged) == (status is S or fault in {"lost after", "garbage"})


# Events: a stamp of ours makes a repetition one


@virtual_time
async def test_what_is_stamped_can_be_sent_again_without_being_done_twice() -> None:
    service = OtherService(set(), faults=["lost after"])
    events = [{"eventName": "seen", "email": "a@x.com"}] * 3 + [{"eventName": "x", "uuid": "mine"}]
    async with client_of(service) as client:
        outcome = await client.batch(SEND_EVENTS, [*events, {"email": "b@x.com"}])
    assert statuses(outcome) == [S, S, S, S, F]
    assert len(service.events) == 4
    assert "mine" in service.events
    assert len(service.requests) == 2


# What is wrong with a call


@pytest.mark.parametrize(
    ("row", "options", "words"),
    [
        (ASSOCIATE, {"from_object_type": "contacts"}, "needs the path field 'to_object_type'"),
        (ASSOCIATE, {**PATH, "object_type": "x"}, "no path field or option 'object_type'"),
        (ASSOCIATE, {**PATH, "to_object_type": "a/b"}, "to_object_type must be an object's name"),
        (ASSOCIATE, {**PATH, "api_version": "v9"}, "does not exist"),
        (ASSOCIATE_BOTH_WAYS, {**PATH, "api_version": "2026-03"}, "does not exist in version"),
        (ASSOCIATE, {**PATH, "api_version": 3}, "api_version must be text"),
        (ASSOCIATE, {**PATH, "batch_size": 2_001}, "batch_size"),
        (ASSOCIATE, {**PATH, "fields": {"x": 1}}, "has no field 'x' next to its inputs"),
        (ASSOCIATE, {**PATH, "query": {"x": 1}}, "has no query parameter 'x'"),
        (ASSOCIATE, {**PATH, "id_property": "email"}, "takes no id_property"),
        (ASSOCIATE, {**PATH, "unique_property": "email"}, "takes no unique_property"),
        (MERGE, {"object_type": "contacts", "duplicates": "merge"}, "cannot merge records"),
        (LIST_ADD, {"list_id": ".."}, "list_id must be"),
        (LIST_ADD, {"list_id": "1/2"}, "list_id must be"),
        (LIST_ADD, {"list_id": ""}, "list_id must be"),
        (LIST_ADD, {"list_id": True}, "list_id must be"),
        (LIST_ADD, {"list_id": "7\n"}, "list_id must be"),
        ("upsert", {}, "takes an Endpoint"),
    ],
)
@virtual_time
async def test_a_call_that_does_not_fit_its_row_says_what_is_wrong(
    row: Endpoint, options: dict[str, Any], words: str
) -> None:
    service = OtherService(set())
    async with client_of(service) as client:
        with pytest.raises(UsageError, match=words):
            client.batch(row, [], **options)
    assert not service.requests


@virtual_time
async def test_what_stands_in_a_path_is_quoted() -> None:
    service = OtherService(set())
    async with client_of(service) as client:
        run = client.batch(LIST_ADD, ["1"], list_id="a b?c#d%41&ü")
        with pytest.raises(Exception, match="path"):
            await run
    assert service.requests[0].path == ("/crm/v3/lists/a%20b%3Fc%23d%2541%26%C3%BC/memberships/add")


@virtual_time
async def test_a_run_that_is_stopped_accounts_for_its_pairs() -> None:
    service = OtherService({"1", *ids(*range(10, 400))})
    async with client_of(service, max_concurrency=1, retry=RetryPolicy(max_attempts=1)) as client:
        run = client.batch(
            ASSOCIATE, [pair(each, 1) for each in range(10, 400)], batch_size=10, **PATH
        )
        async with run:
            async for record in run:
                assert record.status is S
                break
        outcome = run.outcome
    assert outcome.status is BatchStatus.CANCELED
    counts = Counter(statuses(outcome))
    assert outcome.counts.succeeded == len(service.pairs)
    assert outcome.counts.unsent > 0
    assert counts[U] == 0
