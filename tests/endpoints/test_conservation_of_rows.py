"""The laws, held against a service that is no object store: pairs, arrays, single calls, pages, under random faults."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import orjson
import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from other_endpoints import (
    ASSOCIATE,
    ASSOCIATE_BOTH_WAYS,
    ASSOCIATED,
    DISSOCIATE,
    FAULTS,
    GDPR_DELETE,
    LIST_ADD,
    LIST_CHANGE,
    MERGE,
    NO_SUCH_LIST,
    SEND_EVENTS,
    OtherService,
    client_of,
    ids,
    pair,
)

from hubbatch import Outcome, RecordOutcome, RecordStatus, RetryPolicy, Run
from hubbatch.testing import run_in_virtual_time

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
STORIES = int(os.environ.get("N", "5000")) if THOROUGH else 45
"""Of each kind of row."""

KNOWN = set(ids(*range(12)))
CONTACTS = {"object_type": "contacts"}
BETWEEN = {"from_object_type": "a", "to_object_type": "b"}
PATHS: dict[str, dict[str, str]] = {
    "associate": BETWEEN,
    "both ways": BETWEEN,
    "associated": BETWEEN,
    "dissociate": BETWEEN,
    "delete": CONTACTS,
    "merge": CONTACTS,
    "add": {"list_id": "5"},
    "change": {"list_id": "5"},
    "send": {},
}
ROWS = {
    "associate": ASSOCIATE,  # pairs
    "both ways": ASSOCIATE_BOTH_WAYS,  # several results an input
    "associated": ASSOCIATED,
    "delete": GDPR_DELETE,
    "merge": MERGE,
    "add": LIST_ADD,  # a bare array
    "change": LIST_CHANGE,
    "dissociate": DISSOCIATE,  # nothing but a 204
    "send": SEND_EVENTS,
}


@frozen
class Story:
    """One run of one row: what is sent, what goes wrong, how it ends."""

    row: str
    keys: list[tuple[int, int]]
    naming: str
    faults: list[str]
    batch_size: int
    max_concurrency: int
    duplicates: str
    stop_after: int | None
    cancel_after: float | None


stories = st.builds(
    Story,
    row=st.just(""),
    keys=st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=24),
    naming=st.sampled_from(["id", "none", "whole"]),
    faults=st.lists(st.sampled_from(FAULTS), max_size=10),
    batch_size=st.integers(1, 30),
    max_concurrency=st.integers(1, 4),
    duplicates=st.sampled_from(["serial", "refuse"]),
    stop_after=st.none() | st.integers(0, 10),
    cancel_after=st.none() | st.floats(0, 2),
)


def record(story: Story, a: int, b: int) -> Any:
    match story.row:
        case "associate" | "both ways":
            return pair(a, b)
        case "associated" | "add":
            return str(a)
        case "send":
            return {"eventName": "seen", "uuid": f"{a}-{b}"}
        case "dissociate":
            return (str(a), str(b))
        case "delete":
            return {"objectId": str(a)}
        case "merge":
            return {"primaryObjectId": str(a), "objectIdToMerge": str(b)}
        case _:
            return {("recordIdsToAdd", "recordIdsToRemove")[b % 2]: str(a)}


async def outcome_of(story: Story, service: OtherService) -> Outcome[Any]:
    options: dict[str, Any] = {**PATHS[story.row], "duplicates": story.duplicates}
    if story.row not in {"delete", "merge"}:
        options["batch_size"] = story.batch_size
    records = [record(story, a, b) for a, b in story.keys]
    client = client_of(
        service,
        max_concurrency=story.max_concurrency,
        retry=RetryPolicy(max_attempts=3, max_wait=5.0),
    )
    async with client:
        run: Run[Any] = client.batch(ROWS[story.row], records, keep="all", **options)
        task = asyncio.create_task(follow(run, story.stop_after))
        if story.cancel_after is not None:
            asyncio.get_running_loop().call_later(story.cancel_after, task.cancel)
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await task
        return run.outcome


async def follow(run: Run[Any], stop_after: int | None) -> None:
    seen = 0
    async with run:
        async for _ in run:
            seen += 1
            if seen == stop_after:
                await run.stop()


Record = RecordOutcome[Any]

OF_THE_RUN = {"RATE_LIMITS", "INVALID_AUTHENTICATION"}
"""What is no record's fault: the daily limit, the token."""
S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN


def refused(record: Record) -> bool:
    """Whether a record was refused for its own sake, and not for when it was sent."""
    if record.status is not F or record.error is None or record.error.transient:
        return False
    return record.error.category not in OF_THE_RUN and record.error.message != NO_SUCH_LIST


def check_pairs(service: OtherService, records: list[Record]) -> None:
    by_pair: dict[tuple[str, str], set[RecordStatus]] = {}
    for each in records:
        ends = each.input["from"]["id"], each.input["to"]["id"]
        by_pair.setdefault(ends, set()).add(each.status)
    for ends, statuses in by_pair.items():
        if S in statuses:
            assert ends in service.pairs
        elif U not in statuses:
            assert ends not in service.pairs


