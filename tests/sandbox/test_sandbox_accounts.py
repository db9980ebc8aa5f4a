"""Several accounts in one server: each has records, a quota and a schema of its own."""

from __future__ import annotations

import pytest
from sandbox_driver import Driver, new

from hubbatch import RateLimit, UsageError
from hubbatch.sandbox import Options

OTHERS = {"acme": 7, "acme-too": 7, "globex": 8}


def test_tokens_lead_to_accounts_and_any_other_token_to_the_default_one() -> None:
    driver = Driver(accounts=OTHERS)
    for token in ("acme", "acme-too", "globex", "anybody"):
        reply = driver.batch(
            "create", [new(email="a@b.c", company=token)], authorization=f"Bearer {token}"
        )
        assert reply.status == (409 if token == "acme-too" else 201)
    stored = {
        number: [one.properties["company"] for one in account.objects("contacts").values()]
        for number in (7, 8, None)
        for account in [driver.service.account(number)]
    }
    assert stored == {7: ["acme"], 8: ["globex"], None: ["anybody"]}
    assert len(driver.service.account(7).writes) == 1


def test_each_account_has_a_quota_of_its_own() -> None:
    driver = Driver(accounts=OTHERS, rate_limit=RateLimit(1, 10.0))
    statuses = [
        driver.batch("read", [{"id": "1"}], authorization=f"Bearer {token}").status
        for token in ("acme", "acme-too", "globex", "anybody")
    ]
    assert statuses == [207, 429, 207, 207]
    assert driver.service.account(7).max_in_window == 1


def test_the_tokens_of_accounts_hold_beside_the_only_other_one() -> None:
    driver = Driver(accounts=OTHERS, token="secret")
    statuses = [
        driver.batch("read", [{"id": "1"}], authorization=f"Bearer {token}").status
        for token in ("acme", "secret", "nobody")
    ]
    assert statuses == [207, 207, 401]


def test_messages_name_the_account() -> None:
    driver = Driver(accounts=OTHERS)
    reply = driver.batch(
        "read", [{"id": "1"}], more={"idProperty": "x"}, authorization="Bearer acme"
    )
    assert reply.body["message"].endswith("in portal ID 7")


def test_an_account_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no account 9"):
        Driver().service.account(9)


def test_options_do_not_show_the_tokens() -> None:
    assert "acme" not in repr(Options(accounts=OTHERS))
