"""Associations by their face: pairs linked, read and taken apart, by ids and by unique values, against the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import World, drip

from hubbatch import (
    AuthenticationError,
    Client,
    NoReply,
    Pair,
    RateLimit,
    RecordStatus,
    Reply,
    RetryPolicy,
    Run,
    TransportError,
    UsageError,
    files,
    in_thread,
)
from hubbatch._faces.associations import Associations
from hubbatch.sandbox import FaultKind, RandomFaults
from hubbatch.testing import run_in_virtual_time, virtual_time

UNLABELLED = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
BY_KEY: Any = {"from_id_property": "email", "to_id_property": "domain"}


class Account(World):
    """A world with contacts and companies, and its associations."""

    def __init__(self, people: int = 3, companies: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.service.define_property("companies", "domain", unique=True)
        self.people = [
            self.service.add("contacts", {"email": f"p{number}@x.com"}).id
            for number in range(people)
        ]
        self.companies = [
            self.service.add("companies", {"domain": f"d{number}.com"}).id
            for number in range(companies)
        ]

    @property
    def links(self) -> Associations:
        return self.client.associations("contacts", "companies")

    def linked(self) -> set[tuple[str, str]]:
        account = self.service.account()
        return {
            (person, company)
            for person in self.people
            for company in account.associated("contacts", person, "companies")
        }

    def sent(self, end: str) -> list[dict[str, Any]]:
        """Return the bodies of the requests whose paths end so."""
        return [
            orjson.loads(request.body or b"null")
            for request in self.service.requests
            if request.path.endswith(end)
        ]


@virtual_time
async def test_pairs_are_linked_with_types_and_each_has_its_result() -> None:
    async with Account() as account:
        (ada, bob, eve), (acme, globex) = account.people, account.companies
        pairs = [(ada, acme), Pair(bob, globex), {"from": {"id": eve}, "to": {"id": acme}}]
        outcome = await account.links.create(pairs, types=[UNLABELLED])
        assert outcome.ok
        assert [record.input for record in outcome.records] == pairs, "as the caller gave them"
        assert outcome.results[1]["toObjectId"] == int(globex)
        assert account.linked() == {(ada, acme), (bob, globex), (eve, acme)}


@virtual_time
async def test_a_pairs_own_types_come_before_those_of_the_call() -> None:
    async with Account() as account:
        (ada, bob, _), (acme, _) = account.people, account.companies
        pairs = [Pair(ada, acme, [PRIMARY]), (bob, acme)]
        assert (await account.links.create(pairs, types=[UNLABELLED])).ok
        (body,) = account.sent("batch/create")
        assert [each["types"] for each in body["inputs"]] == [[PRIMARY], [UNLABELLED]]


@virtual_time
async def test_a_callers_own_mappings_stay_as_they_are() -> None:
    async with Account() as account:
        pair = {"from": {"id": "p0@x.com"}, "to": {"id": "d0.com"}}
        outcome = await account.links.create([pair], types=[UNLABELLED], **BY_KEY)
        assert outcome.ok
        assert pair == {"from": {"id": "p0@x.com"}, "to": {"id": "d0.com"}}
        assert outcome.records[0].input is pair, "and can be sent again"


@virtual_time
async def test_a_pair_without_any_type_is_not_sent() -> None:
    async with Account() as account:
        outcome = await account.links.create([(account.people[0], account.companies[0])])
        assert outcome.counts.failed == 1
        assert "types" in outcome.failed[0].reason
        assert not account.service.requests


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_a_label_is_looked_up_once(version: str) -> None:
    async with Account() as account:
        client = account.client
        if version != "v3":
            client = type(client)("made-up", api_version=version, transport=account.transport)
        account.service.account().define_label("contacts", "companies", "Buyer")
        links = client.associations("contacts", "companies")
        for company in account.companies:
            outcome = await links.create(
                [(each, company) for each in account.people], label="Buyer"
            )
            assert outcome.ok
            assert outcome.results[0]["labels"] == ["Buyer"]
        assert [request.method for request in account.service.requests].count("GET") == 1
        await client.aclose()


@virtual_time
async def test_a_label_that_means_two_things_or_nothing_links_nothing() -> None:
    async with Account() as account:
        pairs = [(person, account.companies[0]) for person in account.people]
        run = account.links.create(pairs, label="Nothing")
        with pytest.raises(UsageError, match=r"no label 'Nothing'.*'Primary'") as caught:
            await run
        assert caught.value.outcome is run.outcome
        assert run.outcome.counts.unsent == run.outcome.counts.total == len(pairs)
        assert not account.linked()


@virtual_time
async def test_an_ambiguous_label_is_refused() -> None:
    two = [
        {"category": category, "typeId": 1, "label": "Primary"}
        for category in ("HUBSPOT_DEFINED", "USER_DEFINED")
    ]

    class Labels:
        async def send(self, request: Any, token: str, note_sent: Any) -> Any:
            note_sent()
            return Reply(200, {}, orjson.dumps({"results": two}))

    async with Client("made-up", transport=Labels()) as client:
        with pytest.raises(UsageError, match="ambiguous: it is HUBSPOT_DEFINED 1, USER_DEFINED 1"):
            await client.associations("a", "b").create([(1, 2)], label="Primary")


@virtual_time
async def test_labels_that_cannot_be_read_end_the_run_as_its_own() -> None:
    async with Account(faults=[FaultKind.INVALID_TOKEN] * 9) as account:
        run = account.links.create([(account.people[0], account.companies[0])], label="Primary")
        with pytest.raises(AuthenticationError) as caught:
            await run
        assert caught.value.outcome is run.outcome
        assert run.outcome.counts.unsent == 1


@virtual_time
async def test_labels_in_doubt_end_the_run() -> None:
    async with Account(
        faults=[FaultKind.SERVER_ERROR] * 30, retry=RetryPolicy(max_attempts=2)
    ) as account:
        pairs = iter([(account.people[0], account.companies[0])])
        run = account.links.create(pairs, label="Primary")
        with pytest.raises(TransportError, match="labels between contacts and companies"):
            await run
        assert run.outcome.counts.unsent == run.outcome.counts.total == 1


@virtual_time
async def test_limits_are_set_changed_and_taken_away() -> None:
    async with Account() as account:
        limits = account.links.limits
        one = {"category": "HUBSPOT_DEFINED", "typeId": 279}
        assert (await limits.create([{**one, "maxToObjectIds": 1}])).ok
        pairs = [(account.people[0], company) for company in account.companies]
        linked = await account.links.create_default(pairs)
        assert (linked.counts.succeeded, linked.counts.failed) == (1, 1)
        changed = await limits.update([{**one, "maxToObjectIds": 5}])
        assert changed.results[0]["userEnforcedMaxToObjectIds"] == 5
        assert (await limits.purge([one])).ok
        assert (await account.links.create_default(pairs)).ok
        unlimited = await limits.create([one])
        assert "'maxToObjectIds' is missing" in unlimited.failed[0].reason


@virtual_time
async def test_the_default_is_linked_and_answered_for_both_directions() -> None:
    async with Account() as account:
        ada, acme = account.people[0], account.companies[0]
        outcome = await account.links.create_default([(ada, acme)])
        assert outcome.ok
        both = [outcome.results[0], *outcome.results[0].others]
        assert {each["from"]["id"] for each in both} == {ada, acme}


@virtual_time
async def test_all_pages_are_read_and_nothing_is_an_empty_success() -> None:
    async with Account(2, 9, association_page=2) as account:
        ada, bob = account.people
        await account.links.create_default([(ada, each) for each in account.companies])
        outcome = await account.links.read([ada, bob, "999"])
        assert outcome.ok
        found = [[each["toObjectId"] for each in row["to"]] for row in outcome.results]
        assert found == [[*map(int, account.companies)], [], []]
        assert [row["from"]["id"] for row in outcome.results] == [ada, bob, "999"]
        assert (outcome.num_errors, outcome.errors) == (0, [])


@virtual_time
async def test_of_what_was_read_only_the_id_goes_out() -> None:
    async with Account(1, 1) as account:
        people = (await account.client.read("contacts", account.people)).results
        assert (await account.links.read(people)).ok
        assert account.sent("companies/batch/read") == [{"inputs": [{"id": account.people[0]}]}]


@virtual_time
async def test_nothing_is_found_out_one_by_one_where_nobody_is_named() -> None:
    async with Account(4, 1, name_association_offender=False) as account:
        ada, *others = account.people
        await account.links.create_default([(ada, account.companies[0])])
        outcome = await account.links.read([ada, *others])
        assert outcome.ok
        assert [len(row["to"]) for row in outcome.results] == [1, 0, 0, 0]


@virtual_time
async def test_pairs_are_taken_apart_also_those_that_are_not_linked() -> None:
    async with Account() as account:
        pairs = [(each, account.companies[0]) for each in account.people]
        await account.links.create_default(pairs[:2])
        assert (await account.links.archive(pairs)).ok
        assert account.linked() == set()


@virtual_time
async def test_a_label_is_taken_from_between_pairs_which_stay_linked() -> None:
    async with Account() as account:
        pair = (account.people[0], account.companies[0])
        await account.links.create([pair], label="Primary")
        assert (await account.links.archive_labels([pair], label="Primary")).ok
        (row,) = (await account.links.read([pair[0]])).results
        assert [each["typeId"] for each in row["to"][0]["associationTypes"]] == [279]
        assert (await account.links.archive_labels([pair], [UNLABELLED])).ok
        assert account.linked() == set()


@virtual_time
async def test_batches_are_as_large_as_each_call_allows() -> None:
    async with Account(1, 1) as account:
        pairs = [(account.people[0], number) for number in range(10_000, 12_100)]
        await account.links.create(pairs, types=[UNLABELLED])
        await account.links.archive(pairs[:150])
        await account.links.read([str(number) for number in range(10_000, 11_200)])
        await account.links.create(pairs[:150], types=[UNLABELLED], batch_size=100)
        sizes = {
            end: [len(body["inputs"]) for body in account.sent(end)]
            for end in ("batch/create", "batch/archive", "batch/read")
        }
        assert sizes["batch/create"][:2] == [2_000, 100]
        assert sizes["batch/create"][-2:] == [100, 50]
        assert sizes["batch/archive"] == [100, 50]
        assert sizes["batch/read"] == [1_000, 200]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"types": []}, "types is empty"),
        ({"types": UNLABELLED}, "types must be a list"),
        ({"types": [{"associationTypeId": "279"}]}, "each of types"),
        ({"types": [UNLABELLED], "label": "Primary"}, "types or a label"),
        ({"label": " "}, "label must be"),
        ({"from_id_property": ""}, "from_id_property"),
        ({"to_id_property": "hs_object_id"}, "to_id_property"),
        ({"types": [UNLABELLED], "batch_size": 2_001}, "batch_size"),
        ({"sizes": 3}, "no option 'sizes'"),
    ],
)
@virtual_time
async def test_what_is_wrong_with_a_call_is_named_and_nothing_is_sent(
    options: dict[str, Any], words: str
) -> None:
    async with Account() as account:
        with pytest.raises(UsageError, match=words):
            await account.links.create([("1", "2")], **options)
        assert not account.service.requests


@virtual_time
async def test_object_types_sources_and_pairs_are_checked() -> None:
    async with Account() as account:
        with pytest.raises(UsageError, match="from_object_type"):
            account.client.associations("con/tacts", "companies").read(["1"])
        with pytest.raises(UsageError, match="iterable"):
            account.links.create({"from": "1", "to": "2"}, types=[UNLABELLED])
        outcome = await account.links.create([("1",), 7, ("", "2")], types=[UNLABELLED])
        assert [record.reason.split(":")[0] for record in outcome.failed] == [
            "LOCAL_VALIDATION"
        ] * 3
        assert "two ids, not 1" in outcome.failed[0].reason
        assert not account.service.requests


# By natural key


@virtual_time
async def test_pairs_are_linked_by_unique_values_and_each_missing_end_is_named() -> None:
    async with Account() as account:
        pairs = [
            ("p0@x.com", "d0.com"),
            ("nobody@x.com", "d0.com"),
            ("p1@x.com", "nowhere.com"),
            ("nobody@x.com", "nowhere.com"),
            ("P1@X.com", "d1.com"),
        ]
        outcome = await account.links.create(pairs, label="Primary", **BY_KEY)
        statuses = [record.status.name for record in outcome.records]
        assert statuses == ["SUCCEEDED", "FAILED", "FAILED", "FAILED", "SUCCEEDED"]
        reasons = [record.reason for record in outcome.failed]
        assert ["'from'" in reason for reason in reasons] == [True, False, True]
        assert ["'to'" in reason for reason in reasons] == [False, True, True]
        assert "nobody" not in str(reasons), "no value of a property in a message"
        assert [record.input for record in outcome.records] == pairs
        people, companies = account.people, account.companies
        assert account.linked() == {(people[0], companies[0]), (people[1], companies[1])}


@virtual_time
async def test_one_end_by_id_and_the_other_by_key_for_every_call_of_pairs() -> None:
    async with Account() as account:
        ada, acme = account.people[0], account.companies[0]
        links, pair = account.links, [(ada, "d0.com")]
        assert (await links.create_default(pair, to_id_property="domain")).ok
        assert account.linked() == {(ada, acme)}
        assert (await links.archive_labels(pair, [PRIMARY], to_id_property="domain")).ok
        assert (await links.archive(pair, to_id_property="domain")).ok
        assert account.linked() == set()


@virtual_time
async def test_a_value_is_looked_up_once_and_values_in_batches() -> None:
    async with Account(250, 2) as account:
        pairs = [(f"p{number}@x.com", f"d{number % 2}.com") for number in range(250)]
        outcome = await account.links.create_default(drip(pairs), **BY_KEY)
        assert outcome.ok
        reads = [len(body["inputs"]) for body in account.sent("batch/read")]
        assert sorted(reads) == [2, 50, 100, 100]


@virtual_time
async def test_a_slow_source_is_not_waited_for_to_fill_a_look_up() -> None:
    async with Account() as account:
        pairs = [("p0@x.com", "d0.com"), ("p1@x.com", "d1.com")]
        started = asyncio.get_running_loop().time()
        async with account.links.create_default(drip(pairs, 60.0), **BY_KEY) as run:
            await anext(run)
            assert asyncio.get_running_loop().time() - started < 62.0


@virtual_time
async def test_a_property_that_names_nobody_ends_the_run() -> None:
    async with Account() as account:
        run = account.links.create_default(
            [("p0@x.com", "Acme")], from_id_property="email", to_id_property="name"
        )
        with pytest.raises(UsageError, match="'to', a record of companies by 'name'") as caught:
            await run
        assert caught.value.outcome is run.outcome
        assert run.outcome.counts.unsent == 1


@virtual_time
async def test_an_end_that_cannot_be_found_out_is_no_fault_of_the_pairs() -> None:
    class Deaf:
        """Answers no read of contacts."""

        def __init__(self, transport: Any) -> None:
            self.transport = transport

        async def send(self, request: Any, token: str, note_sent: Any) -> Any:
            if request.path.endswith("contacts/batch/read"):
                note_sent()
                return NoReply(sent=True, reason="lost")
            return await self.transport.send(request, token, note_sent)

    async with Account(through=Deaf, retry=RetryPolicy(max_attempts=2)) as account:
        run = account.links.create_default([("p0@x.com", "d0.com")], **BY_KEY)
        with contextlib.suppress(TransportError):
            await run
        (record,) = run.outcome.records
        assert record.retryable
        assert not account.linked()


@virtual_time
async def test_what_the_source_raises_comes_out_and_the_pairs_before_it_are_accounted_for() -> None:
    async def broken() -> AsyncIterator[tuple[str, str]]:
        yield "p0@x.com", "d0.com"
        raise KeyError("the database is gone")

    def broken_at_once() -> Iterator[tuple[str, str]]:
        yield "p1@x.com", "d1.com"
        raise KeyError("the file is gone")

    async with Account() as account:
        for source in (broken(), broken_at_once()):
            run = account.links.create_default(source, **BY_KEY)
            with pytest.raises(KeyError, match="is gone"):
                await run
            assert run.outcome.counts.total == 1


@virtual_time
async def test_a_stopped_run_accounts_for_all_it_has_pulled() -> None:
    pulled = []

    async def endless() -> AsyncIterator[tuple[str, str]]:
        for number in range(100_000):
            pulled.append(number)
            yield f"p{number % 9}@x.com", "d0.com"
            await asyncio.sleep(0.001)

    async with Account() as account:
        async with account.links.create_default(endless(), **BY_KEY) as run:
            await anext(run)
        assert run.outcome.counts.total == len(pulled)


@frozen
class Story:
    """Pairs by natural key, what goes wrong, and how the run ends."""

    keys: list[tuple[int, int]]
    kind: str
    source: str
    rate: float
    seed: int
    stop_after: int | None
    cancel_after: float | None


stories = st.builds(
    Story,
    keys=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=20),
    kind=st.sampled_from(["default", "label", "ids"]),
    source=st.sampled_from(["list", "iterator", "async"]),
    rate=st.sampled_from([0.0, 0.03, 0.15]),
    seed=st.integers(0, 1_000),
    stop_after=st.none() | st.integers(0, 5),
    cancel_after=st.none() | st.floats(0, 2),
)


async def follow(run: Run[Any], stop_after: int | None) -> None:
    seen = 0
    async with run:
        async for _ in run:
            seen += 1
            if seen == stop_after:
                await run.stop()


async def check(story: Story) -> None:
    kinds = [kind for kind in FaultKind if kind.name not in LASTING]
    faults = RandomFaults(dict.fromkeys(kinds, story.rate / len(kinds) * 4), seed=story.seed)
    async with Account(5, 3, faults=faults, retry=RetryPolicy(max_attempts=4)) as account:
        people = [*account.people, "8888", "9999"]
        companies = [*account.companies, "7777", "6666"]
        pairs = [
            (people[a], companies[b]) if story.kind == "ids" else (f"p{a}@x.com", f"d{b}.com")
            for a, b in story.keys
        ]
        pulled: list[Any] = []

        def counting() -> Iterator[Any]:
            for pair in pairs:
                pulled.append(pair)
                yield pair

        source: Any = pairs if story.source == "list" else counting()
        if story.source == "async":
            source = drip(source, 0.01)
        options: dict[str, Any] = {} if story.kind == "ids" else {**BY_KEY}
        create = account.links.create_default
        if story.kind != "default":
            create, options = account.links.create, {**options, "label": "Primary"}
        run = create(source, keep="all", **options)
        task = asyncio.create_task(follow(run, story.stop_after))
        if story.cancel_after is not None:
            asyncio.get_running_loop().call_later(story.cancel_after, task.cancel)
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await task
        outcome = run.outcome
        if story.source == "iterator":
            assert outcome.counts.total == len(pulled)
        assert [record.index for record in outcome.records] == [*range(outcome.counts.total)]
        assert [record.input for record in outcome.records] == pairs[: outcome.counts.total]
        ends = [(people[a], companies[b]) for a, b in story.keys]
        check_against_links(account, ends, [record.status for record in outcome.records])


def check_against_links(
    account: Account, ends: list[tuple[str, str]], statuses: list[RecordStatus]
) -> None:
    """Fail unless what is said of pairs is true of the account."""
    linked, by_pair = account.linked(), defaultdict(set)
    for pair, status in zip(ends, statuses, strict=False):
        by_pair[pair].add(status)
    for pair, found in by_pair.items():
        assert RecordStatus.SUCCEEDED not in found or pair in linked
        assert found & {RecordStatus.SUCCEEDED, RecordStatus.UNKNOWN} or pair not in linked
    assert linked <= by_pair.keys()


LASTING = {"RATE_DAILY", "MIGRATING"}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories)
def test_every_pair_is_accounted_for_whatever_goes_wrong(story: Story) -> None:
    run_in_virtual_time(check(story))


@virtual_time
async def test_of_a_frame_only_the_ids_are_asked_for() -> None:
    pandas = pytest.importorskip("pandas")
    async with Account() as account:
        frame = pandas.DataFrame({"id": account.people, "email": "secret@x.com", "age": 36})
        outcome = await account.links.read(frame)
        assert outcome.counts.succeeded == 3
        assert account.sent("batch/read") == [{"inputs": [{"id": each} for each in account.people]}]


@virtual_time
async def test_of_a_frame_that_a_thread_reads_only_the_ids_are_asked_for() -> None:
    pandas = pytest.importorskip("pandas")
    async with Account() as account:
        frame = pandas.DataFrame({"id": account.people, "email": "secret@x.com"})
        assert (await account.links.read(in_thread(frame))).counts.succeeded == 3
        assert account.sent("batch/read") == [{"inputs": [{"id": each} for each in account.people]}]


@virtual_time
async def test_fields_of_a_callers_own_row_are_sent_with_its_id() -> None:
    async with Account() as account:
        row = {"id": account.people[0], "foo": "a"}
        await account.links.read([row])
        assert account.sent("batch/read") == [{"inputs": [row]}]


@virtual_time
async def test_pairs_that_were_not_linked_are_written_with_their_types_and_linked_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "again.csv"
    async with Account() as account:
        person, company = account.people[0], account.companies[0]
        pairs = [Pair(person, company, [PRIMARY]), Pair("404", company, [PRIMARY])]
        first = await account.links.create(pairs)
        assert first.to_csv(path) == 2
        again = await account.links.create(files.read(path))
        assert [record.status for record in again.records] == [
            record.status for record in first.records
        ]
        one, other = (body["inputs"] for body in account.sent("batch/create")[-2:])
        assert sorted(map(str, one)) == sorted(map(str, other))


@virtual_time
async def test_what_is_exempt_shows_no_quota() -> None:
    async with Account(client_rate=RateLimit(190)) as account:
        run = account.links.create([(account.people[0], account.companies[0])], types=[UNLABELLED])
        await run
        assert run.progress.is_unlimited
        plain = account.client.read("contacts", [account.people[0]])
        await plain
        assert not plain.progress.is_unlimited