def check_parted(service: OtherService, records: list[Record]) -> None:
    for each in records:
        if each.status is S:
            assert each.input not in service.pairs
        assert not refused(each), "a pair that is not there is as good as taken apart"


def check_deleted(service: OtherService, records: list[Record]) -> None:
    for each in records:
        if each.status is S:
            assert each.input["objectId"] not in service.objects
        assert not refused(each), "what is not there is as good as deleted"


def check_merged(service: OtherService, records: list[Record]) -> None:
    by_couple: dict[tuple[str, str], list[RecordStatus]] = {}
    for each in records:
        by_couple.setdefault(tuple(each.input.values()), []).append(each.status)
    for couple, statuses in by_couple.items():
        done = service.merged.count(couple)  # once at most: what is gone cannot be merged again
        assert statuses.count(S) <= done <= statuses.count(S) + statuses.count(U)


def check_read(service: OtherService, records: list[Record]) -> None:
    for each in records:
        if each.status is S and each.result is not None:
            found = [to["toObjectId"] for to in each.result["to"]]
            assert found == sorted(b for a, b in service.pairs if a == each.input)
        assert not refused(each) or each.input not in KNOWN


def check_members(service: OtherService, records: list[Record]) -> None:
    last: dict[str, tuple[str, bool]] = {}
    for each in records:
        ((change, key),) = each.input.items()
        certain = each.status is not U and last.get(key, ("", True))[1]
        if each.status is S or not certain:
            last[key] = change, certain
        assert not refused(each) or key not in KNOWN
    for key, (change, certain) in last.items():
        if certain and key in KNOWN:
            assert (key in service.members) == (change == "recordIdsToAdd")


def check_added(service: OtherService, records: list[Record]) -> None:
    for key in {each.input for each in records}:
        statuses = {each.status for each in records if each.input == key}
        if S in statuses:
            assert key in service.members
        elif U not in statuses:
            assert key not in service.members
    assert not any(refused(each) and each.input in KNOWN for each in records)


def check_sent(service: OtherService, records: list[Record]) -> None:
    for key in {each.input["uuid"] for each in records}:
        statuses = {each.status for each in records if each.input["uuid"] == key}
        if S in statuses:
            assert key in service.events
        elif U not in statuses:
            assert key not in service.events


CHECKS = {
    "add": check_added,
    "send": check_sent,
    "associate": check_pairs,
    "both ways": check_pairs,
    "delete": check_deleted,
    "merge": check_merged,
    "associated": check_read,
    "dissociate": check_parted,
    "change": check_members,
}


def inputs_in(body: Any) -> list[Any]:
    """Return the inputs of a request, spelled as the records are."""
    if isinstance(body, list):
        return body
    if "inputs" in body:
        return [
            (item["from"]["id"], item["to"][0]["id"])
            if isinstance(item.get("to"), list)
            else item.get("id", item)
            for item in body["inputs"]
        ]
    if "recordIdsToAdd" in body:
        return [{name: each} for name, several in body.items() for each in several]
    return [body]


def check_unsent(service: OtherService, records: list[Record]) -> None:
    """Fail if what was never sent stands in a request all the same."""
    carried = [item for each in service.requests for item in inputs_in(orjson.loads(each.body))]
    sent = [each.input for each in records if each.status is not RecordStatus.UNSENT]
    for each in records:
        if each.status is RecordStatus.UNSENT:
            assert each.attempts == 0
            assert each.input in sent or each.input not in carried


def names_nobody(story: Story) -> bool:
    """Whether an error may name nobody: an id that is unknown at both ends of pairs may mean either."""
    froms, tos = ({str(pair[end]) for pair in story.keys} for end in (0, 1))
    return story.naming == "none" or not froms & tos <= KNOWN


@pytest.mark.parametrize("row", sorted(ROWS))
@settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories)
def test_what_a_run_says_of_any_row_is_true_of_the_account(row: str, story: Story) -> None:
    story = evolve(story, row=row)
    service = OtherService(set(KNOWN), naming=story.naming, faults=list(story.faults))
    if story.row == "associated":
        for a in range(6):
            for b in range(a * 2):
                service.pairs[str(a), str(b)] = 1
    if story.row == "dissociate":
        service.pairs.update((str(a), str(b)) for a, b in story.keys)
    outcome = run_in_virtual_time(outcome_of(story, service))
    counts = outcome.counts
    assert counts.total == len(outcome.records) == len(story.keys)
    assert [each.index for each in outcome.records] == list(range(len(story.keys)))
    records = list(outcome.records)
    check_unsent(service, records)
    if story.duplicates == "serial":
        CHECKS[story.row](service, records)
    calm = not story.faults and story.stop_after is None and story.cancel_after is None
    calm = calm and (story.row == "associated" or not names_nobody(story))
    if calm:
        assert counts.unknown == counts.unsent == 0
