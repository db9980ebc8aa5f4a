"""Which kinds of associations there are: HubSpot's own, the account's labels, and what v3 calls them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sandbox_driver import Driver

from hubbatch import UsageError
from hubbatch.sandbox import OBJECT_TYPE_IDS
from hubbatch.sandbox._definitions import Definitions, Spec

TYPES = st.sampled_from([*OBJECT_TYPE_IDS.values(), "p_cars", "2-7", "contracts"])


@given(TYPES, TYPES)
def test_every_kind_has_an_inverse_which_leads_back(left: str, right: str) -> None:
    definitions = Definitions()
    definitions.define(left, right, "Ours", inverse_label="Theirs")
    known = definitions.between(left, right)
    assert known[0] == definitions.default(left, right)
    assert len({one.spec for one in known}) == len(known)
    for one in known:
        back = definitions.find(right, left, one.inverse)
        assert back is not None
        assert back.inverse == one.spec


@pytest.mark.parametrize("left", sorted({*OBJECT_TYPE_IDS.values()}))
def test_the_default_kinds_from_one_type_differ(left: str) -> None:
    definitions = Definitions()
    others = {*OBJECT_TYPE_IDS.values()}
    assert len({definitions.default(left, right).spec for right in others}) == len(others)


@given(TYPES, TYPES)
@example("0-1", "0-2")
def test_v3_finds_a_kind_by_the_name_it_calls_it(left: str, right: str) -> None:
    definitions = Definitions()
    definitions.define(left, right, "Ours")
    for one in definitions.between(left, right):
        name = definitions.v3_name(left, right, one.spec)
        assert definitions.named(left, right, name) == one


def test_v3_calls_parents_and_labels_by_names_of_their_own() -> None:
    definitions = Definitions()
    label = definitions.define("0-1", "0-2", "Buyer")
    assert definitions.v3_name("0-2", "0-2", Spec("HUBSPOT_DEFINED", 13)) == (
        "parent_to_child_company"
    )
    assert definitions.v3_name("0-2", "0-2", Spec("HUBSPOT_DEFINED", 14)) == (
        "child_to_parent_company"
    )
    assert definitions.v3_name("0-1", "0-2", label.spec) == str(label.spec.type_id)
    assert definitions.v3_name("0-1", "0-2", Spec("HUBSPOT_DEFINED", 999)) == "999"


def test_a_label_is_there_once_and_there_are_not_too_many() -> None:
    definitions = Definitions()
    definitions.define("0-1", "0-1", "Friend")
    with pytest.raises(UsageError, match="already"):
        definitions.define("0-1", "0-1", "Friend")
    for number in range(499):
        definitions.define("0-1", "0-2", str(number))
    with pytest.raises(UsageError, match="at most"):
        definitions.define("0-1", "0-2", "one more")


def test_a_parent_has_its_child_on_the_other_side() -> None:
    driver = Driver()
    parent, child = driver.add("companies"), driver.add("companies")
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 13}
    pair = {"from": {"id": parent}, "to": {"id": child}, "types": [kind]}
    path = "/crm/v4/associations/companies/companies/batch"
    driver.ask("POST", f"{path}/create", {"inputs": [pair]})
    read = driver.ask("POST", f"{path}/read", {"inputs": [{"id": child}]})
    (target,) = read.results[0]["to"]
    assert [one["typeId"] for one in target["associationTypes"]] == [14, 450]
