"""Custom events: accepted with 204, and each `uuid` once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver

from hubbatch.sandbox import FaultKind

FORMS = ["/events/v3/send", "/events/2026-03/send", "/events/custom/2026-09/send"]


def event(uuid: str | None = None, **more: Any) -> dict[str, Any]:
    named = {} if uuid is None else {"uuid": uuid}
    return {"eventName": "pe1_seen", "email": "a@b.c", "properties": {}, **named, **more}


@pytest.mark.parametrize("form", FORMS)
def test_events_are_accepted_one_by_one_and_in_batches(form: str) -> None:
    driver = Driver()
    assert driver.ask("POST", form, event("u1")).status == 204
    batch = {"inputs": [event("u2"), event("u1"), event(), event()]}
    reply = driver.ask("POST", f"{form}/batch", batch)
    assert (reply.status, reply.answer.body) == (204, b"")
    accepted = driver.service.account().custom_events
    assert [one.uuid for one in accepted] == ["u1", "u2", None, None]
    assert (accepted[0].request_number, accepted[0].name) == (1, "pe1_seen")


def test_a_batch_holds_500() -> None:
    driver = Driver()
    for count, status in ((500, 204), (501, 400)):
        batch = {"inputs": [event(str(number)) for number in range(count)]}
        assert driver.ask("POST", f"{FORMS[0]}/batch", batch).status == status
    assert len(driver.service.account().custom_events) == 500


@pytest.mark.parametrize(
    "content",
    [
        7,
        {"email": "a@b.c"},
        {"eventName": "x"},
        {"eventName": 7, "email": "a@b.c"},
        event(properties=[]),
        event(uuid=None) | {"uuid": 7},
    ],
)
def test_a_malformed_event_rejects_all(content: Any) -> None:
    driver = Driver()
    batch = {"inputs": [event("good"), content]}
    assert driver.ask("POST", f"{FORMS[0]}/batch", batch).status == 400
    assert driver.ask("POST", FORMS[0], content).status == 400
    assert not driver.service.account().custom_events


@pytest.mark.parametrize("identity", [{"utk": "x"}, {"objectId": "7"}, {"objectId": 7}])
def test_an_event_may_be_anybodys(identity: dict[str, Any]) -> None:
    content = {"eventName": "pe1_seen", **identity}
    assert Driver().ask("POST", FORMS[0], content).status == 204


def test_what_is_remembered_is_bounded() -> None:
    driver = Driver(keep_writes=10)
    for number in range(20):
        driver.ask("POST", FORMS[0], event(str(number)))
    assert len(driver.service.account().custom_events) == 10


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), max_size=8), st.data())
def test_repeating_is_safe_whatever_goes_wrong(batches: list[list[int]], data: Any) -> None:
    kinds = [None, FaultKind.RESET, FaultKind.RESET_AFTER_WRITE, FaultKind.BAD_GATEWAY]
    faults = [data.draw(st.sampled_from(kinds)) for _ in batches]
    driver = Driver(faults=faults)
    sent: set[str] = set()
    for batch, fault in zip(batches, faults, strict=True):
        inputs = [event(str(number)) for number in batch]
        driver.ask("POST", f"{FORMS[0]}/batch", {"inputs": inputs})
        if fault is None or fault.writes:
            sent |= {str(number) for number in batch}
    accepted = [one.uuid for one in driver.service.account().custom_events]
    assert len(accepted) == len({*accepted})
    assert {*accepted} == sent
