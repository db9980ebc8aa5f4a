"""Reading that lags behind writing."""

from __future__ import annotations

from sandbox_driver import Driver, ids, keyed, new


def phones(driver: Driver, at: float, *keys: str, **options: object) -> list[str | None]:
    """Read contacts; return their phone numbers."""
    more = {"properties": ["phone"], **options}
    reply = driver.batch("read", ids(*keys), more=more, at=at)
    return [result["properties"]["phone"] for result in reply.results]


def test_a_read_sees_what_was_written_after_a_while_and_a_write_at_once() -> None:
    driver = Driver(read_lag=12.0)
    key = driver.batch("create", [new("t", email="a@b.c", phone="1")], at=1.0).results[0]["id"]
    assert phones(driver, 2.0, key) == []
    assert phones(driver, 12.9, "a@b.c", idProperty="email") == []
    assert driver.batch("create", [new(email="a@b.c")], at=2.0).status == 409
    upserted = driver.batch("upsert", [keyed("a@b.c", by="email", phone="2")], at=3.0)
    assert upserted.results[0]["new"] is False
    assert phones(driver, 13.0, key) == ["1"]
    assert phones(driver, 14.9, "a@b.c", idProperty="email") == ["1"]
    assert phones(driver, 15.0, key) == ["2"]


def test_a_record_is_read_by_the_value_that_it_had() -> None:
    driver = Driver(read_lag=10.0)
    key = driver.add(email="old@b.c", phone="1")
    driver.batch("update", [keyed(key, email="new@b.c")], at=1.0)
    assert phones(driver, 2.0, "old@b.c", idProperty="email") == ["1"]
    assert phones(driver, 2.0, "new@b.c", idProperty="email") == []
    assert phones(driver, 11.0, "new@b.c", idProperty="email") == ["1"]
    assert phones(driver, 11.0, "old@b.c", idProperty="email") == []


def test_an_archived_record_is_still_read_for_a_while() -> None:
    driver = Driver(read_lag=10.0)
    key = driver.add(phone="1")
    driver.batch("archive", ids(key), at=1.0)
    assert phones(driver, 2.0, key) == ["1"]
    assert driver.batch("read", ids(key), query={"archived": "true"}, at=2.0).results == []
    assert phones(driver, 11.0, key) == []
    assert len(driver.batch("read", ids(key), query={"archived": "true"}, at=11.0).results) == 1


def test_history_and_aliases_are_behind_too() -> None:
    driver = Driver(read_lag=10.0)
    key = driver.add(email="a@b.c", hs_additional_emails="z@b.c", phone="1")
    driver.batch("update", [keyed(key, phone="2")], at=1.0)
    more = {"idProperty": "email", "propertiesWithHistory": ["phone"]}

    def history(at: float) -> list[str]:
        (result,) = driver.batch("read", ids("z@b.c"), more=more, at=at).results
        return [entry["value"] for entry in result["propertiesWithHistory"]["phone"]]

    assert history(2.0) == ["1"]
    assert history(11.0) == ["2", "1"]


def test_without_a_lag_everything_is_read_at_once() -> None:
    driver = Driver()
    key = driver.batch("create", [new(phone="1")], at=1.0).results[0]["id"]
    assert phones(driver, 1.0, key) == ["1"]


def test_former_states_are_forgotten_once_nobody_is_shown_them() -> None:
    driver = Driver(read_lag=10.0)
    key = driver.add(phone="0")
    for at in range(1, 100):
        driver.batch("update", [keyed(key, phone=str(at))], at=float(at))
    lag = (
        driver.service.account()
        .store.collection(driver.service.account().schema.get("contacts"))
        ._lag
    )
    assert len(lag._order) == 10
    assert phones(driver, 99.5, key) == ["89"]
    assert phones(driver, 200.0, key) == ["99"]
    assert not lag._order
    assert not lag._former
