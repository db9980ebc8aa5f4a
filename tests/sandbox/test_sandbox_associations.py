"""Association batches of v3, v4 and dated versions: what they write, what they answer, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver, Reply, ids, new

from hubbatch import RateLimit
from hubbatch.sandbox import Fault, FaultKind

VERSIONS = {
    "v3": "/crm/v3/associations",
    "v4": "/crm/v4/associations",
    "dated": "/crm/associations/2026-03",
}
NEWER = ["v4", "dated"]
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
UNLABELLED = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}


class Account:
    """Three contacts and two companies, and how to associate them."""

    def __init__(self, version: str = "v4", **options: Any) -> None:
        self.driver = Driver(**options)
        self.version = version
        self.people = [self.driver.add(email=f"p{number}@b.c") for number in range(3)]
        self.companies = [self.driver.add("companies", name=str(number)) for number in range(2)]

    def send(
        self, verb: str, inputs: Any, types: str = "contacts/companies", at: float = 0.0
    ) -> Reply:
        path = f"{VERSIONS[self.version]}/{types}/batch/{verb}"
        return self.driver.ask("POST", path, {"inputs": inputs}, at=at)

    def pair(self, left: str, right: str, *kinds: dict[str, Any]) -> dict[str, Any]:
        named = {"type": "contact_to_company"} if self.version == "v3" else {"types": [*kinds]}
        return {"from": {"id": left}, "to": {"id": right}, **named}

    def create(self, *pairs: tuple[str, str], kind: dict[str, Any] = PRIMARY) -> Reply:
        return self.send("create", [self.pair(*pair, kind) for pair in pairs])

    def linked(self) -> set[tuple[str, str]]:
        """Return the pairs that are associated, seen from the contacts."""
        account = self.driver.service.account()
        pairs = {
            (person, company)
            for person in self.people
            for company in account.associated("contacts", person, "companies")
        }
        mirrored = {
            (person, company)
            for company in self.companies
            for person in account.associated("companies", company, "contacts")
        }
        assert pairs == mirrored
        return pairs


@pytest.mark.parametrize("version", VERSIONS)
def test_pairs_are_associated_from_both_sides(version: str) -> None:
    account = Account(version)
    (ada, bob, _), (acme, globex) = account.people, account.companies
    reply = account.create((ada, acme), (bob, globex))
    assert (reply.status, reply.body["status"]) == (201, "COMPLETE")
    assert account.linked() == {(ada, acme), (bob, globex)}
    assert [write[1:] for write in account.driver.service.writes][-2:] == [
        ("associate", "0-1/0-2", f"{ada}/{acme}"),
        ("associate", "0-1/0-2", f"{bob}/{globex}"),
    ]


def test_v3_answers_two_results_an_input_and_the_others_one() -> None:
    old = Account("v3")
    ada, acme = old.people[0], old.companies[0]
    assert old.create((ada, acme)).results == [
        {"from": {"id": ada}, "to": {"id": acme}, "type": "contact_to_company"},
        {"from": {"id": acme}, "to": {"id": ada}, "type": "company_to_contact"},
    ]
    names = {"fromObjectTypeId": "0-1", "toObjectTypeId": "0-2", "labels": ["Primary"]}
    numbers = {"fromObjectId": int(ada), "toObjectId": int(acme)}
    assert Account("v4").create((ada, acme)).results == [names | numbers]
    texts = {"fromObjectId": ada, "toObjectId": acme}
    assert Account("dated").create((ada, acme)).results == [names | texts]


@pytest.mark.parametrize("version", NEWER)
def test_the_default_association_answers_one_result_for_each_direction(version: str) -> None:
    account = Account(version)
    ada, acme = account.people[0], account.companies[0]
    pair = {"from": {"id": int(ada)}, "to": {"id": acme}}
    reply = account.send("associate/default", [pair])
    assert reply.status == 200
    assert [one["associationSpec"]["associationTypeId"] for one in reply.results] == [279, 280]
    assert [one["from"]["id"] for one in reply.results] == [ada, acme]
    assert account.linked() == {(ada, acme)}


@pytest.mark.parametrize("types", ["contact/company", "CONTACT/Company", "0-1/0-2"])
def test_types_go_by_singulars_any_case_and_ids(types: str) -> None:
    account = Account()
    pair = account.pair(account.people[0], account.companies[0], PRIMARY)
    assert account.send("create", [pair], types).status == 201
    assert len(account.linked()) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_record_that_is_not_there_is_named_or_not_and_the_others_are_written(
    version: str,
) -> None:
    for named in (True, False):
        account = Account(version, name_association_offender=named)
        ada, acme = account.people[0], account.companies[0]
        reply = account.create((ada, acme), ("999", acme), (ada, "998"))
        assert reply.status == 207
        assert account.linked() == {(ada, acme)}
        assert [error["message"] for error in reply.errors] == [
            "CONTACT=999 is not valid",
            "COMPANY=998 is not valid",
        ]
        contexts = [error.get("context") for error in reply.errors]
        assert contexts == ([{"id": ["999"]}, {"id": ["998"]}] if named else [None, None])


def test_one_bad_pair_can_reject_all() -> None:
    account = Account(associations_reject_batch=True)
    reply = account.create((account.people[0], account.companies[0]), ("999", "998"))
    assert (reply.status, reply.body["message"]) == (400, "One or more associations are invalid")
    assert reply.body["context"] == {"INVALID_OBJECT_IDS": ["CONTACT=999 is not valid"]}
    assert not account.linked()


def test_a_pair_without_types_links_nothing_and_nothing_is_said_of_it() -> None:
    account = Account()
    reply = account.send("create", [account.pair(account.people[0], account.companies[0])])
    assert (reply.status, reply.results, reply.errors) == (201, [], [])
    assert not account.linked()


def test_a_record_is_not_associated_with_itself() -> None:
    account = Account()
    ada = account.people[0]
    reply = account.send("create", [account.pair(ada, ada, UNLABELLED)], "contacts/contacts")
    assert (reply.status, len(reply.errors)) == (207, 1)


@pytest.mark.parametrize(
    ("verb", "most"),
    [("create", 2_000), ("archive", 100), ("read", 1_000), ("labels/archive", 100)],
)
def test_each_batch_has_its_own_limit(verb: str, most: int) -> None:
    account = Account()
    item = {"id": "7", **account.pair("7", "8", PRIMARY)}
    assert account.send(verb, [item] * most).status in {204, 207}
    refused = account.send(verb, [item] * (most + 1))
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


def test_some_accounts_are_held_to_a_hundred() -> None:
    account = Account(max_associations=100)
    assert account.send("create", [account.pair("7", "8", PRIMARY)] * 101).status == 400


@pytest.mark.parametrize(
    "item",
    [
        7,
        {},
        {"from": {"id": "1"}, "to": {"id": "2"}},
        {"from": {"id": "1"}, "to": {}, "types": [PRIMARY]},
        {"from": {"id": "1"}, "to": {"id": "2"}, "types": [{"associationTypeId": 1}]},
        {"from": {"id": "1"}, "to": {"id": "2"}, "types": ["x"]},
    ],
)
def test_a_malformed_pair_rejects_the_batch(item: Any) -> None:
    assert Account().send("create", [item]).status == 400


def test_v3_knows_kinds_by_name_or_number_and_no_others() -> None:
    account = Account("v3")
    ada, acme = account.people[0], account.companies[0]
    for kind, status in (
        ("contact_to_company", 201),
        ("contact_to_company_unlabeled", 201),
        ("1", 201),
        ("person_to_firm", 400),
        ("", 400),
    ):
        item = {"from": {"id": ada}, "to": {"id": acme}, "type": kind}
        assert account.send("create", [item]).status == status


def test_only_a_strict_account_minds_kinds_that_are_none() -> None:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
    for strict, status in ((False, 201), (True, 207)):
        account = Account(strict=strict)
        assert account.create((account.people[0], account.companies[0]), kind=kind).status == status


# Reading


@pytest.mark.parametrize("version", VERSIONS)
def test_reading_shows_the_kinds_and_names_who_has_none(version: str) -> None:
    account = Account(version)
    (ada, bob, _), acme = account.people, account.companies[0]
    account.create((ada, acme))
    reply = account.send("read", ids(ada, bob))
    assert reply.status == 207
    (result,) = reply.results
    assert result["from"] == {"id": ada}
    if version == "v3":
        assert result["to"] == [
            {"id": acme, "type": "contact_to_company"},
            {"id": acme, "type": "contact_to_company_unlabeled"},
        ]
    else:
        (target,) = result["to"]
        assert target["toObjectId"] == (int(acme) if version == "v4" else acme)
        assert target["associationTypes"] == [
            {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
            {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
        ]
    (error,) = reply.errors
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == f"No company is associated with contact {bob}."
    assert error["context"] == {
        "fromObjectId": [bob],
        "fromObjectType": ["contact"],
        "toObjectType": ["company"],
    }


@given(st.integers(0, 12), st.integers(1, 5))
def test_pages_of_a_reading_show_each_associated_record_once(count: int, size: int) -> None:
    driver = Driver(association_page=size)
    deal, other = driver.add("deals"), driver.add("deals")
    people = [driver.add(phone=str(number)) for number in range(count)]
    inputs = [{"from": {"id": deal}, "to": {"id": person}} for person in people]
    path = "/crm/v4/associations/deals/contacts/batch"
    driver.ask("POST", f"{path}/associate/default", {"inputs": inputs})
    seen: list[str] = []
    asked: list[dict[str, str]] = [{"id": deal}, {"id": other}]
    while asked:
        reply = driver.ask("POST", f"{path}/read", {"inputs": asked})
        asked = []
        for result in reply.results:
            assert len(result["to"]) <= size
            seen += [str(target["toObjectId"]) for target in result["to"]]
            if "paging" in result:
                asked.append({**result["from"], "after": result["paging"]["next"]["after"]})
    assert seen == people


def test_archived_records_are_not_shown() -> None:
    account = Account()
    ada, acme = account.people[0], account.companies[0]
    account.create((ada, acme))
    account.driver.batch("archive", ids(acme), kind="companies")
    assert account.send("read", ids(ada)).results == []


@pytest.mark.parametrize("item", [{"id": "1", "after": "x"}, {}, 7])
def test_a_malformed_input_of_a_reading_is_refused(item: Any) -> None:
    assert Account().send("read", [item]).status == 400


def test_a_result_for_a_stranger_looks_like_any_other() -> None:
    account = Account(faults=[FaultKind.STRANGER])
    reply = account.send("read", ids("1"))
    assert [result["to"] for result in reply.results] == [[]]


def test_a_body_that_holds_no_list_is_refused_and_one_without_inputs_has_nothing_to_do() -> None:
    account = Account()
    assert account.send("read", {}).status == 400
    assert (
        account.driver.ask("POST", f"{VERSIONS['v4']}/deals/contacts/batch/read", {}).status == 200
    )


# Taking apart


@pytest.mark.parametrize(("version", "status"), [("v3", 204), ("v4", 204), ("dated", 200)])
def test_archiving_takes_apart_from_both_sides(version: str, status: int) -> None:
    account = Account(version)
    (ada, bob, _), acme = account.people, account.companies[0]
    account.create((ada, acme), (bob, acme))
    reply = account.send("archive", [account.pair(ada, acme, PRIMARY)])
    assert reply.status == status
    assert account.linked() == {(bob, acme)}
    if status == 200:
        assert (reply.body["status"], reply.results) == ("COMPLETE", [])
    assert account.send("archive", [account.pair(ada, acme, PRIMARY)]).status == status


def test_an_archive_may_name_several_targets() -> None:
    account = Account()
    ada, targets = account.people[0], account.companies
    account.create(*((ada, company) for company in targets))
    account.send("archive", [{"from": {"id": ada}, "to": ids(*targets)}])
    assert not account.linked()


@pytest.mark.parametrize(("version", "status"), [("v4", 204), ("dated", 200)])
def test_archiving_a_label_leaves_the_records_associated(version: str, status: int) -> None:
    account = Account(version)
    ada, acme = account.people[0], account.companies[0]
    account.create((ada, acme))
    reply = account.send("labels/archive", [account.pair(ada, acme, PRIMARY)])
    assert reply.status == status
    (target,) = account.send("read", ids(ada)).results[0]["to"]
    assert [kind["typeId"] for kind in target["associationTypes"]] == [279]
    account.create((ada, acme))
    account.send("labels/archive", [account.pair(ada, acme, UNLABELLED)])
    assert not account.linked()


PAIRS = st.tuples(st.integers(0, 2), st.integers(0, 1))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["create", "associate/default", "archive", "labels/archive"]),
            st.lists(st.tuples(PAIRS, st.sampled_from([1, 279])), max_size=4),
        ),
        max_size=8,
    )
)
def test_whatever_is_done_both_sides_agree(
    steps: list[tuple[str, list[tuple[tuple[int, int], int]]]],
) -> None:
    account = Account("dated")
    expected: dict[tuple[str, str], set[int]] = {}
    for verb, pairs in steps:
        inputs = []
        for (person, company), number in pairs:
            pair = (account.people[person], account.companies[company])
            inputs.append(account.pair(*pair, PRIMARY | {"associationTypeId": number}))
            held = expected.setdefault(pair, set())
            if verb == "create":
                held |= {number, 279}
            elif verb == "associate/default":
                held.add(279)
            elif verb == "archive" or number == 279:
                held.clear()
            else:
                held.discard(1)
        account.send(verb, inputs)
    assert account.linked() == {pair for pair, held in expected.items() if held}
    for result in account.send("read", ids(*account.people)).results:
        for target in result["to"]:
            kinds = {kind["typeId"] for kind in target["associationTypes"]}
            assert kinds == expected[result["from"]["id"], target["toObjectId"]]


# Around


def test_associations_of_created_records_are_stored() -> None:
    driver = Driver()
    acme = driver.add("companies")
    linked = new(phone="1") | {"associations": [{"to": {"id": acme}, "types": [PRIMARY]}]}
    (created,) = driver.batch("create", [linked]).results
    single = driver.ask("POST", "/crm/v3/objects/contacts", linked).body
    account = driver.service.account()
    people = {created["id"], single["id"]}
    assert account.associated("companies", acme, "contacts") == people
    read = driver.ask(
        "GET", f"/crm/v3/objects/companies/{acme}", associations="contacts,deals"
    ).body
    shown = [(one["id"], one["type"]) for one in read["associations"]["contacts"]["results"]]
    assert {key for key, _ in shown} == people
    assert {kind for _, kind in shown} == {"company_to_contact", "company_to_contact_unlabeled"}
    assert "deals" not in read["associations"]
    listed = driver.ask("GET", "/crm/v3/objects/contacts", associations="company").results
    assert [list(one["associations"]) for one in listed] == [["companies"]] * 2
    refused = driver.ask("GET", "/crm/v3/objects/contacts", associations="foos")
    assert refused.status == 400


def test_a_merged_record_hands_its_associations_on_and_a_deleted_one_loses_them() -> None:
    account = Account()
    (ada, bob, _), (acme, globex) = account.people, account.companies
    account.create((ada, acme), (bob, globex))
    account.driver.service.merge("contacts", bob, ada)
    assert account.linked() == {(ada, acme), (ada, globex)}
    account.driver.ask("POST", "/crm/v3/objects/companies/gdpr-delete", {"objectId": acme})
    assert account.linked() == {(ada, globex)}


def test_labels_are_listed_and_defined() -> None:
    account = Account()
    path = f"{VERSIONS['v4']}/contacts/companies/labels"
    own = account.driver.ask("GET", path).results
    assert own == [
        {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
        {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
    ]
    content = {"label": "Buyer", "inverseLabel": "Seller", "name": "buyer"}
    defined = account.driver.ask("POST", path, content)
    assert [one["label"] for one in defined.results] == ["Buyer", "Seller"]
    assert account.driver.ask("POST", path, content).status == 400
    assert account.driver.ask("POST", path, {"name": "x"}).status == 400
    by_hand = account.driver.service.account().define_label("contacts", "companies", "Payer")
    labels = {one["label"]: one["typeId"] for one in account.driver.ask("GET", path).results}
    assert labels["Payer"] == by_hand
    kind = {"associationCategory": "USER_DEFINED", "associationTypeId": by_hand}
    ada, acme = account.people[0], account.companies[0]
    assert account.create((ada, acme), kind=kind).results[0]["labels"] == ["Payer"]
    old = account.driver.ask("GET", f"{VERSIONS['v3']}/contact/company/types").results
    assert {"id": "1", "name": "contact_to_company"} in old


def test_association_batches_are_exempt_from_the_interval_limit_and_count_for_the_day() -> None:
    account = Account(rate_limit=RateLimit(1, 10.0), daily_limit=3)
    pair = (account.people[0], account.companies[0])
    for _ in range(2):
        reply = account.create(pair)
        assert reply.status == 201
        assert not [name for name in reply.headers if "Interval" in name or "Max" in name]
    assert account.driver.batch("read", ids("1")).status == 207
    assert account.create(pair).body["policyName"] == "DAILY"
    assert account.driver.service.max_in_window == 1


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_can_befall_an_association_batch(kind: FaultKind) -> None:
    account = Account("dated", faults=[Fault(kind, delay=1.0, retry_after=1.0, size=100, depth=10)])
    (ada, bob, _), (acme, globex) = account.people, account.companies
    reply = account.create((ada, acme), (bob, globex))
    written = len(account.linked())
    if not kind.writes:
        assert written == 0
    else:
        assert written == (1 if kind is FaultKind.OMITTED else 2)
    if kind in {FaultKind.OMITTED, FaultKind.OMITTED_AFTER_WRITE}:
        assert len(reply.results) == 1
    if kind in {FaultKind.STRANGER, FaultKind.REPEATED}:
        assert len(reply.results) == 3
    if kind is FaultKind.CONTRADICTION:
        assert reply.errors[0]["context"]["id"][0] in {ada, bob}
