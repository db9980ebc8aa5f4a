"""Every row of the table, run against answers in the shape that its documentation says, under the laws."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from documented_service import PATH, DocumentedService, record_of
from other_endpoints import client_of

from hubbatch import Endpoint, Outcome, RecordStatus, endpoints
from hubbatch.endpoints import DATED, AnswerKind, Doubt, InputKind, Presence
from hubbatch.testing import virtual_time

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN

ROWS = endpoints.rows()
NUMBERS = range(9)
BAD = {2, 5}
NAMELESS = {"HUBDB_DRAFTS_CREATE", "HUBDB_DRAFTS_CLONE"}

every_row = pytest.mark.parametrize("name", sorted(ROWS))


async def outcome_of(service: DocumentedService, **options: Any) -> Outcome[Any]:
    row = service.row
    path: dict[str, Any] = {name: value for name, value in PATH.items() if name in row.path_fields}
    first = row.paths[0].versions[0]
    options = {"api_version": "2026-03" if first == DATED else first, **options}
    query = {name: "EMAIL" for name, held in row.query.items() if held is Presence.REQUIRED}
    records = [record_of(row, number) for number in NUMBERS]
    async with client_of(service) as client:
        return await client.batch(row, records, query=query, **path, **options)


def check_laws(service: DocumentedService, outcome: Outcome[Any]) -> None:
    """Hold an outcome against what the service did."""
    counts = outcome.counts
    assert counts.total == len(NUMBERS)
    assert counts.total == counts.succeeded + counts.failed + counts.unknown + counts.unsent
    for number, record in zip(NUMBERS, outcome.records, strict=True):
        assert record.status is not S or service.done[number], "nothing succeeds that was not done"
        assert record.status is not F or not service.done[number], "nothing fails that was done"
    if not service.row.idempotent:
        assert max(service.done.values(), default=0) <= 1, "nothing is done twice"


def statuses(outcome: Outcome[Any]) -> list[RecordStatus]:
    return [record.status for record in outcome.records]


@every_row
@virtual_time
async def test_a_row_is_run_and_each_input_gets_its_own_result(name: str) -> None:
    service = DocumentedService(ROWS[name])
    outcome = await outcome_of(service)
    check_laws(service, outcome)
    assert outcome.ok
    row = service.row
    if row.answer is AnswerKind.RESULTS and name not in NAMELESS:
        for record in outcome.records:
            assert record.result is not None
            if row.names:
                held = orjson.dumps(record.result.fields).decode()
                assert all(text in held for text in own_texts(row, record.input))
    assert len(service.requests) == (len(NUMBERS) if row.max_inputs == 1 else 1)


def own_texts(row: Endpoint, record: Any) -> list[str]:
    """Return what a result holds of its input."""
    if isinstance(record, str):
        return [record]
    if row.input is InputKind.PAIR:
        return [record["from"]["id"], record["to"]["id"]]
    if row.stamp is not None:
        return []
    fields = [own for way in row.names for own in way.values()]
    return [next(iter(record["properties"].values())) if "." in f else record[f] for f in fields]


@every_row
@virtual_time
async def test_what_the_service_refuses_by_name_fails_and_nothing_else(name: str) -> None:
    service = DocumentedService(ROWS[name], BAD)
    outcome = await outcome_of(service)
    check_laws(service, outcome)
    if name in NAMELESS or service.row.stamp:  # their errors name nobody whom we know
        return
    assert statuses(outcome) == [F if number in BAD else S for number in NUMBERS]


@every_row
@virtual_time
async def test_no_law_is_broken_where_errors_name_nobody(name: str) -> None:
    service = DocumentedService(ROWS[name], BAD, naming=False)
    outcome = await outcome_of(service)
    check_laws(service, outcome)
    assert not any(outcome.records[number].status is S for number in BAD)


@pytest.mark.parametrize("fault", ["lost", "lost after"])
@every_row
@virtual_time
async def test_a_doubt_is_settled_as_the_row_says(name: str, fault: str) -> None:
    service = DocumentedService(ROWS[name], faults=[fault])
    outcome = await outcome_of(service)
    check_laws(service, outcome)
    first = service.numbers[0]
    if service.row.doubt is Doubt.REPEAT:
        assert outcome.ok
    else:
        assert [number for number in NUMBERS if outcome.records[number].status is U] == first
        sent = [number for numbers in service.numbers for number in numbers]
        assert sorted(sent) == [*NUMBERS], "nothing is sent twice"


@every_row
@virtual_time
async def test_a_row_can_be_run_one_by_one(name: str) -> None:
    service = DocumentedService(ROWS[name], BAD)
    outcome = await outcome_of(service, batch_size=1)
    check_laws(service, outcome)
    assert outcome.counts.succeeded == len(NUMBERS) - len(BAD)
    if service.row.answer is AnswerKind.RESULTS:
        assert all(record.result is not None for record in outcome.succeeded)
