"""Memberships of lists: who is added, removed, missing; which lists a record is on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver, Reply, ids

from hubbatch import UsageError
from hubbatch.sandbox import FaultKind

FORMS = ["/crm/v3/lists", "/crm/lists/v3", "/crm/lists/2026-03"]


class Account:
    """A list of contacts, four contacts, and how to change who is on the list."""

    def __init__(self, form: str = FORMS[2], **options: Any) -> None:
        self.driver = Driver(**options)
        self.form = form
        self.people = [self.driver.add(email=f"p{number}@b.c") for number in range(4)]
        self.account = self.driver.service.account()
        self.account.define_list("7", "contacts")

    def put(self, what: str, content: Any, list_id: str = "7") -> Reply:
        return self.driver.ask("PUT", f"{self.form}/{list_id}/memberships/{what}", content)

    def lists_of(self, *records: tuple[str, str]) -> Reply:
        inputs = [{"objectTypeId": kind, "recordId": key} for kind, key in records]
        path = f"{self.form}/records/memberships/batch/read"
        return self.driver.ask("POST", path, {"inputs": inputs})


@pytest.mark.parametrize("form", FORMS)
def test_records_are_added_and_removed_in_every_form_of_the_path(form: str) -> None:
    account = Account(form)
    ada, bob, *_ = account.people
    added = account.put("add", [ada, int(bob), "999", ada])
    assert added.status == 200
    assert added.body == {
        "recordsIdsAdded": [ada, bob],
        "recordIdsRemoved": [],
        "recordIdsMissing": ["999"],
    }
    assert account.put("add", [ada]).body["recordsIdsAdded"] == []  # a member already
    removed = account.put("remove", [ada, "998"])
    assert removed.body["recordIdsRemoved"] == [ada]
    assert removed.body["recordIdsMissing"] == ["998"]
    assert account.account.members("7") == {bob}
    both = account.put("add-and-remove", {"recordIdsToAdd": [ada], "recordIdsToRemove": [bob]})
    assert (both.body["recordsIdsAdded"], both.body["recordIdsRemoved"]) == ([ada], [bob])
    assert account.account.members("7") == {ada}
    verbs = [(write.verb, write.id) for write in account.driver.service.writes][-2:]
    assert verbs == [("list-add", ada), ("list-remove", bob)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "remove", "add-and-remove"]),
            st.sets(st.integers(0, 4)),
            st.sets(st.integers(0, 4)),
        ),
        max_size=8,
    )
)
def test_the_answers_account_for_every_change(
    steps: list[tuple[str, set[int], set[int]]],
) -> None:
    account = Account()
    keys = [*account.people, "999"]
    expected: set[str] = set()
    for what, first, second in steps:
        left, right = [keys[one] for one in sorted(first)], [keys[one] for one in sorted(second)]
        to_add, to_remove = ([], left) if what == "remove" else (left, [])
        content: Any = left
        if what == "add-and-remove":
            to_remove = right
            content = {"recordIdsToAdd": to_add, "recordIdsToRemove": to_remove}
        reply = account.put(what, content).body
        assert {*reply["recordsIdsAdded"]} == {*to_add} - expected - {"999"}
        expected |= {*reply["recordsIdsAdded"]}
        assert {*reply["recordIdsRemoved"]} == {*to_remove} & expected
        expected -= {*reply["recordIdsRemoved"]}
        assert {*reply["recordIdsMissing"]} == ({*to_add} | {*to_remove}) & {"999"}
        assert account.account.members("7") == expected


def test_empty_lists_are_left_out_at_times() -> None:
    account = Account(noise=True)
    shapes = {tuple(account.put("add", [account.people[0]]).body) for _ in range(20)}
    assert shapes == {(), ("recordsIdsAdded", "recordIdsRemoved", "recordIdsMissing")} | {
        shape for shape in shapes if shape == ("recordsIdsAdded",)
    }


@pytest.mark.parametrize("content", [{}, [True], [1.5], "7", [{"id": "1"}]])
def test_a_body_that_is_no_list_of_ids_is_refused(content: Any) -> None:
    assert Account().put("add", content).status == 400
    assert Account().put("add-and-remove", {"recordIdsToAdd": content or "x"}).status == 400


def test_a_list_has_a_bound_a_kind_and_must_be_there() -> None:
    account = Account()
    account.account.define_list("8", "contacts", dynamic=True)
    assert account.put("add", [], "9").status == 404
    assert account.put("add", account.people, "8").status == 400
    assert account.put("add", [str(number) for number in range(100_001)]).status == 400
    with pytest.raises(UsageError, match="already"):
        account.account.define_list("7", "contacts")
    with pytest.raises(UsageError, match="number"):
        account.account.define_list("x", "contacts")
    with pytest.raises(UsageError, match="no list 9"):
        account.account.members("9")


def test_records_of_another_type_are_missing() -> None:
    account = Account()
    company = account.driver.add("companies")
    assert account.put("add", [company]).body["recordIdsMissing"] == [company]


def test_members_are_listed_page_after_page() -> None:
    account = Account()
    account.put("add", account.people)
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        reply = account.driver.ask("GET", f"{FORMS[0]}/7/memberships", limit=3, **after)
        assert reply.body["total"] == 4
        seen += [one["recordId"] for one in reply.results]
        if "paging" not in reply.body:
            break
        after = {"after": reply.body["paging"]["next"]["after"]}
    assert seen == account.people
    assert account.driver.ask("GET", f"{FORMS[0]}/9/memberships").status == 404


def test_the_lists_of_records_are_answered() -> None:
    account = Account()
    ada, bob, *_ = account.people
    account.account.define_list("8", "0-1")
    account.put("add", [ada, bob])
    account.put("add", [ada], "8")
    reply = account.lists_of(("0-1", ada), ("contacts", bob), ("0-2", ada))
    assert reply.status == 200
    memberships = [
        [one["listId"] for one in result["recordListMemberships"]] for result in reply.results
    ]
    assert memberships == [["7", "8"], ["7"], []]
    assert account.lists_of(("foos", ada)).status == 400
    assert account.lists_of(("0-1", "")).status == 400
    path = f"{FORMS[0]}/records/memberships/batch/read"
    assert account.driver.ask("POST", path, {"inputs": [7]}).status == 400
    assert account.lists_of(*[("0-1", ada)] * 101).status == 400


def test_a_list_of_another_type_keeps_its_members() -> None:
    account = Account()
    company = account.driver.add("companies")
    account.account.define_list("8", "companies")
    account.put("add", [company], "8")
    content = {"objectId": account.people[0]}
    account.driver.ask("POST", "/crm/v3/objects/contacts/gdpr-delete", content)
    assert account.account.members("8") == {company}


def test_a_deleted_record_is_on_no_list_and_neither_is_one_merged_away() -> None:
    account = Account()
    ada, bob, eve, _ = account.people
    account.put("add", [ada, bob, eve])
    path = "/crm/v3/objects/contacts/gdpr-delete"
    account.driver.ask("POST", path, {"objectId": ada})
    account.driver.service.merge("contacts", bob, eve)
    assert account.account.members("7") == {eve}
    account.driver.batch("archive", ids(eve))
    assert account.put("add", [eve]).body["recordIdsMissing"] == [eve]


def test_faults_befall_memberships_too() -> None:
    account = Account(
        faults=[FaultKind.RESET, FaultKind.RESET_AFTER_WRITE, None, FaultKind.OMITTED_AFTER_WRITE]
    )
    account.put("add", account.people[:1])
    assert not account.account.members("7")
    account.put("add", account.people[:1])
    assert len(account.account.members("7")) == 1
    assert account.put("add", account.people[:1]).body["recordsIdsAdded"] == []
    assert account.lists_of(("0-1", account.people[0])).results == []


@pytest.mark.parametrize("form", FORMS)
def test_a_list_is_created_read_used_and_deleted(form: str) -> None:
    account = Account(form)
    content = {"name": "Spring", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = account.driver.ask("POST", form, content)
    assert made.status == 200
    assert made.body["list"].items() >= content.items()
    list_id = made.body["list"]["listId"]
    assert account.put("add", account.people[:2], list_id).status == 200
    shown = account.driver.ask("GET", f"{form}/{list_id}").body["list"]
    assert shown["additionalProperties"] == {"hs_list_size": "2"}
    assert account.driver.ask("DELETE", f"{form}/{list_id}").status == 204
    assert account.driver.ask("GET", f"{form}/{list_id}").status == 404
    assert account.put("add", account.people, list_id).status == 404
    again = account.driver.ask("POST", form, content).body["list"]["listId"]
    assert int(again) > int(list_id), "no id is given twice"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "required fields were not set"),
        ({"processingType": "OTHER"}, "MANUAL, SNAPSHOT, DYNAMIC"),
        ({"objectTypeId": "0-999"}, "Unable to infer object type"),
        ({"name": "Taken"}, "already exists"),
    ],
)
def test_what_no_list_can_be_made_of(change: dict[str, str], said: str) -> None:
    account = Account()
    content = {"name": "Taken", "objectTypeId": "0-1", "processingType": "DYNAMIC"}
    made = account.driver.ask("POST", account.form, content)
    assert account.put("add", account.people, made.body["list"]["listId"]).status == 400
    refused = account.driver.ask("POST", account.form, {**content, "name": "New", **change})
    assert refused.status == 400
    assert said in refused.body["message"]
