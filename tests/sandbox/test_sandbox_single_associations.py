"""One pair of records, associated and taken apart by calls of its own."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_driver import Driver

FORMS = ["/crm/v4/objects", "/crm/objects/2026-03"]
PRIMARY = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]


class Account:
    """A contact and a company."""

    def __init__(self, form: str = FORMS[0]) -> None:
        self.driver = Driver()
        self.account = self.driver.service.account()
        self.person = self.account.add("contacts", {"email": "a@b.c"}).id
        self.company = self.account.add("companies", {"domain": "b.c"}).id
        self.path = f"{form}/contacts/{self.person}/associations"

    @property
    def linked(self) -> frozenset[str]:
        return self.account.associated("contacts", self.person, "companies")


@pytest.mark.parametrize("form", FORMS)
def test_a_pair_is_associated_and_taken_apart(form: str) -> None:
    account = Account(form)
    pair = f"{account.path}/companies/{account.company}"
    made = account.driver.ask("PUT", pair, PRIMARY)
    assert made.status == 201
    assert made.body["labels"] == ["Primary"]
    assert str(made.body["toObjectId"]) == account.company
    assert account.linked == {account.company}
    assert account.driver.ask("DELETE", pair).status == 204
    assert account.driver.ask("DELETE", pair).status == 204, "it is apart already"
    assert not account.linked


@pytest.mark.parametrize("form", FORMS)
def test_a_pair_is_associated_without_a_label_and_answered_for_both_directions(form: str) -> None:
    account = Account(form)
    made = account.driver.ask("PUT", f"{account.path}/default/companies/{account.company}")
    assert made.status == 200
    assert [each["from"]["id"] for each in made.body["results"]] == [
        account.person,
        account.company,
    ]
    assert account.linked == {account.company}


def test_what_is_not_there_or_has_no_type_is_refused() -> None:
    account = Account()
    missing = account.driver.ask("PUT", f"{account.path}/default/companies/999")
    assert (missing.status, missing.body["message"]) == (400, "COMPANY=999 is not valid")
    pair = f"{account.path}/companies/{account.company}"
    wrong: list[Any] = [[], {}, [{"associationTypeId": 1}]]
    for types in wrong:
        assert account.driver.ask("PUT", pair, types).status == 400
    assert not account.linked
