"""Lists by their face: who is put on one and taken from it, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, drip

from hubbatch import Client, RecordStatus, RetryPolicy, UsageError
from hubbatch.sandbox import FaultKind, RandomFaults
from hubbatch.testing import run_in_virtual_time, virtual_time


class Account(World):
    """A world with a list and four contacts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.account = self.service.account()
        self.account.define_list("42", "contacts")
        self.people = [
            self.service.add("contacts", {"email": f"p{each}@x.com"}).id for each in range(4)
        ]

    @property
    def members(self) -> set[str]:
        return set(self.account.members("42"))


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_records_are_put_on_a_list_and_taken_from_it(version: str) -> None:
    async with Account() as account:
        ada, bob, eve, _ = account.people
        async with Client("made-up", api_version=version, transport=account.transport) as client:
            added = await client.lists.add("42", [ada, int(bob), "999"])
            statuses = [record.status.name for record in added.records]
            assert statuses == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
            assert (await client.lists.add(42, [ada, eve])).ok, "a member already is one"
            assert account.members == {ada, bob, eve}
            assert (await client.lists.remove("42", [ada, account.people[3]])).ok
            assert account.members == {bob, eve}


@virtual_time
@pytest.mark.parametrize("streamed", [False, True])
async def test_both_at_once_in_one_request(*, streamed: bool) -> None:
    async with Account() as account:
        ada, bob, eve, _ = account.people
        lists = account.client.lists
        await lists.add("42", [ada, bob])
        adding: Any = drip([eve, ada]) if streamed else [eve, ada]
        outcome = await lists.add_and_remove(
            "42", add=adding, remove=iter([bob]) if streamed else [bob]
        )
        assert outcome.ok
        assert [record.input for record in outcome.records] == [
            {"recordIdsToAdd": eve},
            {"recordIdsToAdd": ada},
            {"recordIdsToRemove": bob},
        ]
        assert account.members == {ada, eve}
        assert len(account.service.requests) == 2


@virtual_time
async def test_an_id_in_both_is_added_and_then_removed() -> None:
    async with Account() as account:
        ada = account.people[0]
        assert (await account.client.lists.add_and_remove("42", add=[ada], remove=[ada])).ok
        assert account.members == set()


@virtual_time
async def test_what_is_wrong_is_named_and_nothing_is_sent() -> None:
    async with Account() as account:
        lists = account.client.lists
        bad: Any = ["42", "43"]
        with pytest.raises(UsageError, match="list_id"):
            lists.add(bad, ["1"])
        with pytest.raises(UsageError, match="list_id"):
            lists.remove("4/2", ["1"])
        with pytest.raises(UsageError, match="iterable"):
            lists.add_and_remove("42", add="17")
        outcome = await lists.add("42", ["", None])
        assert outcome.counts.failed == 2
        assert not account.service.requests


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=10),
    st.lists(st.integers(0, 5), max_size=10),
    st.integers(0, 500),
)
def test_members_are_as_the_outcome_says(add: list[int], remove: list[int], seed: int) -> None:
    async def check() -> None:
        kinds = (FaultKind.RESET_AFTER_WRITE, FaultKind.UNAVAILABLE, FaultKind.SERVER_ERROR)
        faults = RandomFaults(dict.fromkeys(kinds, 0.2), seed=seed)
        async with Account(faults=faults, retry=RetryPolicy(max_attempts=4)) as account:
            ids = [*account.people, "998", "999"]
            outcome = await account.client.lists.add_and_remove(
                "42",
                add=[ids[each] for each in add],
                remove=[ids[each] for each in remove],
                batch_size=3,
            )
            assert outcome.counts.total == len(add) + len(remove)
            if outcome.retryable:  # whether these were done is not known, or they were not
                return
            assert account.members == {ids[each] for each in add if each < 4} - {
                ids[each] for each in remove
            }
            for record in outcome.records:
                ((_, key),) = record.input.items()
                assert (record.status is RecordStatus.SUCCEEDED) == (key in account.people)

    run_in_virtual_time(check())


@virtual_time
@pytest.mark.parametrize("version", ["v3", "2026-03"])
async def test_the_lists_that_records_are_on_are_read(version: str) -> None:
    async with Account() as account:
        ada, bob, eve, _ = account.people
        async with Client("made-up", api_version=version, transport=account.transport) as client:
            await client.lists.add("42", [ada, bob])
            for name in ("contacts", "0-1", "CONTACTS"):
                found = await client.lists.memberships(name, [ada, int(bob), {"id": eve}])
                assert found.ok
                lists = [
                    [each["listId"] for each in result["recordListMemberships"]]
                    for result in found.results
                ]
                assert lists == [["42"], ["42"], []]


@virtual_time
@pytest.mark.parametrize("object_type", ["p_cars", "contracts", "", None, "0-1/x"])
async def test_a_type_whose_id_is_not_known_has_to_be_given_by_id(object_type: Any) -> None:
    async with Account() as account:
        with pytest.raises(UsageError, match=r"object_type must be an id such as '0-1'"):
            account.client.lists.memberships(object_type, account.people)
        assert not account.service.requests
