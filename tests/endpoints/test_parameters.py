"""What a row may say of its parameters and names: some must be given, some have a value of their own, some are many."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from documented_service import DocumentedService
from other_endpoints import OtherService, answer, client_of, ids

from hubbatch import Endpoint, Pair, RecordStatus, Reply, Request, UsageError, endpoints
from hubbatch.endpoints import DATED, Path, Presence, ResultShape
from hubbatch.policies import LimitClass
from hubbatch.testing import virtual_time

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN
PAIR: dict[str, Any] = {"from_object_type": "contacts", "to_object_type": "companies"}


class Answering:
    """A service that answers what a function makes of each body."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.requests: list[Request] = []

    async def send(self, request: Request, token: str, note_sent: Any) -> Reply:
        note_sent()
        self.requests.append(request)
        reply: Reply = self.make(orjson.loads(request.body))
        return reply


# Parameters


@virtual_time
async def test_a_parameter_that_must_be_given_is_asked_for_before_anything_is_sent() -> None:
    service = DocumentedService(endpoints.PREFERENCES_READ)
    async with client_of(service) as client:
        with pytest.raises(UsageError, match="needs the query parameter 'channel'"):
            client.batch(endpoints.PREFERENCES_READ, ["a@x.com"])
        with pytest.raises(UsageError, match="has no query parameter 'chanel'; it has: channel"):
            client.batch(endpoints.PREFERENCES_READ, ["a@x.com"], query={"chanel": "EMAIL"})
    assert not service.requests


@virtual_time
async def test_a_parameter_with_a_value_of_its_own_is_sent_unless_the_caller_gives_another() -> (
    None
):
    service = Answering(
        lambda body: answer(200, results=[{"name": item["name"]} for item in body["inputs"]])
    )
    async with client_of(service) as client:
        for fields in ({}, {"archived": True}):
            outcome = await client.batch(
                endpoints.PROPERTIES_READ, [{"name": "a"}], object_type="deals", fields=fields
            )
            assert outcome.ok
    first, second = (orjson.loads(request.body) for request in service.requests)
    assert first == {
        "archived": False,
        "dataSensitivity": "non_sensitive",
        "inputs": [{"name": "a"}],
    }
    assert second == {**first, "archived": True}


@virtual_time
async def test_whoever_unsubscribes_from_all_is_named_in_the_answer_for_that_is_asked_for() -> None:
    service = Answering(
        lambda body: answer(200, results=[{"subscriberIdString": each} for each in body["inputs"]])
    )
    row = endpoints.PREFERENCES_UNSUBSCRIBE_ALL
    async with client_of(service) as client:
        outcome = await client.batch(row, ["a@x.com"], query={"channel": "EMAIL"})
    assert outcome.ok
    assert service.requests[0].query == {"channel": "EMAIL", "verbose": "true"}


def test_names_of_parameters_may_be_given_alone_or_with_what_is_sent_without_them() -> None:
    path = [Path("/x/{version}/y", (DATED,))]
    row = Endpoint(
        "x", path, input="values", effect="changes", result="row", fields="a", query=["b"]
    )
    assert row.fields == {"a": Presence.OPTIONAL}
    assert row.query == {"b": Presence.OPTIONAL}


# Names


@virtual_time
async def test_a_schema_is_found_by_whichever_of_its_names_was_asked_for() -> None:
    cars = {"objectTypeId": "2-7", "fullyQualifiedName": "p1_cars", "name": "cars", "id": "7"}
    boats = {"objectTypeId": "2-8", "fullyQualifiedName": "p1_boats", "name": "boats", "id": "8"}
    service = Answering(lambda _: answer(200, results=[boats, cars]))
    wanted = ["cars", "2-8", "p1_cars", "planes"]
    async with client_of(service) as client:
        outcome = await client.batch(endpoints.SCHEMAS_READ, wanted)
    assert [record.status for record in outcome.records] == [S, S, S, U]
    assert [record.result for record in outcome.records] == [cars, boats, cars, None]


@virtual_time
async def test_a_name_that_two_results_have_names_neither() -> None:
    one = {"objectTypeId": "2-7", "name": "cars"}
    other = {"objectTypeId": "2-9", "name": "cars"}
    service = Answering(lambda _: answer(200, results=[one, other]))
    async with client_of(service) as client:
        outcome = await client.batch(endpoints.SCHEMAS_READ, ["cars", "2-9"])
    assert [record.status for record in outcome.records] == [U, S]


# Several pairs of one input


@virtual_time
async def test_one_input_may_take_a_record_from_several() -> None:
    service = OtherService(set(ids(*range(9))))
    service.pairs.update({(a, b): 1 for a in ids(1, 2) for b in ids(3, 4, 5)})
    records: list[Any] = [
        {"from": {"id": "1"}, "to": [{"id": "3"}, {"id": "4"}, {"id": "3"}]},
        ("2", ["3", 5]),
        {"from": 2, "to": []},
        Pair(1, 5),
    ]
    async with client_of(service) as client:
        outcome = await client.batch(endpoints.ASSOCIATIONS_ARCHIVE, records, **PAIR)
    assert [record.status for record in outcome.records] == [S, S, F, S]
    assert service.pairs.keys() == {("2", "4")}
    (request,) = service.requests
    assert orjson.loads(request.body)["inputs"] == [
        {"from": {"id": "1"}, "to": [{"id": "3"}, {"id": "4"}]},
        {"from": {"id": "2"}, "to": [{"id": "3"}, {"id": "5"}]},
        {"from": {"id": "1"}, "to": [{"id": "5"}]},
    ]


@virtual_time
async def test_inputs_that_share_a_pair_never_share_a_request() -> None:
    service = OtherService(set(ids(*range(9))))
    records = [("1", ["3", "4"]), ("1", ["4", "5"]), ("4", ["1"]), ("1", ["3", "4"]), ("2", ["4"])]
    async with client_of(service) as client:
        outcome = await client.batch(endpoints.ASSOCIATIONS_ARCHIVE, records, **PAIR)
    assert outcome.ok
    for request in service.requests:
        pairs = [
            frozenset((item["from"]["id"], to["id"]))
            for item in orjson.loads(request.body)["inputs"]
            for to in item["to"]
        ]
        assert len(set(pairs)) == len(pairs)


@virtual_time
async def test_what_is_said_of_one_pair_of_an_input_is_not_said_of_the_others() -> None:
    error = {
        "category": "VALIDATION_ERROR",
        "message": "COMPANY=4 is not valid",
        "context": {"id": ["4"]},
    }
    service = Answering(lambda _: answer(207, results=[], errors=[error], numErrors=1))
    records = [("1", ["3", "4"]), ("2", ["4"]), ("1", ["5"])]
    async with client_of(service) as client:
        outcome = await client.batch(endpoints.ASSOCIATIONS_ARCHIVE, records, **PAIR)
    assert [record.status for record in outcome.records] == [U, F, S]


def test_rows_of_associations_are_exempt_from_the_interval() -> None:
    for name, row in endpoints.rows().items():
        exempt = name.startswith("ASSOCIATIONS_")
        assert (row.limit_class is LimitClass.EXEMPT) == exempt
        assert row.result is ResultShape.ROW or row.writes_properties or row.addresses
